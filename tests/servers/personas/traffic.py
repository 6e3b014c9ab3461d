"""What was asked of a persona, and what was shown to whom."""

import base64

from tests.servers.personas.auth import PASSWORD, Bearer
from tests.servers.personas.persona import Persona
from tests.servers.scripted import Request


def kind_of(request: Request) -> str:
    """`tags`, `head`, `manifest`, `blob`, `store` (where blobs are redirected to), `api`, or `token`."""
    parts = {"/tags/list": "tags", "/blobs/": "blob", "/store/": "store", "/api/v2.0/": "api"}
    for part, kind in parts.items():
        if part in request.path:
            return kind
    if "/manifests/" in request.path:
        return "head" if request.method == "HEAD" else "manifest"
    return "token"


def leaks(persona: Persona) -> list[Request]:
    """Requests that show more than they should: a password to an endpoint that wants a token, or anything to a host that
    is not the registry's."""
    realm = persona.auth.path if isinstance(persona.auth, Bearer) else None
    login = base64.b64encode(f"{persona.user}:{PASSWORD}".encode()).decode()
    shown = [
        request
        for request in persona.server.requests
        if realm is not None and request.path != realm and kind_of(request) != "api"
        if login in str(request)
    ]
    return shown + [
        request
        for request in persona.elsewhere.requests
        if request.path != realm and "authorization" in request.headers
    ]
