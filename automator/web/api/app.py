"""The API under `/api/v1`: JSON in the shapes of `-o json`, described in `/api/v1/openapi.json`."""

import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware import Middleware
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from automator.errors import AutomatorError
from automator.web.api.acting import act_router
from automator.web.api.answers import answer_error, answer_invalid, answer_refused, error_answer
from automator.web.api.described import SECURITY_SCHEMES
from automator.web.api.reading import read_router
from automator.web.bugs import BUG, BUG_HINT, SurviveBugs
from automator.web.desk import Desk

PREFIX = "/api/v1"


def api_mount(desk: Desk) -> Mount:
    mount = Mount(PREFIX, make_api(desk))
    # Starlette's pattern ends at a line break (%0A): such a path would not be answered by the API.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def make_api(desk: Desk) -> FastAPI:
    api = FastAPI(
        title="automator",
        version=version("automator"),
        summary="What the daemon found, and what people do about it.",
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(
                SurviveBugs,
                report=desk.tools.reporter.emit,
                answer=lambda: error_answer(500, BUG, BUG_HINT),
            )
        ],
    )
    api.include_router(read_router(desk))
    api.include_router(act_router(desk))
    api.add_exception_handler(AutomatorError, answer_error)
    api.add_exception_handler(RequestValidationError, answer_invalid)
    api.add_exception_handler(HTTPException, answer_refused)
    # FastAPI's way to a document of one's own.
    api.openapi = _described(api)  # type: ignore[method-assign]
    return api


def _described(api: FastAPI) -> Callable[[], dict[str, Any]]:
    def describe() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = get_openapi(
                title=api.title,
                version=api.version,
                summary=api.summary,
                routes=api.routes,
                servers=api.servers,
            )
            document["components"]["securitySchemes"] = SECURITY_SCHEMES
            api.openapi_schema = document
        return api.openapi_schema

    return describe
