"""An OpenTelemetry collector on a free loopback port, as far as OTLP/HTTP needs one for traces.

with collector() as running:
    running.wait_for("pass", "push")
    running.status = 503
"""

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

_PATIENCE_SECONDS = 60.0
_ERROR = 2  # opentelemetry.proto.trace.v1.Status.STATUS_CODE_ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedSpan:
    """`events` are (name, attributes), `error` the text of a status that is an error, None for another status."""

    name: str
    trace: bytes
    id: bytes
    parent: bytes
    start: int
    end: int
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...]
    error: str | None
    resource: Mapping[str, Any]


@dataclass(slots=True)
class Collector:
    """`status` is what it answers; `requests` are (path, lower-case headers, body), those that were refused too."""

    url: str = ""
    status: int = 200
    spans: list[CollectedSpan] = field(default_factory=list)
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        with self._arrived:
            self.requests.append((path, headers, body))
            if self.status == 200:
                self.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            self._arrived.notify_all()
            return self.status

    def traces(self) -> list[list[CollectedSpan]]:
        """The spans of each trace, the root first and the others as they began."""
        by_trace: dict[bytes, list[CollectedSpan]] = {}
        for span in list(self.spans):
            by_trace.setdefault(span.trace, []).append(span)
        for spans in by_trace.values():
            spans.sort(key=lambda span: (bool(span.parent), span.start))
        return list(by_trace.values())

    def wait_for(self, *names: str) -> list[CollectedSpan]:
        """The first trace whose spans have these names."""

        def found() -> list[CollectedSpan] | None:
            wanted = list(names)
            return next((t for t in self.traces() if [s.name for s in t] == wanted), None)

        with self._arrived:
            trace = self._arrived.wait_for(found, _PATIENCE_SECONDS)
        assert trace, f"no {names} in {[[s.name for s in t] for t in self.traces()]}"
        return trace

    def wait_for_requests(self, count: int) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, _PATIENCE_SECONDS)


@contextmanager
def collector() -> Iterator[Collector]:
    running = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = running.take(self.path, headers, body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="collector")
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _spans(request: ExportTraceServiceRequest) -> Iterator[CollectedSpan]:
    for of_resource in request.resource_spans:
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield CollectedSpan(
                    name=span.name,
                    trace=span.trace_id,
                    id=span.span_id,
                    parent=span.parent_span_id,
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    attributes=_values(span.attributes),
                    events=tuple((event.name, _values(event.attributes)) for event in span.events),
                    error=span.status.message if span.status.code == _ERROR else None,
                    resource=_values(of_resource.resource.attributes),
                )


def _values(attributes: Any) -> dict[str, Any]:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value")
        for pair in attributes
    }
