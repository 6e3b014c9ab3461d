"""Receivers and requests for the tests of hooks."""

import base64
import hmac
import json

from automator.config.registries import HookSettings
from automator.hooks.receiver import Receiver
from automator.hooks.request import HookRequest
from tests.servers.clocks import ManualClock

SECRET = "correct horse/battery+staple"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:pushes"
AUDIENCE = "https://automator.example.com/hooks/gar"
ACCOUNT = "pusher@shop-prod.iam.gserviceaccount.com"


async def no_network(url):
    raise AssertionError(f"nobody needs {url}")


def receiver(kind, *, fetch=no_network, clock=None, **settings):
    """Without `secret`, `topic` or `audience` it knows SECRET; Nexus and zot have a registry."""
    if not settings.keys() & {"secret", "topic", "audience"}:
        settings["secret"] = SECRET
    if kind in {"nexus", "zot"}:
        settings.setdefault("registry", "registry.example.com")
    return Receiver(
        HookSettings(name="hook", kind=kind, **settings), clock=clock or ManualClock(), fetch=fetch
    )


def request(document, *, raw=None, **parts):
    body = json.dumps(document).encode() if raw is None else raw
    return HookRequest(body=body, **parts)


async def pushes(kind, document, *, headers=None, **settings):
    """What the proven sender of `document` tells, as `host/path:tag`."""
    hook = receiver(kind, **settings)
    proven = prove(kind, request(document, headers=headers or {}))
    receipt = await hook.receive(proven)
    return [f"{event.repository}:{event.tag}" for event in receipt.events]


def prove(kind, unproven, secret=SECRET):
    """With the first proof of PROOFS."""
    return PROOFS[kind][0](unproven, secret)


def _header(name, value):
    def proof(unproven, secret):
        headers = {**unproven.headers, name: value(unproven.body, secret)}
        return HookRequest(headers=headers, body=unproven.body, method=unproven.method)

    return proof


def _path(unproven, secret):
    return HookRequest(
        headers=unproven.headers, body=unproven.body, method=unproven.method, path_token=secret
    )


def _query(unproven, secret):
    return HookRequest(
        headers=unproven.headers, body=unproven.body, method=unproven.method, query_token=secret
    )


def _plain(body, secret):
    return secret


def _bearer(body, secret):
    return f"Bearer {secret}"


def _basic(body, secret):
    return "Basic " + base64.b64encode(f"automator:{secret}".encode()).decode()


def _hmac(algorithm, prefix=""):
    def value(body, secret):
        return prefix + hmac.new(secret.encode(), body, algorithm).hexdigest()

    return value


_FREE = (
    _path,
    _query,
    _header("authorization", _bearer),
    _header("authorization", _basic),
    _header("x-automator-token", _plain),
)
_HUB_SIGNATURE = _header("x-hub-signature-256", _hmac("sha256", "sha256="))
_BARE = _header("authorization", _plain)

PROOFS = {
    "acr": (*_FREE, _BARE),
    "artifactory": (
        _header("x-jfrog-event-auth", _plain),
        _header("x-jfrog-event-auth", _hmac("sha256")),
        _header("x-jfrog-event-auth", _hmac("sha256", "sha256=")),
    ),
    "cloudevents": _FREE,
    "distribution": _FREE,
    "dockerhub": (_path, _query, _header("authorization", _bearer)),
    "ecr": (*_FREE, _BARE),
    "gar": (_path, _query),
    "generic": (*_FREE, _HUB_SIGNATURE),
    "gitea": (
        _header("x-gitea-signature", _hmac("sha256")),
        _header("x-forgejo-signature", _hmac("sha256")),
        _HUB_SIGNATURE,
    ),
    "github": (_HUB_SIGNATURE,),
    "gitlab": (_header("x-gitlab-token", _plain),),
    "harbor": (_BARE, _header("authorization", _bearer)),
    "nexus": (_header("x-nexus-webhook-signature", _hmac("sha1")),),
    "quay": (_path, _query, _header("authorization", _bearer)),
    "zot": _FREE,
}
"""The ways in which a sender of each kind proves to know the secret."""

SIGNING = {
    "artifactory": PROOFS["artifactory"][1:],
    "generic": (_HUB_SIGNATURE,),
    "gitea": PROOFS["gitea"],
    "github": PROOFS["github"],
    "nexus": PROOFS["nexus"],
}
"""Those of them that are of one body alone."""
