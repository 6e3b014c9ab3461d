"""`automator select`: a policy over tags from standard input. The pure step, for people and for CI jobs."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime

import click

from automator.cli.output import print_json, print_table
from automator.clock import SystemClock
from automator.errors import InvalidExpression, UsageError
from automator.model.image import Digest, ImageReference, Platform, is_tag
from automator.model.policy import Policy
from automator.model.tags import ImageFacts, Observed, TagList
from automator.report.verdicts import verdict_shape
from automator.select.evaluate import evaluate, explain
from automator.select.expression import parse_expression, render_caret

_UNTAGGED = ImageReference("image")


@click.command("select")
@click.argument("policy")
@click.option("--current", metavar="REF", help="The image in use, or just its tag.")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="OS/ARCH",
    help="The tag must have it, where its line tells platforms. Repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default=None,
    help="Every tag's verdict.",
)
def command(
    policy: str, *, current: str | None, platforms: tuple[str, ...], output: str | None
) -> int:
    """Chooses among the tags on standard input, one a line: TAG, or TAG<tab>RFC3339, or TAG<tab>RFC3339<tab>OS/ARCH,...

    Prints the selected tag, or exits 1 with nothing on standard output if there is none.
    """
    wanted = frozenset(Platform.parse(platform) for platform in platforms)
    try:
        expression = parse_expression(policy)
    except InvalidExpression as error:
        raise UsageError(
            f"{error.message}: {render_caret(policy, error)}", hint=error.hint
        ) from error
    asked = Policy(name="command line", update=expression, platforms=wanted)
    image = _parse_current(current)
    now = SystemClock().now()
    observed = _read_tags(sys.stdin, wanted, now)
    selection = evaluate(asked, image, observed, now)
    verdicts = explain(asked, image, observed, now) if output else ()
    if output == "json":
        print_json({"selected": selection.tag, "tags": [verdict_shape(v) for v in verdicts]})
    elif output == "table":
        print_table(
            ["Tag", "Accepted", "Reason"],
            [[v.tag, "yes" if v.accepted else "no", str(v.reason)] for v in verdicts],
        )
    elif selection.tag is not None:
        click.echo(selection.tag)
    return int(selection.tag is None)


def _parse_current(text: str | None) -> ImageReference:
    """A whole reference, or a tag alone: `1.2.3` is no likely image name, and `redis` no likely tag in use."""
    if text is None:
        return _UNTAGGED
    if is_tag(text) and ":" not in text and "/" not in text:
        return _UNTAGGED.moved_to(text, None)
    return ImageReference.parse(text)


def _read_tags(lines: Iterable[str], wanted: frozenset[Platform], now: datetime) -> Observed:
    """Where no line tells a time all tags count as first seen now, so that version, the tag in use and name break the tie."""
    tags: dict[str, tuple[datetime | None, frozenset[Platform]]] = {}
    for number, line in enumerate(lines, start=1):
        tag, *more = line.rstrip("\r\n").split("\t")
        if not tag:
            continue
        if not is_tag(tag):
            raise UsageError(f"standard input, line {number}: {tag!r} is no tag")
        created_at = _parse_time(more[0], number) if more and more[0] else None
        told = frozenset(map(Platform.parse, more[1].split(","))) if more[1:] else wanted
        tags[tag] = created_at, told
    timed = any(created_at for created_at, _ in tags.values())
    facts = {
        tag: ImageFacts(
            digest=Digest(tag),  # never written: it only tells the tags apart
            created_at=created_at,
            first_seen_at=None if timed else now,
            platforms=told,
        )
        for tag, (created_at, told) in tags.items()
    }
    return Observed(tag_list=TagList(tags=tuple(tags)), facts=facts)


def _parse_time(text: str, number: int) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"standard input, line {number}: {text!r} is no time",
            hint="RFC 3339: 2024-01-31T12:00:00Z",
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
