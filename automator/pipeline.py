"""One pass over one config repo: fetch, scan, observe, select, plan, edit, commit, push.

`survey` is a pass up to the plan and writes nothing; `run_pass` is a whole one. How each step works is its own
package's business.
"""

import contextlib
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import anyio
import anyio.to_thread

from automator.clock import Clock, elapsed
from automator.config.models import DialectSettings
from automator.edit.apply import apply_changes
from automator.errors import PushRejected, RegistryError
from automator.git.commit import Identity, write_commit
from automator.git.mirror import Mirror
from automator.git.push import push
from automator.model.event import (
    CommitPushed,
    ConfigRepoScanned,
    Event,
    PollRoundFinished,
    PushRaced,
)
from automator.model.field import Problem, RepoPath
from automator.model.image import Digest, ImageReference, ImageRepository
from automator.model.plan import Change, CommitId, Plan
from automator.model.policy import Rule
from automator.observe.observer import Observer, PollRound
from automator.plan.groups import Batch, group_changes
from automator.plan.message import format_message
from automator.report.sinks import Reporter
from automator.survey.containers import Demand, Survey, demands_of, match_policies, with_targets
from automator.survey.manifests import ALL_DIALECTS
from automator.survey.news import (
    images_delivered,
    pass_finished,
    selected_facts,
    survey_news,
)
from automator.survey.selecting import Asking, decide
from automator.survey.snapshot import Snapshot, declared_outside, read_snapshot
from automator.survey.writable import hold_unwritable
from automator.tasks import open_tasks

PUSH_ATTEMPTS = 8
RACE_PAUSE_SECONDS = 0.2


