"""Flux v2: which image fields the markers declare or make, and what is held instead."""

import pytest

from automator.dialects.flux2 import read_flux2
from automator.edit.parts import new_values
from automator.model.field import FileScan, Form, Role
from automator.model.image import Digest
from automator.model.policy import PolicyKind
from tests.unit.dialects.flux2_making import (
    APP,
    DIGEST,
    FILE,
    OTHER,
    make_automation,
    make_field,
    make_marker,
    make_object,
    make_policy,
    make_repository,
    mistakes_of,
    notes_of,
    read,
)

REF, REPO, REGISTRY, TAG, DIG = (
    Role.REFERENCE,
    Role.REPOSITORY,
    Role.REGISTRY,
    Role.TAG,
    Role.DIGEST,
)
APP_IMAGE = "ghcr.io/org/app"
WHOLE = make_field("ghcr.io/org/app:1.0.0", (REF, "ghcr.io/org/app:1.0.0", 1), form=Form.POD_SPEC)
SPLIT = make_field("ghcr.io/org/app:1.0.0", (REPO, APP_IMAGE, 1), (TAG, "1.0.0", 2))
THREE = make_field("ghcr.io/org/app:1.0.0", (REGISTRY, "ghcr.io", 1), (REPO, "org/app", 2), (TAG, "1.0.0", 3))  # fmt: skip
MIRROR = make_field("mirror.example/app:1.0.0", (REPO, "mirror.example/app", 1), (TAG, "1.0.0", 2))
PINNED = make_field(f"ghcr.io/org/app:1.0.0@{DIGEST}", (REPO, APP_IMAGE, 1), (TAG, "1.0.0", 2), (DIG, DIGEST, 3))  # fmt: skip
TO_PIN = make_field("ghcr.io/org/app:1.0.0", (REPO, APP_IMAGE, 1), (TAG, "1.0.0", 2), (DIG, "", 3))
REFLECTING = [make_policy(digestReflectionPolicy="Always"), make_repository()]


DECLARED_ON_FIELDS = [
    pytest.param(WHOLE, [("ghcr.io/org/app:1.0.0", "", 1)], None, id="a whole reference"),
    pytest.param(SPLIT, [("1.0.0", "tag", 2)], None, id="the tag beside its repository"),
    pytest.param(SPLIT, [(APP_IMAGE, "name", 1), ("1.0.0", "tag", 2)], None, id="name and tag"),
    pytest.param(THREE, [("1.0.0", "tag", 3)], None, id="the tag beside registry and repository"),
    pytest.param(THREE, [("org/app", "name", 2), ("1.0.0", "tag", 3)], None, id="a name whose registry stands beside it"),
    pytest.param(PINNED, [("1.0.0", "tag", 2), (DIGEST, "digest", 3)], REFLECTING, id="tag and digest"),
    pytest.param(TO_PIN, [("1.0.0", "tag", 2), ("", "digest", 3)], REFLECTING, id="a place for a digest, marked"),
    pytest.param(TO_PIN, [("1.0.0", "tag", 2)], None, id="a place for a digest, not marked, and none reflected"),
    pytest.param(
        make_field(f"ghcr.io/org/app:1.0.0@{DIGEST}", (REPO, APP_IMAGE, 1), (TAG, f"1.0.0@{DIGEST}", 2)),
        [(f"1.0.0@{DIGEST}", "tag", 2)], REFLECTING, id="tag and digest in one scalar"),
    pytest.param(
        make_field("app:1", (REF, "app:1", 1)), [("app:1", "", 1)],
        [make_policy(), make_repository(image="docker.io/library/app")], id="the policy's image in another spelling"),
    pytest.param(
        make_field("ghcr.io/org/app", (REF, "ghcr.io/org/app", 1)), [("ghcr.io/org/app", "", 1)], None,
        id="a reference without a tag"),
    pytest.param(
        make_field("org/app:1", (REPO, "org/app", 1), (TAG, "1", 2)), [("1", "tag", 2)],
        [make_policy(), make_repository(image="index.docker.io/org/app")], id="Docker Hub's older name"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "marks", "objects"), DECLARED_ON_FIELDS)
