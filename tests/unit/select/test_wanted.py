"""Which facts are asked for before a selection, in which order, and what a selection makes of those that do not come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from automator.model.image import Digest, ImageReference, Platform
from automator.model.policy import Policy
from automator.model.selection import Outcome, Reason
from automator.model.tags import Detail, ImageFacts, Observed, TagList
from automator.select.evaluate import evaluate, explain
from automator.select.expression import parse_expression
from automator.select.wanted import wanted_facts

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ARM = Platform("linux", "arm64")


def policy(update="latest", **options):
    return Policy(name="p", update=parse_expression(update), **options)


def app(tag, digest=None):
    return ImageReference("app", tag, digest)


def day(number):
    return NOW - timedelta(days=30 - number)


def facts(created=None, pushed=None, detail=Detail.TIME, **more):
    return ImageFacts(
        digest=Digest("sha256:" + "a" * 64),
        created_at=None if created is None else day(created),
        pushed_at=None if pushed is None else day(pushed),
        detail=detail,
        **more,
    )


def pushed(number):
    """All that a registry's own list tells of most tags."""
    return facts(pushed=number, detail=Detail.DIGEST)


def observe(*tags, **known):
    """Facts by tag, with `_` for `.`."""
    return Observed(
        tag_list=TagList(tags=tags), facts={tag.replace("_", "."): f for tag, f in known.items()}
    )


@pytest.mark.parametrize(
    ("asked", "current", "tags", "wanted", "detail"),
    [
        pytest.param(policy(), "b1", ("b1", "b2"), ("b1", "b2"), Detail.TIME, id="first the one in use"),
        pytest.param(
            policy(), "b1", ("b2", "b10", "b9"), ("b1", "b10", "b9", "b2"), Detail.TIME,
            id="also if it is not listed; then the newest name, numbers as numbers",
        ),
        pytest.param(policy("glob:b*"), "b1", ("b1", "c"), ("b1",), Detail.TIME, id="candidates by name"),
        pytest.param(
            policy("glob:c*"), "b1", ("b1", "c"), ("b1", "c"), Detail.TIME, id="the one in use though it is none"
        ),
        pytest.param(
            policy(platforms=frozenset({ARM})), "b1", ("b1",), ("b1",), Detail.FULL, id="platforms"
        ),
        pytest.param(policy("semver:*"), "1.0.0", ("1.0.0", "1.1.0"), (), Detail.FULL, id="names do"),
        pytest.param(
            policy("semver:*", pin_digest=True), "1.0.0", ("1.0.0", "1.1.0"), ("1.1.0",), Detail.DIGEST,
            id="a digest of the best",
        ),
        pytest.param(
            policy("semver:*", min_age=timedelta(days=1)), "1.0.0", ("1.0.0", "1.1.0"), ("1.1.0",),
            Detail.TIME, id="the age of the best",
        ),
        pytest.param(
            policy("numerical:asc", platforms=frozenset({ARM})), "1", ("1", "2"), ("2",), Detail.FULL,
            id="the platforms of the best",
        ),
        pytest.param(policy("digest:stable"), "stable", ("stable",), ("stable",), Detail.DIGEST, id="followed"),
    ],
)  # fmt: skip
def test_what_is_asked_for_first(asked, current, tags, wanted, detail):
    found = wanted_facts(asked, app(current), observe(*tags), NOW)
    assert (found.tags, found.detail) == (wanted, detail)


BOUNDS = [
    pytest.param({"a": pushed(1), "b": pushed(2)}, ("b",), id="the last pushed may be the newest"),
    pytest.param({"a": pushed(1), "b": facts(2, 2)}, (), id="nothing below can be younger"),
    pytest.param({"a": pushed(3), "b": facts(2, 4)}, ("a",), id="an old build was pushed late"),
    pytest.param({"a": facts(3, 3), "b": facts(2, 4)}, (), id="all that matters is known"),
    pytest.param({"a": facts(3), "b": pushed(4)}, ("b",), id="a creation time is no bound"),
]


@pytest.mark.parametrize(("known", "wanted"), BOUNDS)
def test_push_times_say_whose_creation_times_are_asked_for(known, wanted):
    assert wanted_facts(policy(), app("a"), observe("a", "b", **known), NOW).tags == wanted


def batches(asked, current, tags, shown, truth):
    """How many tags are asked for, time after time; what the truth lacks is not there."""
    shown, missing, sizes = dict(shown), set(), []
    while True:
        observed = Observed(tag_list=TagList(tags=tags), facts=shown, missing=frozenset(missing))
        wanted = wanted_facts(asked, app(current), observed, NOW).tags
        if not wanted:
            return sizes
        sizes.append(len(wanted))
        shown |= {tag: truth[tag] for tag in wanted if tag in truth}
        missing |= {tag for tag in wanted if tag not in truth}


