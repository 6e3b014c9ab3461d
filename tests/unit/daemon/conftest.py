"""Loops of the daemon over an observer whose registry answers from a dict."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio
import pytest

from automator.daemon.polling import Watched
from automator.pipeline import Tools
from automator.report.sinks import Reporter
from automator.survey.containers import Demand
from automator.web.board import Board
from tests.unit.observe.conftest import (  # noqa: F401 - fixtures
    CARTS,
    USER,
    clock,
    make_observer,
    observer,
    registry,
    reported,
)


@dataclass
class Named:
    """All of a config repo that its loops ask for here."""

    name: str


class Heard:
    def __init__(self, events):
        self.receive = events.append


@pytest.fixture
def tools(observer, clock, reported):  # noqa: F811
    return Tools(observer=observer, reporter=Reporter([Heard(reported)]), clock=clock)


@pytest.fixture
def watched():
    """Two config repos that have had a pass; the second needs the one image repository alone."""
    lists = Demand(tag_list=True, followed=frozenset())
    board = Board(["shop", "site"])
    for status in board.repos.values():
        status.commit = "c0ffee"
    return (
        Watched(repo=Named("shop"), board=board, demands={CARTS: lists, USER: lists}),
        Watched(repo=Named("site"), board=board, demands={USER: lists}),
    )


@asynccontextmanager
async def running(loop, *args, **kwargs):
    """The loop goes on beside the body of the `async with`, and ends with it."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(loop, *args, **kwargs))
        yield
        tasks.cancel_scope.cancel()


async def settled(is_so):
    """Lets the loops go on until it is so; fails if it never comes."""
    with anyio.fail_after(10):
        while not is_so():  # noqa: ASYNC110 - the loops tell nobody
            await anyio.sleep(0.001)
