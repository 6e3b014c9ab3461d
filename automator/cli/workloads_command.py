"""`automator workloads`: the table that people know from the origin of this tool."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import click

from automator.cli.options import load_config, output_option, repo_option, run_async
from automator.cli.output import print_json, print_table
from automator.cli.surveying import PATIENCE_SECONDS, survey_repos
from automator.errors import AutomatorError, RegistryError
from automator.model.plan import Status, Unchanged
from automator.model.selection import Outcome
from automator.model.tags import Detail, ImageFacts, Wanted
from automator.observe.observer import Observer
from automator.report.shapes import describe_moved, reaches_of, workload_shape
from automator.report.words import age_behind, behind_text
from automator.select.order import build_time
from automator.survey.containers import Container
from automator.wiring import open_system


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A container, and when its image in use and its selection were built, as far as that is known."""

    config_repo: str
    container: Container
    current_at: datetime | None = None
    latest_at: datetime | None = None


@click.command("workloads")
@click.argument("workload", default="*")
@repo_option
@output_option
@click.pass_obj
def command(
    config_path: Path | None, workload: str, *, repo_names: tuple[str, ...], output: str
) -> int:
    """Every container with its image, what it could run, and its status. WORKLOAD is a shell pattern."""
    rows, failures = run_async(partial(_rows, config_path, repo_names, workload))
    if output == "json":
        print_json(
            {
                "workloads": [
                    workload_shape(row.config_repo, row.container, row.current_at, row.latest_at)
                    for row in rows
                ]
            }
        )
    else:
        print_table(*_table(rows))
    for name, error in failures.items():
        sys.stderr.write(f"automator: {name}: {error}\n")
    return int(bool(failures))


async def _rows(
    config_path: Path | None, repo_names: tuple[str, ...], pattern: str
) -> tuple[list[Row], dict[str, AutomatorError]]:
    settings, rules = load_config(config_path)
    async with open_system(settings, rules, patience_seconds=PATIENCE_SECONDS) as system:
        now = system.tools.clock.now()
        found = await survey_repos(system, repo_names, polled_before=now - settings.poll_interval)
        rows = [
            await _with_times(survey.config_repo, container, system.tools.observer, now)
            for survey in found.surveys
            for container in survey.containers
            if fnmatchcase(str(container.field.workload), pattern)
        ]
    rows.sort(key=lambda row: (row.config_repo, row.container.field.workload))
    return rows, found.failures


async def _with_times(
    config_repo: str, container: Container, observer: Observer, now: datetime
) -> Row:
    """Ages are for people and no policy needs them: asked once for ever, and only for what is behind."""
    row = Row(config_repo=config_repo, container=container)
    tags = container.tags_behind
    if not tags:
        return row
    try:
        wanted = Wanted(tags=tags, detail=Detail.TIME)
        facts = (await observer.facts(container.field.image.repository, wanted)).known
    except RegistryError:
        return (
            row  # the tag in use may be gone from the registry; the count of versions still stands
        )
    current_at, latest_at = (_built_at(facts.get(tag), now) for tag in tags)
    return replace(row, current_at=current_at, latest_at=latest_at)


def _built_at(facts: ImageFacts | None, now: datetime) -> datetime | None:
    return None if facts is None else build_time(facts, now)


def _table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Which workloads an entry reaches is a column where there are such entries."""
    headers = ["Workload", "Container", "Image", "Current", "Behind", "Latest", "Policy", "Status"]
    cells = [_cells(row) for row in rows]
    reached = [", ".join(reaches_of(row.container.reaches)) for row in rows]
    if not any(reached):
        return headers, cells
    return [*headers, "Reaches"], [[*row, names] for row, names in zip(cells, reached, strict=True)]


def _cells(row: Row) -> list[str]:
    container, decision = row.container, row.container.decision
    assert decision is not None
    image, selection = container.field.image, container.selection
    return [
        str(container.field.workload),
        container.field.container,
        image.name,
        str(image.tag or image.digest or ""),
        _behind(row),
        (selection.tag or "") if selection and selection.outcome is not Outcome.INCOMPLETE else "",
        str(container.policy or ""),
        _render_status(container),
    ]


def _render_status(container: Container) -> str:
    """`updatable`, or why not: a reason mostly begins with its status. Then what else there is to know."""
    decision, moved = container.decision, container.moved
    assert decision is not None
    said = str(Status.UPDATABLE)
    if isinstance(decision, Unchanged):
        status, reason = str(decision.status), decision.reason
        said = reason if reason.startswith(status) else f"{status}: {reason}"
    return said if moved is None else f"{said}; {describe_moved(moved)}"


def _behind(row: Row) -> str:
    selection = row.container.selection
    age = age_behind(row.current_at, row.latest_at)
    return behind_text(selection.behind if selection else 0, age)
