"""Which policy rules an image field: the nearest word counts, and what has no effect is told."""

import pytest

from automator.config.models import DialectSettings
from automator.model.field import Location
from automator.survey.containers import match_policies
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


@pytest.mark.parametrize(
    "marker", ['{"$imagepolicy": ns:app}', '{"$imagepolicy": "ns:app:part"}', '{"$imagepolicy": "ns:app"} x']
)  # fmt: skip
def test_a_marker_that_cannot_be_read_holds(marker):
    text = pod(KEEL).replace(
        "[{name: c, image: 'x:1'}]}", f"[{{name: c, image: 'x:1' # {marker}\n  }}]}}"
    )
    (container,) = make_containers({"a.yaml": text}, [rule("rule")])
    assert str(container.policy) == "an unreadable marker none"
    (problem,) = make_snapshot({"a.yaml": text}).mistakes
    assert problem.location == Location("a.yaml", 4, text.splitlines()[3].index('{"$') + 1)


@pytest.mark.parametrize("policy", [OURS, FLUX1, KEEL])
def test_the_policy_of_a_workload_is_not_that_of_an_image_in_an_annotation(policy):
    text = pod(policy, "sidecar.istio.io/proxyImage: 'istio/proxyv2:1.20.0'")
    assert [str(one.field.image) for one in make_containers({"a.yaml": text})] == ["x:1"]
    assert make_snapshot({"a.yaml": text}).mistakes == []


def test_an_image_in_an_annotation_can_be_marked():
    text = pod(OURS).replace(
        "annotations: {", "annotations: {proxy: 'istio/proxyv2:1.20.0',\n # automator: latest\n "
    )
    text = text.replace(",\n # automator: latest", ", # automator: latest")
    found = {str(one.field.image): str(one.policy) for one in make_containers({"a.yaml": text})}
    assert found == {"istio/proxyv2:1.20.0": "comment latest", "x:1": "annotation semver:^1"}


UNKNOWN = [
    pytest.param("automator.dev/Locked: 'true'", "annotation none", id="a lock, misspelled"),
    pytest.param("automator.dev/polcy.c: none", "annotation none", id="a policy, misspelled"),
    pytest.param("example.com/policy: none", "rule semver:^0.4", id="another's"),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "policy"), UNKNOWN)
def test_an_annotation_of_ours_that_nobody_knows_holds_its_workload(annotation, policy):
    (container,) = make_containers({"a.yaml": pod(annotation)}, [rule("rule")])
    assert str(container.policy) == policy


def test_a_lock_counts_whoever_says_the_policy():
    (container,) = make_containers(
        {"a.yaml": pod('automator.dev/policy: latest, fluxcd.io/locked: "true"')}
    )
    assert str(container.policy) == "annotation latest"
    assert container.declared.locked is True


APPLICATION = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  annotations:
    {lock}
    argocd-image-updater.argoproj.io/image-list: o/app
    argocd-image-updater.argoproj.io/write-back-method: git
    argocd-image-updater.argoproj.io/write-back-target: kustomization
