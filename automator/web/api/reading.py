"""What can be read: the routes, and the shapes that are the API's alone."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from automator.model.plan import Status
from automator.report.history import history_shape
from automator.report.shapes import plan_shape
from automator.web.access.person import visit_of
from automator.web.api import models
from automator.web.api.answers import answer, error_answer, json_answer, unchanged
from automator.web.api.described import PROBLEMS, READ_SECURITY
from automator.web.api.spreadsheet import render_csv
from automator.web.board import RepoStatus
from automator.web.desk import Desk, RegistryView
from automator.web.query import TableQuery

_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The client has this edition (`If-None-Match`)."}
}
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The table."}
}

RepoFilter = Annotated[
    str, Query(max_length=200, description="Only this config repo; without it, all.")
]


def read_router(desk: Desk) -> APIRouter:
    router = APIRouter()
    _add_workloads(router, desk)
    _add_config_repos(router, desk)
    _add_others(router, desk)
    return router


def _add_workloads(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/workloads",
        response_model=models.WorkloadsPage,
        responses=PROBLEMS | _NOT_MODIFIED,
        openapi_extra=READ_SECURITY,
    )
    async def workloads(request: Request, query: Annotated[TableQuery, Query()]) -> Response:
        """Every container with its image, what it could run, and its status, as the last passes found them."""
        edition = desk.board.edition
        if kept := unchanged(request, edition):
            return kept
        page = await desk.table(query)
        shape = {
            "workloads": [row.shape for row in page.rows],
            "total": page.total,
            "page": query.page,
            "pages": page.pages,
            "statuses": page.statuses,
        }
        return json_answer(shape, edition=edition)

    @router.get(
        "/workloads.csv",
        response_class=Response,
        responses=PROBLEMS | _NOT_MODIFIED | _CSV,
        openapi_extra=READ_SECURITY,
    )
    async def workloads_csv(request: Request, query: Annotated[TableQuery, Query()]) -> Response:
        """The same as CSV, all pages of it. Cells that a spreadsheet would take for a formula begin with `'`."""
        edition = desk.board.edition
        if kept := unchanged(request, edition):
            return kept
        everything = query.model_copy(update={"page": 1, "per_page": sys.maxsize})
        rows = (await desk.table(everything)).rows
        response = answer(
            render_csv(row.shape for row in rows), "text/csv; charset=utf-8", edition=edition
        )
        response.headers["content-disposition"] = 'attachment; filename="workloads.csv"'
        return response

    @router.get(
        "/workloads/{config_repo}/{workload:path}",
        response_model=models.Explained,
        responses=PROBLEMS,
        openapi_extra=READ_SECURITY,
    )
    async def explain(
        config_repo: Annotated[str, Path(description="The name of the config repo.")],
        workload: Annotated[
            str,
            Path(description="`namespace:kind/name`; the slash may be written `/` or `%2F`."),
        ],
        tags: Annotated[
            int | None,
            Query(
                ge=0,
                le=1_000_000,
                description="At most so many verdicts for each container; all without it.",
            ),
        ] = None,
    ) -> Response:
        """Why each container of a workload runs what it runs: a verdict for every tag."""
        if desk.status(config_repo).survey is None:
            return _unread(desk.status(config_repo))
        shapes = await desk.explain(config_repo, workload)
        for shape in shapes:
            shape["tags"] = shape["tags"][:tags]
        return json_answer({"containers": shapes})


def _unread(status: RepoStatus) -> Response:
    return error_answer(503, "the config repo was not read yet", status.error or "wait a little")


def _add_config_repos(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/config-repos",
        response_model=models.ConfigRepos,
        responses=PROBLEMS | _NOT_MODIFIED,
        openapi_extra=READ_SECURITY,
    )
    async def config_repos(request: Request) -> Response:
        """Each config repo with its head, its last pass, and its containers by status."""
        edition = desk.board.edition
        if kept := unchanged(request, edition):
            return kept
        counted: dict[str, Counter[Status]] = {name: Counter() for name in desk.board.repos}
        for row in await desk.rows.all():
            counted[row.config_repo][row.status] += 1
        shapes = [
            _repo_shape(name, status, counted[name]) for name, status in desk.board.repos.items()
        ]
        return json_answer({"config_repos": shapes}, edition=edition)

    @router.get(
        "/plan",
        response_model=models.Plans,
        responses=PROBLEMS | _NOT_MODIFIED,
        openapi_extra=READ_SECURITY,
    )
    async def plan(request: Request, config_repo: RepoFilter = "") -> Response:
        """What was to change at the head that the last pass read. A pass pushes at once: mostly nothing is left."""
        edition = desk.board.edition
        names = [config_repo] if config_repo else list(desk.board.repos)
        shapes = [_plan_shape(name, desk.status(name)) for name in names]
        return unchanged(request, edition) or json_answer({"repos": shapes}, edition=edition)

    @router.get(
        "/history",
        response_model=models.History,
        responses=PROBLEMS,
        openapi_extra=READ_SECURITY,
    )
    async def history(
        config_repo: RepoFilter = "",
        workload: Annotated[
            str, Query(max_length=1000, description="Only this workload: `namespace:kind/name`.")
        ] = "",
        limit: Annotated[
            int, Query(ge=1, le=1000, description="At most so many commits of each config repo.")
        ] = 100,
    ) -> Response:
        """What was changed, when and why, newest first: read from Git alone."""
        names: Sequence[str] = [config_repo] if config_repo else list(desk.board.repos)
        shapes = [
            history_shape(name, entry)
            for name in names
            for entry in await desk.history(name, workload=workload, limit=limit)
        ]
        return json_answer({"updates": shapes})


def _add_others(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/registries",
        response_model=models.Registries,
        responses=PROBLEMS,
        openapi_extra=READ_SECURITY,
    )
    async def registries() -> Response:
        """Each registry host that was asked for something, and the image repositories of it that fail."""
        return json_answer({"registries": [_registry_shape(view) for view in desk.registries()]})

    @router.get("/me", response_model=models.Me, responses=PROBLEMS, openapi_extra=READ_SECURITY)
    async def me(request: Request) -> Response:
        """Who asks, and what they may do."""
        visit = visit_of(request)
        person = visit.person
        shape = {
            "person": person and {"name": person.name, "email": person.email},
            "may_act": person is not None and person.may_act,
            "csrf": visit.csrf,
        }
        return json_answer(shape)


def _repo_shape(name: str, status: RepoStatus, counted: Counter[Status]) -> dict[str, Any]:
    return {
        "name": name,
        "commit": status.commit or None,
        "passed_at": _time(status.passed_at),
        "error": status.error,
        "hint": status.hint,
        "retry_at": _time(status.retry_at),
        "workloads": counted.total(),
        "statuses": {one: counted[one] for one in Status if counted[one]},
    }


def _plan_shape(name: str, status: RepoStatus) -> dict[str, Any]:
    failure = [status.error] if status.error else []
    if status.survey is None:
        return {"name": name, "commit": None, "changes": [], "errors": failure}
    shape = plan_shape(status.survey)
    return shape | {"errors": [*failure, *shape["errors"]]}


def _registry_shape(view: RegistryView) -> dict[str, Any]:
    state = view.state
    quota = state.quota
    return {
        "host": state.name,
        "requests": state.requests,
        "throttled": state.throttled,
        "requests_per_second": state.requests_per_second,
        "circuit": str(state.circuit),
        "failures": state.failures,
        "paused_seconds": state.paused_for.total_seconds(),
        "quota": quota
        and {
            "limit": quota.limit,
            "remaining": quota.remaining,
            "resets_in_seconds": _seconds(quota.resets_in),
            "window_seconds": _seconds(quota.window),
        },
        "failing": [
            {"image_repository": name, "error": error} for name, error in view.failures.items()
        ],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
