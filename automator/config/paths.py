"""The `paths` of a config repo: shell patterns with `**`, one that begins with `!` excludes."""

from collections.abc import Callable, Sequence

from wcmatch import glob

from automator.model.field import RepoPath

_FLAGS = glob.GLOBSTAR | glob.DOTGLOB | glob.NEGATE | glob.NEGATEALL | glob.FORCEUNIX


_OF_THE_FORGE = (".github/", ".gitea/", ".forgejo/", ".gitlab/", ".circleci/")
"""Workflows: what runs there is no workload, and forges refuse pushes of them by whoever may not change them."""


def path_matcher(patterns: Sequence[str]) -> Callable[[RepoPath], bool]:
    """`deploy/` stands for everything below it, as in .gitignore. A forge's own folders count only where they are named."""
    full = [f"{pattern}**" if pattern.endswith("/") else pattern for pattern in patterns]
    matcher = glob.compile(full, flags=_FLAGS)
    left_out = tuple(
        folder for folder in _OF_THE_FORGE if not any(p.startswith(folder) for p in patterns)
    )
    return lambda path: not path.startswith(left_out) and bool(matcher.match(path))
