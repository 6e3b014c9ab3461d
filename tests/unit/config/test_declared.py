"""Annotations as policies: what they say, and that a mistake holds instead of falling back."""

import pytest

from automator.config.declared import read_declared
from automator.model.field import Declaration, Location
from automator.model.policy import PolicyKind
from automator.model.workload import WorkloadId

WORKLOAD = WorkloadId("shop", "deployment", "carts")


def declare(**values):
    declarations = [
        Declaration(
            workload=WORKLOAD,
            key=f"automator.dev/{key.replace('__', '.').replace('_', '-')}",
            value=value,
            location=Location("a.yaml", line, 9),
        )
        for line, (key, value) in enumerate(values.items(), start=1)
    ]
    declared, problems = read_declared(declarations)
    return declared[WORKLOAD], [str(problem) for problem in problems]


def test_everything_that_can_be_said():
    declared, problems = declare(
        automated="true",
        policy="semver:^1",
        policy__sidecar="latest",
        locked="true",
        locked_reason="INC-123",
    )
    assert problems == []
    assert declared.automated is True
    assert (declared.locked, declared.locked_reason) == (True, "INC-123")
    assert str(declared.policy) == "annotation semver:^1"
    assert [(name, str(policy.update)) for name, policy in declared.containers] == [
        ("sidecar", "latest")
    ]


@pytest.mark.parametrize("text", [
    '{"update": "semver:^1", "platforms": ["linux/arm64"], "pin_digest": true}',
    "update: semver:^1\nplatforms: linux/arm64\npin_digest: true\n",
])  # fmt: skip
def test_the_structured_form(text):
    declared, problems = declare(policy=text)
    assert problems == []
    assert declared.policy.pin_digest is True
    assert [str(platform) for platform in declared.policy.platforms] == ["linux/arm64"]


MISTAKES = [
    ({"policy": "semvr:^1"}, "a.yaml:1:9: automator.dev/policy: 'semvr' is no kind of policy"),
    ({"policy": "semver:^1 <"}, "a.yaml:1:19: automator.dev/policy: '<' is no version range"),
    ({"policy": '{"update": "latest", "mach": 1}'}, "a.yaml:1:9: automator.dev/policy: mach: "),
    ({"policy": "{"}, "a.yaml:1:9: automator.dev/policy: neither an expression nor a mapping"),
    ({"policy__c": ""}, "a.yaml:1:9: automator.dev/policy.c: '' is no kind of policy"),
    ({"polcy": "latest"}, "a.yaml:1:9: unknown annotation automator.dev/polcy (did you mean automator.dev/policy?)"),
    ({"automated": "yes"}, "a.yaml:1:9: automator.dev/automated: 'yes' is neither true nor false"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "problem"), MISTAKES)
def test_mistake(values, problem):
    _, problems = declare(**values)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_a_policy_that_cannot_be_read_holds_its_containers():
    declared, _ = declare(policy="semvr:^1", policy__c="latest:x")
    assert declared.policy.update.kind is PolicyKind.NONE
    assert declared.containers[0][1].update.kind is PolicyKind.NONE


def test_a_lock_that_cannot_be_read_is_a_lock():
    declared, problems = declare(locked="perhaps")
    assert declared.locked is True
    assert len(problems) == 1


def test_two_places_that_say_different_things_are_a_mistake():
    declarations = [
        Declaration(
            workload=WORKLOAD,
            key="automator.dev/policy",
            value=value,
            location=Location("a.yaml", line, 1),
        )
        for line, value in ((1, "semver:^1"), (9, "latest"))
    ]
    declared, problems = read_declared(declarations)
    assert str(declared[WORKLOAD].policy.update) == "semver:^1"
    assert "says something else than in line 1" in problems[0].message
