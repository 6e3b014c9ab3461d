"""`automator check`: every mistake in config, policy files and annotations, at once."""

import os
import sys
from functools import partial
from pathlib import Path

import click

from automator.cli.options import output_option, repo_option, run_async
from automator.cli.output import print_json
from automator.cli.surveying import choose_repos
from automator.config.load import check_config, find_config, load_rules, load_settings
from automator.errors import AutomatorError
from automator.pipeline import scan_head
from automator.plan.match import unmatched_rules
from automator.wiring import open_system


@click.command("check")
@click.option("--offline", is_flag=True, help="Only the configuration and the policy files.")
@repo_option
@output_option
@click.pass_obj
def command(
    config_path: Path | None, *, offline: bool, repo_names: tuple[str, ...], output: str
) -> int:
    """Every mistake with file:line:column and a suggestion. Exits 2 if there is one, 1 if a config repo can't be read."""
    path = find_config(config_path, os.environ)
    problems, failures = check_config(path, os.environ), dict[str, str]()
    if not problems and not offline:
        problems, failures = run_async(partial(_check_repos, path, repo_names))
    if output == "json":
        print_json({"problems": problems, "failures": failures})
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(f"{len(problems)} problem{'' if len(problems) == 1 else 's'} found")
    for name, failure in failures.items():
        sys.stderr.write(f"automator: {name}: {failure}\n")
    return 2 if problems else int(bool(failures))


async def _check_repos(path: Path, repo_names: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    settings = load_settings(path, os.environ)
    rules = load_rules(settings)
    problems: list[str] = []
    failures: dict[str, str] = {}
    fields = []
    async with open_system(settings, rules) as system:
        for repo in choose_repos(system, repo_names):
            try:
                snapshot = await scan_head(repo, system.tools)
            except AutomatorError as error:
                failures[repo.name] = str(error)
                continue
            problems += [f"{repo.name}: {problem}" for problem in snapshot.problems]
            fields += snapshot.fields
    if not failures and not repo_names:
        problems += [
            f"{rule.policy.source}: policy {rule.policy.name!r} matches no container"
            for rule in unmatched_rules(rules, fields)
        ]
    return problems, failures
