"""What a survey has to tell: selections that changed, changes that are held, manifests that were refused. Pure."""

from collections.abc import Iterator

from automator.model.event import ChangeHeld, Event, ManifestRefused, SelectionChanged
from automator.model.plan import Change, Status
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
