"""Annotations as policies: what they say, and that a mistake holds instead of falling back."""

import pytest

from automator.config.declared import read_comment, read_native
from automator.model.field import Comment, Declaration, Form, ImageField, Location, Part, Role, Span
from automator.model.image import ImageReference
from automator.model.policy import PolicyKind
from automator.model.workload import WorkloadId

WORKLOAD = WorkloadId("shop", "deployment", "carts")


def image_field(container):
    location = Location("a.yaml", 20, 9)
    part = Part(role=Role.REFERENCE, span=Span(0, 3), value="x:1", location=location)
    return ImageField(
        workload=WORKLOAD,
        container=container,
        form=Form.POD_SPEC,
        image=ImageReference("x", "1"),
        document=0,
        parts=(part,),
    )


FIELDS = [image_field("carts"), image_field("sidecar")]


def declaration(key, value, line=1):
    return Declaration(
        workload=WORKLOAD, key=key, value=value, location=Location("a.yaml", line, 9)
    )


def declare(fields=FIELDS, **values):
    declarations = [
        declaration(f"automator.dev/{key.replace('__', '.').replace('_', '-')}", value, line)
        for line, (key, value) in enumerate(values.items(), start=1)
    ]
    reading = read_native(declarations, fields)
    return reading.declared, [str(problem) for problem in reading.problems]


def test_everything_that_can_be_said():
    (carts, sidecar), problems = declare(
        automated="true",
        policy="semver:^1",
        policy__sidecar="latest",
        locked="true",
        locked_reason="INC-123",
    )
    assert problems == []
    assert str(carts.policy) == "annotation semver:^1"
    assert str(sidecar.policy) == "annotation latest"
    for declared in (carts, sidecar):
        assert declared.automated is True
        assert (declared.locked, declared.locked_reason) == (True, "INC-123")


@pytest.mark.parametrize("text", [
    '{"update": "semver:^1", "platforms": ["linux/arm64"], "pin_digest": true}',
    "update: semver:^1\nplatforms: linux/arm64\npin_digest: true\n",
])  # fmt: skip
def test_the_structured_form(text):
    (declared, _), problems = declare(policy=text)
    assert problems == []
    assert declared.policy.pin_digest is True
    assert [str(platform) for platform in declared.policy.platforms] == ["linux/arm64"]


MISTAKES = [
    ({"policy": "semvr:^1"}, "a.yaml:1:9: automator.dev/policy: 'semvr' is no kind of policy"),
    ({"policy": "semver:^1 <"}, "a.yaml:1:19: automator.dev/policy: '<' is no version range"),
    ({"policy": '{"update": "latest", "mach": 1}'}, "a.yaml:1:9: automator.dev/policy: unknown key 'mach'"),
    ({"policy": "{"}, "a.yaml:1:9: automator.dev/policy: neither an expression nor a mapping"),
    ({"policy__carts": ""}, "a.yaml:1:9: automator.dev/policy.carts: '' is no kind of policy"),
    ({"polcy": "latest"}, "a.yaml:1:9: unknown annotation automator.dev/polcy: its workload is held (did you mean automator.dev/policy?)"),
    ({"automated": "yes"}, "a.yaml:1:9: automator.dev/automated: 'yes' is neither true nor false"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "problem"), MISTAKES)
def test_mistake(values, problem):
    _, problems = declare(**values)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


WITHOUT_EFFECT = [
    pytest.param({"policy__sidecra": "latest"}, FIELDS,
                 "a.yaml:1:9: automator.dev/policy.sidecra has no effect: no container is named 'sidecra' (did you mean sidecar?)", id="no such container, a near one"),
    pytest.param({"policy__web": "latest"}, FIELDS,
                 "a.yaml:1:9: automator.dev/policy.web has no effect: no container is named 'web' (known: carts, sidecar)", id="no such container"),
    pytest.param({"policy__web": "latest"}, [],
                 "a.yaml:1:9: automator.dev/policy.web has no effect: no container is named 'web' (no image is here)", id="no container at all"),
    pytest.param({"locked_reason": "INC-1"}, FIELDS,
                 'a.yaml:1:9: automator.dev/locked-reason has no effect: nothing is locked (automator.dev/locked: "true")', id="a reason for no lock"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "fields", "problem"), WITHOUT_EFFECT)
def test_what_has_no_effect_is_told(values, fields, problem):
    _, problems = declare(fields, **values)
    assert problems == [problem.replace("sock-shop:", "shop:")]


def test_a_policy_that_cannot_be_read_holds_its_containers():
    (carts, sidecar), _ = declare(policy="semvr:^1", policy__carts="latest:x")
    assert carts.policy.update.kind is PolicyKind.NONE
    assert sidecar.policy.update.kind is PolicyKind.NONE


def test_a_lock_that_cannot_be_read_is_a_lock():
    (declared, _), problems = declare(locked="perhaps")
    assert declared.locked is True
    assert len(problems) == 1


def test_two_places_that_say_different_things_are_a_mistake():
    declarations = [
        declaration("automator.dev/policy", value, line)
        for line, value in ((1, "semver:^1"), (9, "latest"))
    ]
    reading = read_native(declarations, FIELDS)
    assert str(reading.declared[0].policy.update) == "semver:^1"
    assert "says something else than in line 1" in reading.problems[0].message


COMMENTS = [
    pytest.param("semver:^1.2", "comment semver:^1.2", [], id="expression"),
    pytest.param('{update: "numerical:asc", filter: {pattern: "main-(.*)", extract: $1}}', "comment numerical:asc", [], id="structured"),
    pytest.param("{update: latest, platform: [linux/amd64]}", "comment none", ["a.yaml:3:20: automator: unknown key 'platform' (did you mean 'platforms'?)"], id="a key that is not known"),
    pytest.param("semver:^1 <", "comment none", ["a.yaml:3:30: automator: '<' is no version range in 'semver:^1 [<]' (as in ^1.2, ~1.2.3, >=1 <2 || 3.x)"], id="mistake"),
    pytest.param("", "comment none", ["a.yaml:3:20: automator: '' is no kind of policy in '[]' (known: alphabetical, digest, glob, latest, none, numerical, regex, regexp, semver)"], id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "policy", "problems"), COMMENTS)
def test_a_comment_is_a_policy(text, policy, problems):
    found, mistakes = read_comment(Comment(text=text, location=Location("a.yaml", 3, 20)))
    assert str(found) == policy
    assert [str(problem) for problem in mistakes] == problems
