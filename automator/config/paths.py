"""The `paths` of a config repo: shell patterns with `**`, one that begins with `!` excludes."""

from collections.abc import Callable, Sequence

from wcmatch import glob

from automator.model.field import RepoPath

_FLAGS = glob.GLOBSTAR | glob.DOTGLOB | glob.NEGATE | glob.NEGATEALL | glob.FORCEUNIX


def path_matcher(patterns: Sequence[str]) -> Callable[[RepoPath], bool]:
    """`deploy/` stands for everything below it, as in .gitignore."""
    full = [f"{pattern}**" if pattern.endswith("/") else pattern for pattern in patterns]
    matcher = glob.compile(full, flags=_FLAGS)
    return lambda path: bool(matcher.match(path))
