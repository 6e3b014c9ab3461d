"""Why a container runs what it runs: the policy in force and where it is written, what is known of the images, and a
verdict for every tag. The shape of `automator explain -o json`, of the API and of a workload's page.
"""

import math
from contextlib import suppress
from typing import Any

import anyio

from automator.clock import Clock
from automator.errors import RegistryError
from automator.model.plan import Change
from automator.model.selection import Verdict
from automator.model.tags import Wanted
from automator.observe.observer import Observer
from automator.observe.patience import Patience
from automator.report.shapes import describe_moved, facts_shape, reaches_of
from automator.report.verdicts import verdict_shape
from automator.select.evaluate import explain
from automator.survey.containers import Container
from automator.survey.selecting import Asking, gather_facts


def is_meant(container: Container, workload: str) -> bool:
    """Whether `namespace:kind/name` is the container's workload, or one that its Kustomize entry reaches."""
    return str(container.field.workload) == workload or any(
        str(reached.workload) == workload for reached in container.reaches
    )


async def explained(
    container: Container, observer: Observer, clock: Clock, *, patience_seconds: float = math.inf
) -> dict[str, Any]:
    """A container that was decided. `patience_seconds`: so long what is to be known of its images is waited for."""
    decision, field, policy = container.decision, container.field, container.policy
    assert decision is not None
    result = (
        f"update to {decision.to}: {decision.reason}"
        if isinstance(decision, Change)
        else decision.reason
    )
    return {
        "workload": str(field.workload),
        "container": field.container,
        "image": str(field.image),
        "path": field.location.path,
        "line": field.location.line,
        "reaches": reaches_of(container.reaches),
        "policy": None if policy is None else str(policy),
        "policy_source": None if policy is None or policy.source is None else str(policy.source),
        "result": result,
        "moved": None if container.moved is None else describe_moved(container.moved),
        "images": await _images(container, observer, clock, patience_seconds),
        "tags": [verdict_shape(verdict) for verdict in await _verdicts(container, observer, clock)],
    }


async def _images(
    container: Container, observer: Observer, clock: Clock, patience_seconds: float
) -> list[dict[str, Any]]:
    """What is to be known of the image in use and the selected one: asked for people, once for ever."""
    selection, image = container.selection, container.field.image
    if selection is None or container.failure is not None:
        return []
    tags = tuple(dict.fromkeys(tag for tag in (image.tag, selection.tag) if tag is not None))
    known = await observer.known(image.repository, tags)
    patience = Patience(deadline=clock.monotonic_seconds() + patience_seconds)
    # The end of a request that hangs is not waited for.
    with suppress(RegistryError), anyio.move_on_after(patience_seconds):
        known = (await observer.facts(image.repository, Wanted(tags=tags), patience)).known
    return [facts_shape(tag, known[tag]) for tag in tags if tag in known]


async def _verdicts(container: Container, observer: Observer, clock: Clock) -> tuple[Verdict, ...]:
    repository, policy = container.observed_repository, container.policy
    if repository is None or policy is None or container.failure is not None:
        return ()
    image = container.field.image
    # The survey has waited for what it wanted: what has not come by then is told as such.
    asking = Asking(now=clock.now(), deadline=-math.inf)
    try:
        tag_list = await observer.tag_list(repository)
        observed = await gather_facts(repository, policy, image, tag_list, observer, asking)
    except RegistryError:
        return ()
    return explain(policy, image, observed, asking.now)
