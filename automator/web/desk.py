"""All that pages and API can ask for and do, in one place: they differ in how it looks alone."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from anyio.abc import TaskGroup

from automator.actions.carry_out import Acted, carry_out
from automator.actions.request import ActionRequest
from automator.errors import AutomatorError, UnknownName, UsageError
from automator.git.commit import Identity
from automator.git.history import read_log
from automator.model.event import ActionDone, ActionRefused
from automator.pipeline import ConfigRepo, Tools
from automator.registry.host import HostState
from automator.report.explained import explained, is_meant
from automator.report.history import HistoryEntry, history_entries
from automator.report.links import LinkPatterns
from automator.survey.containers import Container
from automator.tasks import finish_in
from automator.web.board import Board, RepoStatus
from automator.web.query import TableQuery
from automator.web.rows import Rows
from automator.web.table import TablePage, find_rows

_PATIENCE_SECONDS = 2.0
"""So long a reader waits for what is to be known of an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryView:
    """A registry host as it answers now, and why image repositories that policies need failed last, by name."""

    state: HostState
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`sync` polls what the named config repos need, and wakes their passes; `wake` does that alone, for one of them.
    `registries` says how the hosts are; `tasks` are where a commit goes on that nobody waits for any more.
    """

    board: Board
    rows: Rows
    repos: Mapping[str, ConfigRepo]
    links: Mapping[str, LinkPatterns]
    tools: Tools
    registries: Callable[[], Sequence[RegistryView]]
    sync: Callable[[Collection[str]], Awaitable[None]]
    wake: Callable[[str], None]
    tasks: TaskGroup

    async def table(self, query: TableQuery) -> TablePage:
        return find_rows(await self.rows.all(), query)

    def status(self, config_repo: str) -> RepoStatus:
        """Raises UnknownName."""
        status = self.board.repos.get(config_repo)
        if status is None:
            known = ", ".join(self.board.repos)
            raise UnknownName(f"no config repo is named {config_repo!r}", hint=f"known: {known}")
        return status

    def containers(self, config_repo: str, workload: str) -> list[Container]:
        """Those of a workload, as the last pass decided. Raises UnknownName where there are none, UsageError before the
        first pass.
        """
        status = self.status(config_repo)
        survey = status.survey
        if survey is None:
            raise UsageError(
                f"{config_repo} was not read yet", hint=status.error or "wait a little"
            )
        found = [one for one in survey.containers if is_meant(one, workload)]
        if not found:
            raise UnknownName(f"no workload of {config_repo} is named {workload!r}")
        return found

    async def explain(self, config_repo: str, workload: str) -> list[dict[str, Any]]:
        """The shape of `automator explain -o json`, for each container. Raises UsageError or StoreError."""
        return [
            await explained(
                one, self.tools.observer, self.tools.clock, patience_seconds=_PATIENCE_SECONDS
            )
            for one in self.containers(config_repo, workload)
        ]

    async def history(
        self, config_repo: str, *, workload: str = "", limit: int
    ) -> list[HistoryEntry]:
        """The newest update commits at the head last read, newest first. Raises UsageError or GitError."""
        status = self.status(config_repo)
        if not status.commit:
            return []
        mirror = self.repos[config_repo].mirror
        commits = await read_log(mirror.directory, status.commit, limit=limit, workload=workload)
        return [one for one in history_entries(commits) if workload in {"", one.workload}]

    async def act(
        self, request: ActionRequest, *, by: Identity, dry_run: bool, seen: str = ""
    ) -> Acted:
        """As `carry_out`; `seen` names the diff that was shown. Neither a visitor nor the server's end cuts a commit short."""
        self.status(request.config_repo)
        if dry_run:
            repo = self.repos[request.config_repo]
            return await carry_out(request.to_action(), repo, self.tools, by=by, dry_run=True)
        commit = partial(self._commit, request, by, seen)
        return await finish_in(self.tasks, commit, self.tools.reporter.emit)

    async def _commit(self, request: ActionRequest, by: Identity, seen: str) -> Acted:
        repo, action = self.repos[request.config_repo], request.to_action()
        asked = {
            "config_repo": repo.name,
            "workload": action.workload,
            "verb": action.verb,
            "who": f"{by.name} <{by.email}>",
        }
        try:
            acted = await carry_out(action, repo, self.tools, by=by, seen=seen)
        except AutomatorError as error:
            self.tools.reporter.emit(ActionRefused(**asked, error=str(error)))
            raise
        self.tools.reporter.emit(ActionDone(**asked, commit=acted.commit or ""))
        if acted.commit:
            self.wake(repo.name)
        return acted
