"""What commands print: tables for people, JSON for programs, a progress bar where somebody waits."""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

_BAR_AFTER_SECONDS = 1.0


def print_json(value: object) -> None:
    """Bytes of a path that are no UTF-8 are escaped: they would make it no JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo(text.encode("utf-8", "backslashreplace").decode())


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be, so that a line is a row also behind a pipe. Control characters are shown."""
    cells = [[_visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(headers), *cells]) for i in range(len(headers))]
    for number, row in enumerate([list(headers), *cells]):
        line = "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        click.echo(click.style(line, bold=True) if number == 0 else line)


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


@contextmanager
def progress(what: str, said: Callable[[], str]) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with (done, total). On a terminal a bar appears after the first second.

    `said` is asked for what stands behind the bar, several times a second.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    class Said(TextColumn):
        def render(self, task: "Task") -> "Text":
            task.fields["said"] = said()
            return super().render(task)

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        Said("{task.fields[said]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(what, total=None)
    appears = threading.Timer(_BAR_AFTER_SECONDS, bar.start)
    appears.start()
    try:
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
    finally:
        appears.cancel()
        appears.join()
        bar.stop()
