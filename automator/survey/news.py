"""What a survey has to tell: selections that changed, changes that are held, manifests that were refused; and how many
containers are where. Pure.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from automator.errors import AutomatorError, PushRejected, RemoteDenied
from automator.model.event import (
    ChangeHeld,
    Event,
    ImageDelivered,
    ManifestRefused,
    PassFailed,
    PassFinished,
    SelectionChanged,
)
from automator.model.image import ImageReference
from automator.model.plan import Change, CommitId, Status
from automator.model.tags import ImageFacts
from automator.select.order import build_time
from automator.survey.containers import Container, Survey


def survey_news(survey: Survey) -> Iterator[Event]:
    """All there is to tell; the caller tells what it did not tell after the survey before."""
    for problem in survey.snapshot.mistakes:
        yield ManifestRefused(config_repo=survey.config_repo, problem=str(problem))
    for container in survey.containers:
        event = _container_news(survey.config_repo, container)
        if event is not None:
            yield event


def _container_news(config_repo: str, container: Container) -> Event | None:
    decision = container.decision
    workload, name = str(container.field.workload), container.field.container
    if isinstance(decision, Change):
        return SelectionChanged(
            config_repo=config_repo,
            workload=workload,
            container=name,
            image=str(container.field.image),
            selection=str(decision.to),
            policy=str(decision.policy),
        )
    if decision is None or decision.target is None:
        return None
    if decision.status not in {Status.HELD, Status.LOCKED}:
        return None
    return ChangeHeld(
        config_repo=config_repo,
        workload=workload,
        container=name,
        selection=str(decision.target),
        reason=decision.reason,
    )


def pass_finished(survey: Survey, *, at: datetime, took: timedelta) -> PassFinished:
    """How many containers of this survey are where; `at` is now."""
    statuses = Counter(map(_status, survey.containers))
    behind = [
        container.selection
        for container in survey.containers
        if container.selection is not None and container.selection.behind
    ]
    built = [build_time(selection.facts, at) for selection in behind if selection.facts]
    ages = [max(at - time, timedelta(0)) for time in built if time is not None]
    return PassFinished(
        config_repo=survey.config_repo,
        at=at,
        workloads={status: statuses[status] for status in Status},
        behind=len(behind),
        behind_versions=sum(selection.behind for selection in behind),
        most_behind_versions=max((selection.behind for selection in behind), default=0),
        behind_for=max(ages, default=None) if behind else timedelta(0),
        took=took,
    )


def pass_failed(
    config_repo: str, error: AutomatorError, *, retry_at: datetime | None, took: timedelta
) -> PassFailed:
    return PassFailed(
        config_repo=config_repo,
        error=error.message,
        kind=error.kind,
        hint=error.hint,
        retry_at=retry_at,
        took=took,
        push_refused=_is_refusal(error),
    )


def _is_refusal(error: AutomatorError) -> bool:
    """The remote answers, and says no: by its rules, or by who may do what."""
    return isinstance(error, RemoteDenied) or (isinstance(error, PushRejected) and error.rule)


def _status(container: Container) -> Status:
    decision = container.decision
    assert decision is not None, "a survey's containers are decided"
    return Status.UPDATABLE if isinstance(decision, Change) else decision.status


def images_delivered(
    survey: Survey, commit: CommitId, images: Collection[ImageReference], *, at: datetime
) -> Iterator[ImageDelivered]:
    """Of the images that a commit brings, those whose build time is known; `at` is when it was pushed."""
    facts = selected_facts(survey)
    for image in sorted(images, key=str):
        built_at = build_time(facts[image], at) if image in facts else None
        if built_at is not None:
            yield ImageDelivered(
                config_repo=survey.config_repo,
                commit=commit,
                image=str(image),
                lead_time=max(at - built_at, timedelta(0)),
            )


def selected_facts(survey: Survey) -> dict[ImageReference, ImageFacts]:
    """Of each image that a container is to move to, as far as they are known: always under `record_digests`."""
    return {
        container.decision.to: container.selection.facts
        for container in survey.containers
        if isinstance(container.decision, Change)
        and container.selection is not None
        and container.selection.facts is not None
    }
