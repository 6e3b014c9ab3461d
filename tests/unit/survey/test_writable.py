"""A change that cannot be written is held, and stops no other."""

from dataclasses import replace

import pytest

from automator.model.image import ImageReference
from automator.model.plan import Change, Status
from automator.survey.writable import hold_unwritable
from tests.unit.survey.making import make_containers

SHA = "sha256:" + "ab" * 32


def decided(text, targets):
    """Each container with a change to the image that `targets` names for it, if it names one."""
    containers = make_containers({"values.yaml": text})
    return [
        replace(
            container,
            decision=Change(
                field=container.field,
                to=ImageReference.parse(targets[container.field.container]),
                policy=container.policy,
                reason="",
            ),
        )
        if container.field.container in targets
        else container
        for container in containers
    ]


SHARED = "a: {repository: x/y, tag: &tag '1'}\nb: {repository: x/y, tag: *tag}\nc: {repository: x/z, tag: '1'}\n"
ROWS = [
    pytest.param(SHARED, {"a": "x/y:2", "b": "x/y:2", "c": "x/z:2"}, {}, id="one text, one wish"),
    pytest.param(SHARED, {"a": "x/y:2", "b": "x/y:3", "c": "x/z:2"},
                 dict.fromkeys("ab", "held: it cannot be written: another container reads the same text, and wants another image"), id="one text, two wishes"),
    pytest.param(f"a: {{repository: x/y, tag: '1', digest: '{SHA}'}}\nc: {{repository: x/z, tag: '1'}}\n", {"a": "x/y:2", "c": "x/z:2"},
                 {"a": "held: it cannot be written: the digest of the old image would stay beside the tag '2'"}, id="a digest that would stay"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "targets", "held"), ROWS)
def test_what_cannot_be_written_is_held(text, targets, held):
    decisions = {
        container.field.container: container.decision
        for container in hold_unwritable(decided(text, targets))
    }
    assert {
        name: decision.reason
        for name, decision in decisions.items()
        if not isinstance(decision, Change)
    } == held
    for name in held:
        assert decisions[name].status is Status.HELD
        assert str(decisions[name].target) == targets[name]