@dataclass(slots=True, kw_only=True)
class ConfigRepo:
    """One config repo as a pass needs it.

    `snapshot` is what the last pass read: a cache, so that nothing is parsed twice.
    `turn` is held from the commit to the end of its push, and by who lost a race already from the fetch: passes and
    actions at once are all safe by the push's compare-and-swap, and by `turn` none of them loses to the others for long.
    """

    name: str
    mirror: Mirror
    author: Identity
    batch: Batch
    rules: Sequence[Rule]
    wanted: Callable[[RepoPath], bool]
    dialects: DialectSettings = ALL_DIALECTS
    record_digests: bool = False
    snapshot: Snapshot | None = None
    turn: anyio.Lock = field(default_factory=anyio.Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every pass shares. `patience_seconds`: so long a pass waits for facts of images; what has not come then is told
    as warming. `told` is what the last pass over each config repo had to tell, by name, so that nothing is told twice.
    """

    observer: Observer
    reporter: Reporter
    clock: Clock
    patience_seconds: float = math.inf
    told: dict[str, frozenset[Event]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpdateCommit:
    id: CommitId
    message: str
    changes: int
    images: frozenset[ImageReference]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The update commits of a pass, oldest first; none if nothing was to be changed."""

    survey: Survey
    commits: tuple[UpdateCommit, ...] = ()


class Turn:
    """One attempt to move the branch. `begin` comes before the commit is written."""

    def __init__(self, repo: ConfigRepo, tools: Tools, attempt: int) -> None:
        self._repo, self._tools, self._attempt = repo, tools, attempt
        self._begun = False

    async def begin(self) -> None:
        if not self._begun:
            await self._repo.turn.acquire()
            self._begun = True

    def end(self) -> None:
        if self._begun:
            self._repo.turn.release()

    async def push(self, commit: CommitId, *, expected: CommitId, began: float) -> bool:
        """Whether the remote took it; if not, somebody was faster, and all is to be planned anew. Raises GitError.

        `began` is when the commit was begun, by the monotonic clock.
        """
        try:
            await push(self._repo.mirror, commit, expected=expected)
        except PushRejected as rejected:
            if rejected.rule or self._attempt == PUSH_ATTEMPTS:
                raise
            took = elapsed(self._tools.clock, began)
            self._tools.reporter.emit(
                PushRaced(config_repo=self._repo.name, attempt=self._attempt, took=took)
            )
            return False
        return True


@contextlib.asynccontextmanager
async def take_turn(repo: ConfigRepo, tools: Tools, attempt: int) -> AsyncIterator[Turn]:
    """`attempt` counts from 1. The first one plans beside others; from the second on nobody else here commits meanwhile."""
    turn = Turn(repo, tools, attempt)
    if attempt > 1:
        await tools.clock.sleep(RACE_PAUSE_SECONDS * (attempt - 1))
        await turn.begin()
    try:
        yield turn
    finally:
        turn.end()


async def run_pass(repo: ConfigRepo, tools: Tools, *, polled_before: datetime | None) -> Pushed:
    """From the remote's head to a pushed update commit. If somebody else pushes first, again from the new head.

    Raises GitError, EditRefused or StoreError; failing registries are part of the survey instead.
    """
    pass_began = tools.clock.monotonic_seconds()
    for attempt in range(1, PUSH_ATTEMPTS + 1):
        async with take_turn(repo, tools, attempt) as turn:
            result = await survey(repo, tools, polled_before=polled_before)
            _tell_news(repo, result, tools)
            if not result.changes:
                _report_finished(result, tools, pass_began)
                return Pushed(survey=result)
            await turn.begin()
            began_at = tools.clock.monotonic_seconds()
            commits = await _write_commits(repo, result, tools)
            expected = result.snapshot.commit
            if not await turn.push(commits[-1].id, expected=expected, began=began_at):
                continue
            _report_pushed(result, commits, tools, began_at)
            _report_finished(result, tools, pass_began)
            return Pushed(survey=result, commits=tuple(commits))
    raise AssertionError("the last attempt returns or raises")


async def survey(repo: ConfigRepo, tools: Tools, *, polled_before: datetime | None) -> Survey:
    """Reads the remote's head and decides about every container. Image repositories that were never listed, or last
    before `polled_before`, are polled first.
    """
    snapshot = await scan_head(repo, tools)
    containers = await anyio.to_thread.run_sync(match_policies, snapshot, repo.rules)
    demands = demands_of(containers)
    await observe(repo.name, demands, tools, polled_before=polled_before)
    asking = Asking(
        now=tools.clock.now(),
        deadline=tools.clock.monotonic_seconds() + tools.patience_seconds,
        check_images=repo.record_digests,
    )
    decided = hold_unwritable(await decide(containers, tools.observer, asking))
    return Survey(
        config_repo=repo.name,
        snapshot=snapshot,
        containers=tuple(decided),
        demands=with_targets(demands, decided),
    )


async def scan_head(repo: ConfigRepo, tools: Tools) -> Snapshot:
    began = tools.clock.monotonic_seconds()
    previous = repo.snapshot
    commit = await repo.mirror.fetch()
    repo.snapshot = await read_snapshot(
        repo.mirror, commit, wanted=repo.wanted, previous=previous, dialects=repo.dialects
    )
    if repo.snapshot is not previous:
        tools.reporter.emit(
            ConfigRepoScanned(
                config_repo=repo.name,
                commit=commit,
                manifests=repo.snapshot.parsed,
                image_fields=len(repo.snapshot.fields),
                skipped=repo.snapshot.skipped,
                problems=len(repo.snapshot.mistakes),
                took=elapsed(tools.clock, began),
            )
        )
    return repo.snapshot


async def scan_outside(repo: ConfigRepo, snapshot: Snapshot) -> list[Problem]:
    """Policies in manifests outside of the config repo's `paths`, for whoever wonders why they have no effect."""
    return await declared_outside(
        repo.mirror, snapshot.commit, wanted=repo.wanted, dialects=repo.dialects
    )


async def observe(
    config_repo: str,
    demands: Mapping[ImageRepository, Demand],
    tools: Tools,
    *,
    polled_before: datetime | None,
) -> None:
    """Polls what is not known, or last polled before `polled_before`. Failures are remembered by the observer."""
    listed = [repository for repository, demand in demands.items() if demand.tag_list]
    polled = await tools.observer.refresh(listed, older_than=polled_before)
    if polled.polled:
        tools.reporter.emit(round_finished(config_repo, polled))
    if polled_before is not None:
        async with open_tasks() as tasks:
            for repository, demand in demands.items():
                if demand.followed:
                    tasks.start_soon(_follow, repository, demand, tools.observer)


async def _follow(repository: ImageRepository, demand: Demand, observer: Observer) -> None:
    """A failure is remembered by the observer, and holds the containers that need the answer."""
    with contextlib.suppress(RegistryError):
        await observer.follow_tags(repository, demand.followed)


def round_finished(config_repo: str, polled: PollRound) -> PollRoundFinished:
    return PollRoundFinished(
        config_repo=config_repo,
        polled=polled.polled,
        changed=len(polled.changed),
        failed=len(polled.failed),
        requests=polled.requests,
        took=polled.took,
    )


def _tell_news(repo: ConfigRepo, result: Survey, tools: Tools) -> None:
    """What this survey found and the one before did not."""
    found = frozenset(survey_news(result))
    for event in sorted(found - tools.told.get(repo.name, frozenset()), key=repr):
        tools.reporter.emit(event)
    tools.told[repo.name] = found


async def _write_commits(repo: ConfigRepo, result: Survey, tools: Tools) -> list[UpdateCommit]:
    """One commit for each group, each on top of the one before, all on top of the scanned head."""
    snapshot, digests = result.snapshot, _digests(result)
    plan = Plan(config_repo=repo.name, commit=snapshot.commit, changes=result.changes)
    originals = await _read_files(repo, snapshot, result.changes)
    commits: list[UpdateCommit] = []
    parent = snapshot.commit
    carried_out: dict[RepoPath, list[Change]] = {}
    for group in group_changes(plan, repo.batch):
        paths = {change.field.location.path for change in group}
        for change in group:
            carried_out.setdefault(change.field.location.path, []).append(change)
        # A file's spans are those of the scanned head, so each group edits it anew with all its changes so far.
        edits = {path: (originals[path], carried_out[path]) for path in sorted(paths)}
        files = await anyio.to_thread.run_sync(_apply_all, edits)
        message = format_message(group, digests)
        parent = await write_commit(
            repo.mirror,
            parent=parent,
            files=files,
            modes={path: snapshot.files[path].blob.mode for path in files},
            message=message,
            author=repo.author,
            at=tools.clock.now(),
        )
        images = frozenset(change.to for change in group)
        commits.append(UpdateCommit(parent, message, len(group), images))
    return commits


def _apply_all(
    edits: Mapping[RepoPath, tuple[bytes, Sequence[Change]]],
) -> dict[RepoPath, bytes]:
    return {path: apply_changes(path, data, changes) for path, (data, changes) in edits.items()}


async def _read_files(
    repo: ConfigRepo, snapshot: Snapshot, changes: Sequence[Change]
) -> dict[RepoPath, bytes]:
    paths = {change.field.location.path for change in changes}
    ids = {snapshot.files[path].blob.id for path in paths}
    data = {blob_id: data async for blob_id, data in repo.mirror.read_blobs(sorted(ids))}
    return {path: data[snapshot.files[path].blob.id] for path in paths}


def _digests(result: Survey) -> dict[str, Digest]:
    """The digest of each new image, as far as it is known: always under `record_digests`."""
    known = selected_facts(result)
    return {f"{to.name}:{to.tag}": facts.digest for to, facts in known.items()}


def _report_pushed(
    result: Survey, commits: Sequence[UpdateCommit], tools: Tools, began: float
) -> None:
    for commit in commits:
        tools.reporter.emit(
            CommitPushed(
                config_repo=result.config_repo,
                commit=commit.id,
                subject=commit.message.partition("\n")[0],
                message=commit.message,
                changes=commit.changes,
                took=elapsed(tools.clock, began),
            )
        )
        now = tools.clock.now()
        for event in images_delivered(result, commit.id, commit.images, at=now):
            tools.reporter.emit(event)


def _report_finished(result: Survey, tools: Tools, began: float) -> None:
    took = elapsed(tools.clock, began)
    tools.reporter.emit(pass_finished(result, at=tools.clock.now(), took=took))
