"""What a survey says of its containers: how many are where, how far behind they are, how old the images are that come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from automator.model.image import ImageReference
from automator.model.plan import Change, Status, Unchanged
from automator.model.selection import Outcome, Selection
from automator.model.tags import ImageFacts
from automator.survey.containers import Survey
from automator.survey.news import images_delivered, pass_finished
from tests.unit.survey.making import make_containers, make_snapshot

NOW = datetime(2024, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
DIGEST = "sha256:" + "ab" * 32
NOTHING = Selection(outcome=Outcome.UP_TO_DATE)


def built(days, **more):
    """Facts of an image that says that it was built so many days ago."""
    return ImageFacts(digest=DIGEST, created_at=NOW - days * DAY, **more)


def behind(versions, facts=None):
    return Selection(outcome=Outcome.UPDATE, tag="2", facts=facts, behind=versions)


def make_survey(*decided):
    """A container for each (status, selection): `updatable` moves to tag 2, as a change."""
    text = "".join(
        f"c{number}: {{repository: x/y{number}, tag: '1'}}\n" for number in range(len(decided))
    )
    files = {"values.yaml": text}
    containers = [
        replace(container, selection=selection, decision=decision_of(container.field, status))
        for container, (status, selection) in zip(make_containers(files), decided, strict=True)
    ]
    return Survey(config_repo="shop", snapshot=make_snapshot(files), containers=tuple(containers))


def decision_of(field, status):
    if status is Status.UPDATABLE:
        to = replace(field.image, tag="2")
        return Change(field=field, to=to, policy=None, reason="")
    return Unchanged(field=field, status=status, reason=str(status))


def told(*decided):
    return pass_finished(make_survey(*decided), at=NOW, took=SECOND)


def test_containers_are_counted_by_every_status():
    event = told(
        (Status.UPDATABLE, behind(1)),
        (Status.NO_POLICY, None),
        (Status.NO_POLICY, None),
        (Status.UP_TO_DATE, NOTHING),
    )
    expected = {Status.UPDATABLE: 1, Status.NO_POLICY: 2, Status.UP_TO_DATE: 1}
    assert event.workloads == dict.fromkeys(Status, 0) | expected
    assert (event.config_repo, event.at, event.took) == ("shop", NOW, SECOND)


BEHIND = [
    pytest.param([], (0, 0, 0, timedelta(0)), id="nothing there"),
    pytest.param([(Status.UP_TO_DATE, NOTHING)], (0, 0, 0, timedelta(0)), id="nothing behind"),
    pytest.param([(Status.HELD, behind(3))], (1, 3, 3, None), id="build time unknown"),
    pytest.param([(Status.HELD, behind(3, built(2)))], (1, 3, 3, 2 * DAY), id="one is held"),
    pytest.param(
        [(Status.LOCKED, behind(2, built(5))), (Status.UPDATABLE, behind(4, built(1))),
         (Status.HELD, behind(1)), (Status.UP_TO_DATE, NOTHING)],
        (3, 7, 4, 5 * DAY), id="some are, whatever their status",
    ),
    pytest.param(
        [(Status.HELD, behind(1, built(30_000, pushed_at=NOW - DAY)))], (1, 1, 1, DAY),
        id="an image that lies about its time",
    ),
    pytest.param(
        [(Status.HELD, behind(1, ImageFacts(digest=DIGEST, pushed_at=NOW + DAY)))],
        (1, 1, 1, timedelta(0)), id="a registry whose clock is fast",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("decided", "expected"), BEHIND)
def test_how_far_behind(decided, expected):
    event = told(*decided)
    assert (
        event.behind,
        event.behind_versions,
        event.most_behind_versions,
        event.behind_for,
    ) == expected


def test_a_commit_tells_the_age_of_each_image_that_is_known():
    survey = make_survey(
        (Status.UPDATABLE, behind(1, built(2))),
        (Status.UPDATABLE, behind(1)),
        (Status.UPDATABLE, behind(1, built(3))),
    )
    images = {ImageReference.parse(f"x/y{number}:2") for number in (0, 1)}
    [event] = images_delivered(survey, "c1", images, at=NOW)
    assert (event.config_repo, event.commit, event.image) == ("shop", "c1", "x/y0:2")
    assert event.lead_time == 2 * DAY
