"""What `check` tells of containers whose policies are no mistakes, and yet do less, or more, than they seem to. Pure."""

from collections.abc import Iterator, Sequence

from automator.model.field import ImageField, Problem
from automator.model.policy import PolicyKind
from automator.survey.containers import Container


def remarks(containers: Sequence[Container]) -> Iterator[Problem]:
    for container in containers:
        message, hint = _remark(container)
        if message:
            location = container.field.location
            yield Problem(location=location, message=message, hint=hint, note=True)


def _remark(container: Container) -> tuple[str, str]:
    found, policy = container.field, container.policy
    if policy is None:
        managed = found.managed_by
        return (
            f"managed by {managed}: left alone" if managed else ""
        ), "write a policy to take it over"
    if policy.update.kind is PolicyKind.NONE:
        return "", ""
    if container.overridden_by:
        places = ", ".join(map(str, container.overridden_by))
        return f"{policy} changes nothing here: the image is set in {places}", ""
    if not found.holds_version:
        return f"{policy} has no effect: no tag is written here", "write the tag in use"
    if found.also_read:
        return _also_read(found), "write the value twice to move one alone"
    return "", ""


def _also_read(found: ImageField) -> str:
    others = f"{found.also_read} other place{'s' if found.also_read > 1 else ''}"
    verb = "read" if found.also_read > 1 else "reads"
    return f"{others} {verb} this value through its anchor, and will move with it"
