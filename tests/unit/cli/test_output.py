"""What people see: tables, ages, and a bar where they wait on a terminal."""

import json
import os
import pty
import subprocess
import sys
from datetime import timedelta

import pytest

from automator.cli.output import print_json, print_table
from automator.report.words import render_age

AGES = [
    (timedelta(seconds=5), "<1m"),
    (timedelta(minutes=59), "59m"),
    (timedelta(hours=23), "23h"),
    (timedelta(days=16), "16d"),
    (timedelta(days=100), "3mo"),
    (timedelta(days=800), "2y"),
]


@pytest.mark.parametrize(("span", "text"), AGES)
def test_age(span, text):
    assert render_age(span) == text


def test_a_row_is_a_line_and_control_characters_are_shown(capsys):
    print_table(["A", "B"], [["x\x1b[31m", "1"], ["line\nbreak", "2"]])
    assert capsys.readouterr().out.splitlines() == [
        "A            B",
        "x\\x1b[31m    1",
        "line\\nbreak  2",
    ]


def test_json_is_utf8_whatever_a_path_is_written_in(capsys):
    path = b"caf\xe9-\xc3\xa9.yaml".decode(errors="surrogateescape")
    print_json({"path": path})
    written = capsys.readouterr().out.encode()
    assert b'"caf\\udce9-\xc3\xa9.yaml"' in written
    assert json.loads(written) == {"path": path}


WAITING = """
import time
from automator.cli.output import progress
with progress("Reading", lambda: "7 requests") as show:
    show(0, 1)
    time.sleep({seconds})
print("done")
"""


@pytest.mark.parametrize(("seconds", "appears"), [(0, False), (1.6, True)])
def test_a_bar_appears_on_a_terminal_after_a_second(seconds, appears):
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", WAITING.format(seconds=seconds)],
        stderr=theirs, stdout=subprocess.PIPE, text=True, check=True,
        env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.write(theirs, b"end of the terminal")
    seen = b""
    while b"end of the terminal" not in seen:
        seen += os.read(ours, 65536)
    os.close(ours)
    os.close(theirs)
    assert (b"7 requests" in seen) is appears
    assert done.stdout == "done\n"
