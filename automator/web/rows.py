"""The rows of the table, made when somebody looks and kept until a pass brings news.

Ages are for people, and no policy needs them. What is not known yet is left to be fetched beside the passes, once for
ever, and wakes the page when it has come.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import anyio
import anyio.to_thread

from automator.clock import Clock
from automator.errors import RegistryError
from automator.model.image import ImageRepository
from automator.model.tags import Detail, ImageFacts, Wanted
from automator.observe.observer import Observer
from automator.observe.patience import Patience
from automator.select.order import build_time
from automator.survey.containers import Container, Survey
from automator.web.board import Board
from automator.web.table import Row, make_row

_STORE_ALONE = Patience(deadline=-math.inf, at_least=0)

Facts = Mapping[ImageRepository, Mapping[str, ImageFacts]]


class Rows:
    """`unfinished` is called when facts were left to be fetched."""

    def __init__(
        self, board: Board, observer: Observer, clock: Clock, *, unfinished: Callable[[], None]
    ) -> None:
        self._board = board
        self._observer = observer
        self._clock = clock
        self._unfinished = unfinished
        self._making = anyio.Lock()
        self._made: dict[str, tuple[Survey, tuple[Row, ...]]] = {}
        self._known: dict[str, Facts] = {}

    async def all(self) -> list[Row]:
        """Of all config repos that were ever read."""
        async with self._making:
            for name, status in self._board.repos.items():
                survey = status.survey
                before = self._made.get(name)
                if survey is not None and (before is None or before[0] is not survey):
                    self._made[name] = survey, await self._make(survey)
        return [row for _, rows in self._made.values() for row in rows]

    async def _make(self, survey: Survey) -> tuple[Row, ...]:
        facts = await self._facts(survey.config_repo, survey.containers)
        return await anyio.to_thread.run_sync(make_rows, survey, facts, self._clock.now())

    async def _facts(self, config_repo: str, containers: Iterable[Container]) -> Facts:
        """What is known of images that are behind, and of those that they could run. Nothing is waited for, and what the
        rows before told is not looked up again.
        """
        wanted: dict[ImageRepository, dict[str, None]] = {}
        for container in containers:
            for tag in container.tags_behind:
                wanted.setdefault(container.field.image.repository, {})[tag] = None
        known: dict[ImageRepository, Mapping[str, ImageFacts]] = {}
        known_before = self._known.get(config_repo, {})
        pending = False
        for repository, tags in wanted.items():
            before = known_before.get(repository, {})
            if tags.keys() <= before.keys():
                known[repository] = before
                continue
            asked = Wanted(tags=tuple(tags), detail=Detail.TIME)
            try:
                learnt = await self._observer.facts(repository, asked, _STORE_ALONE)
            except RegistryError:
                continue  # the passes tell of it
            known[repository] = learnt.known
            pending = pending or bool(learnt.pending)
        self._known[config_repo] = known
        if pending:
            self._unfinished()
        return known


def make_rows(survey: Survey, facts: Facts, now: datetime) -> tuple[Row, ...]:
    return tuple(_row(survey.config_repo, one, facts, now) for one in survey.containers)


def _row(config_repo: str, container: Container, facts: Facts, now: datetime) -> Row:
    tags = container.tags_behind
    if not tags:
        return make_row(config_repo, container)
    known = facts.get(container.field.image.repository, {})
    current_at, latest_at = (build_time(known[tag], now) if tag in known else None for tag in tags)
    return make_row(config_repo, container, current_at, latest_at)
