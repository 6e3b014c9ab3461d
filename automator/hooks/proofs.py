"""How a sender proves to know the hook's secret: by telling it, or by signing the body with it.

One valid proof is enough, whatever else the request carries: a proxy before the daemon may add an `Authorization` of
its own. Every comparison takes the same time wherever the difference is.
"""

import base64
import hmac
from collections.abc import Callable, Mapping

from automator.hooks.request import HookRequest
from automator.model.registry import HookKind

Proof = Callable[[HookRequest, bytes], bool]


def knows_secret(kind: HookKind, request: HookRequest, secret: str) -> bool:
    """`secret` must not be empty: everybody knows the empty one."""
    key = secret.encode()
    return bool(key) and any(proof(request, key) for proof in _PROOFS[kind])


def _is_same(told: str, expected: bytes) -> bool:
    # Servers decode headers as Latin-1, whatever was sent; a URL may hold any character.
    readings = (
        told.encode("latin-1", "backslashreplace"),
        told.encode("utf-8", "backslashreplace"),
    )
    return any(hmac.compare_digest(reading, expected) for reading in readings)


def _in_url(request: HookRequest, secret: bytes) -> bool:
    return _is_same(request.path_token, secret) or _is_same(request.query_token, secret)


def _in_header(name: str) -> Proof:
    def proof(request: HookRequest, secret: bytes) -> bool:
        return _is_same(request.header(name), secret)

    return proof


def _as_bearer(request: HookRequest, secret: bytes) -> bool:
    scheme, _, token = request.header("authorization").partition(" ")
    return scheme.lower() == "bearer" and _is_same(token.strip(), secret)


def _as_password(request: HookRequest, secret: bytes) -> bool:
    scheme, _, encoded = request.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        _, _, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except ValueError:
        return False
    return hmac.compare_digest(password, secret)


def _signed(name: str, algorithm: str) -> Proof:
    """HMAC of the body in hexadecimal digits; some senders write `sha256=` before them."""

    def proof(request: HookRequest, secret: bytes) -> bool:
        told = request.header(name).lower().removeprefix(f"{algorithm}=")
        return _is_same(told, hmac.new(secret, request.body, algorithm).hexdigest().encode())

    return proof


# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
_SIGNED_AS_GITHUB = _signed("x-hub-signature-256", "sha256")
# For senders whose headers the user chooses.
_FREE = (_as_bearer, _as_password, _in_header("x-automator-token"), _in_url)

_PROOFS: Mapping[HookKind, tuple[Proof, ...]] = {
    HookKind.ACR: (*_FREE, _in_header("authorization")),
    # JFrog sends the secret itself, or with `use_secret_for_signing` the signature, under the same name.
    HookKind.ARTIFACTORY: (
        _in_header("x-jfrog-event-auth"),
        _signed("x-jfrog-event-auth", "sha256"),
    ),
    HookKind.CLOUDEVENTS: _FREE,
    HookKind.DISTRIBUTION: _FREE,
    HookKind.DOCKER_HUB: (_in_url, _as_bearer),
    HookKind.ECR: (*_FREE, _in_header("authorization")),
    HookKind.GAR: (_in_url,),
    HookKind.GENERIC: (*_FREE, _SIGNED_AS_GITHUB),
    # https://docs.gitea.com/usage/webhooks, https://forgejo.org/docs/latest/user/webhooks/
    HookKind.GITEA: (
        _signed("x-gitea-signature", "sha256"),
        _signed("x-forgejo-signature", "sha256"),
        _SIGNED_AS_GITHUB,
    ),
    HookKind.GITHUB: (_SIGNED_AS_GITHUB,),
    HookKind.GITLAB: (_in_header("x-gitlab-token"),),
    HookKind.HARBOR: (_in_header("authorization"), _as_bearer),
    # https://help.sonatype.com/en/working-with-hmac-payloads.html
    HookKind.NEXUS: (_signed("x-nexus-webhook-signature", "sha1"),),
    HookKind.QUAY: (_in_url, _as_bearer),
    HookKind.ZOT: _FREE,
}
