"""What is documented is what there is: commands, events, metrics, links of the README."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from automator.cli.main import cli
from automator.model import event as events
from automator.report.metrics import MetricsSink

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
COMMANDS = (ROOT / "docs/reference/commands.md").read_text()
EVENTS = [
    value
    for value in vars(events).values()
    if isinstance(value, type) and issubclass(value, events.Event) and value is not events.Event
]


@pytest.mark.parametrize("name", cli.list_commands(None))
def test_command_is_documented_with_its_options(name):
    section = COMMANDS.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert section
    for parameter in cli.get_command(None, name).params:
        for option in parameter.opts:
            if option.startswith("--") and option not in {"--output", "--help"}:
                assert option in section


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_event_is_documented_with_its_level(event):
    assert f"| `{event.name}` | {event.level} |" in OPERATIONS


def test_metrics_are_documented():
    text = MetricsSink().exposition().decode()
    families = text_string_to_metric_families(text)
    for family in (family for family in families if not family.name.endswith("_created")):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"| `{name}` |" in OPERATIONS


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=str
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists()
