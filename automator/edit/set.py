"""For `automator set`: an image reference to the changes that write it into fields of the same image repository."""

from collections.abc import Sequence

from automator.model.field import ImageField
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind

_BY_HAND = Policy(name="command line", update=Expression(PolicyKind.NONE, "", "set"))


def plan_set(fields: Sequence[ImageField], target: ImageReference) -> list[Change]:
    """The name stays as each field writes it; tag and digest become the target's."""
    return [
        Change(
            field=field,
            to=field.image.moved_to(target.tag, target.digest),
            policy=_BY_HAND,
            reason="set by hand",
        )
        for field in fields
        if field.image.repository == target.repository
    ]
