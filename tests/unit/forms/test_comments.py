"""Trailing comments: ours, Flux v2's markers, Renovate's. What they are about, and that they stay when the image moves."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from automator.edit.apply import apply_changes
from automator.model.field import Form, ImageField, Role
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.model.workload import WorkloadId
from automator.scan.file import scan_file
from tests.unit.forms.making import VARIANTS, A, Table, check, text_at

OURS = "# automator: semver:^1"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
APP = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec:\n  source:\n    helm:\n"

ours = Table("values.yaml", "default:values/values", Form.HELM_VALUES)


def row(name, text, *found, says=None, **more):
    """`says`: container and expression; every image says the same if it is left out."""
    said = (
        dict.fromkeys((container for container, _ in found), "semver:^1") if says is None else says
    )
    ours.row(name, text, *found, comments=said, **more)


IMAGE, NEW = ("image", "o/app:v1"), "o/app:v2"
# fmt: off
row("behind the tag", f"image:\n  repository: o/app\n  tag: «v1→v2»   {OURS}\n", IMAGE, to=NEW)
row("behind the repository", f"image:\n  repository: o/app {OURS}\n  tag: «v1→v2»\n", IMAGE, to=NEW)
row("behind the key of the map", f"image: {OURS}\n  repository: o/app\n  tag: «v1→v2»\n", IMAGE, to=NEW)
row("behind another key of the map", f"image:\n  pullPolicy: Always {OURS}\n  repository: o/app\n  tag: «v1→v2»\n", IMAGE, to=NEW)
row("behind an empty key of the map", f"image:\n  digest: {OURS}\n  repository: o/app\n  tag: «v1→v2»\n", IMAGE, to=NEW)
row("behind a flow map", f"image: {{repository: o/app, tag: «v1→v2»}} {OURS}\n", IMAGE, to=NEW)
row("behind a reference", f"image: o/app:«v1→v2» {OURS}\n", IMAGE, to=NEW)
row("behind a reference in quotes", f"image: 'o/app:«v1→v2»' {OURS}\nx: 1\n", IMAGE, to=NEW)
row("behind a tab", f"image: o/app:«v1→v2»\t{OURS}\n", IMAGE, to=NEW)
row("with a tab, and blanks at the end", "image: o/app:«v1→v2» #\tautomator:\tsemver:^1  \t\n", IMAGE, to=NEW)
row("without a blank behind the sign", "image: o/app:«v1→v2» #automator:semver:^1\n", IMAGE, to=NEW)
row("with two signs", "image: o/app:«v1→v2» ## automator: semver:^1\n", IMAGE, to=NEW)
row("behind a remark", f"image: o/app:«v1→v2» # app:v0 {OURS}\n", IMAGE, to=NEW)
row("an expression with a sign", "image: o/app:«v1→v2» # automator: regex:^v#.*$\n", IMAGE, to=NEW, says={"image": "regex:^v#.*$"})
row("an expression with blanks", "image: o/app:«v1→v2» # automator: semver:>=1 <2 || 3.x\n", IMAGE, to=NEW, says={"image": "semver:>=1 <2 || 3.x"})
row("at the head of a block scalar", f"image: |- {OURS}\n  o/app:«v1→v2»\n", IMAGE, to=NEW)
row("at the head of a folded scalar", f"image:\n  repository: o/app\n  tag: > {OURS}\n    «v1→v2»\n", IMAGE, to=NEW)
row("behind an anchor", f"image: {{repository: o/app, tag: &t «v1→v2»}} {OURS}\nx: *t\n", IMAGE, to=NEW)
row("one of two images", f"a: {{image: 'o/app:«v1→v2»'}} {OURS}\nb: {{image: 'o/app:«v1→v2»'}}\n", ("a", "o/app:v1"), ("b", "o/app:v1"), to=NEW, says={"a": "semver:^1"})
row("each its own", f"a: {{image: 'o/app:«v1→v2»'}} {OURS}\nb: {{image: 'o/app:«v1→v2»'}} # automator: latest\n", ("a", "o/app:v1"), ("b", "o/app:v1"), to=NEW, says={"a": "semver:^1", "b": "latest"})
row("in a second document", f"a: 1\n---\nimage: o/app:«v1→v2» {OURS}\n", IMAGE, to=NEW)
row("in unicode", f"# ünïcode ✓\nimage: o/app:«v1→v2» {OURS}\n", IMAGE, to=NEW)
row("the same twice", f"image:\n  repository: o/app {OURS}\n  tag: «v1→v2» {OURS}\n", IMAGE, to=NEW)
row("two that disagree", f"image:\n  repository: o/app {OURS}\n  tag: «v1→v2» # automator: latest\n", IMAGE, to=NEW, problem="another comment, in line 2, says something else")
row("not where two images stand", f"web: {OURS}\n  image: o/app:«v1→v2»\n  sidecarImage: o/side:v1\n", ("web", "o/app:v1"), ("web.sidecarImage", "o/side:v1"), to=NEW, says={}, problem="this comment marks no image")
row("not on a line of its own", f"{OURS}\nimage: o/app:«v1→v2»\n", IMAGE, to=NEW, says={}, problem="this comment marks no image")
row("not behind something else", f"image: o/app:«v1→v2»\nreplicas:\n  min: 3 {OURS}\n", IMAGE, to=NEW, says={}, problem="this comment marks no image")
row("not in a commented-out line", f"# image: o/app:v0 {OURS}\nimage: o/app:«v1→v2»\n  # tag: v1 {OURS}\n", IMAGE, to=NEW, says={})
row("not in a block scalar", f"image: o/app:«v1→v2»\ntext: |\n  tag: v1 {OURS}\n  {OURS}\n", IMAGE, to=NEW, says={})
row("not in a folded scalar", f"image: o/app:«v1→v2»\ntext: >\n  tag: v1 {OURS}\n\n  x\n", IMAGE, to=NEW, says={})
row("not in quotes", f"image: o/app:«v1→v2»\ntext: 'tag: v1 {OURS}'\nmore: \"{OURS}\n\n  {OURS}\"\n", IMAGE, to=NEW, says={})
row("not within a word", "image: o/app:«v1→v2»\nurl: http://x/#automator:latest\n", IMAGE, to=NEW, says={})
row("not of another name", "image: o/app:«v1→v2» # myautomator: semver:^1, automator semver\n", IMAGE, to=NEW, says={})
row("any scalar that is a reference", f"env:\n  APP: o/app:«v1→v2» {OURS}\n", ("env.APP", "o/app:v1"), to=NEW, form=Form.MARKER)
row("any scalar of a list", f"args:\n- o/app:«v1→v2» {OURS}\n- o/app:v1\n", ("args.0", "o/app:v1"), to=NEW, form=Form.MARKER)
row("in a flow list over lines", f"args: [\n  'x',\n  o/app:«v1→v2», {OURS}\n]\n", ("args.1", "o/app:v1"), to=NEW, form=Form.MARKER)
row("no scalar that is none", f"env:\n  APP: app {OURS}\n  URL: https://x {OURS}\n", says={}, problem="this comment marks no image")
row("Kustomize", KUSTOMIZATION + f"images:\n- name: o/app\n  newTag: «v1→v2» {OURS}\n", ("o/app", "o/app:v1"), to=NEW, path="o/kustomization.yaml", workload="default:kustomization/o", form=Form.KUSTOMIZE)
row("Kustomize, behind the name", KUSTOMIZATION + f"images:\n- name: o/app {OURS}\n  newTag: «v1→v2»\n- name: o/b\n  newTag: v1\n", ("o/app", "o/app:v1"), ("o/b", "o/b:v1"), to=NEW, says={"o/app": "semver:^1"}, path="o/kustomization.yaml", workload="default:kustomization/o", form=Form.KUSTOMIZE)
row("Compose", f"services:\n  web:\n    image: o/app:«v1→v2» {OURS}\n", ("web", "o/app:v1"), to=NEW, path="compose.yaml", workload="default:compose/compose", form=Form.COMPOSE)
row("Deployment", f"kind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [\n  {{name: c, image: o/app:«v1→v2»}}, {OURS}\n]}}}}}}\n", ("c", "o/app:v1"), to=NEW, workload="default:deployment/a", form=Form.POD_SPEC)
row("the text in helm.values", APP + f"      values: |\n        image:\n          repository: o/app\n          tag: «v1→v2» {OURS}\n", IMAGE, to=NEW, workload="argocd:application/web")
row("the text in helm.values, behind its key", APP + f"      values: | {OURS}\n        image: o/app:«v1→v2»\n", IMAGE, to=NEW, says={}, workload="argocd:application/web", problem="this comment marks no image")
row("parameters", APP + f"      parameters:\n      - {{name: image.repository, value: o/app}}\n      - {{name: image.tag, value: «v1→v2»}} {OURS}\n", IMAGE, to=NEW, workload="argocd:application/web")
row("Kustomize's strings", APP.replace("helm:", "kustomize:") + f"      images:\n      - web=o/app:«v1→v2» {OURS}\n", ("web", "o/app:v1"), to=NEW, workload="argocd:application/web", form=Form.KUSTOMIZE)
row("a patch in place", KUSTOMIZATION + f"patches:\n- target: {{kind: Deployment, name: a}}\n  patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/0/image\n      value: o/app:«v1→v2» {OURS}\n", ("containers[0]", "o/app:v1"), to=NEW, path="kustomization.yaml", workload="default:deployment/a", form=Form.KUSTOMIZE)
# fmt: on


@ours.parametrize
def test_ours(row, variant):
    check(row, variant)


@pytest.mark.parametrize("comment", ["# automator: latest", '# {"$imagepolicy": "ns:app"}'])
def test_what_sops_signs_is_not_touched_for_a_comment(comment):
    text = f"data: {{image: 'o/app:v1'}} {comment}\nimage: o/app:v1 {comment}\nsops: {{mac: x}}\n---\nimage: o/b:v1 {comment}\n"
    scan = scan_file("values.yaml", text.encode())
    assert [str(field.image) for field in scan.fields] == ["o/b:v1"]
    assert [(problem.location.line, "SOPS" in problem.message) for problem in scan.problems] == [
        (1, True),
        (2, True),
    ]
    assert len(scan.markers) == ("$" in comment)


def marker(part="", policy="ns:app"):
    return f'# {{"$imagepolicy": "{policy}{part}"}}'


REFERENCE, NAME, TAG, DIGEST = Role.REFERENCE, Role.REPOSITORY, Role.TAG, Role.DIGEST
# the text, and of each marker: policy, role, value, whether it is part of an image field, group
MARKERS = [
    pytest.param(f"image: o/app:v1 {marker()}\n", [("ns:app", REFERENCE, "o/app:v1", True, 0)], id="a reference"),
    pytest.param(f"image: o/app:v1 {marker().replace('# ', '#')}\n", [("ns:app", REFERENCE, "o/app:v1", True, 0)], id="no blank behind the sign"),
    pytest.param(f"image: o/app:v1  {marker()}   \n", [("ns:app", REFERENCE, "o/app:v1", True, 0)], id="two blanks before it"),
    pytest.param('image: o/app:v1 # {"$imagepolicy":"ns:app"}\n', [("ns:app", REFERENCE, "o/app:v1", True, 0)], id="no blank in it"),
    pytest.param('image: o/app:v1 # {"x": 1, "$imagepolicy": "ns:app"}\n', [("ns:app", REFERENCE, "o/app:v1", True, 0)], id="another key beside"),
    pytest.param(f"image:\n  repository: o/app {marker(':name')}\n  tag: v1 {marker(':tag')}\n", [("ns:app", NAME, "o/app", True, 0), ("ns:app", TAG, "v1", True, 0)], id="name and tag of one map"),
    pytest.param(f"a: {{image: {{repository: o/app, tag: v1}}}}\nb:\n  tag: v1 {marker(':tag')}\nc:\n  tag: v1 {marker(':tag')}\n", [("ns:app", TAG, "v1", False, 0), ("ns:app", TAG, "v1", False, 1)], id="tags of no image"),
    pytest.param(f"image: {{repository: o/app}}\ndigest: {A} {marker(':digest')}\n", [("ns:app", DIGEST, A, False, 0)], id="a digest of no image"),
    pytest.param(f"version: 1.0.0 {marker(':tag')}\n", [("ns:app", TAG, "1.0.0", False, 0)], id="any scalar"),
    pytest.param(f"args:\n- --x {marker(':tag')}\n- v1 {marker(':tag')}\n", [("ns:app", TAG, "--x", False, 0), ("ns:app", TAG, "v1", False, 0)], id="items of a list"),
    pytest.param(f"tag: &t v1 {marker(':tag')}\nx: *t\n", [("ns:app", TAG, "v1", False, 0)], id="behind an anchor"),
    pytest.param(f"tag: 'v1' {marker(':tag')}\n", [("ns:app", TAG, "v1", False, 0)], id="behind quotes"),
    pytest.param(f"args: [\n  v1, {marker(':tag')}\n  x\n]\n", [("ns:app", TAG, "v1", False, 0)], id="in a flow list"),
    pytest.param(f"tag: {marker(':tag')}\nx: 1\n", [("ns:app", TAG, "", False, 0)], id="behind an empty value"),
    pytest.param(f"a: v1 {marker(':tag', 'ns:one')}\nb: v1 {marker(':tag', 'ns:two')}\n", [("ns:one", TAG, "v1", False, 0), ("ns:two", TAG, "v1", False, 0)], id="two policies"),
    pytest.param(APP + f"      values: |\n        image: o/app:v1 {marker()}\n", [("ns:app", REFERENCE, "o/app:v1", True, 0)], id="in a text"),
    pytest.param(f"# tag: v1 {marker(':tag')}\n  # {marker()}\nx: 1\n", [], id="in a commented-out line"),
    pytest.param(f"x: v1 # was v0 {marker(':tag')}\n", [], id="behind a remark: Flux does not see it"),
    pytest.param(f"x: |\n  tag: v1 {marker(':tag')}\n", [], id="in a block scalar"),
    pytest.param(f"x: \"tag: v1 {marker(':tag').replace(chr(34), chr(39))}\"\n", [], id="in quotes"),
]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("text", "expected"), MARKERS)
def test_flux_markers(text, expected, variant):
    data = VARIANTS[variant](text)
    scan = scan_file("values.yaml", data)
    assert scan.problems == ()
    assert [
        (m.policy, m.part.role, m.part.value, m.field is not None, m.group) for m in scan.markers
    ] == expected
    for one in scan.markers:
        assert text_at(data, one.location).startswith(one.written)
        assert one.field is None or one.part.span in [
            part.span for part in scan.fields[one.field].parts
        ]


def test_markers_keep_to_their_fields_and_maps_in_texts_and_documents():
    inner = f"      values: |\n        x: v1 {marker(':tag')}\n        image: o/app:v1 {marker()}\n"
    text = f"image: o/first:v1\n---\n{APP}{inner}  destination: v1 {marker(':tag')}\n"
    scan = scan_file("a.yaml", text.encode())
    told = [
        (one.part.value, one.field and str(scan.fields[one.field].image)) for one in scan.markers
    ]
    assert told == [("v1", None), ("o/app:v1", "o/app:v1"), ("v1", None)]
    inside, _, outside = scan.markers
    assert (inside.document, inside.group) != (outside.document, outside.group)


MISTAKES = [
    pytest.param("x: v1 # {'$imagepolicy': 'ns:app'}\n", "this marker cannot be read", id="single quotes"),
    pytest.param('x: v1 # {"$imagepolicy": "ns:app"} pinned\n', "this marker cannot be read", id="text behind it"),
    pytest.param('x: v1 # {"$imagepolicy": "app"}\n', "this marker cannot be read", id="no namespace"),
    pytest.param('x: v1 # {"$imagepolicy": "ns:app:foo"}\n', "names no policy, or no part of an image", id="unknown part"),
    pytest.param('x: v1 # {"$imagepolicy": ":app"}\n', "names no policy", id="empty namespace"),
    pytest.param('x: v1 # {"$imagepolicy": ["ns", "app"]}\n', "this marker cannot be read", id="a list"),
    pytest.param(f"image: {marker()}\n  repository: o/app\n", "this marker marks no value", id="behind the key of a map"),
    pytest.param(f"images: [{{name: app, newTag: v1}}] {marker(':tag')}\n", "this marker marks no value", id="behind a flow list"),
    pytest.param(f"args:\n{marker()}\n- o/app:v1\n", "this marker marks no value", id="on a line of its own"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), MISTAKES)
def test_a_marker_that_marks_nothing_is_told(text, says):
    scan = scan_file("values.yaml", text.encode())
    assert scan.markers == ()
    (problem,) = scan.problems
    assert says in problem.message
    assert text_at(text.encode(), problem.location).startswith("{")


RENOVATE = [
    pytest.param("# renovate: datasource=docker depName=o/app\nimage: o/app:v1\n", ["image"], id="above a reference"),
    pytest.param("image:\n  repository: o/app\n  # renovate: image=o/app\n  tag: v1\n", ["image"], id="above a tag"),
    pytest.param("# renovate: datasource=docker depName=o/app\nimage:\n  repository: o/app\n  tag: v1\n", ["image"], id="above a map"),
    pytest.param("image: o/app:v1 # renovate: datasource=docker\nsidecarImage: o/b:v1\n", ["image"], id="behind a reference"),
    pytest.param("image:\n  repository: o/app\n  tag: v1 # renovate: datasource=github-releases depName=o/app\n", ["image"], id="behind a tag, from releases"),
    pytest.param("image: o/app:v1\n# renovate: datasource=github-releases depName=o/x\nrelease: v1\n", [], id="another source, above something else"),
    pytest.param("image: o/app:v1\ntext: |\n  # renovate: datasource=docker\n", [], id="in a text"),
    pytest.param("image: o/app:v1\n# renovate: datasource=docker depName=x\n", [], id="above nothing"),
]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("text", "expected"), RENOVATE)
def test_what_renovate_manages(text, expected, variant):
    scan = scan_file("values.yaml", VARIANTS[variant](text))
    assert [field.container for field in scan.fields if field.managed_by == "Renovate"] == expected
    assert scan.problems == ()


# What Flux v2 makes of each file is known; here no byte changes but the value.

CASES = Path(__file__).parents[4] / "shared/cases/flux-v2.json"
FLUX_NEW = {
    "app": "app:2.0.0", "num": "app:2", "flt": "app:1.10", "sha": "app:1234567", "date": "app:2024-01-02",
    "yes": "app:yes", "dg": f"reg.io:5000/o/app:2.0.0@sha256:{'ab' * 32}",
}  # fmt: skip
MARKED = re.compile(
    r"""(?P<quote>["']?)(?P<old>[^\s"'\[\]{},]+)(?P=quote)(?P<between>,?[ \t]+\#\#?[ ]?\{"\$imagepolicy":[ ]"ns:(?P<policy>\w+):?(?P<part>name|tag|digest|)"\}\s*?$)""",
    re.VERBOSE | re.MULTILINE,
)
UNLIKE_FLUX = {"tab_indent_bad", "null_value", "marker_on_key_line_of_map"}
"""Files in which the pattern above finds a marker that marks nothing."""
NOT_TEXT = {"2", "1.10", "1234567", "2024-01-02", "yes"}


def flux_cases():
    if not CASES.is_file():
        return []
    cases = [case for case in json.loads(CASES.read_text()) if case["area"] == "setters.format"]
    return [
        pytest.param(path, text, case["input"]["case"], id=f"{case['input']['case']}-{path}")
        for case in cases
        for path, text in case["input"]["files"].items()
        if path.endswith((".yaml", ".yml", "Kustomization"))
    ]


def new_value(policy, role):
    image = ImageReference.parse(FLUX_NEW[policy.removeprefix("ns:")])
    return {"": str(image), "reference": str(image), "tag": image.tag, "digest": image.digest}.get(
        role, image.name
    )


def write_marked(path, data):
    """As the daemon writes what is marked, whatever stands there now; an empty value is no place, an unreadable marker says nothing."""
    changes = []
    for one in (m for m in scan_file(path, data).markers if m.policy and m.part.value):
        part = replace(one.part, role=Role.REFERENCE)
        field = ImageField(
            workload=WorkloadId("n", "k", "w"), container="c", form=Form.MARKER, image=ImageReference("old"), document=0, parts=(part,)
        )  # fmt: skip
        to = ImageReference.parse(new_value(one.policy, one.part.role.value))
        policy = Policy(name="p", update=Expression(PolicyKind.LATEST, "", "latest"))
        changes.append(Change(field=field, to=to, policy=policy, reason=""))
    return apply_changes(path, data, changes)


def expected_of(found):
    new, quote = new_value(found["policy"], found["part"]), found["quote"]
    quote = quote or ('"' if new in NOT_TEXT else "")
    return f"{quote}{new}{quote}{found['between']}"


@pytest.mark.skipif(not CASES.is_file(), reason="no known behaviour of Flux v2 beside the project")
@pytest.mark.parametrize(("path", "text", "case"), flux_cases())
def test_what_flux_marks_is_written_without_another_byte(path, text, case):
    expected = text if case in UNLIKE_FLUX else MARKED.sub(expected_of, text)
    assert write_marked(path, text.encode()).decode() == expected
