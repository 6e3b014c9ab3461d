"""`/`: every container, as the reader asks."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from automator.model.plan import Status
from automator.web.board import Board, RepoStatus
from automator.web.pages.addresses import path_pattern, read_query
from automator.web.pages.site import Site
from automator.web.query import Grouping, Sort
from automator.web.table import Row

_RELEASABLE = frozenset({Status.UPDATABLE, Status.HELD})

COLUMNS: tuple[tuple[str, Sort | None], ...] = (
    ("Workload", Sort.WORKLOAD),
    ("Container", Sort.CONTAINER),
    ("Image", Sort.IMAGE),
    ("Current", None),
    ("Behind", Sort.BEHIND),
    ("Latest", None),
    ("Policy", Sort.POLICY),
    ("Status", Sort.STATUS),
)


async def table_page(site: Site, request: Request) -> Response:
    """304 where the browser has it as it is."""
    query, board = read_query(request.query_params), site.desk.board
    version = board.version
    tag = site.renderer.entity_tag(request, version, [request.url.query])
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Cookie"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    found = await site.desk.table(query)
    if query.page > found.pages:
        query = query.model_copy(update={"page": found.pages})
        found = await site.desk.table(query)
    rows = await site.desk.rows.all()
    context = {
        "query": query,
        "found": found,
        "statuses": [(status, found.statuses.get(status, 0)) for status in Status],
        "every": sum(found.statuses.values()),
        "columns": COLUMNS,
        "groupings": list(Grouping),
        "config_repos": list(board.repos),
        "namespaces": sorted({row.namespace for row in rows}),
        "notices": notices(board),
        "nothing_read": not any(status.commit for status in board.repos.values()),
        "pick": pick,
    }
    return site.page(request, "table.html", context, headers=headers)


def notices(board: Board) -> list[tuple[str, RepoStatus]]:
    """Config repos of which the table tells nothing, or nothing new."""
    return [
        (name, status) for name, status in board.repos.items() if status.error or not status.commit
    ]


def pick(row: Row) -> str:
    """The release of what the row could run, as a form's value; empty where there is nothing to release."""
    shape: Mapping[str, Any] = row.shape
    if row.status not in _RELEASABLE or shape["latest"] in {None, shape["current"]}:
        return ""
    asked = {
        "config_repo": row.config_repo,
        "workload": row.workload,
        "container": row.container,
        "path": path_pattern(row.path),
        "tag": shape["latest"],
    }
    return urlencode(asked, errors="surrogateescape")
