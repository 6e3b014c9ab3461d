"""What a scan finds, where, and what it leaves alone or passes over."""

import tracemalloc

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
    pytest.param(HEAD + "spec: {containers: [{name: c, image: ~}]}", [], id="null, written ~"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: }]}", [], id="nothing"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: 'ghcr.io/*'}]}", [], id="a pattern with a star"),
    pytest.param(HEAD + "x: &b {image: x:1}\nspec: {containers: [{<<: *b, name: c}]}", [("c", "x:1")], id="merge key"),
    pytest.param(HEAD + "x: &b {image: x:1}\nspec: {containers: [{<<: *b, name: c, image: y:1}]}", [("x", "x:1"), ("c", "y:1")], id="merge key, overridden"),
    pytest.param(HEAD + "spec: {containers: [&m {<<: *m, name: c}]}\nimage: x", [], id="a merge of itself"),
    pytest.param(HEAD + "spec: {containers: [&c {name: c, image: x:1}, *c]}", [("c", "x:1")], id="one container by anchor and alias"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: {{ .Values.image }}}, {name: d, image: x:1}]}", [("d", "x:1")], id="beside a template"),
    pytest.param(HEAD + "spec: {containers: {name: c, image: x:1}}", [("containers", "x:1")], id="containers that are no list"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: 'ENC[AES256,data:x]'}]}", [], id="encrypted value"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: ko://example.com/x}]}", [], id="ko"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: '!*:latest'}]}", [], id="a pattern"),
    pytest.param(HEAD + "status: {containers: [{name: c, image: x:1}]}", [], id="status"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: x:1}]}\nsops: {mac: x}", [], id="sops"),
    pytest.param(HEAD + "spec: {volumes: [{name: v, rbd: {image: foo}}]}", [], id="rbd image"),
    pytest.param("spec: {containers: [{name: c, image: x:1}]}", [("c", "x:1")], id="no object: a chart's values"),
    pytest.param("- image: x:1", [], id="a list"),
    pytest.param("image: x:1", [("image", "x:1")], id="an image at the top of values"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FINDS)
def test_finds(text, expected):
    assert [(container, image) for _, container, image in found(text)] == expected


def test_items_of_a_list_are_workloads_of_their_own():
    item = "{kind: Pod, metadata: {name: %s}, spec: {containers: [{name: c, image: x:1}]}}"
    text = f"kind: List\nitems: [{item % 'a'}, {item % 'b'}]\n"
    assert [workload for workload, _, _ in found(text)] == ["default:pod/a", "default:pod/b"]


def test_items_that_share_a_spec_are_both_found():
    text = (
        "kind: PodList\nitems:\n"
        "- {kind: Pod, metadata: {name: a}, spec: &s {containers: [{name: c, image: x:1}]}}\n"
        "- {kind: Pod, metadata: {name: b}, spec: *s}\n"
        "- {kind: Pod, metadata: {name: sealed}, spec: *s, sops: {mac: x}}\n"
    )
    assert [workload for workload, _, _ in found(text)] == ["default:pod/a", "default:pod/b"]


@pytest.mark.parametrize(("value", "expected"), [("&i x:1", 2), ("x:1", 0)])
def test_a_field_tells_how_many_other_places_read_it(value, expected):
    alias = "*i" if expected else "y"
    text = HEAD + f"spec: {{containers: [{{name: c, image: {value}, env: [{alias}, {alias}]}}]}}\n"
    assert [field.also_read for field in scan_file("a.yaml", text.encode()).fields] == [expected]


def test_two_fields_of_one_name_are_told_apart_by_their_place():
    text = (
        HEAD
        + "spec: {containers: [{name: a, image: x:1}], initContainers: [{name: a, image: x:1}]}"
    )
    first, second = scan_file("a.yaml", text.encode()).fields
    assert first != second
    assert first.location < second.location


@pytest.mark.parametrize(("written", "place"), [
    ("x:1", (3, 10)), ("'x:1'", (3, 10)), ("&a x:1", (3, 13)), ("!!str x:1", (3, 16)), ("\n    x:1", (4, 5)),
    ("|\n    x:1", (4, 5)), ("|-\n    x:1", (4, 5)), (">\n    x:1", (4, 5)), (">-\n    x:1", (4, 5)), ("&a >- # why\n\n    x:1", (5, 5)),
    ('"x\\x3a1"', (3, 10)),
])  # fmt: skip
def test_a_place_is_that_of_the_value_however_it_is_written(written, place):
    text = f"kind: Farm\nmetadata: {{name: a}}\nimage:   {written}\n"
    (field,) = scan_file("a.yaml", text.encode()).fields
    assert (field.location.line, field.location.column) == place


