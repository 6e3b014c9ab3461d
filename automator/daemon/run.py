"""Every long-lived task of the daemon is started here, in one task group, and ended by SIGTERM or SIGINT.

Messages alone go on beside: what waits to be told outlives a change of the configuration.
"""

import signal
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import anyio

from automator.clock import Clock, SystemClock
from automator.config.load import file_stamps
from automator.config.models import Settings
from automator.config.web import exposure
from automator.daemon.desk import make_desk
from automator.daemon.early import EarlyPolls, early_loop
from automator.daemon.hooks import hook_routes
from automator.daemon.http import bind, serve
from automator.daemon.passes import Triggers, pass_loop
from automator.daemon.polling import Watched, failing_by_registry, poll_loop, warm_loop
from automator.daemon.reload import wait_for_change
from automator.daemon.site import make_site
from automator.daemon.trigger import Trigger
from automator.hooks.receiver import Receiver
from automator.model.event import DaemonStarted, DaemonStopped, LoginExposed
from automator.observe.schedule import Pace
from automator.pipeline import ConfigRepo, Tools
from automator.store.store import Store
from automator.web.access.access import Access
from automator.web.access.sessions import Sessions
from automator.web.board import Board
from automator.wiring import Configuration, System, make_messenger


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What outlives a change of the configuration: push events that came between two of them, and who is logged in."""

    early: EarlyPolls = field(default_factory=EarlyPolls)
    sessions: Sessions = field(default_factory=lambda: Sessions(SystemClock()))


async def run_daemon(
    system: System,
    repos: Sequence[ConfigRepo],
    load: Callable[[], Configuration],
    signals: AsyncIterable[signal.Signals],
    kept: Kept,
) -> Configuration | None:
    """Until SIGTERM or SIGINT: None; or until `load` reads another configuration than is in force: that one.

    `signals` and `kept` outlive it: what comes between two configurations is heeded by the next.
    A pass's push is cut: the remote takes it whole or not at all, and the next pass looks. An action's goes on to its end.
    """
    settings, tools, reporter = system.settings, system.tools, system.tools.reporter
    head_interval = settings.git_poll_interval
    pace = Pace(shortest=settings.poll_interval, longest=settings.max_poll_interval)
    board = Board(repo.name for repo in repos)
    watched = tuple(Watched(repo=repo, board=board) for repo in repos)
    triggers, reload = Triggers(passed=kept.early.asked), Trigger()
    access = _access(settings, tools, kept)
    in_force = (settings, system.rules), file_stamps(settings)
    receivers = _receivers(settings, tools.clock)
    sock = bind(settings.listen) if settings.listen else None
    system.metrics.watch_registries(
        lambda: system.registry.states, lambda: failing_by_registry(watched, tools.observer)
    )
    following: Configuration | None = None

    def load_usable() -> tuple[Configuration, tuple[object, ...]]:
        found = load()
        _receivers(found[0], tools.clock)
        _access(found[0], tools, kept)
        make_messenger(found[0], tools.clock)
        _check_places(found[0], settings)
        return found, file_stamps(found[0])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_heed_signals, signals, tasks.cancel_scope, reload)
        if sock is not None:
            desk = make_desk(system, board, watched, triggers, tasks)
            hooks = hook_routes(receivers, kept.early.ask, reporter.emit, clock=tools.clock)
            site = make_site(system, desk, access, hooks)
            await tasks.start(serve, site, sock, board.close)
        reporter.emit(DaemonStarted(config_repos=len(watched), listen=settings.listen))
        exposed = exposure(settings.web, settings.listen)
        if exposed:
            reporter.emit(LoginExposed(why=exposed))
        for one in watched:
            tasks.start_soon(partial(pass_loop, one, tools, triggers, head_interval=head_interval))
        tasks.start_soon(partial(poll_loop, watched, tools, triggers.demanded, pace=pace))
        tasks.start_soon(warm_loop, watched, tools, triggers.unfinished)
        tasks.start_soon(early_loop, watched, tools, kept.early)
        following, _ = await wait_for_change(
            load_usable, in_force, reporter, every=head_interval, asked=reload
        )
        tasks.cancel_scope.cancel()
    if following is None:
        reporter.emit(DaemonStopped())
    return following


def _access(settings: Settings, tools: Tools, kept: Kept) -> Access:
    """Raises ConfigError where a library is missing that logins need."""
    return Access(
        settings.web,
        listen=settings.listen,
        sessions=kept.sessions,
        report=tools.reporter.emit,
        clock=tools.clock,
    )


def _receivers(settings: Settings, clock: Clock) -> list[Receiver]:
    """Raises ConfigError where a library is missing that a hook needs."""
    return [Receiver(hook, clock=clock) for hook in settings.hooks]


def _check_places(settings: Settings, in_force: Settings) -> None:
    """Raises UsageError or StoreError where a new address or store cannot be had: the daemon goes on without."""
    if settings.listen and settings.listen != in_force.listen:
        bind(settings.listen).close()
    if settings.store != in_force.store:
        with Store.open(settings.store):
            pass


async def _heed_signals(
    signals: AsyncIterable[signal.Signals], scope: anyio.CancelScope, reload: Trigger
) -> None:
    async for number in signals:
        if number is not signal.SIGHUP:
            scope.cancel()
            return
        reload.set()
