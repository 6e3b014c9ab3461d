"""`automator migrate`: what was declared for other tools, in automator's own annotations and comments."""

import sys
from pathlib import Path
from typing import Any

import click

from automator.cli.files import replace_file
from automator.cli.local_manifests import read_bytes, read_directory
from automator.cli.options import output_option
from automator.cli.output import print_json, print_table
from automator.edit.annotate import Addition, NewAnnotation
from automator.survey.migration import FileMigration, migrate_file, needs_migration

_COMMENT = "# automator"


@click.command("migrate")
@click.argument("directory", type=click.Path(path_type=Path), default=Path())
@click.option("--write", is_flag=True, help="Write them; without it they are only shown.")
@output_option
def command(directory: Path, *, write: bool, output: str) -> int:
    """Shows, or writes, native annotations that mean what those of Flux, Argo CD Image Updater and Keel mean.

    Annotations come behind the dialect's, which stay and have no effect any more; a Flux v2 marker gives way to a
    comment. Every file is edited and checked before the first is written. What cannot be said natively is left as it
    is and told on standard error; exits 1 then.
    """
    manifests = read_directory(directory)
    migrations = [
        migrate_file(path, reading, manifests.across, read_bytes(manifests.path_of(path)))
        for path, reading in manifests.files.items()
        if needs_migration(path, reading, manifests.across)
    ]
    if write:
        for migration in migrations:
            if migration.additions:
                replace_file(manifests.path_of(migration.path), migration.edited)
    shapes = [shape for migration in migrations for shape in _shapes(migration)]
    if output == "json":
        print_json(shapes)
    else:
        rows = [[f"{s['path']}:{s['line']}:{s['column']}", s["key"], s["value"]] for s in shapes]
        print_table(["Place", "Key", "Value"], rows)
    left = [problem for migration in migrations for problem in migration.left]
    for problem in (*manifests.mistakes, *left):
        sys.stderr.write(f"automator: {problem}\n")
    return int(bool(left or manifests.mistakes))


def _shapes(migration: FileMigration) -> list[dict[str, Any]]:
    """In the order of the file. A marker that goes without a comment in its place has an empty value."""
    return sorted(map(_shape, migration.additions), key=lambda shape: shape["line"])


def _shape(new: Addition) -> dict[str, Any]:
    if isinstance(new, NewAnnotation):
        place, key, value = new.beside, new.key, new.value
    else:
        place, key, value = new.at, _COMMENT, new.text.removeprefix("automator: ")
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "key": key,
        "value": value,
    }
