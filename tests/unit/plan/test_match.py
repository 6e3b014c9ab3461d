"""Which policy is nearest to a container."""

from dataclasses import replace

import pytest

from automator.model.image import ImageReference
from automator.model.policy import Declared
from automator.plan.match import combine_declared, nearest_policy, unmatched_rules
from tests.unit.plan.making import field, policy, rule

OWN, WORKLOADS = policy("semver:^1", "own"), policy("semver:^2", "workload's")
NONE = policy("none", "excluded")
RULES = [
    rule("first", workload="deployment/carts"),
    rule("second", namespace="sock-*"),
    rule("third"),
]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param(None, "first", id="no annotations: the first rule that matches"),
        pytest.param(Declared(), "first", id="annotations that say nothing of policies"),
        pytest.param(Declared(automated=True), "first", id="automated needs a policy from a rule"),
        pytest.param(Declared(policy=WORKLOADS), "workload's", id="the workload's before rules"),
        pytest.param(Declared(policy=NONE), "excluded", id="none is a policy, and nearer"),
        pytest.param(Declared(automated=False), None, id="automated: false, against rules"),
        pytest.param(
            Declared(automated=False, policy=WORKLOADS),
            None,
            id="automated: false, against annotations",
        ),
        pytest.param(Declared(locked=True), "first", id="a lock does not take the policy away"),
    ],
)
def test_the_nearest_policy_wins(declared, expected):
    found = nearest_policy(field(), declared, RULES)
    assert (found and found.name) == expected


LOCKED = Declared(locked=True, locked_reason="INC-1")
COMBINED = [
    pytest.param([], None, id="nothing said"),
    pytest.param([None, Declared(policy=OWN), None], Declared(policy=OWN), id="one speaks"),
    pytest.param([Declared(policy=OWN), Declared(policy=WORKLOADS)], Declared(policy=OWN), id="the nearest rules"),
    pytest.param([Declared(automated=False), Declared(policy=OWN)], Declared(automated=False), id="no is a word too"),
    pytest.param([Declared(), Declared(policy=OWN)], Declared(policy=OWN), id="who says nothing rules nothing"),
    pytest.param([Declared(policy=OWN), LOCKED], Declared(policy=OWN, locked=True, locked_reason="INC-1"), id="any lock is a lock"),
    pytest.param([LOCKED, Declared(policy=OWN)], Declared(policy=OWN, locked=True, locked_reason="INC-1"), id="a lock beside a policy elsewhere"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), COMBINED)
def test_what_several_sources_say_of_one_field(said, expected):
    assert combine_declared(*said) == expected


def test_without_any_policy_there_is_none():
    assert nearest_policy(field(), Declared(automated=True), []) is None
    assert nearest_policy(field(), None, [rule(namespace="elsewhere")]) is None


def test_rules_are_tried_in_file_order():
    by_order = [rule("a", container="c*"), rule("b", namespace="sock-shop"), rule("c")]
    assert nearest_policy(field(), None, by_order).name == "a"
    assert nearest_policy(field(), None, by_order[::-1]).name == "c"
    assert nearest_policy(field(container="x"), None, by_order).name == "b"


def test_a_rule_added_to_the_same_list_is_seen():
    rules = [rule("elsewhere", namespace="elsewhere")]
    assert nearest_policy(field(), None, rules) is None
    rules.insert(0, rule("added"))
    assert nearest_policy(field(), None, rules).name == "added"


