"""An HTTP proxy on a free loopback port: tunnels (CONNECT) for https, forwards plain HTTP.

    with http_proxy(routes={"registry.test": registry.host}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)

Names in `routes` exist for it alone, so that a test can have a registry of any name.
"""

import base64
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Proxy:
    """`requests` are the method and target of each request, in order; `url` has no user."""

    def __init__(self, port: int, *, routes: Mapping[str, str], login: str) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self.requests: list[tuple[str, str]] = []
        self._routes = routes
        self._login = login

    def admits(self, authorization: str) -> bool:
        encoded = base64.b64encode(self._login.encode()).decode()
        return not self._login or authorization == f"Basic {encoded}"

    def connect(self, target: str) -> socket.socket:
        """`target` is host:port. Beside its routes it knows this machine alone: nothing ever leaves it."""
        name, _, port = self._routes.get(target.partition(":")[0], target).partition(":")
        if name != "127.0.0.1":
            raise OSError(f"{target} is not on this machine")
        return socket.create_connection((name, int(port)), timeout=10)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_CONNECT(self) -> None:
        if self._is_admitted():
            with self._connect(self.path) as upstream:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._relay(upstream)

    def _forward(self) -> None:
        if not self._is_admitted():
            return
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = parts._replace(scheme="", netloc="").geturl() or "/"
        lines = [f"{self.command} {path} HTTP/1.1", "connection: close"]
        lines += [
            f"{name}: {value}"
            for name, value in self.headers.items()
            if name.lower() not in {"connection", "proxy-authorization"}
        ]
        with self._connect(f"{parts.hostname}:{parts.port or 80}") as upstream:
            upstream.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode() + body)
            self._relay(upstream)

    do_GET = do_HEAD = do_POST = _forward  # noqa: N815 - the base class's names

    def _is_admitted(self) -> bool:
        proxy = self.server.proxy
        proxy.requests.append((self.command, self.path))
        self.close_connection = True
        if proxy.admits(self.headers.get("proxy-authorization", "")):
            return True
        self.wfile.write(
            b"HTTP/1.1 407 Proxy Authentication Required\r\n"
            b'proxy-authenticate: Basic realm="proxy"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
        )
        return False

    def _connect(self, target: str) -> socket.socket:
        try:
            return self.server.proxy.connect(target)
        except OSError:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            raise

    def _relay(self, upstream: socket.socket) -> None:
        """Until either end has said all."""
        ends = {self.connection: upstream, upstream: self.connection}
        while True:
            for end in select.select(list(ends), [], [], 10)[0]:
                data = end.recv(65536)
                if not data:
                    return
                ends[end].sendall(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The test reads `requests` instead."""


@contextmanager
def http_proxy(*, routes: Mapping[str, str] | None = None, login: str = "") -> Iterator[Proxy]:
    """`routes` leads names to host:port; `login` is USER:PASSWORD that everybody must have."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.proxy = proxy = Proxy(server.server_port, routes=routes or {}, login=login)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="proxy")
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
