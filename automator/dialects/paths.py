"""Paths as other tools' objects write them, inside a config repo."""

from automator.model.field import RepoPath


def clean_segments(path: str) -> list[str]:
    """Without `.` and empty segments; `..` cannot lead out of the config repo."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    return kept


def join_path(folder: str, path: str) -> RepoPath:
    """`path` is relative to the folder, or counts from the root of the config repo if it begins with a slash."""
    return RepoPath("/".join(clean_segments(path if path.startswith("/") else f"{folder}/{path}")))
