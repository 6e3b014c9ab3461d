"""Many act at once, passes go on beside them, and people push: every act is one commit, or was refused with a reason."""

from contextlib import suppress
from functools import partial

import anyio
import httpx
import pytest

from automator.pipeline import run_pass
from tests.system.world import deployment, git
from tests.unit.daemon.conftest import settled
from tests.unit.web.making import CARTS, ORDERS, TOKENS, script_images

pytestmark = pytest.mark.anyio

NAMES = [f"w{number}" for number in range(8)]


def lock(workload):
    return {"action": "lock", "config_repo": "shop", "workload": workload}


async def test_actions_passes_and_people_at_once(shop, ann):
    """All workloads in one file: whoever comes second edits a file that is another one by now."""
    host = shop.registry.host
    for name in NAMES:
        script_images(shop.registry, f"shop/{name}", "1.0.0", "1.1.0")
    many = b"---\n".join(deployment(name, f"{host}/shop/{name}:1.0.0") for name in NAMES)
    before = shop.world.remote.commit({"many.yaml": many})
    answers = []

    async def act(name):
        body = {"actions": [lock(f"shop:deployment/{name}")]}
        answers.append(await ann.post("/api/v1/actions", json=body))

    async def passes():
        for _ in range(4):
            await run_pass(shop.repo, shop.system.tools, polled_before=None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(passes)
        for name in NAMES:
            tasks.start_soon(act, name)
        person = partial(shop.world.remote.commit, {"README": b"x"})
        tasks.start_soon(anyio.to_thread.run_sync, person)

    results = [answer.json()["results"][0] for answer in answers]
    commits = git(shop.world.remote.bare, "rev-list", f"{before}..main").split()
    assert {result["commit"] for result in results} <= set(commits)
    assert len({result["commit"] for result in results}) == len(NAMES)
    assert git(shop.world.remote.bare, "rev-list", "--merges", "main") == ""
    await shop.look()
    [survey] = [status.survey for status in shop.desk.board.repos.values()]
    locked = {
        str(one.field.workload) for one in survey.containers if one.declared and one.declared.locked
    }
    assert locked >= {f"shop:deployment/{name}" for name in NAMES}


async def test_who_loses_to_others_here_loses_once(shop, ann):
    """More at once than there are attempts: without turns the last ones would give up."""
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            verb = "lock" if number % 2 else "unlock"
            body = {"actions": [{**lock(CARTS), "action": verb, "reason": str(number)}]}
            tasks.start_soon(partial(_done, ann, body))
    assert max((event.attempt for event in shop.heard.named("push.raced")), default=0) <= 1


async def _done(client, body):
    answer = await client.post("/api/v1/actions", json=body)
    assert answer.status_code == 200, answer.text


@pytest.fixture
def slow_remote(shop):
    """A remote that thinks about a push until `go`; `began` says that it does."""
    began, go = shop.world.directory / "began", shop.world.directory / "go"
    hook = shop.world.remote.bare / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\n: > {began}\nwhile [ ! -e {go} ]; do sleep 0.02; done\n")
    hook.chmod(0o755)
    return began, go


async def test_a_visitor_that_goes_cuts_nothing_short(shop, slow_remote):
    """The connection breaks during the first push: both actions come to their end."""
    began, go = slow_remote
    head = shop.world.remote.head
    body = {"actions": [lock(CARTS), lock(ORDERS)]}
    async with shop.served() as url:
        async with anyio.create_task_group() as visit, httpx.AsyncClient() as client:
            headers = {"authorization": f"Bearer {TOKENS['ann']}"}
            post = partial(client.post, f"{url}/api/v1/actions", json=body, headers=headers)
            visit.start_soon(partial(post, timeout=30))
            await settled(began.exists)
            visit.cancel_scope.cancel()
        assert shop.world.remote.head == head
        go.touch()
        await settled(lambda: len(shop.heard.named("action.done")) == 2)
    log = git(shop.world.remote.bare, "log", "-2", "--format=%s", "main").split("\n")[:2]
    assert log == [f"Lock {ORDERS}", f"Lock {CARTS}"]


async def test_a_cancelled_answer_waits_for_what_was_begun(shop, ann, slow_remote):
    """Whoever stands between may cancel the answer: the push is not killed, and is told of."""
    began, go = slow_remote
    async with anyio.create_task_group() as visit:
        visit.start_soon(partial(_done, ann, {"actions": [lock(CARTS)]}))
        await settled(began.exists)
        visit.cancel_scope.cancel()
        go.touch()
    assert [event.commit for event in shop.heard.named("action.done")] == [shop.world.remote.head]


async def test_the_end_of_the_server_does_not_kill_a_push(shop, slow_remote):
    """A change of the configuration, or SIGTERM, comes meanwhile: the commit is made, and told of."""
    began, go = slow_remote
    headers = {"authorization": f"Bearer {TOKENS['ann']}"}
    async with (
        httpx.AsyncClient(headers=headers, timeout=30) as client,
        anyio.create_task_group() as visit,
        shop.served() as url,
    ):
        post = partial(client.post, f"{url}/api/v1/actions", json={"actions": [lock(CARTS)]})
        visit.start_soon(_hung_up, post)
        await settled(began.exists)
    go.touch()
    await settled(lambda: shop.heard.named("action.done"))
    assert [event.commit for event in shop.heard.named("action.done")] == [shop.world.remote.head]


async def _hung_up(post):
    """No answer, or 500: as far as the server came."""
    with suppress(httpx.HTTPError):
        await post()
