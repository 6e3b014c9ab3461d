"""What moves together: the changes of one update commit."""

from collections.abc import Callable, Hashable
from enum import StrEnum

from automator.model.plan import Change, Plan


class Batch(StrEnum):
    """How many update commits a pass makes for one config repo."""

    REPO = "repo"
    WORKLOAD = "workload"
    POLICY = "policy"


_GROUP_OF: dict[Batch, Callable[[Change], Hashable]] = {
    Batch.REPO: lambda _change: "",
    Batch.WORKLOAD: lambda change: str(change.field.workload),
    Batch.POLICY: lambda change: str(change.policy),
}


def group_changes(plan: Plan, batch: Batch) -> list[tuple[Change, ...]]:
    """In a fixed order: by workload, container and place."""
    groups: dict[Hashable, list[Change]] = {}
    for change in sorted(plan.changes, key=_order):
        groups.setdefault(_GROUP_OF[batch](change), []).append(change)
    return [tuple(group) for group in groups.values()]


def _order(change: Change) -> tuple[object, ...]:
    return (change.field.workload, change.field.container, change.field.location)
