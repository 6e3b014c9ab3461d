"""What every page is made from, and the pages that tell what went wrong."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from automator.actions.carry_out import Acted
from automator.errors import AutomatorError, GitError, InternalError, RegistryError, UsageError
from automator.web.access.person import visit_of
from automator.web.desk import Desk
from automator.web.pages.addresses import web_link
from automator.web.pages.kept import KeptPages
from automator.web.pages.render import Renderer

_MOST_KEPT = 200

Endpoint = Callable[["Site", Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Results:
    """What was done, for the page that a browser is sent to afterwards: an address alone could claim anything."""

    _kept: OrderedDict[str, Sequence[Acted]] = field(default_factory=OrderedDict)

    def keep(self, done: Sequence[Acted]) -> str:
        """A name for it; the oldest are forgotten."""
        name = token_urlsafe(9)
        self._kept[name] = done
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return name

    def named(self, name: str) -> Sequence[Acted]:
        return self._kept.get(name, ())


@dataclass(frozen=True, slots=True)
class Site:
    desk: Desk
    renderer: Renderer
    results: Results = field(default_factory=Results)
    kept: KeptPages = field(default_factory=KeptPages)

    def page(
        self,
        request: Request,
        template: str,
        context: Mapping[str, Any],
        *,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        return self.renderer.page(
            request,
            template,
            {"done": self.done(request), **context},
            version=request.state.board_version,
            status_code=status_code,
            headers=headers,
        )

    def done(self, request: Request) -> list[dict[str, Any]]:
        """What the reader has just done, with links to the commits."""
        return self.done_shapes(self.results.named(request.query_params.get("done", "")))

    def done_shapes(self, done: Sequence[Acted]) -> list[dict[str, Any]]:
        return [
            {
                "config_repo": acted.config_repo,
                "commit": acted.commit,
                "link": self.commit_link(acted.config_repo, acted.commit or ""),
                "notes": acted.notes,
            }
            for acted in done
        ]

    def commit_link(self, config_repo: str, commit: str) -> str:
        return web_link(self.desk.links[config_repo].commit_link(commit)) if commit else ""

    def endpoint(self, made: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Errors that are expected become pages that say them."""

        async def serve(request: Request) -> Response:
            # As it was before anything was looked up: news that comes meanwhile is not on the page, and has to be told.
            request.state.board_version = self.desk.board.version
            try:
                return await made(self, request)
            except InternalError:
                raise
            except AutomatorError as error:
                return self.page(
                    request,
                    "error.html",
                    {"title": _title(error), "error": error.message, "hint": error.hint},
                    status_code=_status(error, request.method),
                )

        return serve


def check_may_act(request: Request) -> None:
    """The access middleware has seen to it already. Raises HTTPException."""
    person = visit_of(request).person
    if person is None or not person.may_act:
        raise HTTPException(403)


def _status(error: AutomatorError, method: str) -> int:
    match error:
        case UsageError():
            return 422 if method == "POST" else 404
        case GitError() | RegistryError():
            return 502
        case _:
            return 500


def _title(error: AutomatorError) -> str:
    return "Not found" if isinstance(error, UsageError) else "That did not work"
