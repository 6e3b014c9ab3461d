"""Whether there are traces: OpenTelemetry's standard variables say so. Without them nothing of OpenTelemetry is imported."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from automator.clock import Clock
from automator.errors import ConfigError
from automator.extras import load
from automator.model.event import Event
from automator.report.sinks import Sink

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"
_LIBRARIES = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")


@contextmanager
def exported_traces(
    environ: Mapping[str, str], clock: Clock, report: Callable[[Event], None]
) -> Iterator[Sequence[Sink]]:
    """One sink where an OTLP endpoint is set, else none. `report` is called from another thread, to say that spans
    cannot be sent. Raises ConfigError where traces are asked for and cannot be made.
    """
    if not _is_on(environ):
        yield ()
        return
    _check(environ)
    for library in _LIBRARIES:
        load(library, extra="otel", refuse=ConfigError)
    from automator.report.otlp import open_provider  # noqa: PLC0415 - needs the extra
    from automator.report.traces import TraceSink  # noqa: PLC0415 - the same

    with open_provider(report) as provider:
        yield (TraceSink(provider, clock),)


def _is_on(environ: Mapping[str, str]) -> bool:
    disabled = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporters = environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    wanted = "otlp" in map(str.strip, exporters.split(","))
    return wanted and not disabled and any(map(environ.get, _ENDPOINTS))


def _check(environ: Mapping[str, str]) -> None:
    """An endpoint may hold a password, so that no message repeats it."""
    name, endpoint = _first(environ, _ENDPOINTS)
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{name} is no URL", hint="such as http://127.0.0.1:4318")
    name, protocol = _first(environ, _PROTOCOLS)
    if protocol not in {"", _PROTOCOL}:
        raise ConfigError(f"{name}: {protocol} is not supported", hint=f"use {_PROTOCOL}")


def _first(environ: Mapping[str, str], names: Sequence[str]) -> tuple[str, str]:
    """The first variable that is set, with its value; the last name where none is."""
    name = next((name for name in names if environ.get(name)), names[-1])
    return name, environ.get(name, "").strip()
