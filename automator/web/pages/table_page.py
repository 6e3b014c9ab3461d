"""`/`: every container, as the reader asks."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from automator.model.plan import Status
from automator.web.access.person import visit_of
from automator.web.board import Board, RepoStatus
from automator.web.pages.addresses import path_pattern, read_query
from automator.web.pages.site import Site
from automator.web.query import Grouping, Sort, TableQuery
from automator.web.table import Row, find_rows

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
    query, version = read_query(request.query_params), site.desk.board.version
    tag = site.renderer.entity_tag(request, version, [request.url.query])
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Cookie"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    rows = await site.desk.rows.all()
    if not _is_for_everybody(request):
        return _render(site, request, query, rows, headers)
    html = site.kept.find(version, query)
    if html is not None:
        return site.renderer.answer(html, headers=headers)
    page = _render(site, request, query, rows, headers)
    site.kept.keep(version, query, bytes(page.body))
    return page


def _is_for_everybody(request: Request) -> bool:
    """Whether the page says nothing of the reader: neither who it is, nor what they have just done."""
    visit = visit_of(request)
    return visit.person is None and not visit.csrf and "done" not in request.query_params


def _render(
    site: Site,
    request: Request,
    query: TableQuery,
    rows: Sequence[Row],
    headers: Mapping[str, str],
) -> Response:
    board, found = site.desk.board, find_rows(rows, query)
    if query.page > found.pages:
        query = query.model_copy(update={"page": found.pages})
        found = find_rows(rows, query)
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
