"""What a scan finds, where, and what it leaves alone or passes over."""

import pytest

from automator.scan.file import is_manifest_path, scan_file

POD = "spec: {containers: [{name: c, image: redis:1}]}"


def found(text, path="a.yaml"):
    scan = scan_file(path, text if isinstance(text, bytes) else text.encode())
    return [(str(f.workload), f.container, str(f.image)) for f in scan.fields]


KINDS = {
    "Pod": POD,
    "Deployment": "spec: {template: {" + POD + "}}",
    "StatefulSet": "spec: {template: {" + POD + "}}",
    "DaemonSet": "spec: {template: {" + POD + "}}",
    "ReplicaSet": "spec: {template: {" + POD + "}}",
    "ReplicationController": "spec: {template: {" + POD + "}}",
    "Job": "spec: {template: {" + POD + "}}",
    "CronJob": "spec: {jobTemplate: {spec: {template: {" + POD + "}}}}",
    "PodTemplate": "template: {" + POD + "}",
    "Rollout": "spec: {template: {" + POD + "}}",
    "Service.serving.knative.dev": "spec: {template: {" + POD + "}}",
    "CronWorkflow": "spec: {workflowSpec: {templates: [{" + POD + "}]}}",
    "Prometheus": POD,
}


@pytest.mark.parametrize("kind", KINDS)
def test_containers_at_any_depth_of_any_kind(kind):
    text = f"kind: {kind}\nmetadata: {{name: a, namespace: shop}}\n{KINDS[kind]}\n"
    assert found(text) == [(f"shop:{kind.lower()}/a", "c", "redis:1")]


HEAD = "kind: Pod\nmetadata: {name: a}\n"
FINDS = [
    pytest.param(HEAD + "spec: {initContainers: [{name: i, image: x:1}], ephemeralContainers: [{name: e, image: y:1}]}",
                 [("i", "x:1"), ("e", "y:1")], id="init and ephemeral containers"),
    pytest.param(HEAD + "spec: {volumes: [{name: models, image: {reference: quay.io/m:1, pullPolicy: Always}}]}",
                 [("models", "quay.io/m:1")], id="image volumes"),
    pytest.param(HEAD + "spec: {containers: [{image: x:1}]}", [("containers[0]", "x:1")], id="no name"),
    pytest.param(HEAD + "spec: {containers: [{name: a, image: x:1}, {name: a, image: y:1}]}",
                 [("a", "x:1"), ("a", "y:1")], id="one name twice"),
    pytest.param(HEAD + "spec: {containers: [{name: a, image: x}]}", [("a", "x")], id="no tag"),
    pytest.param("kind: Pod\nmetadata: {generateName: a-}\nspec: {containers: [{name: c, image: x:1}]}",
                 [("c", "x:1")], id="generateName"),
    pytest.param("base: &b {name: c, image: x:1}\n" + HEAD + "spec: {containers: [*b]}", [("c", "x:1")], id="alias"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: ''}]}", [], id="empty value"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: ' '}]}", [], id="blank value"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: null}]}", [], id="null"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: 'ENC[AES256,data:x]'}]}", [], id="encrypted value"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: ko://example.com/x}]}", [], id="ko"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: '!*:latest'}]}", [], id="a pattern"),
    pytest.param(HEAD + "status: {containers: [{name: c, image: x:1}]}", [], id="status"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: x:1}]}\nsops: {mac: x}", [], id="sops"),
    pytest.param(HEAD + "spec: {volumes: [{name: v, rbd: {image: foo}}]}", [], id="rbd image"),
    pytest.param("spec: {containers: [{name: c, image: x:1}]}", [], id="no object"),
    pytest.param("- image: x:1", [], id="a list"),
    pytest.param("image: x:1", [], id="a map that is no object"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FINDS)
def test_finds(text, expected):
    assert [(container, image) for _, container, image in found(text)] == expected


def test_items_of_a_list_are_workloads_of_their_own():
    item = "{kind: Pod, metadata: {name: %s}, spec: {containers: [{name: c, image: x:1}]}}"
    text = f"kind: List\nitems: [{item % 'a'}, {item % 'b'}]\n"
    assert [workload for workload, _, _ in found(text)] == ["default:pod/a", "default:pod/b"]


