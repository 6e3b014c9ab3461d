"""An entry's options as a policy: what is passed on, and what contradicts itself."""

import pytest

from automator.config.policy_file import make_policy, parse_options
from automator.model.policy import VersionScheme


def make(**options):
    return make_policy(parse_options({"update": "semver:^1", **options}), "p", None)


@pytest.mark.parametrize(
    ("written", "scheme"),
    [
        ({}, VersionScheme.AUTOMATOR),
        ({"versions": "automator"}, VersionScheme.AUTOMATOR),
        ({"versions": "semver"}, VersionScheme.SEMVER),
        ({"versions": "strict"}, VersionScheme.STRICT),
    ],
)
def test_versions(written, scheme):
    policy, mistakes = make(**written)
    assert mistakes == []
    assert policy.versions is scheme


@pytest.mark.parametrize(
    ("versions", "mistakes"),
    [
        ("strict", []),
        ("semver", []),
        ("automator", ["'^01.2' is no version range in 'semver:[^01.2]'"]),
    ],
)
def test_a_range_is_read_as_the_tags_are(versions, mistakes):
    _, found = make(update="semver:^01.2", versions=versions)
    assert [message for _, _, message, _ in found] == mistakes


@pytest.mark.parametrize(("written", "kept"), [({}, False), ({"keep_digest": True}, True)])
def test_keep_digest(written, kept):
    policy, mistakes = make(pin_digest=True, **written)
    assert mistakes == []
    assert (policy.pin_digest, policy.keep_digest) == (True, kept)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="nothing is pinned"),
        pytest.param({"pin_digest": True, "update": "digest:stable"}, id="the digest is followed"),
    ],
)
def test_keep_digest_that_has_no_effect_is_a_mistake(options):
    policy, mistakes = make(keep_digest=True, **options)
    assert policy is None
    assert mistakes == [
        (
            ("keep_digest",),
            0,
            "keep_digest has no effect here",
            "it stands beside pin_digest: true, and never with digest:TAG, which follows the tag",
        )
    ]
