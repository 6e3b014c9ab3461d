"""The decision about one container: the change to be made, or why it stays as it is.

Knows nothing of files and registries: the field, the policy and the selection are given.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

from automator.model.field import ImageField
from automator.model.image import ImageReference
from automator.model.plan import Change, Status, Unchanged
from automator.model.policy import Declared, Policy, PolicyKind
from automator.model.selection import Outcome, Selection
from automator.plan.guards import held
from automator.select.evaluate import moves_digest_alone

_STATUS_OF = {
    Outcome.UP_TO_DATE: Status.UP_TO_DATE,
    Outcome.WOULD_BE_OLDER: Status.UP_TO_DATE,
    Outcome.NO_CANDIDATE: Status.NO_MATCH,
    Outcome.INCOMPLETE: Status.HELD,
    Outcome.WARMING: Status.WARMING,
    Outcome.IN_USE_MISSING: Status.HELD,
    Outcome.IN_USE_UNDATED: Status.HELD,
}
_NAMES_TARGET = {Outcome.WOULD_BE_OLDER, Outcome.IN_USE_MISSING, Outcome.IN_USE_UNDATED}
"""What a person may let happen by `allow_downgrade`."""

_ORDER_IN_WORDS = {
    PolicyKind.SEMVER: ("newest in", "version"),
    PolicyKind.GLOB: ("newest build of", "build"),
    PolicyKind.REGEX: ("newest build of", "build"),
    PolicyKind.LATEST: ("newest build of", "build"),
}


def plan_field(
    field: ImageField,
    policy: Policy | None,
    declared: Declared | None,
    selection: Selection | None,
    failure: str | None,
    now: datetime,
) -> Change | Unchanged:
    """`failure` is why the image repository could not be observed; it stands before any selection."""
    unchanged = partial(Unchanged, field=field)
    if policy is None:
        return unchanged(status=Status.NO_POLICY, reason=_without_policy(field, declared))
    if policy.update.kind is PolicyKind.NONE:
        reason = f"excluded by {policy.name}"
        return unchanged(status=Status.NO_POLICY, reason=reason, policy=policy)
    decision = _unguarded(field, policy, selection, failure)
    guard = held(policy, selection, field, declared, now)
    if guard is None or (isinstance(decision, Unchanged) and guard.status is not Status.LOCKED):
        return decision
    return unchanged(
        status=guard.status,
        reason=guard.reason,
        policy=policy,
        target=decision.to if isinstance(decision, Change) else None,
        until=guard.until,
    )


def _without_policy(field: ImageField, declared: Declared | None) -> str:
    match declared.automated if declared is not None else None:
        case True:
            return "automated, but no policy applies"
        case False:
            return "automated is false"
        case None:
            return f"managed by {field.managed_by}" if field.managed_by else "no policy"


def _unguarded(
    field: ImageField, policy: Policy, selection: Selection | None, failure: str | None
) -> Change | Unchanged:
    unchanged = partial(Unchanged, field=field, policy=policy)
    if failure is not None:
        return unchanged(status=Status.REGISTRY_FAILING, reason=f"registry failing: {failure}")
    if selection is None:
        return unchanged(status=Status.REGISTRY_FAILING, reason="not observed yet")
    if selection.outcome is Outcome.UPDATE:
        return _move(field, policy, selection)
    names_target = selection.outcome in _NAMES_TARGET
    return unchanged(
        status=_STATUS_OF[selection.outcome],
        reason=_why_not(field, selection),
        target=field.image.moved_to(selection.tag, None) if names_target else None,
    )


def _why_not(field: ImageField, selection: Selection) -> str:
    """The outcome in words, with what a person needs beside it."""
    match selection.outcome:
        case Outcome.INCOMPLETE:
            return f"{selection.outcome}: {selection.doubt}"
        case Outcome.WARMING:
            total = selection.known + selection.pending
            return f"{selection.outcome}: {selection.known} of {total} tags are read"
        case Outcome.IN_USE_MISSING | Outcome.IN_USE_UNDATED:
            name = f"{field.image.name}:{field.image.tag}"
            return f"{selection.outcome}: nobody can tell whether {name} is older; allow_downgrade takes any"
        case _:
            return str(selection.outcome)


def _move(field: ImageField, policy: Policy, selection: Selection) -> Change | Unchanged:
    """A pinned image moves tag and digest together, or not at all: a tag beside another image's digest is a lie.

    A digest written without a tag stays without one. Few policies move it: what the others compare with, the tag in
    use, is not there.
    """
    image, unchanged = field.image, partial(Unchanged, field=field, policy=policy)
    following = policy.update.kind is PolicyKind.DIGEST
    digest_alone = image.tag is None and image.digest is not None
    if digest_alone and not moves_digest_alone(policy):
        reason = f"no tag in use: {image.name} is written with a digest alone"
        return unchanged(status=Status.NO_MATCH, reason=reason)
    digest = selection.facts.digest if selection.facts is not None else None
    pinned = following or policy.pin_digest or image.digest is not None
    if pinned and digest is None:
        reason = f"the digest of {image.name}:{selection.tag} is not known"
        return unchanged(status=Status.REGISTRY_FAILING, reason=reason)
    to = replace(
        image,
        tag=None if digest_alone else selection.tag,
        digest=digest if pinned else None,
    )
    return Change(field=field, to=to, policy=policy, reason=_reason(image, to, policy, selection))


def _reason(image: ImageReference, to: ImageReference, policy: Policy, selection: Selection) -> str:
    if policy.update.kind is PolicyKind.DIGEST or to.tag == image.tag:
        moved = "new digest" if image.digest is not None else "pinned to the digest"
        return f"{moved} of {selection.tag}"
    words, noun = _ORDER_IN_WORDS.get(policy.update.kind, ("first in", "tag"))
    reason = f"{words} {policy.update}"
    if not selection.behind:
        return reason
    return f"{reason}, {selection.behind} {noun}{'s' if selection.behind > 1 else ''} ahead"
