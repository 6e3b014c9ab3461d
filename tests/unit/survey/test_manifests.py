"""Which policy rules an image field: the nearest word counts, and what has no effect is told."""

import pytest

from automator.config.models import DialectSettings
from automator.survey.remarks import remarks
from tests.unit.plan.making import rule
from tests.unit.survey.making import make_containers, make_snapshot

POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a{annotations}}}\nspec: {{containers: [{{name: c, image: 'x:1'}}]}}{comment}\n"
OURS, FLUX1, KEEL = (
    'automator.dev/policy: "semver:^1"',
    'fluxcd.io/automated: "true", fluxcd.io/tag.c: "semver:^2"',
    "keel.sh/policy: force",
)  # fmt: skip


def pod(*annotations, comment=""):
    written = f", annotations: {{{', '.join(annotations)}}}" if annotations else ""
    return POD.format(annotations=written, comment=comment and f" # {comment}")


NEAREST = [
    pytest.param(pod(), "rule semver:^0.4", id="a policy file"),
    pytest.param(pod(KEEL), "keel.sh latest", id="a dialect before policy files"),
    pytest.param(pod(FLUX1, KEEL), "fluxcd.io semver:^2", id="of two dialects one"),
    pytest.param(pod(OURS, FLUX1), "annotation semver:^1", id="our annotation before a dialect's"),
    pytest.param(pod(OURS, comment="automator: semver:^3"), "comment semver:^3", id="a comment before annotations"),
    pytest.param(pod(OURS, comment="automator: semver:^^"), "comment none", id="a comment that cannot be read holds"),
    pytest.param(pod('automator.dev/automated: "false"', KEEL), "None", id="not automated, against a dialect"),
    pytest.param(pod('automator.dev/locked: "true"', KEEL), "keel.sh latest", id="a lock takes no policy away"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "policy"), NEAREST)
def test_the_nearest_word_counts(text, policy):
    (container,) = make_containers({"a.yaml": text}, [rule("rule")])
    assert str(container.policy) == policy


def test_a_lock_counts_whoever_says_the_policy():
    (container,) = make_containers(
        {"a.yaml": pod('automator.dev/policy: latest, fluxcd.io/locked: "true"')}
    )
    assert str(container.policy) == "annotation latest"
    assert container.declared.locked is True


def test_a_dialect_that_is_hidden_is_told():
    snapshot = make_snapshot({"a.yaml": pod(OURS, FLUX1)})
    assert [str(problem) for problem in snapshot.problems if problem.note] == [
        "a.yaml:3:116: fluxcd.io semver:^2 has no effect: automator's own annotation or comment is nearer"
    ]
    assert snapshot.mistakes == []


def test_annotations_count_in_their_own_file():
    containers = make_containers({"a.yaml": pod(OURS), "b.yaml": pod()})
    assert [str(container.policy) for container in containers] == ["annotation semver:^1", "None"]


@pytest.mark.parametrize(("switch", "text"), [("flux_v1", pod(FLUX1)), ("keel", pod(KEEL))])
def test_a_dialect_that_is_switched_off_says_nothing(switch, text):
    dialects = DialectSettings(**{switch: False})
    (container,) = make_containers({"a.yaml": text}, dialects=dialects)
    assert container.policy is None


BASE = {
    "base/kustomization.yaml": "resources: [pod.yaml]\n",
    "base/pod.yaml": pod(OURS),
    "prod/kustomization.yaml": "resources: [../base]\nimages: [{name: x, newTag: '1'}]\n",
}


def policies(files, rules=()):
    return {
        f"{container.field.location.path} {container.field.container}": str(container.policy)
        for container in make_containers(files, rules)
    }


ENTRIES = [
    pytest.param({}, "annotation semver:^1", id="that of the workload it reaches"),
    pytest.param({"base/pod.yaml": pod()}, "rule semver:^0.4", id="a policy file's where the workload says nothing"),
    pytest.param({"base/kustomization.yaml": "resources: [pod.yaml, other.yaml]\n", "base/other.yaml": pod("automator.dev/policy: latest")},
                 "rule semver:^0.4", id="none of two that disagree"),
    pytest.param({"base/kustomization.yaml": "resources: [pod.yaml, other.yaml]\n", "base/other.yaml": pod(OURS)},
                 "annotation semver:^1", id="that of two that agree"),
    pytest.param({"prod/kustomization.yaml": "resources: [../base]\nimages: [{name: x, newTag: '1'}] # automator: digest:main\n"},
                 "comment digest:main", id="its own before the workload's"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "policy"), ENTRIES)
def test_the_policy_of_a_kustomize_entry(changed, policy):
    found = policies(BASE | changed, [rule("rule", path="prod/**")])
    assert found["prod/kustomization.yaml x"] == policy


def test_an_entry_is_locked_if_a_workload_that_it_reaches_is():
    locked = pod(OURS, 'automator.dev/locked: "true"', "automator.dev/locked-reason: INC-1")
    containers = make_containers(BASE | {"base/pod.yaml": locked})
    entry = next(container for container in containers if container.field.container == "x")
    assert (entry.declared.locked, entry.declared.locked_reason) == (True, "INC-1")


REMARKS = [
    pytest.param({"a.yaml": pod(OURS)}, [], id="nothing"),
    pytest.param({"values.yaml": "image: {repository: a/b} # automator: latest\n"},
                 ["values.yaml:1:21: comment latest has no effect: no tag is written here (write the tag in use)"], id="no tag"),
    pytest.param({"values.yaml": "image: &i a/b:1 # automator: latest\ncopy: *i\nagain: *i\n"},
                 ["values.yaml:1:11: 2 other places read this value through its anchor, and will move with it (write the value twice to move one alone)"], id="an anchor"),
    pytest.param({"values.yaml": "# renovate: x\nimage: a/b:1\n"},
                 ["values.yaml:2:8: managed by Renovate: left alone (write a policy to take it over)"], id="Renovate's"),
    pytest.param({"values.yaml": "# renovate: x\nimage: a/b:1 # automator: latest\n"}, [], id="Renovate's, taken over"),
    pytest.param(BASE, ["base/pod.yaml:4:38: annotation semver:^1 changes nothing here: the image is set in prod/kustomization.yaml:2:28"], id="overridden"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "told"), REMARKS)
def test_what_does_less_or_more_than_it_seems_to(files, told):
    found = list(remarks(make_containers(files)))
    assert [str(remark) for remark in found] == told
    assert all(remark.note for remark in found)
