"""`automator set`: writes an image reference into local manifests."""

import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import click
from wcmatch import glob

from automator.cli.local_manifests import scan_directory
from automator.cli.options import output_option
from automator.cli.output import print_json
from automator.edit.apply import apply_changes
from automator.edit.set import plan_set
from automator.errors import UsageError
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
    """Sets the tag and digest of every field whose image repository is REF's. Exits 1 if there was none.

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

    edits: list[tuple[Path, bytes]] = []
    done: list[Change] = []
    for path, data, scan in scan_directory(directory):
        changes = plan_set([field for field in scan.fields if chosen(field)], target)
        if changes:
            edits.append((path, apply_changes(scan.path, data, changes)))
            done += changes
    for path, edited in edits:
        _replace(path, edited)
    if output == "json":
        print_json([change_shape(change) for change in done])
    else:
        for change in done:
            click.echo(f"{change.field.location}: {change.field.image} -> {change.to}")
    return int(not done)


def _replace(path: Path, data: bytes) -> None:
    """All of the new file or all of the old one, also if the process dies; the mode is kept."""
    mode = path.stat().st_mode
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".automator-", delete=False) as file:
        file.write(data)
    Path(file.name).chmod(mode)
    Path(file.name).replace(path)
