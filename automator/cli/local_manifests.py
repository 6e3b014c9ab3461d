"""Manifests in a local directory, for the commands that need no Git and no network."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from automator.errors import UsageError
from automator.model.field import FieldKey, FileScan, ImageField, Problem, RepoPath
from automator.scan.file import is_manifest_path, scan_file
from automator.survey.manifests import (
    ALL_DIALECTS,
    Across,
    FileReading,
    field_at,
    fields_of,
    read_across,
    read_file,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalManifests:
    """What a directory holds, in path order."""

    directory: Path
    files: Mapping[RepoPath, FileReading]
    across: Across

    @property
    def scans(self) -> list[FileScan]:
        return [reading.scan for reading in self.files.values()]

    @property
    def mistakes(self) -> list[Problem]:
        """In what the files declare, not in how they are written."""
        own = chain.from_iterable(reading.declared_problems for reading in self.files.values())
        return [problem for problem in chain(own, self.across.problems) if not problem.note]

    def fields(self, path: RepoPath) -> tuple[ImageField, ...]:
        return fields_of(path, self.files[path], self.across)

    def reached(self, key: FieldKey) -> list[ImageField]:
        """The containers whose image a Kustomize entry sets."""
        keys = self.across.overlays.reached.get(key, ())
        return [field_at(other, self.files, self.across) for other in keys]

    def path_of(self, path: RepoPath) -> Path:
        return self.directory if self.directory.is_file() else self.directory / path


def read_directory(directory: Path) -> LocalManifests:
    """`.git` and symbolic links are passed over. A file may be named instead."""
    if not directory.exists():
        raise UsageError(f"{directory} does not exist")
    files: dict[RepoPath, FileReading] = {}
    for path in [directory] if directory.is_file() else _walk(directory):
        relative = path.name if path == directory else path.relative_to(directory).as_posix()
        scan = scan_file(RepoPath(relative), read_bytes(path))
        files[scan.path] = read_file(scan, ALL_DIALECTS)
    across = read_across(files, ALL_DIALECTS)
    return LocalManifests(directory=directory, files=files, across=across)


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _walk(directory: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            path = Path(folder, name)
            if is_manifest_path(RepoPath(name)) and not path.is_symlink():
                yield path
