"""`/login` and `/logout`: a form that needs no script, and the way to the OpenID provider and back."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from automator.errors import AutomatorError, Denied, ProtocolViolation, Unavailable
from automator.web.access.access import CALLBACK, Access
from automator.web.access.body import form_field
from automator.web.access.oidc import OidcProvider
from automator.web.access.places import safe_next
from automator.web.access.refusal import Refusal
from automator.web.access.sessions import PendingLogin


class Page(Protocol):
    """Makes a page of a template and what that may show."""

    def __call__(
        self,
        request: Request,
        template: str,
        context: Mapping[str, Any],
        *,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response: ...


_PENDING_SECONDS = 600
_PASTE_HINT = "paste all of it, from amt_ on"
_ENDED = Refusal(400, "this login has ended, or began in another browser", "begin again")
_REFUSED = Refusal(403, "the provider did not log you in", "begin again")


def login_routes(access: Access, page: Page) -> list[Route]:
    """For an application behind AccessMiddleware, which looks at where a POST comes from."""
    pages = _Pages(access, page)
    return [
        Route("/login", pages.show, methods=["GET"]),
        Route("/login", pages.log_in, methods=["POST"]),
        Route("/logout", pages.log_out, methods=["POST"]),
        Route("/login/oidc", pages.send_away, methods=["GET"]),
        Route(CALLBACK, pages.come_back, methods=["GET"]),
    ]


class _Pages:
    def __init__(self, access: Access, page: Page) -> None:
        self._access = access
        self._make_page = page

    async def show(self, request: Request) -> Response:
        return self._page(request, safe_next(request.query_params.get("next", "/")))

    async def log_in(self, request: Request) -> Response:
        body = await request.body()
        next_path = safe_next(form_field(body, "next"))
        session_id = self._access.log_in_with_token(request, form_field(body, "token").strip())
        if isinstance(session_id, Refusal) and session_id.status == 401:
            session_id = replace(session_id, hint=_PASTE_HINT)
        return self._go_on(request, session_id, next_path)

    async def log_out(self, request: Request) -> Response:
        self._access.log_out(request)
        response = RedirectResponse("/", status_code=303)
        self._set_cookie(response, self._access.session_cookie, "", max_age=0)
        return response

    async def send_away(self, request: Request) -> Response:
        oidc, next_path = self._access.oidc, safe_next(request.query_params.get("next", "/"))
        if oidc is None:
            return self._page(request, next_path, Refusal(404, "no provider is configured"))
        browser = secrets.token_urlsafe(32)
        state, pending = self._access.sessions.send_away(
            address=self._access.client_of(request), browser=browser, next_path=next_path
        )
        try:
            url = await oidc.login_url(state, pending)
        except (Unavailable, ProtocolViolation) as error:
            return self._page(request, next_path, _away(error))
        response = RedirectResponse(url, status_code=303)
        self._set_cookie(response, self._browser_cookie, browser, max_age=_PENDING_SECONDS)
        return response

    async def come_back(self, request: Request) -> Response:
        """Nothing that the provider says of errors is shown: anybody can write it into a link."""
        pending = self._access.sessions.come_back(
            state=request.query_params.get("state", ""),
            browser=request.cookies.get(self._browser_cookie, ""),
        )
        oidc, code = self._access.oidc, request.query_params.get("code", "")
        if oidc is None or pending is None:
            # Nobody guesses a state, and any page can have browsers ask for this: it must not lock people out.
            return self._page(request, "/", _ENDED)
        if not code:
            return self._page(request, pending.next_path, _REFUSED)
        waiting = self._access.wait(request)
        if waiting is not None:
            return self._page(request, "/", waiting)
        session_id = await self._session_of(request, oidc, code, pending)
        response = self._go_on(request, session_id, pending.next_path)
        self._set_cookie(response, self._browser_cookie, "", max_age=0)
        return response

    async def _session_of(
        self, request: Request, oidc: OidcProvider, code: str, pending: PendingLogin
    ) -> str | Refusal:
        try:
            login = await oidc.login_of(code, pending)
        except Denied as error:
            self._access.refuse_login(request, error.message)
            return Refusal(403, "the login at the provider is not accepted", error.message)
        except (Unavailable, ProtocolViolation) as error:
            return _away(error)
        return self._access.log_in(request, login, "oidc")

    def _go_on(self, request: Request, session_id: str | Refusal, next_path: str) -> Response:
        if isinstance(session_id, Refusal):
            return self._page(request, next_path, session_id)
        response = RedirectResponse(next_path, status_code=303)
        self._set_cookie(response, self._access.session_cookie, session_id)
        return response

    def _page(self, request: Request, next_path: str, refusal: Refusal | None = None) -> Response:
        settings = self._access.settings
        context = {
            "next_path": next_path,
            "error": refusal.text if refusal else "",
            "tokens": bool(settings.users),
            "oidc": settings.oidc is not None,
        }
        return self._make_page(
            request,
            "login.html",
            context,
            status_code=refusal.status if refusal else 200,
            headers={**(refusal.headers if refusal else {}), "Cache-Control": "no-store"},
        )

    @property
    def _browser_cookie(self) -> str:
        return self._access.cookie("automator_login")

    def _set_cookie(
        self, response: Response, name: str, value: str, *, max_age: int | None = None
    ) -> None:
        """`lax`, so that a link from elsewhere, and the provider, lead to a page where one is logged in."""
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            secure=self._access.settings.is_https,
            httponly=True,
            samesite="lax",
        )


def _away(error: AutomatorError) -> Refusal:
    return Refusal(503, "the provider cannot be used now", f"try again later: {error.message}")
