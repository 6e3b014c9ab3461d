"""Where `release` and `rollback` move an image, after the checks that an update would pass: asked from the registry and
the audit log.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from automator.actions.action import Action, Release, Rollback
from automator.actions.choose import Containers
from automator.errors import InvalidReference, NotFound, UsageError
from automator.git.commit import Identity
from automator.model.field import FieldKey, ImageField, Role
from automator.model.image import Digest, ImageReference, is_tag
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.model.selection import Outcome, Selection
from automator.model.tags import Detail, ImageFacts, Observed, TagList, Wanted
from automator.pipeline import Tools
from automator.plan.guards import held
from automator.report.history import HistoryEntry
from automator.select.evaluate import explain
from automator.survey.containers import Container
from automator.survey.selecting import Asking, select_for

_WENT_BACK = "rollback by "


@dataclass(slots=True)
class Moves:
    """`digests` are those of the new images, by `name:tag`."""

    changes: dict[FieldKey, Change] = field(default_factory=dict)
    digests: dict[str, Digest] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


async def plan_moves(
    action: Release | Rollback,
    effective: Containers,
    log: Sequence[HistoryEntry],
    by: Identity,
    tools: Tools,
) -> Moves:
    """Raises UsageError where a check says no, RegistryError where the registry cannot be asked."""
    moves = Moves()
    policy = Policy(name=action.verb, update=Expression(PolicyKind.NONE, "", f"by {by.name}"))
    for key, container in effective.items():
        found = container.field
        target = _target(action, found, log)
        assert target.tag is not None
        _check_field(container, action)
        facts = await _look_up(found, target.tag, tools)
        _check_facts(container, target.tag, facts, action)
        digest = None
        if _is_pinned(container):
            digest = target.digest or facts.digest
            if digest != facts.digest:
                note = f"{target.tag} is another image by now: the one before is written"
                moves.notes.append(note)
        to = found.image.moved_to(target.tag, digest)
        if to != found.image:
            reason = action.reason or f"{action.verb} by hand"
            moves.changes[key] = Change(field=found, to=to, policy=policy, reason=reason)
            moves.digests[f"{to.name}:{to.tag}"] = digest or facts.digest
            moves.notes += await _what_follows(container, to, facts, tools, action)
    return moves


def _target(
    action: Release | Rollback, found: ImageField, log: Sequence[HistoryEntry]
) -> ImageReference:
    if not action.tag:
        return image_before(found, log)
    if not is_tag(action.tag):
        raise UsageError(f"{action.tag!r} is no tag")
    return found.image.moved_to(action.tag, None)


def image_before(found: ImageField, log: Sequence[HistoryEntry]) -> ImageReference:
    """What the container had before the image in use came, by the newest entry that tells; going back is no coming."""
    for entry in log:
        same = (entry.workload, entry.container) == (str(found.workload), found.container)
        went_back = (entry.policy or "").startswith(_WENT_BACK)
        if same and entry.to_image == str(found.image) and not went_back:
            return _parse_before(entry, found)
    raise UsageError(
        f"the audit log does not tell what was before {found.image}", hint="name it: --to TAG"
    )


def _parse_before(entry: HistoryEntry, found: ImageField) -> ImageReference:
    try:
        image = ImageReference.parse(entry.from_image)
    except InvalidReference:
        image = None
    if image is None or image.tag is None or image.repository != found.image.repository:
        raise UsageError(
            f"before it, {entry.from_image} was in use, which is no tag of the same image",
            hint="name a tag: --to TAG",
        )
    return image


def _check_field(container: Container, action: Release | Rollback) -> None:
    found, said = container.field, container.declared
    if not found.holds_version:
        raise UsageError(f"{found.location}: no tag is written here", hint="write it by hand")
    if said is not None and said.locked and not action.force:
        why = f": {said.locked_reason}" if said.locked_reason else ""
        raise UsageError(f"{found.workload} is locked{why}", hint="--force, or unlock it first")


async def _look_up(found: ImageField, tag: str, tools: Tools) -> ImageFacts:
    """As the registry has it now."""
    repository, name = found.image.repository, f"{found.image.name}:{tag}"
    await tools.observer.look_again(repository, [tag])
    learnt = await tools.observer.facts(repository, Wanted(tags=(tag,), detail=Detail.FULL))
    facts = learnt.known.get(tag)
    if facts is None:
        raise NotFound(f"the registry has no image {name}", location=str(repository))
    if not facts.is_image:
        raise UsageError(f"{name} is no image, but a chart, a signature or the like")
    return facts


def _check_facts(container: Container, tag: str, facts: ImageFacts, action: Action) -> None:
    policy = container.policy
    force = isinstance(action, Release | Rollback) and action.force
    lacking = policy.platforms - facts.platforms if policy is not None else frozenset()
    if lacking and not force:
        names = ", ".join(sorted(map(str, lacking)))
        raise UsageError(f"{container.field.image.name}:{tag} lacks {names}", hint="--force")


def _is_pinned(container: Container) -> bool:
    found, policy = container.field, container.policy
    written = any(part.role is Role.DIGEST and part.value for part in found.parts)
    return written or found.image.digest is not None or bool(policy and policy.pin_digest)


async def _what_follows(
    container: Container, to: ImageReference, facts: ImageFacts, tools: Tools, action: Action
) -> list[str]:
    """What the policy says of the tag, and whether the next pass would move it on."""
    policy, tag, now = container.policy, to.tag, tools.clock.now()
    if policy is None or policy.update.kind is PolicyKind.NONE or tag is None:
        return []
    observed = Observed(tag_list=TagList(tags=(tag,)), facts={tag: facts})
    notes = [
        f"the policy {policy} would not take {tag}: {verdict.reason}"
        for verdict in explain(policy, to, observed, now)
        if not verdict.accepted
    ]
    if isinstance(action, Rollback):
        return notes
    chosen = Selection(outcome=Outcome.UPDATE, tag=tag, facts=facts)
    guard = held(policy, chosen, container.field, None, now)
    if guard is not None:
        notes.append(f"the policy {policy} would wait: {guard.reason}")
    await tools.observer.refresh([to.repository], older_than=None)
    asking = Asking(now=now, deadline=math.inf)
    answers = await select_for(to.repository, [(policy, to)], tools.observer, asking)
    selection = answers[policy, to].selection
    locked = container.declared is not None and container.declared.locked
    if selection is not None and selection.outcome is Outcome.UPDATE and not locked:
        notes.append(
            f"the policy {policy} moves it on to {selection.tag} at the next pass, unless it is locked"
        )
    return notes
