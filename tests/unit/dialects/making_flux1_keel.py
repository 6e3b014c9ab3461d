"""Annotations and image fields in short, and what a policy comes to on a list of tags."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from automator.model.field import (
    Declaration,
    Form,
    ImageField,
    Location,
    Part,
    RepoPath,
    Role,
    Span,
)
from automator.model.image import Digest, ImageReference
from automator.model.selection import Outcome
from automator.model.tags import ImageFacts, Observed, TagList
from automator.model.workload import WorkloadId
from automator.select.evaluate import evaluate

PATH = RepoPath("carts.yaml")
FIRST_BUILD = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def declare(annotations, kind="deployment"):
    """One a line, in column 5. `label:KEY` is a label; `KEY#2` is the same key once more, as on a pod template."""
    return [
        Declaration(
            workload=WorkloadId("shop", kind, "carts"),
            key=key.removeprefix("label:").partition("#")[0],
            value=value,
            location=Location(PATH, line, 5),
            label=key.startswith("label:"),
        )
        for line, (key, value) in enumerate(annotations.items(), start=1)
    ]


def make_fields(images, kind="deployment", form=Form.POD_SPEC):
    """`carts=app:1.0`, or with its list `initContainers/wait=app:1.0`."""
    return [_make_field(text, kind, form) for text in images]


def _make_field(text, kind, form):
    place, _, image = text.partition("=")
    slot, _, container = place.rpartition("/")
    part = Part(
        role=Role.REFERENCE, span=Span(0, len(image)), value=image, location=Location(PATH, 99, 1)
    )
    return ImageField(
        workload=WorkloadId("shop", kind, "carts"),
        container=container,
        form=form,
        image=ImageReference.parse(image),
        document=0,
        parts=(part,),
        slot=slot,
    )


def sourceless(declared):
    """Where a policy is written has a test of its own."""
    return [
        replace(one, policy=replace(one.policy, source=None)) if one and one.policy else one
        for one in declared
    ]


def told(problems):
    return [f"{'note: ' if problem.note else ''}{problem}" for problem in problems]


def select(policy, current, tags):
    """The tag in use after a pass; `tags` are the oldest build first."""
    facts = {
        tag: ImageFacts(
            digest=Digest(f"digest of {tag}"), created_at=FIRST_BUILD + timedelta(days=day)
        )
        for day, tag in enumerate(tags)
    }
    observed = Observed(tag_list=TagList(tags=tuple(tags)), facts=facts)
    image = ImageReference("app", current)
    selection = evaluate(policy, image, observed, NOW)
    return selection.tag if selection.outcome is Outcome.UPDATE else current