def test_the_policy_is_declared_on_the_structural_field(field, marks, objects):
    reading = read(
        *(make_marker(*mark, field=0) for mark in marks), fields=[field], objects=objects
    )
    assert reading.problems == ()
    assert reading.fields == {}
    assert list(reading.declared) == [(FILE, 0)]
    declared = reading.declared[FILE, 0]
    assert (str(declared.policy), declared.automated, declared.locked) == (f"{APP} semver:1.x", None, False)  # fmt: skip


MADE = [
    pytest.param([("1.0.0", "tag", 1)], None, "ghcr.io/org/app:1.0.0", id="a version far from any name"),
    pytest.param([("app:1.0.0", "", 1)], [make_policy(), make_repository(image="app")], "app:1.0.0", id="any scalar"),
    pytest.param([("docker.io/library/app:1.0.0", "", 1)], [make_policy(), make_repository(image="app")],
        "docker.io/library/app:1.0.0", id="the name stays as it is written"),
    pytest.param([("app", "name", 1), ("1.0.0", "tag", 2)], [make_policy(), make_repository(image="docker.io/library/app")],
        "app:1.0.0", id="name and tag in one map"),
    pytest.param([("1.0.0", "tag", 1), (DIGEST, "digest", 2)], REFLECTING, f"ghcr.io/org/app:1.0.0@{DIGEST}", id="tag and digest"),
    pytest.param([(f"1.0.0@{DIGEST}", "tag", 1)], REFLECTING, f"ghcr.io/org/app:1.0.0@{DIGEST}", id="tag@digest"),
    pytest.param([(f"1.0.0@{OTHER}", "tag", 1), (DIGEST, "digest", 2)], REFLECTING, f"ghcr.io/org/app:1.0.0@{DIGEST}", id="the digest's own scalar counts"),
    pytest.param([("2020-01-01", "tag", 1)], None, "ghcr.io/org/app:2020-01-01", id="a date"),
    pytest.param([("1.9", "tag", 1)], None, "ghcr.io/org/app:1.9", id="a float"),
    pytest.param([(f"ghcr.io/org/app@{DIGEST}", "", 1)], REFLECTING, f"ghcr.io/org/app@{DIGEST}", id="a digest without a tag"),
]  # fmt: skip


@pytest.mark.parametrize(("marks", "objects", "image"), MADE)
def test_marked_scalars_that_are_no_structural_field_make_one(marks, objects, image):
    reading = read(*(make_marker(*mark) for mark in marks), objects=objects)
    assert reading.problems == ()
    (made,) = reading.fields[FILE]
    assert (made.form, str(made.image)) == (Form.MARKER, image)
    assert (str(made.workload), made.container) == ("default:values/apps/app", "marked")
    assert [(part.value, part.location.line) for part in made.parts] == [(value, line) for value, _, line in marks]  # fmt: skip
    assert list(reading.declared) == [(FILE, 0)]
    assert str(reading.declared[FILE, 0].policy) == f"{APP} semver:1.x"


WRITES = [
    pytest.param([("1.0.0", "tag", 1)], None, ["2.0.0"], id="tag"),
    pytest.param([("1.0.0", "tag", 1)], DIGEST, [f"2.0.0@{DIGEST}"], id="tag with a reflected digest"),
    pytest.param([("ghcr.io/org/app", "name", 1), ("1.0.0", "tag", 2)], None, ["ghcr.io/org/app", "2.0.0"], id="name and tag"),
    pytest.param([("ghcr.io/org/app:1.0.0", "", 1)], DIGEST, [f"ghcr.io/org/app:2.0.0@{DIGEST}"], id="the whole image"),
    pytest.param([("1.0.0", "tag", 1), (OTHER, "digest", 2)], DIGEST, ["2.0.0", DIGEST], id="tag and digest"),
]  # fmt: skip


@pytest.mark.parametrize(("marks", "digest", "values"), WRITES)
def test_a_made_field_is_written_as_flux_writes_its_parts(marks, digest, values):
    reading = read(*(make_marker(*mark) for mark in marks), objects=REFLECTING)
    (made,) = reading.fields[FILE]
    to = made.image.moved_to("2.0.0", Digest(digest) if digest else None)
    assert [new for _, new in new_values(made, to)] == values


