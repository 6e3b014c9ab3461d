"""Changes that cannot be written are held, each with its reason, so that they stop no other. Pure.

A place that two containers read through an anchor can take one value only; a digest needs a place to stand.
"""

from collections.abc import Sequence
from dataclasses import replace

from automator.edit.parts import new_values
from automator.errors import EditRefused
from automator.model.field import Part
from automator.model.plan import Change, Status, Unchanged
from automator.survey.containers import Container

_Place = tuple[object, ...]


def hold_unwritable(containers: Sequence[Container]) -> list[Container]:
    """In their order. Of changes that want different values in one place none is made."""
    wanted: dict[_Place, set[str]] = {}
    held: dict[int, str] = {}
    for number, container in enumerate(containers):
        if isinstance(container.decision, Change):
            try:
                for part, new in _values(container.decision):
                    wanted.setdefault(_place(part), set()).add(new)
            except EditRefused as error:
                held[number] = error.message
    disputed = {place for place, values in wanted.items() if len(values) > 1}
    for number, container in enumerate(containers):
        decision = container.decision
        if disputed and isinstance(decision, Change) and number not in held:
            places = [_place(part) for part, _ in _values(decision)]
            if not disputed.isdisjoint(places):
                held[number] = "another container reads the same text, and wants another image"
    return [
        _held(container, held[number]) if number in held else container
        for number, container in enumerate(containers)
    ]


def _values(change: Change) -> list[tuple[Part, str]]:
    return new_values(change.field, change.to)


def _place(part: Part) -> _Place:
    return part.location.path, part.span, part.nested, part.within


def _held(container: Container, why: str) -> Container:
    decision = container.decision
    assert isinstance(decision, Change)
    unchanged = Unchanged(
        field=decision.field,
        status=Status.HELD,
        reason=f"held: it cannot be written: {why}",
        policy=decision.policy,
        target=decision.to,
    )
    return replace(container, decision=unchanged)
