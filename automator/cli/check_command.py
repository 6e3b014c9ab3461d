"""`automator check`: every mistake in config, policy files, annotations and comments at once, and all that has no effect."""

import os
import sys
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import click

from automator.cli.options import output_option, repo_option, run_async
from automator.cli.output import print_json
from automator.cli.surveying import choose_repos
from automator.clock import SystemClock
from automator.config.load import (
    check_config,
    check_effects,
    find_config,
    load_rules,
    load_settings,
)
from automator.config.models import Settings
from automator.config.web import exposure
from automator.errors import AutomatorError, ConfigError
from automator.extras import is_installed, missing
from automator.model.field import ImageField
from automator.pipeline import scan_head, scan_outside
from automator.plan.match import unmatched_rules
from automator.survey.containers import match_policies
from automator.survey.remarks import remarks
from automator.web.access.oidc import EXTRA, LIBRARY
from automator.wiring import make_messenger, open_system


@dataclass(slots=True)
class _Findings:
    """Mistakes, what is worth knowing and nobody's mistake, and the config repos that could not be read."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


@click.command("check")
@click.option("--offline", is_flag=True, help="Only the configuration and the policy files.")
@repo_option
@output_option
@click.pass_obj
def command(
    config_path: Path | None, *, offline: bool, repo_names: tuple[str, ...], output: str
) -> int:
    """Every mistake, and all that has no effect, with file:line:column and a suggestion. Exits 2 if there is a mistake,
    1 if a config repo can't be read. Notes tell what is left to other tools, or does more than it seems to.
    """
    path = find_config(config_path, os.environ)
    found = _Findings(problems=check_config(path, os.environ))
    if not found.problems:
        settings = load_settings(path, os.environ)
        found.problems += [*check_effects(path, os.environ), *_unusable_channels(settings, path)]
        _check_logins(settings, found)
        if not offline:
            run_async(partial(_check_repos, path, repo_names, found))
    if output == "json":
        print_json(asdict(found))
    else:
        for line in [*found.problems, *(f"{note} (note)" for note in found.notes)]:
            click.echo(line)
        click.echo(f"{_count(found.problems, 'problem')} found, {_count(found.notes, 'note')}")
    for name, failure in found.failures.items():
        sys.stderr.write(f"automator: {name}: {failure}\n")
    return 2 if found.problems else int(bool(found.failures))


def _unusable_channels(settings: Settings, path: Path) -> list[str]:
    """Channels of messages that are well written, and lead nowhere."""
    try:
        make_messenger(settings, SystemClock())
    except ConfigError as error:
        return [f"{path}: {error}"]
    return []


def _check_logins(settings: Settings, found: _Findings) -> None:
    if settings.web.oidc is not None and not is_installed(LIBRARY):
        found.problems.append(f"web.oidc: {missing(LIBRARY, extra=EXTRA, refuse=ConfigError)}")
    exposed = exposure(settings.web, settings.listen)
    if exposed:
        found.notes.append(f"web: {exposed}")


def _count(lines: list[str], noun: str) -> str:
    return f"{len(lines)} {noun}{'' if len(lines) == 1 else 's'}"


async def _check_repos(path: Path, repo_names: tuple[str, ...], found: _Findings) -> None:
    settings = load_settings(path, os.environ)
    rules = load_rules(settings)
    fields: list[ImageField] = []
    async with open_system(settings, rules) as system:
        for repo in choose_repos(system, repo_names):
            try:
                snapshot = await scan_head(repo, system.tools)
                outside = await scan_outside(repo, snapshot)
            except AutomatorError as error:
                found.failures[repo.name] = str(error)
                continue
            told = [*snapshot.problems, *remarks(match_policies(snapshot, rules)), *outside]
            for problem in sorted(dict.fromkeys(told), key=lambda problem: problem.location):
                lines = found.notes if problem.note else found.problems
                lines.append(f"{repo.name}: {problem}")
            fields += snapshot.fields
    if not found.failures and not repo_names:
        found.problems += [
            f"{rule.policy.source}: policy {rule.policy.name!r} matches no container"
            for rule in unmatched_rules(rules, fields)
        ]
