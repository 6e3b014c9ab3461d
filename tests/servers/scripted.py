"""A registry that does what a test tells it: answers by path, in order, each request remembered.

    with scripted_registry() as registry:
        registry.script("/v2/shop/carts/tags/list", Reply(status=500), Reply.json({"tags": ["1"]}))

The last reply of a path is given again and again. A path without a script is answered 404.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`headers` have lower-case names."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def parameters(self) -> Mapping[str, list[str]]:
        return parse_qs(self.query)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`cut_after` ends the connection after so many bytes of the body; `never` leaves the client waiting."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    never: bool = False

    @classmethod
    def json(cls, document: object, *, status: int = 200, **headers: str) -> Self:
        """Header names are written with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("content-type", "application/json")
        return cls(status=status, body=json.dumps(document).encode(), headers=named)


Responder = Callable[[Request], Reply]


class ScriptedRegistry:
    """`requests` is every request in the order of arrival; `host` is what image references name."""

    def __init__(self, port: int, *, scheme: str) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"{scheme}://{self.host}"
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._scripts: dict[str, list[Reply | Responder]] = {}
        self._lock = threading.Lock()

    def script(self, path: str, *replies: Reply | Responder) -> None:
        """Replaces what was scripted for this path."""
        with self._lock:
            self._scripts[path] = list(replies)

    def requests_for(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def reply_to(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get(request.path, [])
            reply = script.pop(0) if len(script) > 1 else next(iter(script), Reply(status=404))
        return reply(request) if callable(reply) else reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    registry: ScriptedRegistry

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in two writes: without this the second waits for the client's acknowledgement.
    disable_nagle_algorithm = True
    server: _Server

    def _handle(self) -> None:
        registry = self.server.registry
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length", 0))
        request = Request(
            method=self.command,
            path=parts.path,
            query=parts.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        reply = registry.reply_to(request)
        if reply.never:
            registry.closing.wait()
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name in reply.headers}:
            self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[: reply.cut_after])
        if reply.cut_after is not None:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = _handle  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The test reads `requests` instead."""


@contextmanager
def scripted_registry(*, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedRegistry]:
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    registry = ScriptedRegistry(server.server_port, scheme="http" if tls is None else "https")
    server.registry = registry
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="scripted registry")
    thread.start()
    try:
        yield registry
    finally:
        registry.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
