"""Occasions as text for people: titles and bodies, by the templates of a channel or by ours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Template

from automator.config.messages import ChannelSettings, MessageKind, TextFormat
from automator.config.templates import MISHAPS, compile_template
from automator.messages.foreign import plain
from automator.messages.links import commit_link
from automator.messages.occasion import Move, Occasion
from automator.model.event import Level
from automator.plan.guards import format_time

_TITLE = """
{%- if kind == "committed" %}{{ config_repo }}: {{ subject }}
{%- elif kind == "held" %}{{ config_repo }}: {{ changes | length }} held
{%- elif kind == "registry_failing" %}{{ image_repository }} cannot be polled
{%- elif kind == "registry_recovered" %}{{ image_repository }} answers again
{%- elif kind == "push_refused" %}{{ config_repo }}: the remote refuses automator
{%- elif kind == "config_wrong" and config_repo %}{{ config_repo }}: a manifest cannot be used
{%- elif kind == "config_wrong" %}The configuration is wrong: the one before it stays in force
{%- else %}{{ image_repository }}:{{ tag }} was pushed again
{%- endif %}"""

_BODY = """
{%- for change in changes[:50] %}
- {{ change.workload }} {{ change.container }}: {% if change.from_image %}{{ change.from_image }} -> {% endif %}
{{- change.to_image }}{% if change.reason %} ({{ change.reason }}){% endif %}{{ "\n" }}
{%- endfor %}
{%- if changes | length > 50 %}and {{ changes | length - 50 }} more{{ "\n" }}{% endif %}
{%- if error %}{{ error }}{{ "\n" }}{% endif %}
{%- if hint %}{{ hint }}{{ "\n" }}{% endif %}
{%- if to_digest %}{{ from_digest }} -> {{ to_digest }}{{ "\n" }}{% endif %}
"""
_LINKS = {
    TextFormat.TEXT: "{% if link %}{{ link }}{% elif commit %}commit {{ short_commit }}{% endif %}",
    TextFormat.MARKDOWN: "{% if link %}[{{ short_commit }}]({{ link }}){% elif commit %}commit {{ short_commit }}{% endif %}",
}

_GRAVITY = tuple(Level)

_LONGEST = 50
"""So many are shown of what is told together; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """`is_good_news` where something came right again."""

    title: str
    body: str
    level: Level
    is_good_news: bool = False


class Writer:
    """Writes the messages of one channel. `urls` are those of the config repos, by name."""

    def __init__(self, channel: ChannelSettings, urls: Mapping[str, str]) -> None:
        self._channel = channel.name
        self._urls = urls
        body = f"{_BODY}{_LINKS[channel.format]}"
        self._own = (compile_template(_TITLE), compile_template(body))
        self._given = (
            compile_template(channel.title or _TITLE),
            compile_template(channel.template or body),
        )

    def write(self, occasions: Sequence[Occasion]) -> Text:
        """One message about all of them; there is at least one."""
        if len(occasions) == 1:
            return self._write_one(occasions[0])
        written = [self._write_one(occasion) for occasion in occasions[:_LONGEST]]
        shown = [f"{text.title}\n{text.body}".rstrip() for text in written]
        if len(occasions) > _LONGEST:
            shown.append(f"and {len(occasions) - _LONGEST} more")
        counts = Counter(occasion.kind for occasion in occasions)
        told = ", ".join(
            f"{kind.replace('_', ' ')}: {count}" for kind, count in sorted(counts.items())
        )
        return Text(
            title=told.capitalize(),
            body="\n\n".join(shown),
            level=max((occasion.level for occasion in occasions), key=_GRAVITY.index),
        )

    def _write_one(self, occasion: Occasion) -> Text:
        try:
            title, body = self._render(occasion, self._given)
        except MISHAPS:
            title, body = self._render(occasion, self._own)
            body = f"{body}\n(the template of the channel {self._channel} failed)"
        return Text(
            title=title,
            body=body or title,
            level=occasion.level,
            is_good_news=occasion.kind is MessageKind.REGISTRY_RECOVERED,
        )

    def _render(self, occasion: Occasion, templates: tuple[Template, Template]) -> tuple[str, str]:
        values = names_of(
            occasion, commit_link(self._urls.get(occasion.config_repo, ""), occasion.commit)
        )
        title, body = (template.render(values) for template in templates)
        return " ".join(title.split()), body.strip()


def names_of(occasion: Occasion, link: str) -> dict[str, object]:
    """What a template may name: texts without markup and line ends; `link` is ours and stays as it is."""
    return {
        "kind": occasion.kind.value,
        "level": occasion.level.value,
        "at": format_time(occasion.at),
        "config_repo": plain(occasion.config_repo),
        "commit": plain(occasion.commit),
        "short_commit": plain(occasion.commit[:7]),
        "subject": plain(occasion.subject),
        "link": link if occasion.commit else "",
        "changes": [_change(move) for move in occasion.moves],
        "image_repository": plain(occasion.image_repository),
        "tag": plain(occasion.tag),
        "from_digest": plain(occasion.from_digest),
        "to_digest": plain(occasion.to_digest),
        "error": plain(occasion.error),
        "hint": plain(occasion.hint),
    }


def _change(move: Move) -> dict[str, str]:
    return {
        "workload": plain(move.workload),
        "namespace": plain(move.namespace),
        "container": plain(move.container),
        "from_image": plain(move.from_image),
        "to_image": plain(move.to_image),
        "policy": plain(move.policy),
        "reason": plain(move.reason),
    }
