"""A registry that does what a test tells it: answers by path, in order, each request remembered.

    with scripted_registry() as registry:
        registry.script("/v2/shop/carts/tags/list", Reply(status=500), Reply.json({"tags": ["1"]}))

The last reply of a path is given again and again. A path without a script is answered 404.
"""

import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_REASONS = {status.value: status.phrase for status in HTTPStatus}


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
    """What goes wrong with it:

    - `cut_after` ends the connection after so many bytes of the body, `reset_after` tears it down (RST) after so many
      bytes of all that is sent;
    - `never` leaves the client waiting, `pause_seconds` passes before each byte;
    - `pieces` is a body that is made while it is sent, a chunk a piece, and may be endless;
    - `raw` is sent instead of everything else.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    reset_after: int | None = None
    never: bool = False
    pause_seconds: float = 0
    pieces: Callable[[], Iterable[bytes]] | None = None
    raw: bytes | None = None

    @classmethod
    def json(cls, document: object, *, status: int = 200, **headers: str) -> Self:
        """Header names are written with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("content-type", "application/json")
        return cls(status=status, body=json.dumps(document).encode(), headers=named)

    @classmethod
    def challenge(cls, text: str) -> Self:
        """401 with a way in."""
        return cls(status=401, headers={"www-authenticate": text})

    @classmethod
    def redirect(cls, location: str, *, status: int = 307) -> Self:
        return cls(status=status, headers={"location": location})

    def wire(self, *, has_body: bool = True) -> Iterator[bytes]:
        """All that is sent, in the pieces in which it leaves; an answer to HEAD has no body."""
        if self.raw is not None:
            yield self.raw
            return
        yield self._head()
        if has_body and self.pieces is not None:
            for piece in self.pieces():
                yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
            yield b"0\r\n\r\n"
        elif has_body:
            yield self.body[: self.cut_after]

    def _head(self) -> bytes:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.pieces is not None:
            headers.setdefault("transfer-encoding", "chunked")
        else:
            headers.setdefault("content-length", str(len(self.body)))
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, '')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


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

    @property
    def credentials_seen(self) -> list[str]:
        """The Authorization header of each request that had one."""
        headers = (request.headers.get("authorization") for request in self.requests)
        return [header for header in headers if header is not None]

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
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        left = reply.reset_after
        for piece in reply.wire(has_body=self.command != "HEAD"):
            self._write(piece[:left], reply.pause_seconds)
            if left is not None:
                left = max(0, left - len(piece))
        if left is not None:
            self._reset()
        if reply.cut_after is not None or reply.raw is not None:
            self.close_connection = True

    def _write(self, data: bytes, pause_seconds: float) -> None:
        if not pause_seconds:
            self.wfile.write(data)
            return
        for at in range(len(data)):
            if self.server.registry.closing.wait(pause_seconds):
                return
            self.wfile.write(data[at : at + 1])

    def _reset(self) -> None:
        """Not by `close`, which waits for the files that were made of the socket."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

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
