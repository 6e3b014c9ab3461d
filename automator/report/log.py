"""Events as log lines: readable on a terminal, JSON otherwise. Knows no event in particular."""

import logging
import sys
from dataclasses import fields
from datetime import datetime, timedelta

import structlog

from automator.model.event import Event, LogFormat


def configure_logging(level: str, log_format: LogFormat) -> None:
    """Everything goes to standard error; standard output belongs to a command's result."""
    console = log_format is LogFormat.CONSOLE or (
        log_format is LogFormat.AUTO and sys.stderr.isatty()
    )
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
        if console
        else structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
            structlog.processors.dict_tracebacks
            if not console
            else structlog.processors.ExceptionPrettyPrinter(),
            _event_first,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _event_first(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A JSON line is read by people too: when, how grave, what, and then the rest."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return {**first, **event}


class LogSink:
    def __init__(self) -> None:
        self._log = structlog.get_logger()

    def receive(self, event: Event) -> None:
        values = {
            field.name: _loggable(getattr(event, field.name))
            for field in fields(event)
            if field.repr
        }
        self._log.log(
            logging.getLevelNamesMapping()[event.level.upper()],
            event.name,
            **{key: value for key, value in values.items() if value != ""},
        )


def _loggable(value: object) -> object:
    if isinstance(value, timedelta):
        return round(value.total_seconds(), 3)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value
