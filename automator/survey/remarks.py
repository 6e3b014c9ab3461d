"""What `check` tells of containers whose policies are no mistakes, and yet do less, or more, than they seem to. Pure."""

from collections.abc import Iterator, Sequence

from automator.model.field import ImageField, Problem
from automator.model.policy import Policy, PolicyKind
from automator.survey.containers import Container

_MOST_NAMED = 3


def remarks(containers: Sequence[Container]) -> Iterator[Problem]:
    policies = {container.field.location: container.policy for container in containers}
    for container in containers:
        message, hint = _remark(container)
        if container.policy is None and not message and not _is_refused(container):
            message, hint = _disagreement(
                [(one, policies.get(one.location)) for one in container.reaches]
            )
        if message:
            location = container.field.location
            yield Problem(location=location, message=message, hint=hint, note=True)


def _is_refused(container: Container) -> bool:
    return container.declared is not None and container.declared.automated is False


def _disagreement(reached: Sequence[tuple[ImageField, Policy | None]]) -> tuple[str, str]:
    """Of the workloads that an entry sets the image of: it takes the place of theirs, and has no policy."""
    if not any(policy for _, policy in reached):
        return "", ""
    said = ", ".join(
        f"{one.workload} {policy or 'nothing'}" for one, policy in reached[:_MOST_NAMED]
    )
    more = ", ..." if len(reached) > _MOST_NAMED else ""
    hint = "say one policy behind the tag: # automator: EXPRESSION"
    return f"no policy: the workloads that this reaches do not say the same: {said}{more}", hint


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
