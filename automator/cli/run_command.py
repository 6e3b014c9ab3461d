"""`automator run`: the daemon, or one pass."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click

from automator.cli.options import load_config, output_option, repo_option, run_async
from automator.cli.output import print_json, print_table
from automator.cli.surveying import check_names, choose_repos
from automator.clock import SystemClock, elapsed
from automator.errors import AutomatorError
from automator.model.event import Event, LogFormat
from automator.pipeline import ConfigRepo, Pushed, run_pass
from automator.report.log import LogSink, configure_logging
from automator.report.shapes import change_shape, errors_of
from automator.report.sinks import Sink
from automator.report.telemetry import exported_traces
from automator.survey.news import pass_failed
from automator.wiring import Configuration, Lasting, System, make_messenger, open_system

if TYPE_CHECKING:
    from automator.messages.messenger import Messenger

_PATIENCE_SECONDS = 2.0
"""So long a pass of the daemon waits for facts: the rest comes beside it, and holds up no other container."""


@click.command("run")
@click.option("--once", is_flag=True, help="Make one pass over every config repo, and exit.")
@repo_option
@output_option
@click.pass_obj
def command(
    config_path: Path | None, *, once: bool, repo_names: tuple[str, ...], output: str
) -> int:
    """The daemon: polls, selects, commits, pushes. --once makes one pass and exits: 1 if any part of it failed."""
    settings, rules = load_config(config_path)
    log_format = LogFormat.JSON if output == "json" and not once else LogFormat(settings.log_format)
    configure_logging(settings.log_level, log_format)
    log = LogSink()
    with exported_traces(os.environ, SystemClock(), log.receive) as traces:
        sinks = [log, *traces]
        if once:
            return run_async(partial(_once, (settings, rules), repo_names, output, sinks))
        run_async(partial(_daemon, config_path, (settings, rules), repo_names, sinks))
        return 0


async def _daemon(
    config_path: Path | None,
    configuration: Configuration,
    repo_names: tuple[str, ...],
    sinks: Sequence[Sink],
) -> None:
    """Begins anew with each change of the configuration."""
    from automator.daemon.run import Kept, run_daemon  # noqa: PLC0415 - a single pass needs no web server

    def load() -> Configuration:
        found = load_config(config_path)
        check_names([repo.name for repo in found[0].config_repos], repo_names)
        return found

    following: Configuration | None = configuration
    lasting, kept = Lasting(), Kept()
    # Open from the first configuration to the last: a signal between two of them would otherwise end the process.
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async with _messages() as deliver:
            while following is not None:
                messenger = make_messenger(following[0], SystemClock())
                opened = open_system(
                    *following,
                    [*sinks, messenger],
                    lasting=lasting,
                    patience_seconds=_PATIENCE_SECONDS,
                )
                async with opened as system:
                    repos = choose_repos(system, repo_names)
                    deliver(messenger, system.tools.reporter.emit)
                    following = await run_daemon(system, repos, load, signals, kept)
                messenger.close()


@asynccontextmanager
async def _messages() -> AsyncIterator[Callable[["Messenger", Callable[[Event], None]], object]]:
    """Starts the delivery of messages, which goes on beside, until all of them are told or the daemon ends."""
    try:
        async with anyio.create_task_group() as tasks:
            yield lambda messenger, report: tasks.start_soon(messenger.run, report)
            tasks.cancel_scope.cancel()
    except* AutomatorError as group:
        raise group.exceptions[0] from None


async def _once(
    configuration: Configuration,
    repo_names: tuple[str, ...],
    output: str,
    sinks: Sequence[Sink],
) -> int:
    results: dict[str, Pushed | AutomatorError] = {}
    messenger = make_messenger(configuration[0], SystemClock())
    async with open_system(*configuration, [*sinks, messenger]) as system:
        repos = choose_repos(system, repo_names)
        async with anyio.create_task_group() as tasks:
            for repo in repos:
                tasks.start_soon(_pass, repo, system, results)
        await messenger.finish(system.tools.reporter.emit)
    shapes = [_shape(repo.name, results[repo.name]) for repo in repos]
    if output == "json":
        print_json({"repos": shapes})
    else:
        _print_changes(shapes)
    for shape in shapes:
        for error in shape["errors"]:
            sys.stderr.write(f"automator: {shape['name']}: {error}\n")
    return int(any(_failed(result) for result in results.values()))


async def _pass(
    repo: ConfigRepo, system: System, results: dict[str, Pushed | AutomatorError]
) -> None:
    tools = system.tools
    began = tools.clock.monotonic_seconds()
    try:
        results[repo.name] = await run_pass(repo, tools, polled_before=tools.clock.now())
    except AutomatorError as error:
        results[repo.name] = error
        took = elapsed(tools.clock, began)
        tools.reporter.emit(pass_failed(repo.name, error, retry_at=None, took=took))


def _failed(result: Pushed | AutomatorError) -> bool:
    if isinstance(result, AutomatorError):
        return True
    return any(container.failure is not None for container in result.survey.containers)


def _shape(name: str, result: Pushed | AutomatorError) -> dict[str, Any]:
    if isinstance(result, AutomatorError):
        return {"name": name, "commits": [], "changes": [], "errors": [str(result)]}
    return {
        "name": name,
        "commits": [commit.id for commit in result.commits],
        "changes": [change_shape(change) for change in result.survey.changes],
        "errors": errors_of(result.survey),
    }


def _print_changes(shapes: list[dict[str, Any]]) -> None:
    rows = [
        [shape["name"], change["workload"], change["container"], change["from"], change["to"]]
        for shape in shapes
        for change in shape["changes"]
    ]
    if rows:
        print_table(["Config repo", "Workload", "Container", "From", "To"], rows)
    for shape in shapes:
        for commit in shape["commits"]:
            click.echo(f"pushed {commit} to {shape['name']}")
    if not rows:
        click.echo("nothing to change")
