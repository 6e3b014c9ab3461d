"""Flux v2's ImagePolicy and ImageRepository objects as policies, with the outcomes that Flux has."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from automator.dialects.flux2 import read_flux2
from automator.model.image import ImageReference
from automator.model.policy import PolicyKind, VersionScheme
from automator.model.tags import Observed, TagList
from automator.scan.file import is_manifest_path, scan_file
from automator.select.evaluate import evaluate
from automator.select.filters import make_filter
from tests.unit.dialects.flux2_making import (
    APP,
    FILE,
    make_marker,
    make_object,
    make_policy,
    make_repository,
    mistakes_of,
    notes_of,
    read,
)

SHARED = Path(__file__).parents[4] / "shared"
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def policy_of(*objects):
    reading = read(make_marker("0.0.1", "tag"), objects=objects)
    assert mistakes_of(reading) == []
    return reading.declared[FILE, 0].policy


def selected(policy, tags, current="0.0.1"):
    observed = Observed(tag_list=TagList(tags=tuple(tags)))
    return evaluate(policy, ImageReference("app", current), observed, NOW).tag


SAYS = [
    pytest.param({"semver": {"range": "1.0.x"}}, "semver:1.0.x", id="semver"),
    pytest.param({"semver": {"range": ">=0.0.0-0"}}, "semver:>=0.0.0-0", id="pre-releases by range"),
    pytest.param({"semver": {"range": "vx.x.x"}}, "semver:vx.x.x", id="a range with a v"),
    pytest.param({"alphabetical": {}}, "alphabetical:asc", id="alphabetical, default order"),
    pytest.param({"alphabetical": {"order": ""}}, "alphabetical:asc", id="alphabetical, empty order"),
    pytest.param({"alphabetical": {"order": "asc"}}, "alphabetical:asc", id="alphabetical"),
    pytest.param({"alphabetical": {"order": "DESC"}}, "alphabetical:desc", id="any case"),
    pytest.param({"numerical": {"order": "desc"}}, "numerical:desc", id="numerical"),
    pytest.param({"numerical": {}}, "numerical:asc", id="numerical, default order"),
]  # fmt: skip


@pytest.mark.parametrize(("choice", "update"), SAYS)
def test_what_a_policy_says(choice, update):
    policy = policy_of(make_policy(choice=choice), make_repository())
    assert str(policy) == f"{APP} {update}"
    assert policy.allow_downgrade is True
    assert policy.versions is VersionScheme.STRICT
    assert str(policy.source) == "flux/app.yaml:1:1"
    assert policy.filter is None


DIGESTS = [("Never", False, False), ("IfNotPresent", True, True), ("Always", True, False), ("", False, False)]  # fmt: skip


@pytest.mark.parametrize(("said", "pin", "keep"), DIGESTS)
def test_digest_reflection(said, pin, keep):
    policy = policy_of(make_policy(digestReflectionPolicy=said), make_repository())
    assert (policy.pin_digest, policy.keep_digest) == (pin, keep)


@pytest.mark.parametrize(("spec", "excluded", "matching"), [
    pytest.param({}, ("*.sig",), (), id="the default"),
    pytest.param({"exclusionList": []}, (), (), id="an empty list"),
    pytest.param({"exclusionList": ["^.*\\-alpha$", "aaa|ccc"]}, (), ("^.*\\-alpha$", "aaa|ccc"), id="a list"),
])  # fmt: skip
def test_exclusions(spec, excluded, matching):
    policy = policy_of(make_policy(), make_repository(**spec))
    assert (policy.exclude, policy.exclude_matching) == (excluded, matching)


OUTCOMES = [
    pytest.param({"semver": {"range": "1.0.x"}}, {}, ["0.1.0", "1.0.0", "1.0.1", "1.0.2", "1.1.0-alpha"], "1.0.2", id="semver"),
    pytest.param({"alphabetical": {}}, {}, ["xenial", "yakkety", "zesty", "artful", "bionic"], "zesty", id="alphabetical"),
    pytest.param({"semver": {"range": ">=0.x"}}, {"pattern": "^test-(.*)$", "extract": "$1"}, ["test-0.1.0", "test-0.1.1", "dev-0.2.0", "1.0.2"], "test-0.1.1", id="semver of what is extracted"),
    pytest.param({"semver": {"range": "*"}}, {}, ["1.2", "v2", "1.1.0"], "1.1.0", id="versions need three parts"),
    pytest.param({"semver": {"range": "*"}}, {}, ["1.0.0", "1.0.1-rc.1"], "1.0.0", id="no pre-release"),
    pytest.param({"semver": {"range": ">=0.0.0-0"}}, {}, ["1.0.0", "1.0.1-alpine"], "1.0.1-alpine", id="every suffix is a pre-release"),
    pytest.param({"semver": {"range": "*"}}, {}, ["1.0.0", "2.0.0.sig"], "1.0.0", id="signatures are left out"),
    pytest.param({"alphabetical": {}}, {}, ["a", "z.sig"], "a", id="signatures are left out by name"),
    pytest.param({"numerical": {"order": "asc"}}, {"pattern": "^main-[a-f0-9]+-(?P<ts>[0-9]+)", "extract": "$ts"}, ["main-abc-100", "main-def-200-debug", "dev-abc-300"], "main-def-200-debug", id="a pattern that is not anchored at the end"),
    pytest.param({"alphabetical": {}}, {"pattern": "rc"}, ["1.0-rc1", "src", "z"], "src", id="a pattern that is not anchored"),
    pytest.param({"numerical": {"order": "desc"}}, {"pattern": "^b(\\d+)$", "extract": "$1"}, ["b10", "b9", "c1"], "b9", id="numerical, descending"),
    pytest.param({"semver": {"range": "x.x.x"}}, {"pattern": "v(?P<version>[1-9]+\\.[0-9]+\\.[0-9]+)-cluster$", "extract": "$version"}, ["v1.142.0-cluster", "v1.143.0-cluster", "v1.150.0"], "v1.143.0-cluster", id="a variant by filter"),
    pytest.param({"semver": {"range": "1.0.x"}}, {"pattern": "^v(.*)$", "extract": "$1x"}, ["v1.0.0"], None, id="$1x is another group"),
]  # fmt: skip


@pytest.mark.parametrize(("choice", "tag_filter", "tags", "tag"), OUTCOMES)
def test_outcomes(choice, tag_filter, tags, tag):
    policy = policy_of(make_policy(choice=choice, filterTags=tag_filter), make_repository())
    assert selected(policy, tags) == tag


def test_a_lower_tag_is_taken_too():
    policy = policy_of(make_policy(choice={"semver": {"range": "<2"}}), make_repository())
    assert selected(policy, ["1.9.0", "2.0.0"], current="2.0.0") == "1.9.0"


MISTAKES = [
    pytest.param({"choice": {"semver": {"range": "x1"}}}, {}, "spec.policy.semver.range: 'x1' is no version range", id="bad range"),
    pytest.param({"choice": {"semver": {"range": ""}}}, {}, "spec.policy.semver.range: ", id="empty range"),
    pytest.param({"choice": {"semver": {"range": "*-*"}}}, {}, "spec.policy.semver.range: ", id="*-*"),
    pytest.param({"choice": {"semver": {}}}, {}, "spec.policy.semver.range: ", id="no range"),
    pytest.param({"choice": {"alphabetical": {"order": "up"}}}, {}, "spec.policy.alphabetical.order: 'up' is no order (asc or desc)", id="bad order"),
    pytest.param({"choice": {}}, {}, "spec.policy says none of them (one of semver, alphabetical, numerical)", id="no kind"),
    pytest.param({"choice": {"semver": {"range": "*"}, "numerical": {}}}, {}, "spec.policy says semver and numerical", id="two kinds"),
    pytest.param({"filterTags": {"pattern": "^test-(.*", "extract": "$1"}}, {}, "spec.filterTags.pattern: '^test-(.*' is no regular expression", id="bad pattern"),
    pytest.param({"filterTags": {"pattern": "^(?!x)"}}, {}, "spec.filterTags.pattern: ", id="no look-ahead"),
    pytest.param({"filterTags": {"pattern": "(a)\\1"}}, {}, "spec.filterTags.pattern: ", id="no back reference"),
    pytest.param({"filterTags": {"extract": "$1"}}, {}, "spec.filterTags.extract stands without a pattern", id="extract alone"),
    pytest.param({"filterTags": {"pattern": "a", "extract": "${0}"}}, {}, "$0 cannot be extracted here", id="extract the whole match"),
    pytest.param({"digestReflectionPolicy": "Sometimes"}, {}, "spec.digestReflectionPolicy: 'Sometimes' is not known (Never, IfNotPresent or Always)", id="bad digest policy"),
    pytest.param({"repository": ""}, {}, "spec.imageRepositoryRef.name is missing", id="no repository named"),
    pytest.param({"repository": "ap"}, {}, "no ImageRepository flux-system:ap in this config repo (did you mean app?)", id="no such repository"),
    pytest.param({"imageRepositoryRef": {"name": "app", "namespace": "other"}}, {}, "no ImageRepository other:app in this config repo (did you mean flux-system:app?)", id="no such repository in that namespace"),
    pytest.param({}, {"image": "https://host/x"}, "spec.image begins with a scheme: https:// (write host/x)", id="a scheme"),
    pytest.param({}, {"image": "example.com/foo/bar:baz"}, "spec.image: ", id="a tag"),
    pytest.param({}, {"image": "${REGISTRY}/app"}, "spec.image: ", id="a variable"),
    pytest.param({}, {"image": ""}, "spec.image: ", id="no image"),
    pytest.param({}, {"exclusionList": ["a", "[="]}, "spec.exclusionList.1: '[=' is no regular expression", id="bad exclusion"),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "repository", "message"), MISTAKES)
def test_a_policy_that_cannot_be_read_is_told_and_held(policy, repository, message):
    objects = [make_policy(**policy), make_repository(**repository)]
    reading = read(make_marker("0.0.1", "tag"), objects=objects)
    (told,) = mistakes_of(reading)
    assert told.startswith("flux/app.yaml:")
    assert f":5: {message}" in told or f":1:1: {message}" in told
    assert (reading.declared, reading.fields) == ({}, {})


def test_all_mistakes_of_a_policy_are_told_once():
    bad = make_policy(choice={"semver": {"range": "x1"}}, digestReflectionPolicy="no")
    markers = [make_marker("0.0.1", "tag", line, group=line) for line in (1, 2, 3)]
    reading = read(*markers, objects=[bad, make_repository(image="http://x")])
    assert len(mistakes_of(reading)) == 3


BASE, SAME, DIFFERS = {"path": "base/a.yaml"}, {"path": "b.yaml", "line": 9}, {"path": "c.yaml", "choice": {"semver": {"range": "2.x"}}}  # fmt: skip
NAMESPACES = [
    pytest.param(APP, [make_policy(), make_repository()], "", id="as written"),
    pytest.param(APP, [make_policy("app"), make_repository("app")], "", id="a base without namespaces"),
    pytest.param(APP, [make_policy("app"), make_repository()], "", id="a policy without a namespace, a repository with one"),
    pytest.param(APP, [make_policy(), make_repository("app")], "", id="a repository without a namespace"),
    pytest.param("other:app", [make_policy("app"), make_repository("app")], "", id="any namespace's"),
    pytest.param("other:app", [make_policy("app"), make_repository()], "no ImageRepository other:app", id="its repository is in its own namespace"),
    pytest.param("other:app", [make_policy(), make_repository()], f"no ImagePolicy other:app in this config repo (did you mean {APP}?)", id="another namespace's"),
    pytest.param("flux-system:apq", [make_policy(), make_repository()], "no ImagePolicy flux-system:apq in this config repo (did you mean app?)", id="another name"),
    pytest.param(APP, [], f"no ImagePolicy {APP} in this config repo (its manifest belongs in this config repo, inside of `paths`)", id="no policy at all"),
    pytest.param(APP, [make_policy(imageRepositoryRef={"name": "app", "namespace": "images"}), make_repository("images:app")], "", id="a repository of another namespace"),
    pytest.param(APP, [make_policy(**BASE), make_policy(**SAME), make_repository()], "", id="twice the same"),
    pytest.param(APP, [make_policy(**BASE), make_policy(**DIFFERS), make_repository()], f"ImagePolicy {APP} says something else than in base/a.yaml:1:1", id="two of one name"),
    pytest.param(APP, [make_policy("app", **BASE), make_policy("app", **DIFFERS), make_repository()], f"ImagePolicy {APP} says something else", id="two bases of one name"),
    pytest.param(APP, [make_policy(**BASE), make_policy("app", **DIFFERS), make_repository()], "", id="the one with the namespace is nearer"),
    pytest.param(APP, [make_policy(), make_repository(), make_repository(path="c.yaml", interval="1h")], f"ImageRepository {APP} says something else", id="two repositories of one name"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "objects", "message"), NAMESPACES)
def test_names_and_namespaces(key, objects, message):
    reading = read(make_marker("0.0.1", "tag", key=key), objects=objects)
    told = mistakes_of(reading)
    assert [message in text for text in told] == ([True] if message else [])
    if message:
        assert reading.fields == {}
    else:
        assert str(reading.declared[FILE, 0].policy) == f"{key} semver:1.x"


@pytest.mark.parametrize("spec", [
    {"secretRef": {"name": "s"}}, {"certSecretRef": {"name": "s"}}, {"proxySecretRef": {"name": "s"}},
    {"serviceAccountName": "s"}, {"insecure": True},
])  # fmt: skip
def test_what_a_repository_says_of_access_is_noted(spec):
    reading = read(make_marker("0.0.1", "tag"), objects=[make_policy(), make_repository(**spec)])
    assert mistakes_of(reading) == []
    (note,) = notes_of(reading)
    assert note.startswith("flux/app.yaml:")
    assert "under registries in automator.yaml" in note


def test_other_groups_objects_of_the_same_kind_do_not_count():
    other = make_object("ImagePolicy", APP, {}, group="example.com")
    reading = read(make_marker("0.0.1", "tag"), objects=[other])
    assert len(mistakes_of(reading)) == 1


def load(*areas):
    """Observed behaviour, where the folder of cases is at hand."""
    file = SHARED / "cases/flux-v2.json"
    if not file.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no folder of cases here"))]
    cases = json.loads(file.read_text())
    return [pytest.param(case, id=case["id"]) for case in cases if case["area"] in areas]


@pytest.mark.parametrize("case", load("semver.range"))
def test_ranges_that_flux_takes_and_refuses(case):
    policy = make_policy(choice={"semver": {"range": case["input"]["range"]}})
    reading = read(make_marker("0.0.1", "tag"), objects=[policy, make_repository()])
    assert (mistakes_of(reading) == []) is ("error" not in case["expected"])


@pytest.mark.parametrize("case", load("alphabetical.order", "numerical.order"))
def test_orders_that_flux_takes_and_refuses(case):
    kind = case["area"].partition(".")[0]
    policy = make_policy(choice={kind: {"order": case["input"]["order"]}})
    reading = read(make_marker("0.0.1", "tag"), objects=[policy, make_repository()])
    assert (mistakes_of(reading) == []) is case["expected"]["valid"]


@pytest.mark.parametrize("case", load("image.ref"))
def test_images_that_flux_takes_and_refuses(case):
    image = case["input"]["image"].replace("PORT", "5000")
    objects = [make_policy(), make_repository(image=image)]
    reading = read(make_marker("0.0.1", "tag"), objects=objects)
    refused = "Stalled" in case["expected"] or case["expected"].get("valid") is False
    assert (mistakes_of(reading) != []) is refused


@pytest.mark.parametrize("case", load("exclusionList"))
def test_exclusions_as_flux_has_them(case):
    patterns = case["input"]["patterns"]
    objects = [make_policy(), make_repository(exclusionList=patterns)]
    reading = read(make_marker("0.0.1", "tag"), objects=objects)
    if "error" in case["expected"]:
        assert len(mistakes_of(reading)) == 1
        return
    check = make_filter(reading.declared[FILE, 0].policy)
    assert [tag for tag in case["input"]["tags"] if check(tag) == tag] == case["expected"]["tags"]


@pytest.mark.parametrize("case", load("filterTags"))
def test_filters_as_flux_has_them(case):
    said, expected = case["input"], case["expected"]
    policy = make_policy(
        filterTags={"pattern": said["pattern"], "extract": said.get("extract", "")}
    )
    objects = [policy, make_repository(exclusionList=[])]
    reading = read(make_marker("0.0.1", "tag"), objects=objects)
    if "error" in expected:
        assert len(mistakes_of(reading)) == 1
        return
    check = make_filter(reading.declared[FILE, 0].policy)
    texts = [check(tag) for tag in said["tags"]]
    passed = [text for text in texts if type(text) is str]
    wanted = expected.get("items") or list(expected["extractedToOriginal"])
    # Two tags that extract to the same text are one to Flux, whichever it met last.
    assert list(dict.fromkeys(passed)) == wanted


@pytest.mark.parametrize("folder", ["wahooli-gitops", "radix-flux"])
def test_every_marker_of_a_real_config_repo_has_its_policy(folder):
    root = SHARED / "corpus" / folder
    if not root.is_dir():
        pytest.skip("no real manifests here")
    files = {}
    for file in sorted(root.rglob("*")):
        path = str(file.relative_to(root))
        if file.is_file() and is_manifest_path(path):
            data = file.read_bytes()
            if b"$imagepolicy" in data or b"image.toolkit.fluxcd.io" in data:
                files[path] = scan_file(path, data)
    reading = read_flux2(files)
    assert mistakes_of(reading) == []
    used = [declared.policy for declared in reading.declared.values()]
    markers = sum(len(scan.markers) for scan in files.values())
    assert markers > 40
    assert sum(policy.update.kind is not PolicyKind.NONE for policy in used) == markers
