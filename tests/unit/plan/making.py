"""Values for the tests of the plan, with only what a test is about written out."""

from datetime import UTC, datetime

from automator.model.field import Form, ImageField, Location, Part, Role, Span
from automator.model.image import Digest, ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Match, Policy, PolicyKind, Rule
from automator.model.selection import Outcome, Selection
from automator.model.tags import ImageFacts
from automator.model.workload import WorkloadId

NOW = datetime(2024, 5, 15, 12, 0, tzinfo=UTC)  # a Wednesday
OLD = Digest("sha256:" + "0" * 64)
NEW = Digest("sha256:" + "a1" * 32)


def field(
    image="weaveworksdemos/carts:0.4.8",
    workload="sock-shop:deployment/carts",
    container="carts",
    path="deploy/carts.yaml",
    line=12,
):
    namespace, _, rest = workload.partition(":")
    kind, _, name = rest.partition("/")
    part = Part(
        role=Role.REFERENCE, span=Span(0, len(image)), value=image, location=Location(path, line, 9)
    )
    return ImageField(
        workload=WorkloadId(namespace, kind, name),
        container=container,
        form=Form.POD_SPEC,
        image=ImageReference.parse(image),
        document=0,
        parts=(part,),
    )


def policy(text="semver:^0.4", name="sock-shop", **more):
    kind, _, argument = text.partition(":")
    return Policy(name=name, update=Expression(PolicyKind(kind), argument, text), **more)


def rule(name="rule", **match):
    return Rule(match=Match(**match), policy=policy(name=name))


def selection(outcome=Outcome.UPDATE, tag="0.4.9", behind=1, **facts):
    known = ImageFacts(**facts) if facts else None
    return Selection(outcome=outcome, tag=tag, facts=known, behind=behind)


def change(to="weaveworksdemos/carts:0.4.9", ruled_by=None, **of):
    return Change(
        field=field(**of), to=ImageReference.parse(to), policy=ruled_by or policy(), reason="newest"
    )
