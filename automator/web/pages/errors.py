"""What a browser sees where there is no page, where a person may not act, and where automator is at fault.

Programs (`/api/`, or no HTML wanted) get a line of text instead.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from automator.web.pages.render import Renderer

_SAID: Mapping[int, tuple[str, str]] = {
    403: ("Not allowed", "Log in as somebody who may act, and try again."),
    404: ("Not found", "There is no such page. The workload may have been renamed or removed."),
    405: ("Not found", "This address is not a page to look at."),
    500: ("A fault of automator", "The log tells more. What is in Git is not affected."),
}

ErrorHandlers = Mapping[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]]


def error_handlers(renderer: Renderer) -> ErrorHandlers:
    async def handle(request: Request, error: Exception) -> Response:
        status, headers, line = 500, None, HTTPStatus(500).phrase
        if isinstance(error, HTTPException):
            status, headers, line = error.status_code, error.headers, error.detail
        if not _wants_page(request):
            return PlainTextResponse(line, status_code=status, headers=headers)
        title, hint = _SAID.get(status, (HTTPStatus(status).phrase, ""))
        context = {"title": title, "error": "", "hint": hint, "done": []}
        return renderer.page(request, "error.html", context, status_code=status, headers=headers)

    return {HTTPException: handle, 500: handle}


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        ("/api/", "/hooks/")
    )
