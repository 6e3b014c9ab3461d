"""For `automator set`: an image reference to the changes that write it into fields of the same image repository."""

from collections.abc import Sequence

from automator.edit.parts import new_values
from automator.errors import EditRefused
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


def sort_out(changes: Sequence[Change]) -> tuple[list[Change], list[EditRefused]]:
    """The changes whose fields can say them, and why the others cannot."""
    possible: list[Change] = []
    refused: list[EditRefused] = []
    for change in changes:
        try:
            new_values(change.field, change.to)
        except EditRefused as error:
            refused.append(error)
        else:
            possible.append(change)
    return possible, refused
