"""What is documented of messages is what there is: keys, kinds with their level and type, names for templates."""

from pathlib import Path

import pytest

from automator.config.messages import ChannelSettings, MessageKind
from automator.config.templates import CHANGE_NAMES, TEMPLATE_NAMES
from automator.messages.cloudevents import cloud_event
from automator.messages.lane import LONGEST_QUEUE
from tests.unit.messages.making import trouble

PAGE = (Path(__file__).parents[3] / "docs/reference/messages.md").read_text()


@pytest.mark.parametrize("key", ChannelSettings.model_fields)
def test_key(key):
    assert f"| `{key}` |" in PAGE


@pytest.mark.parametrize("kind", MessageKind)
def test_kind(kind):
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |")]
    event = cloud_event(trouble(kind), event_id="1", source="/", link="")
    assert row.endswith(f"| `{event['type']}` |")


@pytest.mark.parametrize("name", sorted(TEMPLATE_NAMES | CHANGE_NAMES))
def test_name_in_a_template(name):
    assert f"`{name}`" in PAGE


def test_limits():
    assert f"{LONGEST_QUEUE} things may wait" in PAGE
