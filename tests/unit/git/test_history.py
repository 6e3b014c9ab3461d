"""The audit log, read from a history in which anybody may have written anything."""

import pytest

from automator.git.history import read_log
from tests.system.world import git

pytestmark = pytest.mark.anyio

CARTS = "shop:deployment/carts"
UPDATE = f"Image-Update: {CARTS} main a:1 -> a:2\nPolicy: mine"


@pytest.fixture
def clone(tmp_path):
    git(tmp_path, "init", "-q", "--initial-branch=main")
    return tmp_path


def commit(clone, subject, trailers, date="@1700000000 +0000"):
    message = f"{subject}\n\n{trailers}"
    env = {"GIT_COMMITTER_DATE": date}
    git(clone, "commit", "-q", "--allow-empty", "-m", message, env=env)


async def subjects(clone, workload=""):
    found = await read_log(clone, "HEAD", limit=100, workload=workload)
    return [one.message.partition("\n")[0] for one in found]


async def test_a_commit_of_no_possible_time_hides_no_other(clone):
    commit(clone, "first", UPDATE)
    commit(clone, "odd", UPDATE, date="@99999999999999 +0000")
    commit(clone, "last", UPDATE)
    assert await subjects(clone) == ["last", "first"]


async def test_updates_and_acts_of_one_workload_are_found_and_those_of_its_namesakes_may_be(clone):
    commit(clone, "update", UPDATE)
    commit(clone, "lock", f"Action: lock\nWorkload: {CARTS}\nActed-by: Ann <a@b>")
    commit(clone, "other", "Image-Update: shop:deployment/user main a:1 -> a:2")
    commit(clone, "nobody's", "Just a text")
    assert await subjects(clone) == ["other", "lock", "update"]
    assert await subjects(clone, CARTS) == ["lock", "update"]
    assert await subjects(clone, "shop:deployment/c.rts") == []
