"""`automate`, `deautomate`, `lock`, `unlock`, `set-policy`, `release`, `rollback`: acts of a person, each a commit; and `sync`.

Each shows its diff. Who acts is its author: by `--author`, else as `git commit` would have it here.
"""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import click

from automator.actions.action import (
    Action,
    Automate,
    Deautomate,
    Lock,
    Release,
    Rollback,
    SetPolicy,
    Unlock,
)
from automator.actions.carry_out import Acted, acted_shape, carry_out
from automator.actions.choose import holds_workload
from automator.cli import run_command
from automator.cli.options import load_config, output_option, repo_option, run_async
from automator.cli.output import print_json
from automator.cli.surveying import choose_repos
from automator.errors import GitError, UsageError
from automator.git.commit import Identity
from automator.git.run import run_git
from automator.pipeline import ConfigRepo, scan_head
from automator.wiring import System, open_system

_IDENTITY = re.compile(r"\s*(?P<name>[^<>\n]*[^<>\s])\s*<(?P<email>[^<>\s]+)>.*", re.DOTALL)

_WHO = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""What `git commit` heeds, and no other child of ours does."""

Command = Callable[..., int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """The options that are no part of the action."""

    dry_run: bool
    author: str | None
    repo_names: tuple[str, ...]
    output: str


def _action(command: Command) -> Command:
    """What every action takes, whose other options are the fields of its class."""
    decorators: list[Callable[[Any], Any]] = [
        click.pass_obj,
        output_option,
        repo_option,
        click.option("--author", metavar="NAME <MAIL>", help="Who acts; default: as git has it."),
        click.option("--dry-run", is_flag=True, help="Show the diff, and change nothing."),
        click.option("--path", default="**", metavar="GLOB", help="Only these files."),
        click.option("--reason", default="", help="Why; it is part of the commit message."),
        click.argument("workload"),
    ]
    for decorate in decorators:
        command = decorate(command)
    return command


_container_option = click.option("--container", default="", metavar="NAME", help="Only this one.")
_force_option = click.option(
    "--force", is_flag=True, help="In spite of a lock, or of a missing platform."
)


@click.command("automate")
@_action
def automate(config_path: Path | None, **given: Any) -> int:
    """Lets policies move the images of WORKLOAD (`namespace:kind/name`)."""
    return _run(config_path, Automate, given)


@click.command("deautomate")
@_action
def deautomate(config_path: Path | None, **given: Any) -> int:
    """Leaves the images of WORKLOAD alone, whatever policies say."""
    return _run(config_path, Deautomate, given)


@click.command("lock")
@_action
def lock(config_path: Path | None, **given: Any) -> int:
    """Locks WORKLOAD: its images are not changed until it is unlocked. The reason is shown wherever the lock is."""
    return _run(config_path, Lock, given)


@click.command("unlock")
@_action
def unlock(config_path: Path | None, **given: Any) -> int:
    """Takes the lock of WORKLOAD away."""
    return _run(config_path, Unlock, given)


@click.command("set-policy")
@_action
@click.argument("policy")
@_container_option
def set_policy(config_path: Path | None, **given: Any) -> int:
    """Writes POLICY on WORKLOAD: an expression, or a mapping as in an annotation."""
    return _run(config_path, SetPolicy, given)


@click.command("release")
@_action
@click.argument("tag")
@_container_option
@_force_option
def release(config_path: Path | None, **given: Any) -> int:
    """Moves an image of WORKLOAD to TAG now, if the registry has it."""
    return _run(config_path, Release, given)


@click.command("rollback")
@_action
@_container_option
@_force_option
@click.option("--to", "tag", default="", metavar="TAG", help="Default: by the audit log.")
@click.option(
    "--deny/--lock", default=False, help="Exclude the bad tag alone; or lock the workload."
)
def rollback(config_path: Path | None, **given: Any) -> int:
    """Moves an image of WORKLOAD back to the one before, and sees to it that the next pass does not undo that."""
    return _run(config_path, Rollback, given)


@click.command("sync")
@repo_option
@output_option
@click.pass_context
def sync(ctx: click.Context, /, **given: Any) -> int:
    """Polls and updates now: one pass, as `run --once` makes it."""
    status: int = ctx.invoke(run_command.command, once=True, **given)
    return status


def _run(config_path: Path | None, kind: type[Action], given: dict[str, Any]) -> int:
    how = _How(**{one.name: given.pop(one.name) for one in fields(_How)})
    action = kind(**given)
    acted = run_async(partial(_act, config_path, action, how))
    for note in acted.notes:
        sys.stderr.write(f"automator: {_visible(note)}\n")
    if how.output == "json":
        print_json(acted_shape(acted))
        return 0
    click.echo(_visible(acted.diff), nl=False)
    if not acted.diff:
        click.echo(f"nothing to change: {action.workload} is so already")
    elif acted.commit:
        click.echo(f"pushed {acted.commit} to {acted.config_repo}")
    return 0


async def _act(config_path: Path | None, action: Action, how: _How) -> Acted:
    settings, rules = load_config(config_path)
    by = await _person() if how.author is None else parse_identity(how.author)
    async with open_system(settings, rules) as system:
        repo = await _find_repo(system, action.workload, how.repo_names)
        return await carry_out(action, repo, system.tools, by=by, dry_run=how.dry_run)


async def _find_repo(system: System, workload: str, names: tuple[str, ...]) -> ConfigRepo:
    found = [
        repo
        for repo in choose_repos(system, names)
        if holds_workload(await scan_head(repo, system.tools), workload)
    ]
    if not found:
        hint = "automator workloads lists them all"
        raise UsageError(f"no workload is named {workload!r}", hint=hint)
    if len(found) > 1:
        several = ", ".join(repo.name for repo in found)
        raise UsageError(f"{workload} is in several config repos: {several}", hint="--repo NAME")
    return found[0]


def parse_identity(text: str) -> Identity:
    """`Name <mail>`. Raises UsageError."""
    found = _IDENTITY.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} names nobody", hint="--author 'Ann <ann@example.com>'")
    return Identity(name=found["name"], email=found["email"])


async def _person() -> Identity:
    """As `git commit` would have it in this folder, by the person's own Git configuration."""
    config = os.environ.get("GIT_CONFIG_GLOBAL") or os.path.expandvars("$HOME/.gitconfig")
    given = {name: os.environ[name] for name in _WHO if name in os.environ}
    try:
        output = await run_git(
            ["-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"],
            extra_env={"GIT_CONFIG_GLOBAL": config, "GIT_CONFIG_NOSYSTEM": "0"} | given,
        )
    except GitError as error:
        hint = "--author 'NAME <MAIL>', or git config user.name and user.email"
        raise UsageError("who acts is not known", hint=hint) from error
    return parse_identity(output.decode(errors="replace"))


def _visible(diff: str) -> str:
    """Nothing in a file makes a terminal do anything."""
    kept = "\n\t"
    return "".join(c if c.isprintable() or c in kept else repr(c)[1:-1] for c in diff)
