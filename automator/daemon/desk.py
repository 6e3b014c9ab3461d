"""What the pages and the API need of the daemon: how the registries are, and polls before their time."""

from collections.abc import Collection, Sequence

from anyio.abc import TaskGroup

from automator.config.models import ConfigRepoSettings
from automator.daemon.passes import Triggers
from automator.daemon.polling import Watched, merge_demands, survive
from automator.pipeline import Tools, observe
from automator.report.links import LinkPatterns, patterns_for
from automator.web.board import Board
from automator.web.desk import Desk, RegistryView
from automator.web.rows import Rows
from automator.wiring import System


def make_desk(
    system: System,
    board: Board,
    watched: Sequence[Watched],
    triggers: Triggers,
    tasks: TaskGroup,
) -> Desk:
    """`tasks` are where polls and commits go on that nobody waits for."""
    tools = system.tools
    busy: set[str] = set()

    async def sync_one(one: Watched) -> None:
        try:
            await survive(lambda: _poll_all(one, tools), None, tools)
        finally:
            busy.discard(one.repo.name)
            one.trigger.set()

    async def sync(names: Collection[str]) -> None:
        for one in watched:
            # Who asks twice is served once: the poll under way is as new as can be.
            if one.repo.name in names and one.repo.name not in busy:
                busy.add(one.repo.name)
                tasks.start_soon(sync_one, one)

    def wake(name: str) -> None:
        for one in watched:
            if one.repo.name == name:
                one.trigger.set()

    configured = {repo.name: repo for repo in system.settings.config_repos}
    return Desk(
        board=board,
        rows=Rows(board, tools.observer, tools.clock, unfinished=triggers.unfinished.set),
        repos={one.repo.name: one.repo for one in watched},
        links={one.repo.name: _links(configured[one.repo.name]) for one in watched},
        tools=tools,
        registries=lambda: _registries(system, watched),
        sync=sync,
        wake=wake,
        tasks=tasks,
    )


async def _poll_all(watched: Watched, tools: Tools) -> bool:
    now = tools.clock.now()
    await observe(watched.repo.name, watched.demands, tools, polled_before=now)
    return True


def _links(repo: ConfigRepoSettings) -> LinkPatterns:
    known = patterns_for(repo.url)
    links = repo.links
    return LinkPatterns(commit=links.commit or known.commit, file=links.file or known.file)


def _registries(system: System, watched: Sequence[Watched]) -> list[RegistryView]:
    failures: dict[str, dict[str, str]] = {}
    for repository in merge_demands(one.demands for one in watched):
        error = system.tools.observer.failure(repository)
        if error is not None:
            failures.setdefault(repository.host, {})[str(repository)] = str(error)
    return [
        RegistryView(state=state, failures=failures.get(state.name, {}))
        for state in system.registry.states
    ]
