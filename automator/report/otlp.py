"""Sends spans over OTLP/HTTP, as OpenTelemetry's standard variables say. Imported only where traces are on.

The SDK sends from a thread of its own, and keeps a bounded queue: a collector that is away costs spans, and nothing else.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from automator.errors import ConfigError
from automator.model.event import Event, TracesFailing, TracesRecovered

_FLUSH_SECONDS = 3.0
"""So long the end waits for the last spans to be taken."""


class ToldExporter(SpanExporter):
    """Another exporter, of which is told when it begins to fail, and when it works again."""

    def __init__(self, exporter: SpanExporter, report: Callable[[Event], None]) -> None:
        self._exporter = exporter
        self._report = report
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.tell_failing()
        elif self._failing:
            self._failing = False
            self._report(TracesRecovered())
        return result

    def tell_failing(self) -> None:
        if not self._failing:
            self._failing = True
            self._report(TracesFailing(hint="does the OTLP endpoint answer, and take spans?"))

    def shutdown(self) -> None:
        self._exporter.shutdown()


@contextmanager
def open_provider(report: Callable[[Event], None]) -> Iterator[TracerProvider]:
    """Not the global one: what other libraries may trace is not asked for. Raises ConfigError for a wrong variable."""
    _silence()
    try:
        exporter = ToldExporter(OTLPSpanExporter(), report)
        processor = BatchSpanProcessor(exporter)
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    except (ValueError, OSError) as error:
        hint = "see 'Traces' in docs/operations.md"
        raise ConfigError("a variable OTEL_* cannot be used", hint=hint) from error
    provider.add_span_processor(processor)
    try:
        yield provider
    finally:
        # A shutdown's own limit is half a minute, and cannot be set.
        ending = Thread(target=provider.shutdown, name="last spans", daemon=True)
        ending.start()
        ending.join(_FLUSH_SECONDS)
        if ending.is_alive():
            exporter.tell_failing()


def _silence() -> None:
    """The SDK would say the same at each batch, in a form of its own, with what URLs and headers hold."""
    logger = logging.getLogger("opentelemetry")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False


def _resource() -> Resource:
    """What the environment says of the service goes before what we know."""
    said = OTELResourceDetector().detect().attributes
    known = {"service.name": "automator", "service.version": version("automator")}
    return Resource.create({key: said.get(key, value) for key, value in known.items()})
