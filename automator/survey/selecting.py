"""The selection for every container: questions put to the observer, facts gathered as they turn out to be needed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import anyio

from automator.errors import RegistryError
from automator.model.image import ImageReference, ImageRepository
from automator.model.policy import Policy, PolicyKind
from automator.model.selection import Outcome, Selection
from automator.model.tags import Detail, MovedTag, Observed, TagList, Wanted
from automator.observe.observer import Observer
from automator.observe.patience import ALWAYS, Patience
from automator.plan.changes import plan_field
from automator.plan.effective import without_effect
from automator.select.evaluate import evaluate
from automator.select.wanted import wanted_facts
from automator.survey.containers import Container
from automator.tasks import open_tasks

_REPOSITORIES_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a survey asks for facts: what time it is, until when (by the monotonic clock), and whether each selected
    image is looked at before it is written anywhere (`check_images`).
    """

    now: datetime
    deadline: float = math.inf
    check_images: bool = False


async def decide(
    containers: Sequence[Container], observer: Observer, asking: Asking
) -> list[Container]:
    """Selects and plans for every container. Equal questions (policy, image) are answered once."""
    questions: dict[ImageRepository, dict[tuple[Policy, ImageReference], None]] = {}
    for container in containers:
        repository = container.observed_repository
        if repository is not None and container.policy is not None:
            asked = questions.setdefault(repository, {})
            asked[container.policy.unnamed, container.field.image] = None
    answers: dict[tuple[Policy, ImageReference], Answer] = {}
    limiter = anyio.CapacityLimiter(_REPOSITORIES_AT_ONCE)

    async def answer(repository: ImageRepository) -> None:
        async with limiter:
            asked = list(questions[repository])
            answers.update(await select_for(repository, asked, observer, asking))

    async with open_tasks() as tasks:
        for repository in questions:
            tasks.start_soon(answer, repository)
    return [_decided(container, answers, asking.now) for container in containers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A selection, or the failure that stands in its way."""

    selection: Selection | None = None
    failure: str | None = None
    moved: MovedTag | None = None


def _decided(
    container: Container,
    answers: Mapping[tuple[Policy, ImageReference], Answer],
    now: datetime,
) -> Container:
    unchanged = without_effect(container.field, container.policy, container.overridden_by)
    if unchanged is not None:
        return replace(container, decision=unchanged)
    answer = Answer()
    if container.policy is not None and container.observed_repository is not None:
        answer = answers[container.policy.unnamed, container.field.image]
    decision = plan_field(
        container.field,
        container.policy,
        container.declared,
        answer.selection,
        answer.failure,
        now,
    )
    return replace(
        container,
        selection=answer.selection,
        failure=answer.failure,
        moved=answer.moved,
        decision=decision,
    )


async def select_for(
    repository: ImageRepository,
    questions: Sequence[tuple[Policy, ImageReference]],
    observer: Observer,
    asking: Asking,
) -> dict[tuple[Policy, ImageReference], Answer]:
    """A selection for each question, or the text of the failure that stands in its way."""
    answers: dict[tuple[Policy, ImageReference], Answer] = {}
    tag_list = await observer.tag_list(repository)
    moved = await observer.moved_tags(repository)
    for policy, image in questions:
        moved_tag = _moved_in_use(image, moved)
        try:
            observed = await gather_facts(repository, policy, image, tag_list, observer, asking)
        except RegistryError as error:
            answers[policy, image] = Answer(failure=str(error), moved=moved_tag)
        else:
            selection = evaluate(policy, image, observed, asking.now)
            answers[policy, image] = Answer(selection=selection, moved=moved_tag)
    return answers


def _moved_in_use(image: ImageReference, moved: Mapping[str, MovedTag]) -> MovedTag | None:
    """A digest that is written says which of the two is in use: there is nothing to warn of."""
    return moved.get(image.tag) if image.tag is not None and image.digest is None else None


async def gather_facts(
    repository: ImageRepository,
    policy: Policy,
    image: ImageReference,
    tag_list: TagList | None,
    observer: Observer,
    asking: Asking,
) -> Observed:
    """All that this selection may look at. Raises the RegistryError that stands in its way."""
    if policy.update.kind is PolicyKind.DIGEST:
        tag_list = TagList(tags=(policy.update.argument,))
    failure = observer.failure(repository)
    if failure is not None:
        raise failure
    assert tag_list is not None, "a repository that never was listed has a failure"
    observed = Observed(tag_list=tag_list)
    at_least = ALWAYS
    while (wanted := _wanted(policy, image, observed, asking)).tags:
        # What is known may do, a push time in place of a creation time above all: it is no request.
        known = await observer.known(
            repository, [tag for tag in wanted.tags if tag not in observed.facts]
        )
        if known:
            observed = replace(observed, facts={**observed.facts, **known})
            continue
        patience = Patience(deadline=asking.deadline, at_least=at_least)
        learnt = await observer.facts(repository, wanted, patience, seen=observed.facts)
        at_least = max(0, at_least - len(wanted.tags))
        observed = replace(
            observed,
            facts={**observed.facts, **learnt.known},
            missing=observed.missing | learnt.missing,
            pending=observed.pending | learnt.pending,
        )
    return observed


def _wanted(policy: Policy, image: ImageReference, observed: Observed, asking: Asking) -> Wanted:
    wanted = wanted_facts(policy, image, observed, asking.now)
    if wanted.tags or not asking.check_images:
        return wanted
    selection = evaluate(policy, image, observed, asking.now)
    if selection.outcome is not Outcome.UPDATE or selection.tag is None:
        return wanted
    known = selection.facts is not None and selection.facts.detail >= Detail.TIME
    return Wanted() if known else Wanted(tags=(selection.tag,), detail=Detail.TIME)
