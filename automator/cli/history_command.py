"""`automator history`: the audit log, read from Git alone."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from automator.cli.options import load_config, output_option, repo_option, run_async
from automator.cli.output import print_json, print_table
from automator.cli.surveying import choose_repos
from automator.git.history import read_log
from automator.report.history import HistoryEntry, history_entries, history_shape
from automator.wiring import open_system


@click.command("history")
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--limit", default=100, show_default=True, help="At most so many update commits.")
@repo_option
@output_option
@click.pass_obj
def command(
    config_path: Path | None,
    directory: Path | None,
    *,
    limit: int,
    repo_names: tuple[str, ...],
    output: str,
) -> None:
    """What was changed, when and why, newest first: of the config repos, or of any clone in DIRECTORY."""
    if directory is not None:
        found = {str(directory): run_async(partial(_read_clone, directory, limit))}
    else:
        found = run_async(partial(_read_repos, config_path, repo_names, limit))
    shapes = list(_shapes(found))
    if output == "json":
        print_json({"updates": shapes})
        return
    print_table(
        ["Time", "Commit", "Workload", "Container", "From", "To", "Policy"],
        [
            [
                shape["at"],
                shape["commit"][:10],
                shape["workload"],
                shape["container"],
                shape["from"],
                shape["to"],
                shape["policy"] or "",
            ]
            for shape in shapes
        ],
    )


async def _read_clone(directory: Path, limit: int) -> list[HistoryEntry]:
    return history_entries(await read_log(directory, "HEAD", limit=limit))


async def _read_repos(
    config_path: Path | None, repo_names: tuple[str, ...], limit: int
) -> dict[str, list[HistoryEntry]]:
    settings, rules = load_config(config_path)
    async with open_system(settings, rules) as system:
        found = {}
        for repo in choose_repos(system, repo_names):
            head = await repo.mirror.fetch()
            found[repo.name] = history_entries(
                await read_log(repo.mirror.directory, head, limit=limit)
            )
        return found


def _shapes(found: dict[str, list[HistoryEntry]]) -> Iterator[dict[str, Any]]:
    for name, entries in found.items():
        for entry in entries:
            yield history_shape(name, entry)