def test_line_and_column_point_at_the_first_character():
    text = "---\n# one\n---\n" + HEAD + "spec:\n  containers:\n  - name: c\n    image: &a x:1\n"
    for prefix, newline in (("", "\n"), ("\ufeff", "\r\n")):
        data = (prefix + text.replace("\n", newline)).encode()
        place = scan_file("a.yaml", data).fields[0].location
        assert (place.line, place.column) == (9, 15)


PROBLEMS = [
    pytest.param(HEAD + "spec: {containers: [{name: c, image: '${IMAGE}'}]}", "3:38", "not written literally", id="variable"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: 'x:{{ tag }}'}]}", "3:38", "not written literally", id="template"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: {{ tag }}}]}", "3:38", "'{{ tag }}' is left alone", id="template without quotes"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: !Ref x}]}", "3:38", "!Ref", id="tag of its own"),
    pytest.param(HEAD + "spec: {containers: [{name: c, image: X" + "x" * 9000 + "}]}", "3:38", "xxx' is left alone: it is too long for an image", id="long value, cut"),
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
    pytest.param(b"---\n# This manifest was generated by flux. DO NOT EDIT.\n---\nimage: x\n", "generated", id="generated, behind ---"),
    pytest.param(b"# @generated\nimage: x\n", "generated", id="@generated"),
    pytest.param(b"{{- if .x }}\nimage: {{ .image }}\n{{- end }}\n", "template", id="Helm template"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), SKIPPED)
def test_file_is_passed_over(data, reason):
    scan = scan_file("a.yaml", data)
    assert (scan.skipped, scan.fields, scan.problems) == (reason, (), ())


POLICY = "metadata:\n  annotations:\n    {}: x\nimage: a\n"
DECLARED_IN_VAIN = [
    pytest.param(POLICY.format("automator.dev/locked").encode() + b"# \xe9\n", "3:5: automator.dev/locked has no effect: this file is passed over: not UTF-8 (write it as UTF-8)", id="Latin-1"),
    pytest.param(POLICY.format('"keel.sh/policy"').encode("utf-16"), "3:6: keel.sh/policy has no effect: this file is passed over: UTF-16 (write it as UTF-8)", id="UTF-16"),
    pytest.param(b"# DO NOT EDIT\nimage: a:1 # automator: latest\n", "2:14: automator has no effect: this file is passed over: generated", id="generated"),
    pytest.param(b"{{ if .x }}\n" + POLICY.format("filter.fluxcd.io/web").encode(), "4:5: filter.fluxcd.io/web has no effect: this file is passed over: template", id="template"),
    pytest.param(b'{{ if .x }}\nimage: a:1 # {"$imagepolicy": "ns:app"}\n', "2:16: $imagepolicy has no effect: this file is passed over: template", id="marker"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "told"), DECLARED_IN_VAIN)
def test_what_a_file_that_is_passed_over_declares_is_told(data, told):
    (problem,) = scan_file("a.yaml", data).problems
    assert str(problem) == f"a.yaml:{told}"
    assert problem.note == ("UTF" not in told)


@pytest.mark.parametrize(
    "key", ["helm.toolkit.fluxcd.io/v2", "kustomize.toolkit.fluxcd.io/name", "# see automator.dev/"]
)
def test_what_declares_nothing_is_passed_over_in_silence(key):
    scan = scan_file("a.yaml", b"# DO NOT EDIT\n" + POLICY.format(key).encode())
    assert (scan.skipped, scan.problems) == ("generated", ())


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


@pytest.mark.parametrize("key", ["template", "podTemplate", "workerTemplate"])
def test_annotations_of_a_template_in_a_custom_resource(key):
    text = (
        "kind: Farm\nmetadata: {name: a}\n"
        f"spec: {{groups: [{{{key}: {{metadata: {{annotations: {{automator.dev/policy: latest}}}}}}}}]}}\n"
    )
    assert [d.value for d in scan_file("a.yaml", text.encode()).declarations] == ["latest"]


def test_annotations_that_a_merge_key_brings():
    text = (
        "x: &common {automator.dev/policy: latest, automator.dev/locked: 'true', y: z}\n"
        "kind: Pod\nmetadata: {name: a, annotations: {<<: *common, automator.dev/policy: 'semver:1'}}\n"
    )
    declarations = scan_file("a.yaml", text.encode()).declarations
    assert [(d.key, d.value) for d in declarations] == [
        ("automator.dev/policy", "semver:1"),
        ("automator.dev/locked", "true"),
    ]


