"""The addresses of pages, and what a reader asks by them. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import ValidationError
from starlette.datastructures import QueryParams
from wcmatch import glob

from automator.errors import UsageError
from automator.web.query import TableQuery


def read_query(params: QueryParams) -> TableQuery:
    """What is empty was not asked: forms send all their fields. Raises UsageError for what has no meaning."""
    given: dict[str, Any] = {name: value for name, value in params.items() if value}
    given["status"] = [value for value in params.getlist("status") if value]
    try:
        return TableQuery.model_validate(given)
    except ValidationError as error:
        wrong = ", ".join(dict.fromkeys(str(one["loc"][0]) for one in error.errors()))
        raise UsageError(
            f"the address asks what has no meaning: {wrong}", hint="begin anew from the table"
        ) from error


def table_query(query: TableQuery, **changes: Any) -> str:
    """The query string that asks this, with changes; what is as by default is left out."""
    asked = TableQuery.model_validate(dict(query) | changes)
    plain = asked.model_dump(mode="json", exclude_defaults=True)
    if "status" in plain:
        plain["status"] = sorted(plain["status"])
    return urlencode(plain, doseq=True, errors="replace")


def table_address(query: TableQuery, **changes: object) -> str:
    """Another question begins on its first page."""
    asked = table_query(query, **({"page": 1} | changes))
    return f"/?{asked}" if asked else "/"


def workload_address(config_repo: str, workload: str, **params: str) -> str:
    # A browser goes up at `..`, also at `%2E%2E`, but not where its neighbours are `%2F`.
    safe = ":" if {".", ".."} & set(workload.split("/")) else ":/"
    where = f"/workloads/{_quoted(config_repo, '')}/{_quoted(workload, safe)}"
    return f"{where}?{urlencode(params)}" if params else where


def address(path: str, params: Mapping[str, object]) -> str:
    """A page of ours with those of the parameters that say something."""
    asked = urlencode({name: value for name, value in params.items() if value}, errors="replace")
    return f"{path}?{asked}" if asked else path


def path_pattern(path: str) -> str:
    """What means this file and no other where an action takes a shell pattern."""
    return glob.escape(path, unix=True)


def web_link(url: str) -> str:
    """What may stand in `href` and leads elsewhere: http and https alone. Empty for all else."""
    return url if url.startswith(("https://", "http://")) else ""


def _quoted(name: str, safe: str) -> str:
    return quote(name.encode("utf-8", "surrogateescape"), safe=safe)
