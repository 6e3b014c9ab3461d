"""How the API answers: JSON as `-o json` writes it, editions that a client may keep, and what went wrong in plain words."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from automator.errors import (
    AutomatorError,
    EditRefused,
    GitError,
    NotFound,
    PushRejected,
    RegistryError,
    StoreError,
    Throttled,
    Unavailable,
    UnknownName,
)

_LONGEST_ERROR = 500
_MOST_ERRORS = 5

_KEPT = {"cache-control": "private, no-cache"}
_PASSING = {"cache-control": "no-store"}


def json_answer(value: object, *, status: int = 200, edition: str = "") -> Response:
    """Bytes of a path that are no UTF-8 are escaped, as the command line does it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return answer(
        text.encode("utf-8", "backslashreplace"), "application/json", status=status, edition=edition
    )


def answer(body: bytes, media_type: str, *, status: int = 200, edition: str = "") -> Response:
    """With an `edition` it may be kept, and asked for again with `If-None-Match`."""
    headers = {**_KEPT, "etag": _tag(edition)} if edition else _PASSING
    return Response(body, status_code=status, media_type=media_type, headers=headers)


def unchanged(request: Request, edition: str) -> Response | None:
    """304 where the client has this edition of the address already.

    An edition names what the board shows; the query is part of the address, and a tag is compared within one address.
    """
    known = request.headers.get("if-none-match", "")
    tags = {part.strip().removeprefix("W/") for part in known.split(",")}
    if _tag(edition).removeprefix("W/") not in tags and known.strip() != "*":
        return None
    return Response(status_code=304, headers={**_KEPT, "etag": _tag(edition)})


def _tag(edition: str) -> str:
    return f'W/"{edition}"'


def error_shape(error: str, hint: str = "") -> dict[str, str]:
    return {"error": _short(error), "hint": _short(hint)}


def error_answer(status: int, error: str, hint: str = "") -> Response:
    return json_answer(error_shape(error, hint), status=status)


_STATUSES: tuple[tuple[type[AutomatorError], int], ...] = (
    (UnknownName, 404),
    (EditRefused, 409),
    (PushRejected, 409),
    (GitError, 502),
    (NotFound, 404),
    (Throttled, 503),
    (Unavailable, 503),
    (RegistryError, 502),
    (StoreError, 500),
)


def status_of(error: AutomatorError) -> int:
    """What an error is in HTTP; what was asked for and cannot be is 422."""
    if isinstance(error, PushRejected) and error.rule:
        return 502
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 422)


def shape_of(error: AutomatorError) -> dict[str, str]:
    where = f"{error.location}: " if error.location else ""
    return error_shape(f"{where}{error.message}", error.hint)


def answer_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AutomatorError)
    return json_answer(shape_of(error), status=status_of(error))


_REFUSED_HINTS = {
    401: "send `Authorization: Bearer TOKEN`, or log in",
    403: "whoever sees to the configuration says who may act",
}


def answer_refused(_request: Request, error: Exception) -> Response:
    """No such route or method, a body that cannot be read, or somebody who may not."""
    assert isinstance(error, HTTPException)
    hint = _REFUSED_HINTS.get(error.status_code, "/api/v1/openapi.json describes the routes")
    response = error_answer(error.status_code, str(error.detail), hint)
    response.headers.update(error.headers or {})
    return response


def answer_invalid(_request: Request, error: Exception) -> Response:
    """Which fields are wrong, and how."""
    assert isinstance(error, RequestValidationError)
    said = [f"{_place(one['loc'])}: {one['msg']}" for one in error.errors()[:_MOST_ERRORS]]
    return error_answer(
        422, "; ".join(said), "mend what is named; /api/v1/openapi.json describes each field"
    )


def _place(location: Sequence[Any]) -> str:
    """`body.actions.0.lock.workload`"""
    return ".".join(str(step) for step in location)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}..."
