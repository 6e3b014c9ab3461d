"""Every long-lived task of the daemon is started here, in one task group, and ended by SIGTERM or SIGINT."""

import signal
from datetime import timedelta
from functools import partial

import anyio
from anyio.abc import TaskStatus

from automator.daemon.http import bind, make_app, serve
from automator.daemon.loops import Watched, pass_loop, poll_loop
from automator.daemon.status import DaemonStatus, RepoStatus
from automator.daemon.trigger import Trigger
from automator.model.event import DaemonStarted, DaemonStopped
from automator.pipeline import ConfigRepo, Tools
from automator.report.metrics import MetricsSink


async def run_daemon(
    repos: list[ConfigRepo],
    tools: Tools,
    metrics: MetricsSink,
    *,
    listen: str,
    poll_interval: timedelta,
    head_interval: timedelta,
) -> None:
    """Until SIGTERM or SIGINT. What must not be cut short (a push under way) shields itself."""
    status = DaemonStatus({repo.name: RepoStatus() for repo in repos})
    watched = [Watched(repo=repo, status=status.repos[repo.name]) for repo in repos]
    demanded = Trigger()
    sock = bind(listen) if listen else None
    async with anyio.create_task_group() as tasks:
        await tasks.start(_stop_on_signal, tasks.cancel_scope)
        if sock is not None:
            await tasks.start(serve, make_app(status, metrics), sock)
        tools.reporter.emit(DaemonStarted(config_repos=len(repos), listen=listen))
        for one in watched:
            tasks.start_soon(
                partial(pass_loop, one, tools, head_interval=head_interval, demanded=demanded)
            )
        tasks.start_soon(
            partial(poll_loop, watched, tools, interval=poll_interval, demanded=demanded)
        )
    tools.reporter.emit(DaemonStopped())


async def _stop_on_signal(
    scope: anyio.CancelScope, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
            return