MANY = tuple(f"b{n}" for n in range(100))
MOVED = {tag: facts(-n, 20 - n / 1000) for n, tag in enumerate(reversed(MANY))}
LISTED = {
    tag: replace(known, created_at=None, detail=Detail.DIGEST) for tag, known in MOVED.items()
}
ARM_ONLY = {"b0": facts(1, detail=Detail.FULL, platforms=frozenset({ARM}))}
FULL = {tag: facts(1, detail=Detail.FULL) for tag in MANY}
BATCHES = [
    pytest.param(policy(), LISTED, MOVED | {"b99": facts(20, 20)}, [1], id="the first is it"),
    pytest.param(policy(), LISTED, MOVED, [1, 2, 4, 8, 16, 32, 32, 5], id="all came from elsewhere"),
    pytest.param(
        policy(), MOVED | {"b99": pushed(21)}, MOVED | {"b99": facts(21, 21)}, [1], id="all but the last are known"
    ),
    pytest.param(
        policy(), MOVED | {"b99": pushed(21), "b98": pushed(20.9)},
        MOVED | {"b99": facts(21, 21), "b98": facts(20, 20)}, [1], id="what came before says nothing of what is pushed now",
    ),
    pytest.param(
        policy("alphabetical:asc", platforms=frozenset({ARM})), {}, FULL | ARM_ONLY,
        [1, 2, 4, 8, 16, 32, 32, 5], id="most lack the platform",
    ),
    pytest.param(
        policy("alphabetical:asc", pin_digest=True), {}, {"b0": facts(1)}, [1, 2, 4, 8, 16, 32, 32, 5],
        id="most are not there",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "shown", "truth", "sizes"), BATCHES)
def test_twice_as_many_are_asked_for_each_time_that_those_before_were_not_enough(
    asked, shown, truth, sizes
):
    assert batches(asked, "b0", MANY, shown, truth) == sizes


@pytest.mark.parametrize(
    ("in_use", "wanted"),
    [(pushed(9), ("old",)), (pushed(3), ()), (facts(9, 9), ())],
    ids=["perhaps it is younger than the best", "it cannot be", "it is"],
)
def test_the_one_in_use_that_is_no_candidate_is_asked_for_only_in_doubt(in_use, wanted):
    observed = observe("c1", old=in_use, c1=facts(5, 5))
    assert wanted_facts(policy("glob:c*"), app("old"), observed, NOW).tags == wanted


def test_what_is_missing_or_pending_is_not_wanted_again():
    observed = Observed(
        tag_list=TagList(tags=("a", "b", "c")),
        missing=frozenset({"a"}),
        pending=frozenset({"b", "c"}),
    )
    assert wanted_facts(policy(), app("a"), observed, NOW).tags == ()


def test_a_selection_waits_for_what_is_pending_and_counts_it():
    observed = Observed(
        tag_list=TagList(tags=("a", "b", "c")), facts={"a": facts(9)}, pending=frozenset({"b", "c"})
    )
    selection = evaluate(policy(), app("a"), observed, NOW)
    assert (selection.outcome, selection.known, selection.pending) == (Outcome.WARMING, 1, 2)
    assert selection.tag is None


def test_a_doubted_list_gives_no_selection_and_says_why():
    observed = Observed(tag_list=TagList(tags=("1.0.0", "2.0.0"), doubt="too short"))
    selection = evaluate(policy("semver:*"), app("1.0.0"), observed, NOW)
    assert (selection.outcome, selection.tag) == (Outcome.INCOMPLETE, None)
    assert selection.doubt == "too short"


@pytest.mark.parametrize(
    ("options", "missing", "outcome"),
    [
        ({}, {"gone"}, Outcome.IN_USE_MISSING),
        ({"allow_downgrade": True}, {"gone"}, Outcome.UPDATE),
        ({}, (), Outcome.UPDATE),
    ],
    ids=["the registry has it no more", "any will do", "nobody asked the registry"],
)
def test_nothing_replaces_an_image_whose_age_the_registry_no_longer_tells(
    options, missing, outcome
):
    observed = Observed(
        tag_list=TagList(tags=("a",)), facts={"a": facts(1)}, missing=frozenset(missing)
    )
    assert evaluate(policy(**options), app("gone"), observed, NOW).outcome is outcome


def test_the_one_in_use_is_compared_though_the_list_lacks_it():
    observed = observe("a", gone=facts(5), a=facts(1))
    assert evaluate(policy(), app("gone"), observed, NOW).outcome is Outcome.WOULD_BE_OLDER


@pytest.mark.parametrize("update", ["latest", "semver:*", "numerical:asc", "alphabetical:asc"])
def test_what_is_known_to_be_no_image_is_no_candidate(update):
    observed = observe("1", "2", **{"1": facts(1), "2": facts(2, is_image=False)})
    asked = policy(update)
    assert evaluate(asked, app("1"), observed, NOW).tag == "1"
    assert {v.tag: v.reason for v in explain(asked, app("1"), observed, NOW)}[
        "2"
    ] is Reason.NOT_AN_IMAGE


def test_a_wrong_date_in_the_future_that_comes_due_makes_nothing_new():
    wrong = facts(created=90, pushed=1)
    observed = observe("old", "new", old=wrong, new=facts(5, 5))
    later = NOW + timedelta(days=300)
    assert evaluate(policy(), app("new"), observed, later).outcome is Outcome.UP_TO_DATE
