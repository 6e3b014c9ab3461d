"""Stands before every page and the API, and lets nothing through that is not allowed. What it does not know it refuses."""

import hmac
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from automator.web.access.access import Access, Proof
from automator.web.access.body import form_field, read_body, replay
from automator.web.access.headers import secured
from automator.web.access.person import Visit
from automator.web.access.places import Kind, is_own_request, is_plain_path, kind_of
from automator.web.access.refusal import Refusal

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_TYPE = "application/x-www-form-urlencoded"


class AccessMiddleware:
    """Sets `scope["state"]["visit"]` for `visit_of`."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = kind_of(scope["path"])
        connection = HTTPConnection(scope)
        proven = self._prove(connection, kind)
        proof = Proof() if isinstance(proven, Refusal) else proven
        is_private = proof.person is not None and kind is not Kind.STATIC
        send = secured(send, https=self._access.settings.is_https, private=is_private)
        scope.setdefault("state", {})["visit"] = Visit(
            person=proof.person, csrf=proof.csrf, can_log_in=self._access.can_log_in
        )
        checked = await self._check(connection, kind, proven, receive)
        if isinstance(checked, Refusal):
            response = checked.response(for_programs=kind.is_for_programs)
            await response(scope, receive, send)
        else:
            await self._app(scope, checked, send)

    def _prove(self, connection: HTTPConnection, kind: Kind) -> Proof | Refusal:
        """Nobody is asked for where nobody is needed: hooks have proofs of their own, and probes are always answered."""
        needs_nobody = kind in {Kind.PROBE, Kind.STATIC} and _is_safe(connection)
        if needs_nobody or kind is Kind.HOOK:
            return Proof()
        return self._access.prove(connection)

    async def _check(
        self, connection: HTTPConnection, kind: Kind, proven: Proof | Refusal, receive: Receive
    ) -> Receive | Refusal:
        """Where nothing is refused: the body, read already. Only hooks read their own."""
        if kind is Kind.HOOK:
            return receive
        refused = self._refuse_place(connection, kind)
        if refused is not None:
            return refused
        if isinstance(proven, Refusal):
            return proven
        refused = self._refuse_person(connection, kind, proven)
        if refused is not None:
            return refused
        body = await read_body(receive, connection.headers)
        if isinstance(body, Refusal):
            return body
        return self._refuse_forged(connection, kind, proven, body) or replay(body, receive)

    def _refuse_place(self, connection: HTTPConnection, kind: Kind) -> Refusal | None:
        if not kind.holds_names and not is_plain_path(connection.scope["path"]):
            return Refusal(404, "nothing is there")
        if kind.has_any_host or self._access.hosts.knows(connection.headers.get("host", "")):
            return None
        return Refusal(421, "automator is not known by this name", "write it into web.url")

    def _refuse_person(
        self, connection: HTTPConnection, kind: Kind, proof: Proof
    ) -> Refusal | None:
        if _is_safe(connection):
            is_short = proof.person is None and self._access.needs_login and kind.needs_reader
            return self._ask_for_login(connection, kind) if is_short else None
        if kind in {Kind.LOGIN, Kind.LOGOUT}:
            return None
        if not self._access.settings.has_logins:
            return Refusal(
                403,
                "nobody may act here",
                "add web.users, web.proxy or web.oidc to the configuration",
            )
        if proof.person is None:
            return Refusal.unproven("only who is logged in may act")
        if not proof.person.may_act:
            return Refusal(403, f"{proof.person.name} may only read", "ask whoever runs automator")
        return None

    def _ask_for_login(self, connection: HTTPConnection, kind: Kind) -> Refusal:
        if kind.is_for_programs:
            return Refusal.unproven("only who is logged in may read")
        query = connection.scope["query_string"].decode("latin-1")
        wanted = quote(connection.scope["path"]) + (f"?{query}" if query else "")
        location = f"/login?next={quote(wanted, safe='')}"
        return Refusal(303, "log in first", headers={"location": location})

    def _refuse_forged(
        self, connection: HTTPConnection, kind: Kind, proof: Proof, body: bytes
    ) -> Refusal | None:
        """What browsers add by themselves proves nothing of who made them ask (CSRF). Also a login may be somebody else's idea."""
        is_token = proof.person is not None and not proof.ambient
        if _is_safe(connection) or (is_token and kind is not Kind.LOGIN):
            return None
        headers = connection.headers
        if not is_own_request(
            headers.get("sec-fetch-site", ""),
            headers.get("origin", ""),
            headers.get("host", ""),
            self._access.hosts,
        ):
            return Refusal(
                403, "the request comes from another site", "go to automator itself and try there"
            )
        if not proof.ambient or kind is Kind.LOGIN:
            return None
        if hmac.compare_digest(_csrf_of(connection, body).encode(), proof.csrf.encode()):
            return None
        return Refusal(403, "the page is too old to act from", "load it again")


def _is_safe(connection: HTTPConnection) -> bool:
    return connection.scope["method"] in _SAFE


def _csrf_of(connection: HTTPConnection, body: bytes) -> str:
    """Of the header or the form."""
    said = connection.headers.get("x-csrf-token")
    if said is not None:
        return said
    if connection.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        return ""
    return form_field(body, "csrf")
