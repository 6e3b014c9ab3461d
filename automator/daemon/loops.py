"""The daemon's two kinds of loop: passes over one config repo, and poll rounds over all image repositories.

A failure ends a loop's turn, not the loop: it is reported, and tried again after a pause that grows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from traceback import format_exc

import anyio

from automator.clock import Clock, elapsed
from automator.daemon.status import RepoStatus
from automator.daemon.trigger import Trigger
from automator.errors import AutomatorError, GitError, RegistryError
from automator.model.event import (
    BugMet,
    PassFailed,
    PollRoundFinished,
    RegistryFailing,
    RegistryRecovered,
)
from automator.model.image import ImageRepository
from automator.observe.schedule import spread
from automator.pipeline import ConfigRepo, Pushed, Tools, run_pass
from automator.survey.containers import Demand

_BURST_SECONDS = 0.2
"""Tags often arrive in bursts: so long a pass waits for more of them after the first."""

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Watched:
    """One config repo in the daemon's care."""

    repo: ConfigRepo
    status: RepoStatus
    trigger: Trigger = field(default_factory=Trigger)
    demands: Mapping[ImageRepository, Demand] = field(default_factory=dict)


async def pass_loop(
    watched: Watched, tools: Tools, *, head_interval: timedelta, demanded: Trigger
) -> None:
    """A pass at the start, when a selection may have changed, when the head moved, when a held change is due."""
    pause = _FIRST_PAUSE
    while True:
        try:
            result = await run_pass(watched.repo, tools, polled_before=None)
            if result.commits:
                await watched.repo.mirror.maintain()
        except AutomatorError as error:
            until: datetime | None = _fail(watched, tools, error.message, error.hint, pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        except Exception as bug:  # noqa: BLE001 - one config repo's trouble never stops the others
            tools.reporter.emit(BugMet(config_repo=watched.repo.name, traceback=format_exc()))
            hint = "this is a bug in automator, please report it"
            until = _fail(watched, tools, f"internal error: {type(bug).__name__}", hint, pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            pause = _FIRST_PAUSE
            _succeed(watched, result)
            demanded.set()
            if result.commits:
                continue  # the pushed head is read at once, so that the next wait knows it
            until = result.survey.next_look_at
        await _wait_for_reason(watched, tools.clock, until=until, head_interval=head_interval)


def _fail(watched: Watched, tools: Tools, error: str, hint: str, pause: timedelta) -> datetime:
    """Says what failed and when it is tried again."""
    retry_at = tools.clock.now() + pause
    watched.status.error = error
    tools.reporter.emit(
        PassFailed(config_repo=watched.repo.name, error=error, hint=hint, retry_at=retry_at)
    )
    return retry_at


def _succeed(watched: Watched, result: Pushed) -> None:
    watched.status.commit, watched.status.error = result.survey.snapshot.commit, ""
    watched.demands = result.survey.demands


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


@dataclass(slots=True, kw_only=True)
class Round:
    """What a poll round came to, counted while it goes on."""

    polled: int = 0
    changed: int = 0
    failed: int = 0


async def poll_loop(
    all_watched: Iterable[Watched], tools: Tools, *, interval: timedelta, demanded: Trigger
) -> None:
    """One round an interval over every image repository that a policy needs, spread over the interval."""
    watched = tuple(all_watched)
    while not any(one.demands for one in watched):
        await demanded.wait(at_most_seconds=interval.total_seconds())
    while True:
        started_at, began = tools.clock.now(), tools.clock.monotonic_seconds()
        demands = merge_demands(one.demands for one in watched)
        requests_before = tools.observer.requests
        counted = Round()
        last_polled = await tools.observer.last_polled(demands)
        async with anyio.create_task_group() as tasks:
            for due_at, repository in spread(demands, started_at, interval, last_polled):
                await tools.clock.sleep(max(0.0, (due_at - tools.clock.now()).total_seconds()))
                tasks.start_soon(
                    _poll_one, repository, demands[repository], watched, tools, counted
                )
        tools.reporter.emit(
            PollRoundFinished(
                polled=counted.polled,
                changed=counted.changed,
                failed=counted.failed,
                requests=tools.observer.requests - requests_before,
                took=elapsed(tools.clock, began),
            )
        )
        rest = started_at + interval - tools.clock.now()
        await tools.clock.sleep(max(0.0, rest.total_seconds()))


def merge_demands(
    many: Iterable[Mapping[ImageRepository, Demand]],
) -> dict[ImageRepository, Demand]:
    """Two config repos that need the same image repository share its poll."""
    merged: dict[ImageRepository, Demand] = {}
    for demands in many:
        for repository, demand in demands.items():
            other = merged.get(repository, demand)
            merged[repository] = Demand(
                demand.tag_list or other.tag_list, demand.followed | other.followed
            )
    return merged


async def _poll_one(
    repository: ImageRepository,
    demand: Demand,
    watched: tuple[Watched, ...],
    tools: Tools,
    counted: Round,
) -> None:
    failed_before = tools.observer.failure(repository) is not None
    counted.polled += 1
    try:
        changed = await tools.observer.poll(repository) if demand.tag_list else False
        changed |= await tools.observer.follow_tags(repository, demand.followed)
    except RegistryError as error:
        counted.failed += 1
        if not failed_before:
            tools.reporter.emit(RegistryFailing(image_repository=str(repository), error=str(error)))
        return
    if failed_before:
        tools.reporter.emit(RegistryRecovered(image_repository=str(repository)))
    if changed or failed_before:
        counted.changed += changed
        for one in watched:
            if repository in one.demands:
                one.trigger.set()