@pytest.mark.parametrize(
    ("match", "of"),
    [
        pytest.param({}, {}, id="a rule without patterns matches everything"),
        pytest.param({"path": "deploy/**"}, {"path": "deploy/a/b/c.yaml"}, id="** at any depth"),
        pytest.param({"path": "deploy/**"}, {"path": "deploy/c.yaml"}, id="** at no depth"),
        pytest.param({"path": "**/carts.yaml"}, {"path": "carts.yaml"}, id="leading **"),
        pytest.param({"path": "a/*/c.yaml"}, {"path": "a/b/c.yaml"}, id="* is one folder"),
        pytest.param({"path": "**"}, {"path": ".ci/.hidden/c.yaml"}, id="hidden folders"),
        pytest.param({"path": "**"}, {"path": "\udce9/c.yaml"}, id="a path that is no UTF-8"),
        pytest.param({"path": "a/**"}, {"path": "a/line\nend.yaml"}, id="a line end in a path"),
        pytest.param({"namespace": "sock-*"}, {}, id="namespace"),
        pytest.param({"namespace": "sock-shop"}, {}, id="namespace, exact"),
        pytest.param({"namespace": "[!k]*"}, {}, id="namespace, not in brackets"),
        pytest.param({"workload": "deployment/*"}, {}, id="workload by kind and name"),
        pytest.param({"workload": "Deployment/c*"}, {}, id="kinds in any case"),
        pytest.param({"workload": "sock-shop:deployment/carts"}, {}, id="workload by full id"),
        pytest.param({"workload": "*:Deployment/carts"}, {}, id="full id, kind in any case"),
        pytest.param({"workload": "*/carts"}, {}, id="workload by name"),
        pytest.param({"container": "car?s"}, {}, id="container"),
        pytest.param({"image": "weaveworksdemos/*"}, {}, id="image as written"),
        pytest.param({"image": "docker.io/weaveworksdemos/carts"}, {}, id="image, canonical form"),
        pytest.param(
            {"image": "weaveworksdemos/*"},
            {"image": "docker.io/weaveworksdemos/carts:1"},
            id="image written with its host, pattern without",
        ),
        pytest.param({"image": "docker.io/library/redis"}, {"image": "redis:4"}, id="library/"),
        pytest.param({"image": "docker.io/redis"}, {"image": "redis:4"}, id="host, no library/"),
        pytest.param({"image": "redis"}, {"image": "docker.io/library/redis"}, id="short name"),
        pytest.param({"image": "library/*"}, {"image": "redis"}, id="library/ without host"),
        pytest.param({"image": "index.docker.io/*"}, {"image": "index.docker.io/a/b"}, id="alias"),
        pytest.param({"image": "quay.io/*"}, {"image": "quay.io/a/b/c:1"}, id="* over slashes"),
    ],
)
def test_matches(match, of):
    assert nearest_policy(field(**of), None, [rule(**match)]) is not None


@pytest.mark.parametrize(
    ("match", "of"),
    [
        pytest.param({"path": "deploy/*"}, {"path": "deploy/a/b.yaml"}, id="* is no **"),
        pytest.param({"path": "deploy/**"}, {"path": "x/deploy/a.yaml"}, id="paths are whole"),
        pytest.param({"path": "Deploy/**"}, {}, id="paths have a case"),
        pytest.param({"namespace": "sock"}, {}, id="namespace, a part"),
        pytest.param({"workload": "statefulset/*"}, {}, id="another kind"),
        pytest.param({"workload": "deployment/cart"}, {}, id="workload, a part"),
        pytest.param({"workload": "other:deployment/*"}, {}, id="another namespace's"),
        pytest.param({"workload": "deployment/Carts"}, {}, id="names have a case"),
        pytest.param({"container": "Carts"}, {}, id="containers have a case"),
        pytest.param({"image": "redis"}, {"image": "quay.io/redis:4"}, id="another registry's"),
        pytest.param({"image": "library/*"}, {"image": "quay.io/library/redis"}, id="not the Hub"),
        pytest.param({"image": "carts"}, {}, id="image, the last part alone"),
        pytest.param(
            {"namespace": "sock-shop", "container": "other"}, {}, id="all patterns must match"
        ),
    ],
)
def test_does_not_match(match, of):
    assert nearest_policy(field(**of), None, [rule(**match)]) is None


def test_a_name_that_is_no_image_name_is_matched_as_written():
    odd = replace(field(), image=ImageReference("MY_APP", "1"))
    assert nearest_policy(odd, None, [rule(image="MY_*")]) is not None
    assert nearest_policy(odd, None, [rule(image="docker.io/*")]) is None


def test_unmatched_rules_are_told_in_file_order():
    rules = [
        rule("all"),
        rule("hidden by all, but it matches", namespace="sock-shop"),
        rule("no namespace", namespace="shop"),
        rule("no path", path="apps/**"),
    ]
    fields = [field(), field(workload="front:deployment/front-end")]
    assert [one.policy.name for one in unmatched_rules(rules, fields)] == [
        "no namespace",
        "no path",
    ]
    assert unmatched_rules(rules, []) == rules
    assert unmatched_rules([], fields) == []
