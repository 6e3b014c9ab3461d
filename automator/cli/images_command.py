"""`automator images`: the image fields of a local directory."""

import sys
from pathlib import Path

import click

from automator.cli.local_manifests import read_directory
from automator.cli.options import output_option
from automator.cli.output import print_json, print_table
from automator.report.shapes import image_shape


@click.command("images")
@click.argument("directory", type=click.Path(path_type=Path), default=Path())
@output_option
def command(directory: Path, *, output: str) -> None:
    """Every image field in DIRECTORY, with its place. No network. What could not be read is told on standard error."""
    manifests = read_directory(directory)
    shapes = []
    for path in manifests.files:
        for number, field in enumerate(manifests.fields(path)):
            shapes.append(image_shape(field, manifests.reached((path, number))))
    for scan in manifests.scans:
        for problem in scan.problems:
            sys.stderr.write(f"automator: {problem}\n")
        if scan.skipped and not scan.problems:
            sys.stderr.write(f"automator: {scan.path}: passed over: {scan.skipped}\n")
    if output == "json":
        print_json(shapes)
        return
    print_table(
        ["Place", "Workload", "Container", "Image", "Form", "Reaches"],
        [
            [
                f"{shape['path']}:{shape['line']}:{shape['column']}",
                shape["workload"],
                shape["container"],
                shape["image"],
                shape["form"],
                ", ".join(shape["reaches"]),
            ]
            for shape in shapes
        ],
    )
