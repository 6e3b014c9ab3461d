"""Manifests in a local directory, for the commands that need no Git and no network."""

import os
from collections.abc import Iterator
from pathlib import Path

from automator.errors import UsageError
from automator.model.field import FileScan, RepoPath
from automator.scan.file import is_manifest_path, scan_file


def scan_directory(directory: Path) -> Iterator[tuple[Path, bytes, FileScan]]:
    """Each manifest in path order; `.git` and symbolic links are passed over. A file may be named instead."""
    if not directory.exists():
        raise UsageError(f"{directory} does not exist")
    for path in [directory] if directory.is_file() else _walk(directory):
        relative = path.name if path == directory else path.relative_to(directory).as_posix()
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from error
        yield path, data, scan_file(RepoPath(relative), data)


def _walk(directory: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            path = Path(folder, name)
            if is_manifest_path(RepoPath(name)) and not path.is_symlink():
                yield path
