"""The board remembers what passes found, and tells whoever waits."""

from datetime import UTC, datetime

import anyio
import pytest

from automator.survey.containers import Survey
from automator.web.board import Board
from tests.unit.survey.making import make_snapshot

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def survey(name="shop"):
    return Survey(config_repo=name, snapshot=make_snapshot({}), containers=())


async def test_ready_once_every_config_repo_was_read():
    board = Board(["shop", "site"])
    board.succeed(survey("shop"), at=NOON)
    assert not board.ready
    board.succeed(survey("site"), at=NOON)
    board.fail("site", "remote is down", "wait", retry_at=NOON)
    assert board.ready


async def test_a_failure_keeps_what_was_found_before_and_a_success_forgets_it():
    board = Board(["shop"])
    first = survey()
    board.succeed(first, at=NOON)
    board.fail("shop", "remote is down", "wait", retry_at=NOON)
    status = board.repos["shop"]
    assert (status.survey, status.passed_at) == (first, NOON)
    assert (status.error, status.hint, status.retry_at) == ("remote is down", "wait", NOON)
    board.succeed(survey(), at=NOON)
    assert (status.error, status.hint, status.retry_at) == ("", "", None)


async def test_news_reaches_everybody_who_waits():
    board = Board(["shop"])
    seen = []

    async def wait(after):
        seen.append(await board.wait_for_news(after, at_most_seconds=10))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(wait, board.version)
            await anyio.wait_all_tasks_blocked()
            board.succeed(survey(), at=NOON)
    assert seen == [board.version] * 3


async def test_who_missed_news_does_not_wait_and_who_has_all_waits_in_vain():
    board = Board(["shop"])
    before = board.version
    board.succeed(survey(), at=NOON)
    assert await board.wait_for_news(before, at_most_seconds=0) == board.version
    assert await board.wait_for_news(board.version, at_most_seconds=0) == board.version
