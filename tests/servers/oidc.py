"""An OpenID Connect provider: discovery, keys, the authorization code flow with PKCE; and whatever it may do wrong."""

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.servers.scripted import Reply, Request, ScriptedRegistry, scripted_registry

CLIENT, SECRET = "automator", "s3cret: with/odd +characters"
Claims = dict[str, Any]


@dataclass(slots=True)
class OidcServer:
    """Who logs in is `person`; `change` may make other claims of the true ones, and `sign` another token.

    `keys` are published; the last of them signs.
    """

    server: ScriptedRegistry
    now: Callable[[], datetime]
    person: Claims = field(default_factory=lambda: {"sub": "1", "email": "ann@example.com"})
    change: Callable[[Claims], Claims] = dict
    sign: Callable[["OidcServer", Claims], str] = field(default=lambda self, it: self.signed(it))
    keys: list[RSAKey | ECKey] = field(default_factory=list)
    metadata: Claims = field(default_factory=dict)
    asked: dict[str, Claims] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def issuer(self) -> str:
        return self.server.url

    def count(self, path: str) -> int:
        """How often something was asked for."""
        return sum(request.path == path for request in self.server.requests)

    def rotate(self, kind: type[RSAKey] | type[ECKey] = ECKey) -> None:
        parameters = {"kid": f"key {next(self.numbers)}", "use": "sig"}
        if kind is RSAKey:
            self.keys.append(RSAKey.generate_key(2048, parameters))
        else:
            self.keys.append(ECKey.generate_key("P-256", parameters))

    def signed(self, claims: Claims, *, key: RSAKey | ECKey | None = None, **header: Any) -> str:
        key = key or self.keys[-1]
        algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
        return jwt.encode({"alg": algorithm, "kid": key.kid, **header}, claims, key)

    def discovery(self, _request: Request) -> Reply:
        endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
        document = {name: f"{self.issuer}/{path}" for name, path in endpoints.items()}
        document |= {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        return Reply.json(document | self.metadata)

    def key_set(self, _request: Request) -> Reply:
        return Reply.json({"keys": [key.as_dict(private=False) for key in self.keys]})

    def authorize(self, request: Request) -> Reply:
        said = {name: values[0] for name, values in request.parameters.items()}
        assert (said["response_type"], said["client_id"]) == ("code", CLIENT)
        assert said["code_challenge_method"] == "S256"
        code = f"code {next(self.numbers)}"
        self.asked[code] = said
        query = urlencode({"code": code, "state": said["state"]})
        return Reply.redirect(f"{said['redirect_uri']}?{query}", status=303)

    def token(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        said = self.asked.pop(form["code"], None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            said is None
            or not self._is_client(request, form)
            or said["redirect_uri"] != form["redirect_uri"]
            or said["code_challenge"] != base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        ):
            return Reply.json({"error": "invalid_grant"}, status=400)
        now = int(self.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300}
        claims |= self.person | {"nonce": said["nonce"]}
        return Reply.json({"id_token": self.sign(self, self.change(claims)), "access_token": "-"})

    def _is_client(self, request: Request, form: Claims) -> bool:
        if "client_secret" in form:
            return (form["client_id"], form["client_secret"]) == (CLIENT, SECRET)
        encoded = request.headers.get("authorization", "").removeprefix("Basic ")
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT, SECRET)


@contextmanager
def oidc_server(now: Callable[[], datetime]) -> Iterator[OidcServer]:
    """`now` is the time that its tokens are of."""
    with scripted_registry() as server:
        provider = OidcServer(server, now)
        provider.rotate()
        server.script("/.well-known/openid-configuration", provider.discovery)
        server.script("/keys", provider.key_set)
        server.script("/authorize", provider.authorize)
        server.script("/token", provider.token)
        yield provider