def test_line_and_column_point_at_the_first_character():
    text = "---\n# one\n---\n" + HEAD + "spec:\n  containers:\n  - name: c\n    image: &a x:1\n"
    for prefix, newline in (("", "\n"), ("\ufeff", "\r\n")):
        data = (prefix + text.replace("\n", newline)).encode()
        place = scan_file("a.yaml", data).fields[0].location
        assert (place.line, place.column) == (9, 15)


PROBLEMS = [
    pytest.param(HEAD + "spec: {containers: [{name: c, image: '${IMAGE}'}]}", "3:38", "not written literally", id="variable"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: 'x:{{ tag }}'}]}", "3:38", "not written literally", id="template"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: 'X:1'}]}", "3:38", "no image name", id="no reference"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: a:1, image: b:1}]}", "3:43", "stands twice", id="twice"),
    pytest.param(HEAD + "  image: [\n", "4:1", "does not parse", id="no YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "says"), PROBLEMS)
def test_problem(text, place, says):
    scan = scan_file("a.yaml", text.encode())
    assert scan.fields == ()
    assert len(scan.problems) == 1
    assert str(scan.problems[0]).startswith("a.yaml:")
    assert says in scan.problems[0].message
    if "parse" not in says:
        assert str(scan.problems[0]).startswith(f"a.yaml:{place}:")


def test_a_broken_document_costs_only_itself():
    good = HEAD + "spec: {containers: [{name: c, image: x:%d}]}\n"
    text = f"{good % 1}---\nimage: <NAME>: [\n---\n{good % 2}"
    scan = scan_file("a.yaml", text.encode())
    assert [str(field.image) for field in scan.fields] == ["x:1", "x:2"]
    assert [field.location.line for field in scan.fields] == [3, 9]
    assert len(scan.problems) == 1
    assert scan.problems[0].location.line in {5, 6}


SKIPPED = [
    pytest.param(b"image: \x00", "binary", id="NUL"),
    pytest.param("image: x".encode("utf-16"), "UTF-16", id="UTF-16"),
    pytest.param(b"image: caf\xe9", "not UTF-8", id="Latin-1"),
    pytest.param(b"# Code generated by tool. DO NOT EDIT.\nkind: Pod\nimage: x\n", "generated", id="generated"),
    pytest.param(b"{{- if .x }}\nimage: {{ .image }}\n{{- end }}\n", "template", id="Helm template"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), SKIPPED)
def test_file_is_passed_over(data, reason):
    scan = scan_file("a.yaml", data)
    assert (scan.skipped, scan.fields, scan.problems) == (reason, (), ())


def test_annotations_of_the_workload_and_of_its_pod_template():
    text = (
        "kind: CronJob\n"
        "metadata: {name: a, annotations: {automator.dev/locked: 'true', other/x: y}}\n"
        "spec: {jobTemplate: {spec: {template: {metadata: {annotations: {automator.dev/policy: latest}}}}}}\n"
    )
    declarations = scan_file("a.yaml", text.encode()).declarations
    assert [(d.key, d.value, d.location.line) for d in declarations] == [
        ("automator.dev/locked", "true", 2),
        ("automator.dev/policy", "latest", 3),
    ]


def test_an_annotation_that_is_no_text_is_a_problem():
    text = "kind: Pod\nmetadata: {name: a, annotations: {automator.dev/policy: [x]}}\n"
    assert "is no text" in scan_file("a.yaml", text.encode()).problems[0].message


@pytest.mark.parametrize("depth", [10_000, 100_000])
@pytest.mark.parametrize("opening", ["[", "{image: ", "- ", "image:\n "])
def test_deep_nesting_is_refused_not_followed(opening, depth):
    scan = scan_file("a.yaml", b"image: x\nb: " + opening.encode() * depth)
    assert scan.fields == ()


def test_an_alias_bomb_is_walked_once():
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 30))
    text = HEAD + "l0: &l0 {containers: [{name: c, image: x:1}]}\n" + levels
    assert [image for _, _, image in found(text)] == ["x:1"]


@pytest.mark.parametrize(("path", "expected"), [
    ("a.yaml", True), ("b/c.yml", True), ("d.json", True), ("README.md", False), ("yaml", False),
])  # fmt: skip
def test_which_files_are_manifests(path, expected):
    assert is_manifest_path(path) is expected
