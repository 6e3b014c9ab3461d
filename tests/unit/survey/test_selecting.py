"""How a survey asks: for as long as it has patience; and what it wants to be looked at until it is written."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from automator.model.image import ImageReference, ImageRepository
from automator.model.plan import Status, Unchanged
from automator.model.selection import Outcome
from automator.model.tags import ImageFacts, ListedImage, Listing
from automator.survey.containers import Demand, demands_of, with_targets
from automator.survey.selecting import Asking, decide
from tests.unit.observe.conftest import (  # noqa: F401 - fixtures
    clock,
    digest,
    make_observer,
    observer,
    registry,
    reported,
)
from tests.unit.survey.making import make_containers

pytestmark = pytest.mark.anyio

APP = ImageRepository("r.example.com", "app")
SHA = digest("old")


def one_container(policy, tag="1.0.0"):
    text = f"kind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: a\n    image: {APP}:{tag}  # automator: {policy}\n"
    return make_containers({"pod.yaml": text})


async def test_patience_is_that_of_the_question_and_not_of_each_request(
    observer,  # noqa: F811
    registry,  # noqa: F811
    clock,  # noqa: F811
):
    """After a move to another registry every push lies after every build: candidates are described one by one."""
    tags = tuple(f"{n}.0.0" for n in range(40))
    registry.images[APP] = {tag: digest(tag) for tag in tags}
    now = clock.now()
    registry.lists[APP] = Listing(
        tags=tags,
        told={
            tag: ListedImage(digest=digest(tag), pushed_at=now - timedelta(minutes=n))
            for n, tag in enumerate(tags)
        },
    )
    for n, tag in enumerate(tags):
        built_at = now - timedelta(days=400 - n)
        registry.facts[digest(tag)] = ImageFacts(digest=digest(tag), created_at=built_at)
    await observer.poll(APP)
    asking = Asking(now=now, deadline=-math.inf)
    [container] = await decide(one_container("latest"), observer, asking)
    assert container.selection.outcome is Outcome.WARMING
    assert len(registry.asked_for("config")) == 4


async def test_push_times_that_are_known_cost_no_request_but_for_the_best(
    observer,  # noqa: F811
    registry,  # noqa: F811
    clock,  # noqa: F811
):
    now, tags = clock.now(), tuple(f"{n}.0.0" for n in range(40))
    registry.images[APP] = {tag: digest(tag) for tag in tags}
    pushed = {
        tag: ListedImage(digest=digest(tag), pushed_at=now - timedelta(days=n))
        for n, tag in enumerate(tags)
    }
    registry.lists[APP] = Listing(tags=tags, told=pushed)
    built_at = now - timedelta(hours=1)
    registry.facts[digest("0.0.0")] = ImageFacts(digest=digest("0.0.0"), created_at=built_at)
    await observer.poll(APP)
    for _ in range(2):
        [container] = await decide(one_container("latest"), observer, Asking(now=now))
        assert container.decision.to.tag == "0.0.0"
    assert registry.asked_for("facts") == [digest("0.0.0")]


@pytest.mark.parametrize(
    ("target", "followed"),
    [
        (f"{APP}:2.0.0@{SHA}", {"2.0.0"}),
        (f"{APP}:2.0.0", set()),
        (None, set()),
    ],
)
def test_a_held_target_that_is_written_with_a_digest_is_followed(target, followed):
    [container] = one_container("semver:*")
    held = Unchanged(
        field=container.field,
        status=Status.HELD,
        reason="held: min_age",
        target=target and ImageReference.parse(target),
    )
    container = replace(container, decision=held)
    merged = with_targets(demands_of([container]), [container])
    assert merged == {APP: Demand(tag_list=True, followed=frozenset(followed))}


async def test_a_followed_tag_that_is_gone_holds_those_alone_who_follow_it(
    observer,  # noqa: F811
    registry,  # noqa: F811
    clock,  # noqa: F811
):
    registry.images[APP] = {"1.0.0": digest("a"), "1.1.0": digest("b"), "latest": digest("c")}
    await observer.poll(APP)
    await observer.follow_tags(APP, ["latest"])
    del registry.images[APP]["latest"]
    await observer.follow_tags(APP, ["latest"])
    asking = Asking(now=clock.now())
    [followed] = await decide(one_container("digest:latest", "latest"), observer, asking)
    [other] = await decide(one_container("semver:*"), observer, asking)
    assert (followed.failure, followed.selection.outcome) == (None, Outcome.NO_CANDIDATE)
    assert other.decision.to.tag == "1.1.0"
