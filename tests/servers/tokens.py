"""A token server for docker-registry: users and passwords in, signed JWTs out (distribution, token auth)."""

import base64
import hashlib
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from tests.servers.certificates import Certificate, PrivateKey, make_certificate
from tests.servers.scripted import Reply, Request, ScriptedRegistry, scripted_registry

ISSUER = "automator tests"
SERVICE = "test registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenServer:
    """`users` maps names to passwords, `refresh_tokens` identity tokens to user names.

    Without credentials only `public` repositories may be pulled (all of them, if it is None).
    """

    server: ScriptedRegistry
    certificate: Certificate
    algorithm: str
    users: Mapping[str, str] = field(default_factory=dict)
    refresh_tokens: Mapping[str, str] = field(default_factory=dict)
    public: frozenset[str] | None = frozenset()
    expires_in_seconds: int = 300
    serial: Iterator[int] = field(default_factory=itertools.count)

    @property
    def realm(self) -> str:
        return f"{self.server.url}/token"

    @property
    def requests(self) -> list[Request]:
        return self.server.requests

    def reply_to(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode()) if request.method == "POST" else request.parameters
        user = self._user(request, form)
        if user is None:
            return Reply.json({"details": "incorrect username or password"}, status=401)
        access = [
            entry for scope in form.get("scope", []) if (entry := self._access(scope, user=user))
        ]
        token = self._token(user, form.get("service", [SERVICE])[0], access)
        return Reply.json({"token": token, "expires_in": self.expires_in_seconds})

    def _user(self, request: Request, form: Mapping[str, list[str]]) -> str | None:
        """The empty name is the anonymous user; None is a refusal."""
        if form.get("grant_type") == ["refresh_token"]:
            return self.refresh_tokens.get(form["refresh_token"][0])
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return ""
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        return user if self.users.get(user) == password else None

    def _access(self, scope: str, *, user: str) -> Mapping[str, object] | None:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        if user:
            return {"type": kind, "name": name, "actions": actions.split(",")}
        if self.public is None or name in self.public:
            return {"type": kind, "name": name, "actions": ["pull"]}
        return None

    def _token(self, user: str, service: str, access: list[Mapping[str, object]]) -> str:
        now = int(time.time())  # noqa: TID251 - docker-registry compares with the machine's clock
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": service,
            "iat": now,
            "nbf": now - 10,
            "exp": now + self.expires_in_seconds,
            "jti": str(next(self.serial)),
            "access": access,
        }
        header = {"typ": "JWT", "alg": self.algorithm, "kid": key_id(self.certificate.key)}
        signed = f"{_encode_json(header)}.{_encode_json(claims)}"
        return f"{signed}.{_encode(_sign(self.certificate.key, signed.encode()))}"


@contextmanager
def token_server(
    directory: Path,
    *,
    algorithm: str = "ES256",
    users: Mapping[str, str] | None = None,
    refresh_tokens: Mapping[str, str] | None = None,
    public: frozenset[str] | None = frozenset(),
    expires_in_seconds: int = 300,
) -> Iterator[TokenServer]:
    """`directory` receives the key and the certificate that the registry trusts."""
    with scripted_registry() as server:
        tokens = TokenServer(
            server=server,
            certificate=make_certificate(directory, algorithm=algorithm),
            algorithm=algorithm,
            users=users or {},
            refresh_tokens=refresh_tokens or {},
            public=public,
            expires_in_seconds=expires_in_seconds,
        )
        server.script("/token", tokens.reply_to)
        yield tokens


def key_id(key: PrivateKey) -> str:
    """As libtrust names a key: 240 bits of the SHA-256 of its public half, base32, in groups of four."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = base64.b32encode(hashlib.sha256(public).digest()[:30]).decode().rstrip("=")
    return ":".join(text[at : at + 4] for at in range(0, len(text), 4))


def _sign(key: PrivateKey, message: bytes) -> bytes:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _encode_json(document: Mapping[str, object]) -> str:
    return _encode(json.dumps(document, separators=(",", ":")).encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
