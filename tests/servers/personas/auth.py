"""Who may pull, and how a registry asks: not at all, by Basic, or by tokens from a realm."""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs

from tests.servers.scripted import Reply, Request

if TYPE_CHECKING:
    from tests.servers.personas.persona import Persona

IDENTITY_TOKEN = "refresh-me"
"""What a registry that takes refresh tokens gives access tokens for."""
PASSWORD = "topsecret"


class Auth(Protocol):
    def publish(self, persona: "Persona") -> None:
        """Scripts what clients are sent to."""

    def refusal(
        self, persona: "Persona", request: Request, repository: str, action: str
    ) -> Reply | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Anybody may pull, and nobody is asked."""

    def publish(self, persona: "Persona") -> None: ...

    def refusal(
        self, persona: "Persona", request: Request, repository: str, action: str
    ) -> Reply | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    realm: str

    def publish(self, persona: "Persona") -> None: ...

    def refusal(
        self, persona: "Persona", request: Request, repository: str, action: str
    ) -> Reply | None:
        if persona.is_public or knows_password(persona, request):
            return None
        return challenged(persona, f'Basic realm="{self.realm}"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A token of `key` from `path`, where a password is shown as Basic, or an identity token is posted.

    `scope` is what the challenge names in place of the repository. Strangers get a token as well, which allows nothing
    they may not have; or none at all (`refuses_strangers`).
    """

    service: str
    path: str
    scope: str = ""
    key: str = "token"
    stands_elsewhere: bool = False
    refuses_strangers: bool = False

    def publish(self, persona: "Persona") -> None:
        server = persona.elsewhere if self.stands_elsewhere else persona.server
        server.script(self.path, lambda request: self._grant(persona, request))

    def refusal(
        self, persona: "Persona", request: Request, repository: str, action: str
    ) -> Reply | None:
        scope = self.scope or f"repository:{repository}:{action}"
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and scope in persona.granted.get(token, ()):
            return None
        server = persona.elsewhere if self.stands_elsewhere else persona.server
        challenge = f'Bearer realm="{server.url}{self.path}",service="{self.service}"'
        return challenged(persona, f'{challenge},scope="{scope}"')

    def _grant(self, persona: "Persona", request: Request) -> Reply:
        form = parse_qs(request.body.decode()) if request.method == "POST" else request.parameters
        shows_password = "authorization" in request.headers
        is_known = knows_password(persona, request) or knows_identity(form.get("refresh_token"))
        if shows_password and not is_known:
            return type(persona).error(401, "UNAUTHORIZED", "incorrect username or password")
        is_allowed = is_known or persona.is_public
        if self.refuses_strangers and not is_allowed:
            return type(persona).error(403, "DENIED", "requested access to the resource is denied")
        if form.get("service", [""])[0] != self.service:
            return type(persona).error(400, "UNSUPPORTED", "no such service")
        scopes = " ".join(form.get("scope", [])).split()
        token = f"token{len(persona.granted)}"
        persona.granted[token] = frozenset(scopes if is_allowed else ())
        return Reply.json({self.key: token, "expires_in": 300})


def challenged(persona: "Persona", challenge: str) -> Reply:
    refusal = type(persona).error(401, "UNAUTHORIZED", "authentication required")
    headers = {**refusal.headers, "www-authenticate": challenge}
    return Reply(status=401, body=refusal.body, headers=headers)


def knows_password(persona: "Persona", request: Request) -> bool:

    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return False
    return base64.b64decode(encoded).decode() == f"{persona.user}:{PASSWORD}"


def knows_identity(tokens: list[str] | None) -> bool:
    return tokens == [IDENTITY_TOKEN]
