"""Every container of a config repo with its policy, its selection and what comes of it; and what must be polled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from automator.model.field import FieldKey, ImageField, Location, RepoPath
from automator.model.image import ImageRepository
from automator.model.plan import Change, Unchanged
from automator.model.policy import Declared, Policy, PolicyKind, Rule
from automator.model.selection import Outcome, Selection
from automator.model.tags import MovedTag
from automator.plan.match import nearest_policy
from automator.survey.manifests import Across, FileReading, declared_for, field_at, fields_of
from automator.survey.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One image field with the policy in force; `decision` is None until `decide` has made it.

    `reaches` are the containers that a Kustomize entry sets the image of; `overridden_by` the entries that take this
    field's place wherever it is used. `moved` says that the tag in use was pushed again under its name.
    """

    field: ImageField
    declared: Declared | None
    policy: Policy | None
    reaches: tuple[ImageField, ...] = ()
    overridden_by: tuple[Location, ...] = ()
    moved: MovedTag | None = None
    selection: Selection | None = None
    failure: str | None = None
    decision: Change | Unchanged | None = None

    @property
    def tags_behind(self) -> tuple[str, ...]:
        """The tag in use and the selected one, where candidates rank above the one in use; else none."""
        selection, tag = self.selection, self.field.image.tag
        if selection is None or not selection.behind or tag is None or selection.tag is None:
            return ()
        return tag, selection.tag

    @property
    def observed_repository(self) -> ImageRepository | None:
        """The image repository that the policy needs to be polled, if it needs any."""
        if self.policy is None or self.policy.update.kind is PolicyKind.NONE:
            return None
        if self.overridden_by or not self.field.holds_version:
            return None
        return self.field.image.repository


@dataclass(frozen=True, slots=True)
class Demand:
    """What policies need of one image repository: its tag list, and the mutable tags that they follow."""

    tag_list: bool
    followed: frozenset[str]


def match_policies(snapshot: Snapshot, rules: Sequence[Rule]) -> list[Container]:
    containers = []
    readings, across = snapshot.readings, snapshot.across
    for path in snapshot.files:
        for number, found in enumerate(fields_of(path, readings[path], across)):
            key = (path, number)
            declared = declared_for(key, readings, across)
            policy = nearest_policy(found, declared, rules)
            reached = across.overlays.reached.get(key, ())
            if policy is None and (declared is None or declared.automated is not False):
                policy = _common_policy(reached, readings, across, rules)
            containers.append(
                Container(
                    field=found,
                    declared=declared,
                    policy=policy,
                    reaches=tuple(field_at(other, readings, across) for other in reached),
                    overridden_by=tuple(
                        field_at(other, readings, across).location
                        for other in across.overlays.overriding.get(key, ())
                    ),
                )
            )
    return containers


def _common_policy(
    reached: Sequence[FieldKey],
    readings: Mapping[RepoPath, FileReading],
    across: Across,
    rules: Sequence[Rule],
) -> Policy | None:
    """Of the workloads that an entry sets the image of, whoever says it, if it is the same for all."""
    policies = [
        nearest_policy(field_at(key, readings, across), declared_for(key, readings, across), rules)
        for key in reached
    ]
    asked = {policy and policy.unnamed for policy in policies}
    return policies[0] if len(asked) == 1 else None


def demands_of(containers: Iterable[Container]) -> dict[ImageRepository, Demand]:
    lists: set[ImageRepository] = set()
    followed: dict[ImageRepository, set[str]] = {}
    for container in containers:
        repository, policy = container.observed_repository, container.policy
        if repository is None or policy is None:
            continue
        image = container.field.image
        if policy.update.kind is PolicyKind.DIGEST:
            followed.setdefault(repository, set()).add(policy.update.argument)
            continue
        lists.add(repository)
        if policy.pin_digest and not policy.keep_digest and image.digest and image.tag:
            followed.setdefault(repository, set()).add(image.tag)
    return {
        repository: Demand(repository in lists, frozenset(followed.get(repository, ())))
        for repository in sorted(lists | followed.keys())
    }


def with_targets(
    demands: Mapping[ImageRepository, Demand], containers: Iterable[Container]
) -> dict[ImageRepository, Demand]:
    """Tags that are held back and will be written with a digest are followed too: until then they may move on."""
    merged = dict(demands)
    for container in containers:
        repository, decision = container.observed_repository, container.decision
        target = decision.target if isinstance(decision, Unchanged) else None
        if repository in merged and target and target.tag and target.digest:
            demand = merged[repository]
            merged[repository] = Demand(demand.tag_list, demand.followed | {target.tag})
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A config repo at one commit, with what is to be done about each of its containers."""

    config_repo: str
    snapshot: Snapshot
    containers: tuple[Container, ...]
    demands: Mapping[ImageRepository, Demand] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(c.decision for c in self.containers if isinstance(c.decision, Change))

    @property
    def unchanged(self) -> tuple[Unchanged, ...]:
        return tuple(c.decision for c in self.containers if isinstance(c.decision, Unchanged))

    @property
    def is_warming(self) -> bool:
        """Whether a selection waits for facts that are still being asked for."""
        return any(
            c.selection is not None and c.selection.outcome is Outcome.WARMING
            for c in self.containers
        )

    @property
    def next_look_at(self) -> datetime | None:
        """When the first held change may be made, if any is held until a known time."""
        return min((u.until for u in self.unchanged if u.until is not None), default=None)