spec: {{source: {{path: prod}}}}
"""
ENTRY = "images: [{name: o/app, newTag: 1.0.0}]\n"


@pytest.mark.parametrize(("lock", "locked"), [('automator.dev/locked: "true"', True), ('automator.dev/locked: "false"', False)])  # fmt: skip
def test_the_lock_of_an_application_locks_what_its_images_are_written_in(lock, locked):
    files = {"app.yaml": APPLICATION.format(lock=lock), "prod/kustomization.yaml": ENTRY}
    (container,) = make_containers(files)
    assert str(container.policy) == "argocd-image-updater semver:*"
    assert container.declared.locked is locked
    assert make_snapshot(files).problems == []


WORDS = [
    pytest.param('automator.dev/automated: "false"', "None", id="not automated"),
    pytest.param("automator.dev/policy: none", "annotation none", id="excluded"),
    pytest.param("automator.dev/policy: semver:^1", "annotation semver:^1", id="a policy of ours"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "policy"), WORDS)
def test_our_word_on_an_application_is_nearer_than_the_dialects(word, policy):
    files = {"app.yaml": APPLICATION.format(lock=word), "prod/kustomization.yaml": ENTRY}
    (container,) = make_containers(files)
    assert str(container.policy) == policy
    problems = make_snapshot(files).problems
    assert [problem.message.partition(":")[0] for problem in problems] == [
        "argocd-image-updater semver"
    ]
    assert [problem.note for problem in problems] == [True]


NO_IMAGE = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, annotations: {{{}}}}}\n"
WITHOUT_IMAGE = [
    pytest.param('automator.dev/locked: "true"', False, "3:57: automator.dev/locked locks nothing: no image is written in default:pod/a (say it in the manifest that has the image", id="our lock"),
    pytest.param('fluxcd.io/locked: "true"', True, "3:53: fluxcd.io/locked locks nothing", id="a lock of Flux v1"),
    pytest.param("}, labels: {automator.dev/policy: latest", False, "3:69: automator.dev/policy is a label: it has no effect (make it an annotation)", id="a label"),
    pytest.param("automator.dev/policy: latest", False, "3:57: automator.dev/policy has no effect: no image is written in default:pod/a", id="a policy"),
    pytest.param("}, labels: {fluxcd.io/locked_msg: x", False, "3:69: fluxcd.io/locked_msg is a label: Flux v1 reads annotations alone", id="a label of Flux v1"),
    pytest.param('automator.dev/automated: "false"', False, "3:60: automator.dev/automated has no effect: no image is written in default:pod/a", id="automated"),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "note", "told"), WITHOUT_IMAGE)
def test_what_is_said_where_no_image_is_has_no_effect_and_is_told(annotation, note, told):
    (problem,) = make_snapshot({"a.yaml": NO_IMAGE.format(annotation), "b.yaml": pod()}).problems
    assert str(problem).startswith(f"a.yaml:{told}")
    assert problem.note is note


PATCH = "resources: [base]\npatches:\n- patch: |\n    kind: Pod\n    metadata: {{name: a, annotations: {{automator.dev/policy: latest}}}}\n    spec: {}\n"


def test_annotations_of_a_patch_in_place_are_those_of_its_images():
    text = PATCH.format("{containers: [{name: c, image: 'x:1'}]}")
    (container,) = make_containers({"kustomization.yaml": text})
    assert str(container.policy) == "annotation latest"
    (problem,) = make_snapshot({"kustomization.yaml": PATCH.format("{}")}).problems
    assert str(problem).startswith(
        "kustomization.yaml:5:61: automator.dev/policy has no effect: no image is written in default:pod/a"
    )


def test_a_lock_beside_marked_text_is_no_idle_one():
    text = 'kind: ConfigMap\nmetadata: {name: a, annotations: {automator.dev/locked: "true"}}\ndata:\n  v: 1.0.0 # {"$imagepolicy": "ns:app:tag"}\n'
    snapshot = make_snapshot({"a.yaml": text, **FLUX2})
    assert snapshot.problems == []
    (container,) = match_policies(snapshot, ())
    assert container.declared.locked is True


def test_a_dialect_that_is_hidden_is_told():
    snapshot = make_snapshot({"a.yaml": pod(OURS, FLUX1)})
    assert [str(problem) for problem in snapshot.problems if problem.note] == [
        "a.yaml:3:116: fluxcd.io semver:^2 has no effect: automator's own annotation or comment is nearer"
    ]
    assert snapshot.mistakes == []


MARKED = pod(KEEL).replace("'x:1'", '\'x:1\' # {"$imagepolicy": "ns:app"}\n ')
OF_FLUX2 = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: Image{}\nmetadata: {{namespace: ns, name: app}}\nspec: {{{}}}\n"
FLUX2 = {
    "p.yaml": OF_FLUX2.format("Policy", "imageRepositoryRef: {name: app}, policy: {semver: {range: '*'}}"),
    "r.yaml": OF_FLUX2.format("Repository", "image: x"),
}  # fmt: skip
HIDDEN = [
    pytest.param({"a.yaml": pod(FLUX1, KEEL)}, "3:110: keel.sh latest has no effect: fluxcd.io semver:^2 is nearer", id="another dialect"),
    pytest.param({"a.yaml": MARKED, **FLUX2}, "3:51: keel.sh latest has no effect: ns:app semver:* is nearer", id="a marker"),
    pytest.param({"a.yaml": MARKED.replace(KEEL, OURS), **FLUX2}, "4:38: ns:app semver:* has no effect: automator's own annotation or comment is nearer", id="a marker that our annotation hides"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "told"), HIDDEN)
def test_of_two_tools_that_rule_one_image_the_farther_is_told(files, told):
    notes = [str(problem) for problem in make_snapshot(files).problems if "nearer" in str(problem)]
    assert notes == [f"a.yaml:{told}"]


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


ENTRIES_OF_RULES = [
    pytest.param({"base/pod.yaml": pod()}, "rule semver:^0.4", id="the rule of the workload it reaches"),
    pytest.param({"base/pod.yaml": pod(), "base/kustomization.yaml": "resources: [pod.yaml, ../other.yaml]\n", "other.yaml": pod()},
                 "None", id="none where one of two has no rule"),
    pytest.param({"base/pod.yaml": pod(), "prod/kustomization.yaml": BASE["prod/kustomization.yaml"] + "commonAnnotations: {automator.dev/automated: 'false'}\n"},
                 "None", id="none where the entry says no"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "policy"), ENTRIES_OF_RULES)
def test_a_rule_that_matches_what_an_entry_reaches_rules_the_entry(changed, policy):
    found = policies(BASE | changed, [rule("rule", path="base/**")])
    assert found["base/pod.yaml c"] == "rule semver:^0.4"
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
    pytest.param(BASE | {"base/kustomization.yaml": "resources: [pod.yaml, ../b.yaml]\n", "b.yaml": pod().replace("a}", "b}")},
                 ["base/pod.yaml:4:38: annotation semver:^1 changes nothing here: the image is set in prod/kustomization.yaml:2:28",
                  "prod/kustomization.yaml:2:28: no policy: the workloads that this reaches do not say the same: default:pod/b nothing, default:pod/a annotation semver:^1 (say one policy behind the tag: # automator: EXPRESSION)"], id="workloads that disagree"),
    pytest.param(BASE, ["base/pod.yaml:4:38: annotation semver:^1 changes nothing here: the image is set in prod/kustomization.yaml:2:28"], id="overridden"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "told"), REMARKS)
def test_what_does_less_or_more_than_it_seems_to(files, told):
    found = list(remarks(make_containers(files)))
    assert [str(remark) for remark in found] == told
    assert all(remark.note for remark in found)


def test_a_kustomization_outside_of_paths_may_hold_workloads():
    """An entry reaches them, though none of them is a container of the survey."""
    files = {
        "base/kustomization.yaml": f"kind: Kustomization\n---\n{pod(OURS)}---\n{pod().replace('name: a', 'name: b')}",
        "ov/kustomization.yaml": "resources: [../base/kustomization.yaml]\nimages: [{name: x, newTag: '1'}]\n",
    }
    entry = next(one for one in make_containers(files) if one.reaches)
    assert len(entry.reaches) == 2
    assert list(remarks([entry])) == []
