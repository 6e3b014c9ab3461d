"""Events as log lines."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from automator.model import event as events
from automator.model.event import LogFormat
from automator.report.log import LogSink, configure_logging

FAILED = events.PassFailed(
    config_repo="shop",
    error="remote is down",
    kind="RemoteUnavailable",
    hint="",
    retry_at=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    took=timedelta(seconds=1.5),
)


def test_json_lines_carry_the_fields_as_keys(capsys):
    configure_logging("info", LogFormat.JSON)
    LogSink().receive(FAILED)
    line = json.loads(capsys.readouterr().err)
    line.pop("timestamp")
    assert line == {
        "event": "pass.failed",
        "level": "error",
        "config_repo": "shop",
        "error": "remote is down",
        "kind": "RemoteUnavailable",
        "retry_at": "2024-01-02T03:04:05+00:00",
        "took": 1.5,
        "push_refused": False,
    }


def test_a_commit_s_whole_message_is_not_logged(capsys):
    configure_logging("info", LogFormat.JSON)
    LogSink().receive(
        events.CommitPushed(
            config_repo="shop",
            commit="c",
            subject="Update a",
            message="Update a\n\nImage-Update: a",
            changes=1,
            took=timedelta(1),
        )
    )
    assert "Image-Update" not in capsys.readouterr().err


def test_console_lines_name_the_event_and_its_values(capsys):
    configure_logging("info", LogFormat.CONSOLE)
    LogSink().receive(FAILED)
    err = capsys.readouterr().err
    assert "pass.failed" in err
    assert "error='remote is down'" in err


def test_what_is_below_the_level_is_not_written(capsys):
    configure_logging("error", LogFormat.JSON)
    LogSink().receive(
        events.PollRoundFinished(polled=1, changed=0, failed=0, requests=1, took=timedelta(1))
    )
    assert capsys.readouterr().err == ""


EVENT_CLASSES = [
    value
    for value in vars(events).values()
    if isinstance(value, type) and issubclass(value, events.Event) and value is not events.Event
]


@pytest.mark.parametrize("event_class", EVENT_CLASSES)
def test_event_names_are_noun_and_past_participle(event_class):
    noun, _, participle = event_class.name.partition(".")
    assert noun.replace("_", "").isalpha()
    assert participle.isalpha()
