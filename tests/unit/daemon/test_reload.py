"""A changed configuration is taken; one that cannot be used is told once, and the old one stays."""

from datetime import timedelta
from functools import partial

import anyio
import pytest

from automator.daemon.reload import wait_for_change
from automator.daemon.trigger import Trigger
from automator.errors import ConfigError, UsageError
from automator.model.event import ConfigRefused, ConfigReloaded
from automator.report.sinks import Reporter
from tests.unit.daemon.conftest import Heard

pytestmark = pytest.mark.anyio

OFTEN, NEVER = timedelta(milliseconds=1), timedelta(days=1)


class Files:
    """What is read each time, the last for ever; an exception is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.read = 0

    def load(self):
        self.read += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def change(files, events, *, every=OFTEN, asked=None):
    with anyio.fail_after(10):
        reporter = Reporter([Heard(events)])
        return await wait_for_change(
            files.load, "old", reporter, every=every, asked=asked or Trigger()
        )


async def test_the_first_that_differs_is_taken():
    events = []
    files = Files("old", "old", "new")
    assert await change(files, events) == "new"
    assert files.read == 3
    assert events == [ConfigReloaded()]


async def test_mistakes_are_told_once_and_with_their_places():
    events = []
    mistakes = ConfigError(
        "mistakes in a.yaml", problems=("a.yaml:1:1: no", "a.yaml:2:1: nor this")
    )
    gone = UsageError("a.yaml is not there", hint="name it")
    assert await change(Files(mistakes, mistakes, gone, gone, mistakes, "new"), events) == "new"
    assert [event.error for event in events if isinstance(event, ConfigRefused)] == [
        "a.yaml:1:1: no; a.yaml:2:1: nor this",
        "a.yaml is not there",
        "a.yaml:1:1: no; a.yaml:2:1: nor this",
    ]


async def test_it_is_read_at_once_when_asked():
    asked = Trigger()
    files = Files("new")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(change, files, [], every=NEVER, asked=asked))
        await anyio.sleep(0.01)
        assert files.read == 0
        asked.set()
    assert files.read == 1
