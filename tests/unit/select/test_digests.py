"""Whether the image in use is the selected one where digests are written: pinned, kept, and without a tag."""

from datetime import UTC, datetime

import pytest

from automator.model.image import Digest, ImageReference
from automator.model.policy import Policy
from automator.model.tags import ImageFacts, Observed, TagList
from automator.select.evaluate import evaluate, moves_digest_alone
from automator.select.expression import parse_expression
from automator.select.wanted import wanted_facts

NOW = datetime(2024, 6, 1, tzinfo=UTC)
OLD, NEW = (Digest(f"sha256:{digit * 64}") for digit in "01")
OBSERVED = Observed(
    tag_list=TagList(tags=("1.1.0", "1.0.0", "stable")),
    facts={tag: ImageFacts(digest=NEW, created_at=NOW) for tag in ("1.1.0", "stable")},
)
UNKNOWN = Observed(tag_list=OBSERVED.tag_list)

PIN = {"pin_digest": True}
KEEP = {"pin_digest": True, "keep_digest": True}
FREE = {"pin_digest": True, "allow_downgrade": True}


def make_policy(update="semver:^1", **options):
    return Policy(name="p", update=parse_expression(update), **options)


@pytest.mark.parametrize(
    ("tag", "digest", "policy", "outcome"),
    [
        pytest.param("1.1.0", None, make_policy(), "up to date", id="the tag in use"),
        pytest.param("1.1.0", OLD, make_policy(), "up to date", id="its digest is nobody's business"),
        pytest.param("1.1.0", None, make_policy(**PIN), "update", id="pin: it gets its digest"),
        pytest.param("1.1.0", NEW, make_policy(**PIN), "up to date", id="pin: it has it"),
        pytest.param("1.1.0", OLD, make_policy(**PIN), "update", id="pin: the tag moved"),
        pytest.param("1.1.0", OLD, make_policy(**KEEP), "up to date", id="keep: the tag moved"),
        pytest.param("1.1.0", NEW, make_policy(**KEEP), "up to date", id="keep: it did not"),
        pytest.param("1.1.0", None, make_policy(**KEEP), "update", id="keep: nothing is there yet"),
        pytest.param("1.0.0", OLD, make_policy(**KEEP), "update", id="keep: another tag"),
        pytest.param(
            "1.1.0", OLD, make_policy(keep_digest=True), "up to date", id="keep without pin"
        ),
        pytest.param("2.0.0", OLD, make_policy(**KEEP), "would be older", id="keep: never older"),
        pytest.param("stable", OLD, make_policy("digest:stable"), "update", id="digest: moved"),
        pytest.param(
            "stable", NEW, make_policy("digest:stable"), "up to date", id="digest: the same"
        ),
        pytest.param(
            "stable", OLD, make_policy("digest:stable", **KEEP), "update", id="digest: always follows"
        ),
        pytest.param(
            None, NEW, make_policy("digest:stable"), "up to date", id="digest: the same, no tag"
        ),
        pytest.param(None, OLD, make_policy("digest:stable"), "update", id="digest: moved, no tag"),
        pytest.param(None, OLD, make_policy(**FREE), "update", id="alone: another digest"),
        pytest.param(None, NEW, make_policy(**FREE), "up to date", id="alone: the selected digest"),
        pytest.param(
            None,
            OLD,
            make_policy(**FREE, keep_digest=True),
            "update",
            id="alone: whether the tag moved cannot be told",
        ),
        pytest.param(None, NEW, make_policy(**PIN), "update", id="alone: the plan tells why not"),
        pytest.param(None, None, make_policy(**FREE), "update", id="bare"),
        pytest.param(
            None, NEW, make_policy("latest", **FREE), "up to date", id="alone: the newest build"
        ),
    ],
)  # fmt: skip
def test_outcome(tag, digest, policy, outcome):
    assert evaluate(policy, ImageReference("app", tag, digest), OBSERVED, NOW).outcome == outcome


@pytest.mark.parametrize(
    ("tag", "policy", "outcome"),
    [
        pytest.param("1.1.0", make_policy(**PIN), "up to date", id="the tag in use stays"),
        pytest.param("1.1.0", make_policy(**KEEP), "up to date", id="also if it is kept"),
        pytest.param("stable", make_policy("digest:stable"), "up to date", id="and if followed"),
        pytest.param(
            None, make_policy(**FREE), "update", id="alone: the plan waits for the digest"
        ),
    ],
)
def test_outcome_while_the_digest_is_not_known(tag, policy, outcome):
    assert evaluate(policy, ImageReference("app", tag, OLD), UNKNOWN, NOW).outcome == outcome


@pytest.mark.parametrize("options", [PIN, KEEP, FREE])
def test_the_digest_of_the_selected_tag_is_wanted(options):
    policy = make_policy(**options)
    assert wanted_facts(policy, ImageReference("app", None, OLD), UNKNOWN, NOW).tags == ("1.1.0",)
    assert wanted_facts(policy, ImageReference("app", None, OLD), OBSERVED, NOW).tags == ()


@pytest.mark.parametrize(
    ("policy", "moves"),
    [
        pytest.param(make_policy("digest:stable"), True, id="follows one tag"),
        pytest.param(make_policy(**FREE), True, id="writes digests, and may go back"),
        pytest.param(make_policy(**PIN), False, id="may not go back"),
        pytest.param(make_policy(allow_downgrade=True), False, id="writes no digests"),
        pytest.param(make_policy(), False, id="neither"),
    ],
)
def test_what_moves_a_digest_alone(policy, moves):
    assert moves_digest_alone(policy) is moves
