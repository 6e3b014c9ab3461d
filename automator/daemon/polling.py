"""Poll rounds over all image repositories that policies need, and the going on with facts that passes did not wait for."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup

from automator.bugs import bugs_told
from automator.clock import elapsed
from automator.daemon.trigger import Trigger
from automator.errors import AutomatorError, InternalError, RegistryError
from automator.model.event import PollFailed, PollRoundFinished
from automator.model.image import ImageRepository
from automator.observe.observer import Observer
from automator.observe.schedule import Pace, spread
from automator.pipeline import ConfigRepo, Tools
from automator.survey.containers import Demand
from automator.web.board import Board, RepoStatus

Value = TypeVar("Value")

_WARM_AGAIN_SECONDS = 30.0
"""After a failure in the middle of warming."""


@dataclass(slots=True, kw_only=True)
class Watched:
    """One config repo in the daemon's care."""

    repo: ConfigRepo
    board: Board
    trigger: Trigger = field(default_factory=Trigger)
    demands: Mapping[ImageRepository, Demand] = field(default_factory=dict)

    @property
    def status(self) -> RepoStatus:
        return self.board.repos[self.repo.name]


@dataclass(slots=True, kw_only=True)
class Round:
    """What a poll round came to, counted while it goes on."""

    polled: int = 0
    changed: int = 0
    failed: int = 0

    def count(self, changed: bool | None) -> None:
        self.polled += 1
        self.changed += changed is True
        self.failed += changed is None


async def poll_loop(
    watched: tuple[Watched, ...], tools: Tools, demanded: Trigger, *, pace: Pace
) -> None:
    """One round each shortest interval over every image repository that a policy needs, spread over the interval."""
    seconds = pace.shortest.total_seconds()
    while not any(one.demands for one in watched):
        await demanded.wait(at_most_seconds=seconds)
    busy: set[ImageRepository] = set()
    async with anyio.create_task_group() as tasks:
        while True:
            started_at = tools.clock.now()
            await survive(partial(_poll_round, watched, tools, pace, tasks, busy), None, tools)
            rest = started_at + pace.shortest - tools.clock.now()
            await tools.clock.sleep(max(0.0, rest.total_seconds()))


async def _poll_round(
    watched: tuple[Watched, ...],
    tools: Tools,
    pace: Pace,
    tasks: TaskGroup,
    busy: set[ImageRepository],
) -> None:
    """`busy` are those that are still being polled since a round before: a slow registry holds up itself alone."""
    started_at, began = tools.clock.now(), tools.clock.monotonic_seconds()
    demands = merge_demands(one.demands for one in watched)
    requests_before = tools.observer.requests
    counted = Round()
    for repository in demands:
        if tools.observer.take_due(repository):
            wake(repository, watched)
    over = anyio.Event()
    left = 0

    async def poll_and_count(repository: ImageRepository) -> None:
        nonlocal left
        busy.add(repository)
        try:
            counted.count(await poll_one(repository, watched, tools))
        finally:
            busy.discard(repository)
            left -= 1
            if not left:
                over.set()

    states = await tools.observer.poll_states(demands)
    for due_at, repository in spread(demands, started_at, pace, states):
        await tools.clock.sleep(max(0.0, (due_at - tools.clock.now()).total_seconds()))
        if repository not in busy:
            left += 1
            tasks.start_soon(poll_and_count, repository)
    rest = (started_at + pace.shortest - tools.clock.now()).total_seconds()
    with anyio.move_on_after(max(0.0, rest)):
        if left:
            await over.wait()
    tools.reporter.emit(
        PollRoundFinished(
            polled=counted.polled,
            changed=counted.changed,
            failed=counted.failed,
            requests=tools.observer.requests - requests_before,
            took=elapsed(tools.clock, began),
        )
    )


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


def failing_by_registry(watched: Iterable[Watched], observer: Observer) -> Counter[str]:
    """How many image repositories that policies need failed when last polled, by registry host."""
    demands = merge_demands(one.demands for one in watched)
    return Counter(
        repository.host for repository in demands if observer.failure(repository) is not None
    )


async def poll_one(
    repository: ImageRepository, watched: tuple[Watched, ...], tools: Tools
) -> bool | None:
    """Whether there was news, for which the passes that need it are woken; None if the poll failed."""
    wanted = [{repository: one.demands[repository]} for one in watched if repository in one.demands]
    demand = merge_demands(wanted).get(repository)
    if demand is None:
        return False
    failed_before = tools.observer.failure(repository) is not None
    news: list[ImageRepository] = []

    async def poll() -> bool:
        if demand.tag_list and await tools.observer.poll(repository):
            news.append(repository)
        return await tools.observer.follow_tags(repository, demand.followed) or bool(news)

    changed = await survive(poll, repository, tools)
    if changed is None:
        if news:
            wake(repository, watched)
        return None
    if changed or failed_before:
        wake(repository, watched)
    return changed


async def survive(
    work: Callable[[], Awaitable[Value]], repository: ImageRepository | None, tools: Tools
) -> Value | None:
    """None if it failed. What the observer does not tell of is told here: one image repository never stops the others."""
    try:
        with bugs_told(tools.reporter.emit):
            return await work()
    except (RegistryError, InternalError):
        pass  # it has been told
    except AutomatorError as error:
        tools.reporter.emit(
            PollFailed(image_repository=str(repository or ""), error=error.message, hint=error.hint)
        )
    return None


def wake(repository: ImageRepository, watched: tuple[Watched, ...]) -> None:
    for one in watched:
        if repository in one.demands:
            one.trigger.set()


async def warm_loop(watched: tuple[Watched, ...], tools: Tools, unfinished: Trigger) -> None:
    """Goes on where passes did not wait for facts, each image repository by itself, and wakes the passes when done."""
    busy: set[ImageRepository] = set()

    async def warm(repository: ImageRepository) -> None:
        busy.add(repository)
        if await survive(partial(_warm, repository, tools), repository, tools) is None:
            # The pass that comes then says what is wrong, and leaves again what is unfinished.
            await tools.clock.sleep(_WARM_AGAIN_SECONDS)
        busy.discard(repository)
        wake(repository, watched)

    async with anyio.create_task_group() as tasks:
        while True:
            await unfinished.wait(at_most_seconds=float("inf"))
            for repository in tools.observer.unfinished.keys() - busy:
                tasks.start_soon(warm, repository)


async def _warm(repository: ImageRepository, tools: Tools) -> bool:
    await tools.observer.warm(repository)
    return True
