"""The documented JSON shapes, shared by every `-o json`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from automator.model.field import ImageField
from automator.model.plan import Change, Status
from automator.model.tags import ImageFacts, MovedTag
from automator.plan.guards import format_time
from automator.survey.containers import Container, Survey


def change_shape(change: Change) -> dict[str, Any]:
    return {
        "workload": str(change.field.workload),
        "container": change.field.container,
        "path": change.field.location.path,
        "from": str(change.field.image),
        "to": str(change.to),
        "policy": str(change.policy),
        "reason": change.reason,
    }


def plan_shape(survey: Survey) -> dict[str, Any]:
    return {
        "name": survey.config_repo,
        "commit": survey.snapshot.commit,
        "changes": [change_shape(change) for change in survey.changes],
        "errors": errors_of(survey),
    }


def errors_of(survey: Survey) -> list[str]:
    """What stands in the way: problems in manifests, and each failing image repository once."""
    failing = {
        f"{container.field.image.repository}: {container.failure}": None
        for container in survey.containers
        if container.failure is not None
    }
    return [*map(str, survey.snapshot.mistakes), *failing]


def image_shape(field: ImageField, reaches: Sequence[ImageField]) -> dict[str, Any]:
    return {
        "path": field.location.path,
        "line": field.location.line,
        "column": field.location.column,
        "workload": str(field.workload),
        "container": field.container,
        "image": str(field.image),
        "form": str(field.form),
        "reaches": reaches_of(reaches),
    }


def reaches_of(fields: Sequence[ImageField]) -> list[str]:
    """The workloads whose images a Kustomize entry sets."""
    return list(dict.fromkeys(str(field.workload) for field in fields))


def facts_shape(tag: str, facts: ImageFacts) -> dict[str, Any]:
    """An image, as far as it says something of itself."""
    return {
        "tag": tag,
        "digest": facts.digest,
        "created_at": facts.created_at and facts.created_at.isoformat(),
        "size_bytes": facts.size_bytes,
        "platforms": sorted(map(str, facts.platforms)),
        "source": facts.source,
        "revision": facts.revision,
        "version": facts.version,
    }


def workload_shape(
    config_repo: str, container: Container, current_at: datetime | None, latest_at: datetime | None
) -> dict[str, Any]:
    decision, selection = container.decision, container.selection
    assert decision is not None
    return {
        "config_repo": config_repo,
        "workload": str(container.field.workload),
        "container": container.field.container,
        "image": container.field.image.name,
        "current": str(container.field.image.tag or container.field.image.digest or ""),
        "behind": None if selection is None else selection.behind,
        "current_created_at": None if current_at is None else current_at.isoformat(),
        "latest": None if selection is None else selection.tag,
        "latest_created_at": None if latest_at is None else latest_at.isoformat(),
        "policy": None if container.policy is None else str(container.policy),
        "status": str(Status.UPDATABLE if isinstance(decision, Change) else decision.status),
        "reason": decision.reason,
        "reaches": reaches_of(container.reaches),
        "moved": None if container.moved is None else describe_moved(container.moved),
    }


def describe_moved(moved: MovedTag) -> str:
    """For people: the tag in use points elsewhere than it did."""
    old, new = (digest.partition(":")[2][:12] for digest in (moved.from_digest, moved.to_digest))
    return f"{moved.tag} was pushed again: {old} until {format_time(moved.at)}, {new} since"
