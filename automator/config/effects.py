"""What is written as it should be and has no effect: files that are not there, and times that contradict each other.

The daemon may be started before its secrets are mounted, and files are read when they are needed; so this is for
`automator check` alone.
"""

from collections.abc import Iterator
from pathlib import Path

from automator.config.models import Settings
from automator.config.problems import KeyPath, YamlFile
from automator.config.strict import Strict

_WRITTEN = frozenset({"store", "mirrors"})
"""These are made where they are not there."""


def without_effect(file: YamlFile, settings: Settings) -> Iterator[str]:
    """Ready lines. The paths of `settings` are absolute; `file` is what they were read from."""
    for where, path in _named_files(settings):
        reason = _unreadable(path)
        if reason:
            hint = "correct the path, or put it there before the daemon needs it"
            yield file.problem(where, f"{path} cannot be read: {reason}", hint)
    if (
        settings.max_poll_interval < settings.poll_interval
        and "max_poll_interval" in settings.model_fields_set
    ):
        yield file.problem(
            ("max_poll_interval",),
            "max_poll_interval is shorter than poll_interval, and has no effect",
            "make it longer, or leave it out",
        )


def _named_files(settings: Settings) -> Iterator[tuple[KeyPath, Path]]:
    yield from _paths_of(settings, ())
    for key, models in (
        ("config_repos", settings.config_repos),
        ("registries", settings.registries),
    ):
        for index, model in enumerate(models):
            yield from _paths_of(model, (key, index))
    for index, path in enumerate(settings.pull_secrets):
        yield ("pull_secrets", index), path


def _paths_of(model: Strict, where: KeyPath) -> Iterator[tuple[KeyPath, Path]]:
    for name, value in model:
        if isinstance(value, Path) and name not in _WRITTEN:
            yield (*where, name), value


def _unreadable(path: Path) -> str:
    """Why, in the words of the file system; empty where it can be read. A folder holds the file under a name of its own."""
    try:
        if path.is_dir():
            return "" if any(path.iterdir()) else "the folder is empty"
        with path.open("rb"):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__
