"""An action carried out: read the head, plan, and unless only the diff is wanted commit and push, as a pass does.

The author of the commit is the person who acts, the committer is automator. If somebody else pushes first the action
is planned anew from the new head.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio.to_thread

from automator.actions.action import Action, Release, Rollback
from automator.actions.choose import Chosen, choose, containers_of
from automator.actions.draft import Draft
from automator.actions.images import Moves, plan_moves
from automator.actions.message import format_action
from automator.actions.plan import also_touched, check_effect, edit_files, render_diff
from automator.clock import elapsed
from automator.edit.settings import object_names
from automator.errors import DiffChanged
from automator.git.commit import Identity, write_commit
from automator.git.history import read_log
from automator.model.event import CommitPushed
from automator.model.field import RepoPath
from automator.model.plan import Change, CommitId
from automator.pipeline import (
    PUSH_ATTEMPTS,
    ConfigRepo,
    Tools,
    scan_head,
    take_turn,
)
from automator.report.history import HistoryEntry, history_entries
from automator.report.shapes import change_shape
from automator.survey.snapshot import Snapshot

_LOG_LENGTH = 1000
"""So many update commits are searched for the image before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What an action changes. `commit` is None where nothing was to be changed, or only the diff was wanted."""

    config_repo: str
    diff: str
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    commit: CommitId | None = None

    @property
    def diff_id(self) -> str:
        """Names the diff: who has seen it can ask for this one and no other.

        Where its lines stand is no part of it: the same edit may stand lower after another edit of the file.
        """
        placeless = "".join(
            "@@\n" if line.startswith("@@ ") else line
            for line in self.diff.splitlines(keepends=True)
        )
        return hashlib.sha256(placeless.encode()).hexdigest()


def acted_shape(acted: Acted) -> dict[str, Any]:
    """As `-o json` and the API show it."""
    return {
        "config_repo": acted.config_repo,
        "commit": acted.commit,
        "diff": acted.diff,
        "diff_id": acted.diff_id,
        "changes": [change_shape(change) for change in acted.changes],
        "notes": list(acted.notes),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    snapshot: Snapshot
    files: Mapping[RepoPath, bytes]
    acted: Acted
    message: str


async def carry_out(
    action: Action,
    repo: ConfigRepo,
    tools: Tools,
    *,
    by: Identity,
    dry_run: bool = False,
    seen: str = "",
) -> Acted:
    """`seen` is the `diff_id` that a person has agreed to: another diff is not committed, however it came about.

    Raises UsageError, EditRefused, GitError, RegistryError or StoreError; nothing is changed then.
    """
    for attempt in range(1, PUSH_ATTEMPTS + 1):
        async with take_turn(repo, tools, attempt) as turn:
            plan = await _plan(action, repo, tools, by)
            if dry_run:
                return plan.acted
            if seen not in {"", plan.acted.diff_id}:
                hint = "look at the new diff, and decide again"
                raise DiffChanged("the diff is another one than was shown", hint=hint)
            if not plan.files:
                return plan.acted
            await turn.begin()
            began_at = tools.clock.monotonic_seconds()
            commit = await _write(plan, repo, tools, by)
            if await turn.push(commit, expected=plan.snapshot.commit, began=began_at):
                _report_pushed(plan, commit, repo, tools, began_at)
                return replace(plan.acted, commit=commit)
    raise AssertionError("the last attempt returns or raises")


def _report_pushed(
    plan: _Plan, commit: CommitId, repo: ConfigRepo, tools: Tools, began_at: float
) -> None:
    tools.reporter.emit(
        CommitPushed(
            config_repo=repo.name,
            commit=commit,
            subject=plan.message.partition("\n")[0],
            message=plan.message,
            changes=len(plan.acted.changes),
            took=elapsed(tools.clock, began_at),
        )
    )


async def _plan(action: Action, repo: ConfigRepo, tools: Tools, by: Identity) -> _Plan:
    snapshot = await scan_head(repo, tools)
    containers = await anyio.to_thread.run_sync(containers_of, snapshot, repo.rules)
    chosen = choose(containers, action)
    paths = {path for path, _ in (*chosen.own, *chosen.effective)}
    data = await _read_files(repo, snapshot, paths)
    moves = Moves()
    if isinstance(action, Release | Rollback):
        log = await _read_log(repo, snapshot) if isinstance(action, Rollback) else []
        moves = await plan_moves(action, chosen.effective, log, by, tools)
    draft = Draft(snapshot=snapshot, before=containers, changes=moves.changes, notes=moves.notes)
    files, notes = await anyio.to_thread.run_sync(_edit, action, repo, draft, chosen, data)
    changes = tuple(moves.changes.values())
    acted = Acted(
        config_repo=repo.name, diff=render_diff(data, files), changes=changes, notes=tuple(notes)
    )
    message = format_action(action, by, changes, moves.digests)
    return _Plan(snapshot=snapshot, files=files, acted=acted, message=message)


def _edit(
    action: Action,
    repo: ConfigRepo,
    draft: Draft,
    chosen: Chosen,
    data: Mapping[RepoPath, bytes],
) -> tuple[dict[RepoPath, bytes], list[str]]:
    draft.places = {path: object_names(path, content) for path, content in data.items()}
    if draft.changes or not isinstance(action, Release | Rollback):
        draft.add(action, chosen)
    files = edit_files(draft, data)
    after = check_effect(action, draft, chosen, files, (repo.rules, repo.dialects))
    notes = [*draft.notes, *also_touched(draft, chosen, after)]
    return files, list(dict.fromkeys(notes))


async def _read_files(
    repo: ConfigRepo, snapshot: Snapshot, paths: Iterable[RepoPath]
) -> dict[RepoPath, bytes]:
    ids = {path: snapshot.files[path].blob.id for path in paths}
    wanted = sorted(set(ids.values()))
    contents = {blob_id: data async for blob_id, data in repo.mirror.read_blobs(wanted)}
    return {path: contents[blob_id] for path, blob_id in ids.items()}


async def _read_log(repo: ConfigRepo, snapshot: Snapshot) -> Sequence[HistoryEntry]:
    return history_entries(
        await read_log(repo.mirror.directory, snapshot.commit, limit=_LOG_LENGTH)
    )


async def _write(plan: _Plan, repo: ConfigRepo, tools: Tools, by: Identity) -> CommitId:
    return await write_commit(
        repo.mirror,
        parent=plan.snapshot.commit,
        files=plan.files,
        modes={path: plan.snapshot.files[path].blob.mode for path in plan.files},
        message=plan.message,
        author=by,
        committer=repo.author,
        at=tools.clock.now(),
    )