def test_the_tag_of_a_mirror_is_a_field_of_its_own_and_the_structural_one_is_excluded():
    reading = read(make_marker("1.0.0", "tag", 2, field=0), fields=[MIRROR])
    assert reading.problems == ()
    (made,) = reading.fields[FILE]
    assert (str(made.image), made.container, made.form) == ("ghcr.io/org/app:1.0.0", "app", Form.MARKER)  # fmt: skip
    assert [part.value for part in made.parts] == ["1.0.0"]
    structural, own = reading.declared[FILE, 0].policy, reading.declared[FILE, 1].policy
    assert (structural.update.kind, str(own.update)) == (PolicyKind.NONE, "semver:1.x")


def test_a_reflected_digest_goes_into_the_marked_tag_not_into_a_place_that_is_not_marked():
    reading = read(make_marker("1.0.0", "tag", 2, field=0), fields=[TO_PIN], objects=REFLECTING)
    (made,) = reading.fields[FILE]
    to = made.image.moved_to("2.0.0", Digest(DIGEST))
    assert [new for _, new in new_values(made, to)] == [f"2.0.0@{DIGEST}"]
    assert reading.declared[FILE, 0].policy.update.kind is PolicyKind.NONE


def test_numbers_of_made_fields_go_on_where_the_scan_ends():
    reading = read(
        make_marker("ghcr.io/org/app:1.0.0", line=1, field=0),
        make_marker("1.1.0", "tag", 5, group=1),
        make_marker("1.2.0", "tag", 6, group=2),
        fields=[WHOLE, make_field("redis:4", (REF, "redis:4", 3))],
    )
    assert [str(made.image) for made in reading.fields[FILE]] == ["ghcr.io/org/app:1.1.0", "ghcr.io/org/app:1.2.0"]  # fmt: skip
    assert list(reading.declared) == [(FILE, 0), (FILE, 2), (FILE, 3)]


def test_one_map_may_mark_a_part_twice_or_for_several_policies():
    objects = [
        *(make_policy(), make_repository()),
        *(make_policy("flux-system:db", repository="db"), make_repository("flux-system:db", "postgres")),
    ]  # fmt: skip
    reading = read(
        make_marker("1.0.0", "tag", 1),
        make_marker("1.0.1", "tag", 2),
        make_marker("16.1.0", "tag", 3, "flux-system:db"),
        make_marker("ghcr.io/org/app:1.0.0", "", 4),
        objects=objects,
    )
    assert reading.problems == ()
    assert sorted(str(made.image) for made in reading.fields[FILE]) == [
        "ghcr.io/org/app:1.0.0",
        "ghcr.io/org/app:1.0.0",
        "ghcr.io/org/app:1.0.1",
        "postgres:16.1.0",
    ]
    assert all(len(made.parts) == 1 for made in reading.fields[FILE])


MISTAKES = [
    pytest.param(("{{ .tag }}", "tag"), None, "9: '{{ .tag }}' is left alone: it is not written literally", id="a template"),
    pytest.param(("${TAG}", "tag"), None, "9: '${TAG}' is left alone: it is not written literally", id="a variable"),
    pytest.param(("", "tag"), None, "9: the tag is empty (write the tag in use)", id="an empty tag"),
    pytest.param((" ", ""), None, "9: the reference is empty", id="an empty reference"),
    pytest.param(("", "digest"), None, "9: the digest is empty", id="an empty digest"),
    pytest.param(("app:1.0.0", "tag"), None, "9: 'app:1.0.0' is no tag (mark a whole image without :tag)", id="an image marked as a tag"),
    pytest.param(("name=app:1.0.0", ""), None, "9: ", id="an entry of Argo CD"),
    pytest.param(("1.0.0@sha256:12", "tag"), None, "9: 'sha256:12' is no digest", id="a short digest behind a tag"),
    pytest.param(("sha256:1234567890abcdef", "digest"), REFLECTING, "9: 'sha256:1234567890abcdef' is no digest", id="a digest that is none"),
    pytest.param(("other:1.0.0", ""), None, "9: the marker's policy is for ghcr.io/org/app, the image is other", id="another image"),
    pytest.param(("mirror.example/app", "name"), None, "9: the marker's policy is for ghcr.io/org/app, the image is mirror.example/app", id="another name"),
    pytest.param(("1.0.0", ""), None, "9: the marker's policy is for ghcr.io/org/app, the image is 1.0.0", id="a tag marked as an image"),
    pytest.param(("Not An Image", ""), None, "9: ", id="no image at all"),
    pytest.param((DIGEST, "digest"), REFLECTING, "30: the digest is marked without its tag (mark the tag with :tag, or the whole image)", id="the digest alone"),
    pytest.param((DIGEST, "digest"), None, f"30: ImagePolicy {APP} reflects no digest (spec.digestReflectionPolicy: Always, or IfNotPresent)", id="no digest to write"),
]  # fmt: skip


