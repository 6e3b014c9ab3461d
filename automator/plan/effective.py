"""Whether a change of a field changes what runs: not where an overlay sets the image, nor where no version is written."""

from collections.abc import Sequence

from automator.model.field import ImageField, Location
from automator.model.plan import Status, Unchanged
from automator.model.policy import Policy, PolicyKind


def without_effect(
    field: ImageField, policy: Policy | None, overridden_by: Sequence[Location]
) -> Unchanged | None:
    """Why the field is not to be changed, if that needs no look at tags."""
    if policy is None or policy.update.kind is PolicyKind.NONE:
        return None
    if overridden_by:
        reason = f"overridden in {', '.join(map(str, overridden_by))}"
        return Unchanged(field=field, status=Status.OVERRIDDEN, reason=reason, policy=policy)
    if not field.holds_version:
        reason = "no tag is written here: the default of what reads it is in use"
        return Unchanged(field=field, status=Status.NO_MATCH, reason=reason, policy=policy)
    return None
