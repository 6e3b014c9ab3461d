"""`messages:` of the configuration: every mistake with its place, secrets only ever as secrets."""

import pytest
from pydantic import ValidationError

from automator.config.messages import ChannelSettings, MessageKind
from automator.config.problems import explain_validation, parse_yaml
from automator.config.strict import Strict
from automator.config.templates import CHANGE_NAMES, TEMPLATE_NAMES
from automator.messages.text import names_of
from tests.unit.messages.making import channel, committed


class File(Strict):
    messages: tuple[ChannelSettings, ...] = ()


def problems_of(text):
    file, _ = parse_yaml("automator.yaml", text)
    try:
        File.model_validate(file.data)
    except ValidationError as error:
        return explain_validation(file, error, File)
    return []


def entry(text):
    return f"messages:\n  - {{name: ops, {text}}}\n"


URL = "url: 'json://localhost'"

MISTAKES = [
    ("about: [held]", "a channel has either url or cloudevents"),
    (f"{URL}, cloudevents: 'https://c'", "a channel has either url or cloudevents"),
    ("url: 'hush'", "an Apprise URL is written service://..."),
    ("url: ''", "an Apprise URL is written service://..."),
    ("url: 'json://a hush'", "an Apprise URL is written service://..."),
    ("cloudevents: 'ftp://hush'", "they are posted to http://host/path"),
    ("cloudevents: 'https://'", "they are posted to http://host/path"),
    ("cloudevents: 'http://a:hush'", "they are posted to http://host/path"),
    ("cloudevents: 'https://c', digest: 1m, title: x", "digest, title: CloudEvents have no text"),
    (f"{URL}, about: [pushed]", "input should be 'committed'"),
    (f"{URL}, about: []", "about: "),
    (f"{URL}, level: grave", "level: "),
    (f"{URL}, digest: 10", "write 30s, 1m, 1h30m or 2d"),
    (f"{URL}, digest: 2d", "digest: "),
    (f"{URL}, templates: x", "did you mean 'template'?"),
    (f'{URL}, template: "a\\n{{{{ commit"', "line 2 of the template"),
    (f"{URL}, template: '{{% for a in changes %}}'", "line 1 of the template"),
    (f"{URL}, template: '{{{{ nosuch }}}}'", "the template names nosuch; there are at, changes"),
    (f"{URL}, title: '{{{{ commit | shout }}}}'", "line 1 of the template: No filter named"),
    (f"{URL}, template: '{{{{ changes[0].nosuch }}}}'", "the template fails for committed: "),
    (
        f"{URL}, title: '{{{{ 1 / (changes | length) }}}}'",
        "the template fails for registry_failing: ",
    ),
    (f"{URL}, template: '{{{{ error.__class__.__mro__ }}}}'", "the template fails for committed: "),
    (f"{URL}, template: '{{% include \"/etc/passwd\" %}}'", "the template fails for committed: "),
    (f"{URL}, token: hush", "token: an Apprise URL holds its own"),
    (f"{URL}, template: '{{% include \"/etc/passwd\" %}}{{{{ x }}}}'", "the template names x"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_a_mistake_is_told_with_its_place(text, said):
    problems = problems_of(entry(text))
    assert any(line.startswith("automator.yaml:2:") and said in line for line in problems)
    assert "hush" not in "".join(problems)


GOOD = [
    URL,
    "url: 'slack://a/b/c discord://d/e'",
    "cloudevents: 'https://broker.example.com/events?token=x'",
    f"{URL}, about: [held, committed], level: warning, namespace: 'shop-*', workload: [deployment/*]",
    f"{URL}, digest: 10m, title: '{{{{ kind }}}}', template: '{{% for c in changes %}}{{{{ c.to_image }}}}{{% endfor %}}'",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_channel_is_taken_as_it_is(text):
    assert problems_of(entry(text)) == []


def test_all_is_told_but_what_is_held():
    assert set(channel().about) == set(MessageKind) - {MessageKind.HELD}


def test_one_pattern_needs_no_brackets():
    assert channel(namespace="shop").namespace == ("shop",)


def test_urls_are_secrets():
    shown = repr([channel(url="json://hush"), channel(cloudevents="https://hush")])
    assert "hush" not in shown


def test_the_names_that_are_allowed_are_the_names_that_there_are():
    names = names_of(committed(), "")
    assert names.keys() == TEMPLATE_NAMES
    assert names["changes"][0].keys() == CHANGE_NAMES
