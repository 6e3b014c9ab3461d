"""What the OpenAPI document says of every route: who may ask, and what may go wrong."""

from typing import Any

from automator.web.api.models import Problem

_BEARER = {"bearer": list[str]()}

READ_SECURITY: dict[str, Any] = {"security": [{}, _BEARER]}
"""With `read: open` nobody needs to prove who they are."""

ACT_SECURITY: dict[str, Any] = {"security": [_BEARER]}

SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": (
            "A token of the configuration. A browser's session does as well; "
            "then what acts has the header `X-CSRF-Token` (see `/me`), too."
        ),
    }
}

_SAID = {
    400: "The body cannot be read.",
    401: "Nobody is logged in, or the token is not valid.",
    403: "This person may not.",
    404: "A config repo, workload, container or image is named that there is not.",
    409: "The files, the diff or the branch are not as they would have to be.",
    413: "The body is longer than 64 KiB.",
    422: "What is asked for is not valid; the answer names the field.",
    500: "An error of automator's own; it is in the log.",
    502: "Git, the remote's rules or a registry refuse it.",
    503: "A registry or the config repo cannot be asked now.",
}


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": _SAID[status]} for status in statuses}


PROBLEMS = _problems(401, 403, 404, 422, 500, 502, 503)
ACT_PROBLEMS = _problems(*_SAID)
