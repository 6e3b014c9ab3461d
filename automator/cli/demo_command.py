"""`automator demo`: a registry, a config repo and the daemon on this machine; new tags become commits before your eyes."""

import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import click

from automator.cli.options import run_async
from automator.cli.output import print_json
from automator.config.load import load_rules, load_settings
from automator.daemon.http import bind, serve
from automator.daemon.run import Kept, run_daemon
from automator.daemon.trigger import Trigger
from automator.demo.registry import DemoRegistry
from automator.demo.world import RELEASES, DemoWorld, Release, make_world
from automator.errors import GitError
from automator.git.run import run_git
from automator.model.event import ChangeHeld, CommitPushed, Event, PollRoundFinished
from automator.wiring import open_system

_PATIENCE_SECONDS = 20
_FIRST_BUILD_AT = datetime(2024, 6, 1, tzinfo=UTC)


class _Watcher:
    """Wakes the demo when the daemon did what it waits for."""

    def __init__(self) -> None:
        self.commits: list[CommitPushed] = []
        self.held: list[ChangeHeld] = []
        self.rounds = 0
        self.news = Trigger()

    def receive(self, event: Event) -> None:
        match event:
            case CommitPushed():
                self.commits.append(event)
            case ChangeHeld():
                self.held.append(event)
            case PollRoundFinished():
                self.rounds += 1
            case _:
                return
        self.news.set()


@click.command("demo")
@click.option(
    "--once", is_flag=True, help="End after the last release instead of waiting for Ctrl-C."
)
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table")
def command(*, once: bool, output: str) -> None:
    """Everything on this machine, nothing to configure: pushes new tags and shows each commit that follows."""
    with tempfile.TemporaryDirectory(prefix="automator-demo-") as folder:
        shapes = run_async(partial(_demo, Path(folder), once, output == "json"))
    if output == "json":
        print_json({"releases": shapes})


async def _demo(folder: Path, once: bool, quiet: bool) -> list[dict[str, str | None]]:
    registry, watcher = DemoRegistry(), _Watcher()
    say = (lambda _text="": None) if quiet else click.echo
    shapes = []
    sock = bind("127.0.0.1:0")
    host = f"127.0.0.1:{sock.getsockname()[1]}"
    async with anyio.create_task_group() as tasks:
        await tasks.start(serve, registry.app(), sock)
        listen = _free_address()
        world = await make_world(folder, host, listen)
        for number, (image, tag) in enumerate(world.images):
            registry.push_image(image, tag, _FIRST_BUILD_AT + timedelta(hours=number))
        async with _running_daemon(world, watcher, tasks.cancel_scope):
            say(
                f"A registry listens on {host}; the Sock Shop's manifests are in {world.config_repo}."
            )
            await _wait(watcher, lambda: watcher.rounds > 0)
            say(f"Dashboard: http://{listen}/")
            say(
                f"    log in there with {world.token.get_secret_value()} to lock, release, roll back"
            )
            say("The daemon polls both. Now somebody pushes new tags.")
            for number, release in enumerate(RELEASES):
                built_at = _FIRST_BUILD_AT + timedelta(days=1 + number)
                registry.push_image(release.image, release.tag, built_at)
                say()
                say(
                    click.style(f"==> {release.image}:{release.tag}", bold=True)
                    + f": {release.says}"
                )
                commit = await _follow(watcher, release)
                shapes.append({"image": release.image, "tag": release.tag, "commit": commit})
                say(await _show(world, release, commit, watcher))
            say()
            say(_how_to_go_on(world, host))
            if not once:
                say("Ctrl-C ends the demo.")
                await anyio.sleep_forever()
        tasks.cancel_scope.cancel()
    return shapes


def _free_address() -> str:
    """For the daemon, which opens it itself."""
    with bind("127.0.0.1:0") as sock:
        return f"127.0.0.1:{sock.getsockname()[1]}"


@asynccontextmanager
async def _running_daemon(
    world: DemoWorld, watcher: _Watcher, demo: anyio.CancelScope
) -> AsyncIterator[None]:
    """The daemon takes Ctrl-C and SIGTERM, and the demo ends with it."""
    settings = load_settings(world.config, {})
    rules = load_rules(settings)
    async with (
        open_system(settings, rules, [watcher]) as system,
        anyio.create_task_group() as tasks,
    ):

        async def run() -> None:
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
                await run_daemon(system, system.repos, lambda: (settings, rules), signals, Kept())
            demo.cancel()

        tasks.start_soon(run)
        yield
        tasks.cancel_scope.cancel()


async def _follow(watcher: _Watcher, release: Release) -> str | None:
    """The commit that the release leads to, or None once the daemon has looked at it and left things alone."""
    commits, rounds = len(watcher.commits), watcher.rounds
    if release.taken:
        await _wait(watcher, lambda: len(watcher.commits) > commits)
        return watcher.commits[-1].commit
    await _wait(watcher, lambda: watcher.rounds > rounds + 1)
    return None


async def _wait(watcher: _Watcher, done: Callable[[], bool]) -> None:
    with anyio.move_on_after(_PATIENCE_SECONDS) as scope:
        while not done():
            await watcher.news.wait(at_most_seconds=_PATIENCE_SECONDS)
    if scope.cancelled_caught:
        raise GitError("the demo's daemon did not answer in time", hint="please report it")


async def _show(world: DemoWorld, release: Release, commit: str | None, watcher: _Watcher) -> str:
    if commit is None:
        moved_to = f"/{release.image}:{release.tag}"
        reason = next((h.reason for h in watcher.held if h.selection.endswith(moved_to)), "")
        return f"    no commit{f' ({reason})' if reason else ''}"
    shown = await run_git(
        ["show", "--format=%an%n%n%B", "--unified=1", commit], directory=world.config_repo
    )
    return "\n".join(f"    {line}" for line in shown.decode().strip().splitlines())


def _how_to_go_on(world: DemoWorld, host: str) -> str:
    return (
        "To go on by hand, in another terminal:\n"
        f"    git clone {world.config_repo}            # the config repo; push to it and watch\n"
        f"    automator --config {world.config} workloads\n"
        f"    automator --config {world.config} explain sock-shop:deployment/orders\n"
        f"    automator --config {world.config} history\n"
        f"Push images of your own to {host}, with any tool that speaks plain HTTP to a registry."
    )
