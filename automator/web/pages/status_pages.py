"""`/config-repos`, `/registries`, `/timeline`."""

from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from automator.errors import GitError
from automator.report.history import HistoryEntry
from automator.web.pages.site import Site

_SHOWN = 100
_SEARCHED = 1000
_MOST = 1000

Logged = tuple[str, HistoryEntry]


async def config_repos_page(site: Site, request: Request) -> Response:
    desk = site.desk
    repos = [
        {
            "name": name,
            "status": status,
            "link": site.commit_link(name, status.commit),
            "containers": len(status.survey.containers) if status.survey else None,
            "problems": _problems(site, name),
            "branch": desk.repos[name].mirror.remote.ref.removeprefix("refs/heads/"),
        }
        for name, status in desk.board.repos.items()
    ]
    return site.page(request, "config_repos.html", {"repos": repos})


def _problems(site: Site, name: str) -> list[str]:
    survey = site.desk.board.repos[name].survey
    return [] if survey is None else [str(mistake) for mistake in survey.snapshot.mistakes]


async def registries_page(site: Site, request: Request) -> Response:
    views = sorted(site.desk.registries(), key=lambda view: view.state.name)
    return site.page(request, "registries.html", {"registries": views})


async def timeline_page(site: Site, request: Request) -> Response:
    """The update commits of all config repos by day, newest first; with `q`, those of workloads that hold it in their name."""
    asked = request.query_params
    words, limit = asked.get("q", "")[:200].casefold(), _limit(asked.get("limit", ""))
    chosen = asked.get("config_repo", "")
    names = [name for name in site.desk.board.repos if chosen in {"", name}]
    logged, failures = await _logged(site, names, _SEARCHED if words else limit)
    found = [one for one in logged if words in one[1].workload.casefold()]
    shown = _whole_commits(found, limit)
    context = {
        "days": _by_day(site, shown),
        "failures": failures,
        "q": asked.get("q", "")[:200],
        "config_repo": chosen,
        "config_repos": list(site.desk.board.repos),
        "more": min(limit * 2, _MOST) if limit < _MOST and len(logged) >= limit else 0,
    }
    return site.page(request, "timeline.html", context)


def _limit(text: str) -> int:
    return min(max(int(text), 1), _MOST) if text.isdecimal() and len(text) < 6 else _SHOWN


async def _logged(
    site: Site, names: list[str], limit: int
) -> tuple[list[Logged], list[tuple[str, GitError]]]:
    logged: list[Logged] = []
    failures = []
    for name in names:
        try:
            logged += [(name, entry) for entry in await site.desk.history(name, limit=limit)]
        except GitError as error:
            failures.append((name, error))
    # Stable: the updates of one commit stay together.
    logged.sort(key=lambda one: one[1].at, reverse=True)
    return logged, failures


def _whole_commits(logged: list[Logged], limit: int) -> list[tuple[str, list[HistoryEntry]]]:
    commits = [
        (key[0], [entry for _, entry in group])
        for key, group in groupby(logged, key=lambda one: (one[0], one[1].commit))
    ]
    return commits[:limit]


def _by_day(
    site: Site, commits: list[tuple[str, list[HistoryEntry]]]
) -> list[tuple[date, list[dict[str, Any]]]]:
    told: list[dict[str, Any]] = [
        {
            "config_repo": name,
            "commit": entries[0].commit,
            "at": entries[0].at,
            "author": entries[0].author,
            "link": site.commit_link(name, entries[0].commit),
            "entries": entries,
        }
        for name, entries in commits
    ]
    return [(day, list(group)) for day, group in groupby(told, key=_day)]


def _day(commit: Mapping[str, Any]) -> date:
    at: datetime = commit["at"]
    return at.date()
