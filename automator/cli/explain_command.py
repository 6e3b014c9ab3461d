"""`automator explain`: why, tag by tag."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from automator.cli.options import load_config, output_option, repo_option, run_async
from automator.cli.output import print_json, print_table
from automator.cli.surveying import PATIENCE_SECONDS, survey_repos
from automator.errors import UsageError
from automator.report.explained import explained, is_meant
from automator.wiring import open_system


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
            if is_meant(container, workload)
        ]
        if not containers:
            for failure in found.failures.values():
                raise failure
            raise UsageError(
                f"no workload is named {workload!r}", hint="automator workloads lists them all"
            )
        observer, clock = system.tools.observer, system.tools.clock
        return [await explained(container, observer, clock) for container in containers]