@pytest.mark.parametrize(("mark", "objects", "message"), MISTAKES)
def test_a_marked_value_that_cannot_be_written_is_told(mark, objects, message):
    reading = read(make_marker(*mark), objects=objects)
    (told,) = mistakes_of(reading)
    assert told.startswith(f"{FILE}:1:{message}")
    assert (reading.declared, reading.fields) == ({}, {})


HOLDING_FIELDS = [
    pytest.param(MIRROR, [("mirror.example/app", "name", 1), ("1.0.0", "tag", 2)],
        "1:9: the marker's policy is for ghcr.io/org/app, the image is mirror.example/app (names are not rewritten", id="the name of a mirror is marked"),
    pytest.param(make_field("other:1", (REF, "other:1", 1)), [("other:1", "", 1)], "1:9: the marker's policy is for", id="another image"),
    pytest.param(PINNED, [("1.0.0", "tag", 2)], "3:9: this digest is not marked: it would stay beside the new tag (mark it with :digest)", id="a digest beside the marked tag"),
    pytest.param(make_field(f"ghcr.io/org/app@{DIGEST}", (REPO, APP_IMAGE, 1), (TAG, "1.0.0", 2), (Role.DIGEST, "ab" * 32, 3)),
        [("1.0.0", "tag", 2)], "3:9: this digest is not marked", id="the digits of a digest beside the marked tag"),
    pytest.param(PINNED, [(DIGEST, "digest", 3)], "3:30: the digest is marked without its tag", id="the digest alone"),
    pytest.param(SPLIT, [("1.0.0", "", 2)], "2:9: the marker writes the reference here, where the tag stands (mark a name with :name", id="a reference into a tag"),
    pytest.param(SPLIT, [(APP_IMAGE, "", 1)], "1:9: the marker writes the reference here, where the repository stands", id="a reference into a repository"),
    pytest.param(WHOLE, [("ghcr.io/org/app:1.0.0", "tag", 1)], "1:9: the marker writes the tag here, where the reference stands", id="a tag into a reference"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "marks", "message"), HOLDING_FIELDS)
def test_a_mistake_holds_the_structural_field(field, marks, message):
    markers = [make_marker(*mark, field=0) for mark in marks]
    reading = read(*markers, fields=[field], objects=REFLECTING)
    (told,) = mistakes_of(reading)
    assert told.startswith(f"{FILE}:{message}")
    assert reading.fields == {}
    assert reading.declared[FILE, 0].policy.update.kind is PolicyKind.NONE


def test_a_field_marked_for_two_policies_is_held():
    objects = [make_policy(), make_policy("flux-system:b"), make_repository()]
    reading = read(
        make_marker(APP_IMAGE, "name", 1, "flux-system:b", field=0),
        make_marker("1.0.0", "tag", 2, field=0),
        make_marker("1.0.0", "tag", 2, "flux-system:b", field=0),
        fields=[SPLIT],
        objects=objects,
    )
    assert len(mistakes_of(reading)) == 1
    assert "is marked for another ImagePolicy already (choose one)" in mistakes_of(reading)[0]
    assert reading.declared[FILE, 0].policy.update.kind is PolicyKind.NONE


