"""Every container of a config repo with its policy, its selection and what comes of it; and what must be polled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import anyio

from automator.errors import RegistryError
from automator.model.field import FieldKey, ImageField, Location, RepoPath
from automator.model.image import ImageReference, ImageRepository
from automator.model.plan import Change, Unchanged
from automator.model.policy import Declared, Policy, PolicyKind, Rule
from automator.model.selection import Selection
from automator.model.tags import Observed, TagList
from automator.observe.observer import Observer
from automator.plan.changes import plan_field
from automator.plan.effective import without_effect
from automator.plan.match import nearest_policy
from automator.select.evaluate import evaluate, wanted_facts
from automator.survey.manifests import Across, FileReading, declared_for, field_at, fields_of
from automator.survey.snapshot import Snapshot

_REPOSITORIES_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One image field with the policy in force; `decision` is None until `decide` has made it.

    `reaches` are the containers that a Kustomize entry sets the image of; `overridden_by` the entries that take this
    field's place wherever it is used.
    """

    field: ImageField
    declared: Declared | None
    policy: Policy | None
    reaches: tuple[ImageField, ...] = ()
    overridden_by: tuple[Location, ...] = ()
    selection: Selection | None = None
    failure: str | None = None
    decision: Change | Unchanged | None = None

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


async def decide(
    containers: Sequence[Container], observer: Observer, now: datetime
) -> list[Container]:
    """Selects and plans for every container. Equal questions (policy, image) are answered once."""
    questions: dict[ImageRepository, dict[tuple[Policy, ImageReference], None]] = {}
    for container in containers:
        repository = container.observed_repository
        if repository is not None and container.policy is not None:
            asked = questions.setdefault(repository, {})
            asked[container.policy.unnamed, container.field.image] = None
    answers: dict[tuple[Policy, ImageReference], Selection | str] = {}
    limiter = anyio.CapacityLimiter(_REPOSITORIES_AT_ONCE)

    async def answer(repository: ImageRepository) -> None:
        async with limiter:
            answers.update(await select_for(repository, list(questions[repository]), observer, now))

    async with anyio.create_task_group() as tasks:
        for repository in questions:
            tasks.start_soon(answer, repository)
    return [_decided(container, answers, now) for container in containers]


def _decided(
    container: Container,
    answers: Mapping[tuple[Policy, ImageReference], Selection | str],
    now: datetime,
) -> Container:
    unchanged = without_effect(container.field, container.policy, container.overridden_by)
    if unchanged is not None:
        return replace(container, decision=unchanged)
    answer: Selection | str | None = None
    if container.policy is not None and container.observed_repository is not None:
        answer = answers[container.policy.unnamed, container.field.image]
    selection = answer if isinstance(answer, Selection) else None
    failure = answer if isinstance(answer, str) else None
    decision = plan_field(
        container.field, container.policy, container.declared, selection, failure, now
    )
    return replace(container, selection=selection, failure=failure, decision=decision)


async def select_for(
    repository: ImageRepository,
    questions: Sequence[tuple[Policy, ImageReference]],
    observer: Observer,
    now: datetime,
) -> dict[tuple[Policy, ImageReference], Selection | str]:
    """A selection for each question, or the text of the failure that stands in its way."""
    answers: dict[tuple[Policy, ImageReference], Selection | str] = {}
    tag_list = await observer.tag_list(repository)
    for policy, image in questions:
        try:
            observed = await gather_facts(repository, policy, image, tag_list, observer)
        except RegistryError as error:
            answers[policy, image] = str(error)
        else:
            answers[policy, image] = evaluate(policy, image, observed, now)
    return answers


async def gather_facts(
    repository: ImageRepository,
    policy: Policy,
    image: ImageReference,
    tag_list: TagList | None,
    observer: Observer,
) -> Observed:
    """All that this selection may look at. Raises the RegistryError that stands in its way."""
    if policy.update.kind is PolicyKind.DIGEST:
        tag_list = TagList(tags=(policy.update.argument,))
    failure = observer.failure(repository)
    if failure is not None:
        raise failure
    assert tag_list is not None, "a repository that never was listed has a failure"
    observed = Observed(tag_list=tag_list)
    while wanted := wanted_facts(policy, image, observed):
        found = await observer.facts(repository, wanted)
        observed = replace(
            observed,
            facts={**observed.facts, **found},
            missing=observed.missing | (set(wanted) - found.keys()),
        )
    return observed


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
    def next_look_at(self) -> datetime | None:
        """When the first held change may be made, if any is held until a known time."""
        return min((u.until for u in self.unchanged if u.until is not None), default=None)
