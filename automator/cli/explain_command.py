"""`automator explain`: why, tag by tag."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import click

from automator.cli.options import load_config, output_option, repo_option, run_async
from automator.cli.output import print_json, print_table
from automator.cli.surveying import PATIENCE_SECONDS, survey_repos
from automator.errors import RegistryError, UsageError
from automator.model.plan import Change
from automator.model.selection import Verdict
from automator.model.tags import Wanted
from automator.report.shapes import describe_moved, facts_shape, reaches_of
from automator.report.verdicts import verdict_shape
from automator.select.evaluate import explain
from automator.survey.containers import Container
from automator.survey.selecting import Asking, gather_facts
from automator.wiring import System, open_system


@click.command("explain")
@click.argument("workload")
@click.option("--all", "show_all", is_flag=True, help="Every tag, not the first 20.")
@repo_option
@output_option
@click.pass_obj
def command(
    config_path: Path | None,
    workload: str,
    *,
    show_all: bool,
    repo_names: tuple[str, ...],
    output: str,
) -> None:
    """Why each container of WORKLOAD (`namespace:kind/name`) runs what it runs: a verdict for every tag."""
    shapes = run_async(partial(_explain, config_path, repo_names, workload))
    if output == "json":
        print_json({"containers": shapes})
        return
    for shape in shapes:
        click.secho(f"{shape['workload']} {shape['container']}", bold=True)
        click.echo(f"  image   {shape['image']}  ({shape['path']}:{shape['line']})")
        if shape["reaches"]:
            click.echo(f"  reaches {', '.join(shape['reaches'])}")
        click.echo(f"  policy  {shape['policy'] or 'none'}{_written_at(shape)}")
        for about in shape["images"]:
            click.echo(f"  {about['tag']}  {_render_image(about)}")
        click.echo(f"  result  {shape['result']}")
        if shape["moved"]:
            click.secho(f"  moved   {shape['moved']}", fg="yellow")
        tags = shape["tags"] if show_all else shape["tags"][:20]
        if tags:
            print_table(
                ["  Tag", "", "Reason"],
                [
                    ["  " + tag["tag"], "yes" if tag["accepted"] else "no", tag["reason"]]
                    for tag in tags
                ],
            )
        if len(tags) < len(shape["tags"]):
            click.echo(f"  ... and {len(shape['tags']) - len(tags)} more (--all shows them)")


def _render_image(about: dict[str, Any]) -> str:
    size = about["size_bytes"]
    parts = [
        about["digest"],
        f"built {about['created_at']}" if about["created_at"] else "",
        f"{size / 2**20:.1f} MiB" if size is not None else "",
        ", ".join(about["platforms"]),
        about["source"],
        f"revision {about['revision']}" if about["revision"] else "",
    ]
    return "  ".join(part for part in parts if part)


def _written_at(shape: dict[str, Any]) -> str:
    return f"  ({shape['policy_source']})" if shape["policy_source"] else ""


async def _explain(
    config_path: Path | None, repo_names: tuple[str, ...], workload: str
) -> list[dict[str, Any]]:
    settings, rules = load_config(config_path)
    async with open_system(settings, rules, patience_seconds=PATIENCE_SECONDS) as system:
        before = system.tools.clock.now() - settings.poll_interval
        found = await survey_repos(system, repo_names, polled_before=before)
        containers = [
            container
            for survey in found.surveys
            for container in survey.containers
            if str(container.field.workload) == workload
            or any(str(reached.workload) == workload for reached in container.reaches)
        ]
        if not containers:
            for failure in found.failures.values():
                raise failure
            raise UsageError(
                f"no workload is named {workload!r}", hint="automator workloads lists them all"
            )
        return [await _shape(container, system) for container in containers]


async def _shape(container: Container, system: System) -> dict[str, Any]:
    decision, field, policy = container.decision, container.field, container.policy
    assert decision is not None
    result = (
        f"update to {decision.to}: {decision.reason}"
        if isinstance(decision, Change)
        else decision.reason
    )
    return {
        "workload": str(field.workload),
        "container": field.container,
        "image": str(field.image),
        "path": field.location.path,
        "line": field.location.line,
        "reaches": reaches_of(container.reaches),
        "policy": None if policy is None else str(policy),
        "policy_source": None if policy is None or policy.source is None else str(policy.source),
        "result": result,
        "moved": None if container.moved is None else describe_moved(container.moved),
        "images": await _images(container, system),
        "tags": [verdict_shape(verdict) for verdict in await _verdicts(container, system)],
    }


async def _images(container: Container, system: System) -> list[dict[str, Any]]:
    """What is to be known of the image in use and the selected one: asked for people, once for ever."""
    selection, image = container.selection, container.field.image
    if selection is None or container.failure is not None:
        return []
    tags = dict.fromkeys(tag for tag in (image.tag, selection.tag) if tag is not None)
    try:
        learnt = await system.tools.observer.facts(image.repository, Wanted(tags=tuple(tags)))
    except RegistryError:
        return []
    return [facts_shape(tag, learnt.known[tag]) for tag in tags if tag in learnt.known]


async def _verdicts(container: Container, system: System) -> tuple[Verdict, ...]:
    repository, policy = container.observed_repository, container.policy
    if repository is None or policy is None or container.failure is not None:
        return ()
    observer, image = system.tools.observer, container.field.image
    # The survey has waited for what it wanted: what has not come by then is told as such.
    asking = Asking(now=system.tools.clock.now(), deadline=-math.inf)
    try:
        tag_list = await observer.tag_list(repository)
        observed = await gather_facts(repository, policy, image, tag_list, observer, asking)
    except RegistryError:
        return ()
    return explain(policy, image, observed, asking.now)