def test_annotations_elsewhere_are_not_ours():
    text = "kind: Farm\nmetadata: {name: a}\nspec: {metadata: {annotations: {automator.dev/policy: latest}}}\n"
    assert scan_file("a.yaml", text.encode()).declarations == ()


def test_an_annotation_that_is_no_text_is_a_problem_and_declared_all_the_same():
    """A lock that cannot be read must not pass for no lock."""
    text = "kind: Pod\nmetadata: {name: a, annotations: {automator.dev/locked: [x]}}\n"
    scan = scan_file("a.yaml", text.encode())
    assert "is no text" in scan.problems[0].message
    assert [(d.key, d.value) for d in scan.declarations] == [("automator.dev/locked", "[x]")]


@pytest.mark.parametrize("depth", [10_000, 100_000])
@pytest.mark.parametrize("opening", ["[", "{image: ", "- ", "image:\n "])
def test_deep_nesting_is_refused_not_followed(opening, depth):
    scan = scan_file("a.yaml", b"image: x\nb: " + opening.encode() * depth)
    assert scan.fields == ()


def test_an_alias_bomb_is_walked_once():
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 30))
    text = HEAD + "l0: &l0 {containers: [{name: c, image: x:1}]}\n" + levels
    assert [image for _, _, image in found(text)] == ["x:1"]


N = 3000
POD_ITEMS = "m: &m {name: a}\nitems:\n" + "- {kind: Pod, metadata: *m, spec: *s}\n" * N
CONTAINERS = "{name: c, image: x:1}," * N
MULTIPLYING = [
    pytest.param(f"kind: List\nx: &s {{containers: [{CONTAINERS}]}}\n{POD_ITEMS}", id="a spec for each item"),
    pytest.param("kind: List\nx: &b {" + ", ".join(f"image{n}: x" for n in range(N)) + "}\ny: &s {containers: ["
                 + "{<<: *b}," * N + f"]}}\n{POD_ITEMS}", id="merge keys for each item"),
]  # fmt: skip


@pytest.mark.parametrize("text", MULTIPLYING)
def test_a_document_that_aliases_multiply_is_passed_over(text):
    scan = scan_file("a.yaml", text.encode())
    assert scan.fields == ()
    assert [problem.message for problem in scan.problems] == [
        "this document is passed over: its aliases multiply"
    ]


def test_a_list_that_aliases_repeat_is_read_once():
    text = HEAD + f"x: &c [{CONTAINERS}]\ny:\n" + "- {containers: *c}\n" * N
    assert len(scan_file("a.yaml", text.encode()).fields) == N


def test_a_long_honest_list_is_read():
    item = "- {kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: x:1}]}}\n"
    assert len(found("kind: List\nitems:\n" + item * 12_000)) == 12_000


@pytest.mark.parametrize("line", ["{{", "\n", " ", "<%\n", "---\n", "&a ", "# \n"])
def test_a_long_file_that_does_not_parse_is_refused_quickly(line):
    """Any step that took the square of the length would take minutes here."""
    scan = scan_file("a.yaml", b"image: [\n" + line.encode() * 100_000)
    assert scan.fields == ()
    assert scan.skipped or scan.problems


@pytest.mark.parametrize("text", [
    pytest.param("#" + " # {" * 300_000, id="one line of openings"),
    pytest.param("#" * 1_000_000, id="one line of signs"),
    pytest.param("x: |\n" + "  y # automator: latest\n" * 50_000, id="in a block"),
    pytest.param("x: '\n" + "  y # automator: latest\n" * 50_000 + "'", id="in quotes"),
    pytest.param("# x: y # automator: latest\n" * 50_000, id="in commented-out lines"),
])  # fmt: skip
def test_what_looks_like_comments_without_end_is_read_quickly(text):
    """Any step that took the square of the length would take minutes here."""
    scan = scan_file("a.yaml", f"image: o/a:1 # automator: latest\n{text}\n".encode())
    assert [field.comment.text for field in scan.fields] == ["latest"]
    assert scan.problems == ()


def test_what_a_merge_key_brings_to_many_maps_is_not_kept_for_each():
    base = ", ".join(f"x{n}: 1" for n in range(190))
    text = f"base: &b {{{base}, image: 'a:1'}}\nmaps:\n" + "- {<<: *b}\n" * 3_000
    tracemalloc.start()
    fields = scan_file("values.yaml", text.encode()).fields
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(fields) == 3_001
    assert most < 20_000_000


@pytest.mark.parametrize(("path", "expected"), [
    ("a.yaml", True), ("b/c.yml", True), ("d.json", True), ("README.md", False), ("yaml", False),
])  # fmt: skip
def test_which_files_are_manifests(path, expected):
    assert is_manifest_path(path) is expected