def test_a_name_that_is_marked_alone_needs_nothing():
    reading = read(make_marker(APP_IMAGE, "name", 1, field=0), fields=[SPLIT])
    assert mistakes_of(reading) == []
    assert "the name alone is marked" in notes_of(reading)[0]
    assert reading.declared == {}


AUTOMATIONS = [
    pytest.param([], "", id="none in the config repo: everywhere"),
    pytest.param([make_automation(path="./apps")], "", id="below its path"),
    pytest.param([make_automation(path="apps/")], "", id="a path without a dot"),
    pytest.param([make_automation(path="/apps")], "", id="an absolute path"),
    pytest.param([make_automation(path="./x/../apps")], "", id="a path with .."),
    pytest.param([make_automation(path="../apps")], "", id="it cannot lead out"),
    pytest.param([make_automation(path=".")], "", id="the whole config repo"),
    pytest.param([make_automation(path="")], "", id="no path"),
    pytest.param([make_automation(path="apps/app.yaml")], "no ImageUpdateAutomation reaches this file", id="a path is a folder's"),
    pytest.param([make_automation(path="./no")], "no ImageUpdateAutomation reaches this file (spec.update.path is ./no)", id="outside its path"),
    pytest.param([make_automation(path="./ap")], "no ImageUpdateAutomation reaches this file", id="a part of a folder's name"),
    pytest.param([make_automation(path="./no"), make_automation(path="./apps")], "", id="one of several"),
    pytest.param([make_automation("other:all")], f"no ImageUpdateAutomation chooses ImagePolicy {APP}", id="one of another namespace"),
    pytest.param([make_automation("all")], "", id="one whose manifest names no namespace"),
    pytest.param([make_automation(update={"strategy": "Setters"})], "", id="the strategy Setters"),
    pytest.param([make_automation(policySelector={"matchLabels": {"team": "a"}})], "", id="labels match"),
    pytest.param([make_automation(policySelector={"matchLabels": {"team": "b"}})], "no ImageUpdateAutomation chooses", id="another label"),
    pytest.param([make_automation(policySelector={"matchLabels": {"team": "a", "app.kubernetes.io/name": "x"}})], "no ImageUpdateAutomation chooses", id="one label too many"),
    pytest.param([make_automation(policySelector={"matchLabels": {"example.com/tier": "web"}})], "", id="a label with a domain"),
    pytest.param([make_automation(policySelector={"matchExpressions": [{"key": "team", "operator": "In", "values": ["x", "a"]}]})], "", id="In"),
    pytest.param([make_automation(policySelector={"matchExpressions": [{"key": "team", "operator": "In", "values": ["x"]}]})], "no ImageUpdateAutomation chooses", id="not In"),
    pytest.param([make_automation(policySelector={"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]})], "no ImageUpdateAutomation chooses", id="NotIn"),
    pytest.param([make_automation(policySelector={"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["a"]}]})], "", id="NotIn without the label"),
    pytest.param([make_automation(policySelector={"matchExpressions": [{"key": "team", "operator": "Exists"}]})], "", id="Exists"),
    pytest.param([make_automation(policySelector={"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]})], "no ImageUpdateAutomation chooses", id="DoesNotExist"),
]  # fmt: skip


@pytest.mark.parametrize(("automations", "message"), AUTOMATIONS)
def test_automations_reach_markers(automations, message):
    labels = {"team": "a", "example.com/tier": "web"}
    objects = [make_policy(labels=labels), make_repository(), *automations]
    reading = read(make_marker("ghcr.io/org/app:1.0.0", field=0), fields=[WHOLE], objects=objects)
    told = mistakes_of(reading)
    if message:
        assert len(told) == 1
        assert told[0].startswith(f"{FILE}:1:30: {message}")
    else:
        assert told == []
    held = reading.declared[FILE, 0].policy.update.kind is PolicyKind.NONE
    assert held is bool(message)


def test_a_variable_in_a_path_stands_for_any_text():
    objects = [make_policy(), make_repository(), make_automation(path="${CLUSTER}/apps/a.b")]
    for path, reached in (("c/1/apps/a.b/x.yaml", True), ("c/apps/a.b/x.yaml", True), ("c/apps/a-b/x.yaml", False), ("c/x/a.b/x.yaml", False)):  # fmt: skip
        reading = read(make_marker("1.0.0", "tag", path=path), objects=objects, path=path)
        assert (mistakes_of(reading) == []) is reached, path
        assert "spec.update.path holds a variable" in notes_of(reading)[-1]


@pytest.mark.parametrize(("update", "selector", "message"), [
    pytest.param({"strategy": "foo"}, {}, "spec.update.strategy: 'foo' is not known (only Setters)", id="strategy"),
    pytest.param({}, {"matchExpressions": [{"key": "a", "operator": "Has"}]},
        "spec.policySelector.matchExpressions.0.operator: 'Has' is not known (In, NotIn, Exists, DoesNotExist)", id="operator"),
])  # fmt: skip
def test_an_automation_that_cannot_be_read_writes_nothing(update, selector, message):
    automation = make_automation(update=update, policySelector=selector)
    objects = [make_policy(), make_repository(), automation]
    reading = read(make_marker("1.0.0", "tag"), objects=objects)
    assert reading.fields == {}
    assert any(f": {message}" in told for told in mistakes_of(reading))
    assert any("no ImageUpdateAutomation chooses" in told for told in mistakes_of(reading))


def test_what_is_said_elsewhere_here_is_noted():
    automation = make_automation(
        git={
            "checkout": {"ref": {"branch": "main"}},
            "commit": {"author": {"name": "bot", "email": "b@x"}, "messageTemplate": "{{ . }}", "signingKey": {"secretRef": {"name": "k"}}},
            "push": {"branch": "updates"},
        }
    )  # fmt: skip
    reading = read(make_marker("1.0.0", "tag"), objects=[make_policy(), make_repository(), automation])  # fmt: skip
    assert mistakes_of(reading) == []
    told = notes_of(reading)
    assert len(told) == 5
    assert all(text.endswith("not read from an ImageUpdateAutomation (use automator.yaml)") for text in told)  # fmt: skip


LOCKS = [
    pytest.param([make_policy(suspend=True), make_repository()], f"ImagePolicy {APP} is suspended", id="policy"),
    pytest.param([make_policy(), make_repository(suspend=True)], f"ImageRepository {APP} is suspended", id="repository"),
    pytest.param([make_policy(), make_repository(), make_automation(suspend=True)], "ImageUpdateAutomation flux-system:all is suspended", id="the only automation"),
    pytest.param([make_policy(), make_repository(), make_automation(suspend=True), make_automation("flux-system:b")], "", id="one of two automations"),
    pytest.param([make_policy(suspend="false"), make_repository()], "", id="not suspended"),
    pytest.param([make_policy(), make_repository(), make_automation(suspend=True), make_automation("flux-system:b", path="./no")],
        "ImageUpdateAutomation flux-system:all is suspended", id="the only one that covers the path"),
]  # fmt: skip


@pytest.mark.parametrize(("objects", "reason"), LOCKS)
def test_what_is_suspended_locks(objects, reason):
    reading = read(make_marker("1.0.0", "tag"), objects=objects)
    assert mistakes_of(reading) == []
    declared = reading.declared[FILE, 0]
    assert (declared.locked, declared.locked_reason) == (bool(reason), reason)
    assert str(declared.policy.update) == "semver:1.x"


def test_files_without_markers_and_objects_say_nothing():
    other = make_object("ImagePolicy", APP, {}, group="example.com")
    files = {
        "a.yaml": FileScan(path="a.yaml", fields=(WHOLE,)),
        "b.yaml": FileScan(path="b.yaml", objects=(other,)),
    }
    reading = read_flux2(files)
    assert (reading.declared, reading.fields, reading.problems) == ({}, {}, ())


def test_a_policy_that_no_marker_names_is_noted_and_its_mistakes_are_told():
    reading = read(objects=[make_policy(choice={"semver": {"range": "x1"}}), make_repository()])
    assert len(mistakes_of(reading)) == 1
    assert notes_of(reading) == [f"flux/app.yaml:1:1: no marker names ImagePolicy {APP}"]
