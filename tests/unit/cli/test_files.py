"""A file is replaced whole: its mode stays, and nothing is left behind, whatever happens."""

import stat

import pytest

from automator.cli.files import replace_file
from automator.errors import UsageError


def test_all_of_the_new_file_with_the_mode_of_the_old(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old, and longer")
    path.chmod(0o604)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_that_has_it_open_keeps_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with path.open("rb") as file:
        replace_file(path, b"new")
        assert file.read() == b"old"


def test_what_cannot_be_replaced_is_said_and_leaves_nothing(tmp_path):
    with pytest.raises(UsageError, match="a cannot be written: No such file or directory"):
        replace_file(tmp_path / "a", b"new")
    (tmp_path / "b").mkdir()
    with pytest.raises(UsageError, match="b cannot be written: Is a directory"):
        replace_file(tmp_path / "b", b"new")
    assert list(tmp_path.iterdir()) == [tmp_path / "b"]
