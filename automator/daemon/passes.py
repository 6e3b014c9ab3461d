"""Passes over one config repo, one after the other, each when there is a reason for it.

A failure ends a loop's turn, not the loop: it is reported, and tried again after a pause that grows.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from automator.bugs import bugs_told
from automator.clock import Clock, elapsed
from automator.daemon.polling import Watched
from automator.daemon.trigger import Trigger
from automator.errors import AutomatorError, GitError
from automator.pipeline import Tools, run_pass
from automator.survey.news import pass_failed

_BURST_SECONDS = 0.2
"""Tags often arrive in bursts: so long a pass waits for more of them after the first."""

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Triggers:
    """What a pass calls when it is over: `demanded`, as other image repositories may need polls; `unfinished`, as facts
    are left to be fetched; `passed`, as push events may have waited to know what is needed.
    """

    demanded: Trigger = field(default_factory=Trigger)
    unfinished: Trigger = field(default_factory=Trigger)
    passed: Trigger = field(default_factory=Trigger)


async def pass_loop(
    watched: Watched, tools: Tools, triggers: Triggers, *, head_interval: timedelta
) -> None:
    """A pass at the start, when a selection may have changed, when the head moved, when a held change is due."""
    pause = _FIRST_PAUSE
    while True:
        began = tools.clock.monotonic_seconds()
        try:
            # One config repo's trouble never stops the others.
            with bugs_told(tools.reporter.emit, config_repo=watched.repo.name):
                result = await run_pass(watched.repo, tools, polled_before=None)
                if result.commits:
                    await watched.repo.mirror.maintain()
        except AutomatorError as error:
            until: datetime | None = _fail(watched, tools, error, pause, began)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            pause = _FIRST_PAUSE
            watched.board.succeed(result.survey, at=tools.clock.now())
            watched.demands = result.survey.demands
            triggers.demanded.set()
            triggers.passed.set()
            if result.survey.is_warming:
                triggers.unfinished.set()
            if result.commits:
                continue  # the pushed head is read at once, so that the next wait knows it
            until = result.survey.next_look_at
        await _wait_for_reason(watched, tools.clock, until=until, head_interval=head_interval)


def _fail(
    watched: Watched, tools: Tools, error: AutomatorError, pause: timedelta, began: float
) -> datetime:
    """Says what failed and when it is tried again."""
    retry_at = tools.clock.now() + pause
    took = elapsed(tools.clock, began)
    failed = pass_failed(watched.repo.name, error, retry_at=retry_at, took=took)
    watched.board.fail(watched.repo.name, failed.error, failed.hint, retry_at=retry_at)
    tools.reporter.emit(failed)
    return retry_at


async def _wait_for_reason(
    watched: Watched, clock: Clock, *, until: datetime | None, head_interval: timedelta
) -> None:
    """Returns when a pass has a reason. A remote that can't be asked is a reason: the pass says what is wrong."""
    while True:
        seconds = head_interval.total_seconds()
        if until is not None:
            seconds = min(seconds, max(0.0, (until - clock.now()).total_seconds()))
        if await watched.trigger.wait(at_most_seconds=seconds):
            await clock.sleep(_BURST_SECONDS)
            return
        if until is not None and clock.now() >= until:
            return
        if watched.status.error:
            continue
        try:
            head = await watched.repo.mirror.remote_head()
        except GitError:
            return
        if head != watched.status.commit:
            return
