"""`automator set`: writes an image reference into local manifests."""

import sys
from fnmatch import fnmatchcase
from pathlib import Path

import click
from wcmatch import glob

from automator.cli.files import replace_file
from automator.cli.local_manifests import read_bytes, read_directory
from automator.cli.options import output_option
from automator.cli.output import print_json
from automator.edit.apply import apply_changes
from automator.edit.set import plan_set, sort_out
from automator.errors import EditRefused, UsageError
from automator.model.field import ImageField
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.report.shapes import change_shape


@click.command("set")
@click.argument("reference", metavar="REF")
@click.argument("directory", type=click.Path(path_type=Path), default=Path())
@click.option("--workload", default="*", metavar="GLOB", help="Only these workloads.")
@click.option("--container", default="*", metavar="GLOB", help="Only these containers.")
@click.option("--path", "path_glob", default="**", metavar="GLOB", help="Only these files.")
@output_option
def command(
    reference: str, directory: Path, *, workload: str, container: str, path_glob: str, output: str
) -> int:
    """Sets the tag and digest of every field whose image repository is REF's. Exits 1 if there was none, or if one of
    them has no place for them.

    Every file is edited and checked before the first is written.
    """
    target = ImageReference.parse(reference)
    if target.tag is None and target.digest is None:
        raise UsageError(f"{reference!r} names neither a tag nor a digest", hint="repository:tag")

    def chosen(field: ImageField) -> bool:
        return (
            fnmatchcase(str(field.workload), workload)
            and fnmatchcase(field.container, container)
            and glob.globmatch(field.location.path, path_glob, flags=glob.GLOBSTAR | glob.DOTGLOB)
        )

    manifests = read_directory(directory)
    edits: list[tuple[Path, bytes]] = []
    done: list[Change] = []
    refused: list[EditRefused] = []
    for name in manifests.files:
        changes, mistakes = sort_out(plan_set(list(filter(chosen, manifests.fields(name))), target))
        refused += mistakes
        if changes:
            path = manifests.path_of(name)
            edits.append((path, apply_changes(name, read_bytes(path), changes)))
            done += changes
    for mistake in refused:
        sys.stderr.write(f"automator: {mistake}\n")
    if not done and not refused:
        sys.stderr.write(f"automator: no image of {target.name} is written here\n")
    for path, edited in edits:
        replace_file(path, edited)
    if output == "json":
        print_json([change_shape(change) for change in done])
    else:
        for change in done:
            click.echo(f"{change.field.location}: {change.field.image} -> {change.to}")
    return int(not done or bool(refused))
