"""`automator plan`: what run would change."""

import sys
from functools import partial
from pathlib import Path

import click

from automator.cli.options import output_option, repo_option, run_async
from automator.cli.output import print_json, print_table
from automator.cli.surveying import survey_configured
from automator.report.shapes import errors_of, plan_shape


@click.command("plan")
@repo_option
@output_option
@click.pass_obj
def command(config_path: Path | None, *, repo_names: tuple[str, ...], output: str) -> int:
    """What run would change now; nothing is written to a config repo. Exits 1 if a config repo could not be read."""
    found = run_async(partial(survey_configured, config_path, repo_names, fresh=True))
    unread = [
        {"name": name, "commit": None, "changes": [], "errors": [str(error)]}
        for name, error in found.failures.items()
    ]
    if output == "json":
        print_json({"repos": [*map(plan_shape, found.surveys), *unread]})
        return int(bool(found.failures))
    rows = [
        [
            survey.config_repo,
            str(change.field.workload),
            change.field.container,
            str(change.field.image),
            str(change.to),
            str(change.policy),
            change.reason,
        ]
        for survey in found.surveys
        for change in survey.changes
    ]
    if rows:
        print_table(
            ["Config repo", "Workload", "Container", "From", "To", "Policy", "Reason"], rows
        )
    else:
        click.echo("nothing to change")
    for survey in found.surveys:
        for error in errors_of(survey):
            sys.stderr.write(f"automator: {survey.config_repo}: {error}\n")
    for name, failure in found.failures.items():
        sys.stderr.write(f"automator: {name}: {failure}\n")
    return int(bool(found.failures))
