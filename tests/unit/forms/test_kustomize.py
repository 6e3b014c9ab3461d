"""Kustomize, byte for byte: `images:` entries, Argo CD's and Flux's, and patches that name an image."""

import pytest

from automator.model.field import Form
from automator.scan.file import scan_file
from tests.unit.forms.making import A, B, Table, check

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec:\n"

entries = Table("prod/kustomization.yaml", "default:kustomization/prod", Form.KUSTOMIZE)
# fmt: off
row = entries.row
row("newTag", HEAD + "images:\n- name: app\n  newTag: «1.0.0→1.1.0»\n", ("app", "app:1.0.0"), to="app:1.1.0")
row("newTag, quoted", HEAD + "images:\n- name: app\n  newTag: '«1.0.0→1.1.0»'\n", ("app", "app:1.0.0"), to="app:1.1.0")
row("newTag that must be quoted", HEAD + 'images:\n- name: app\n  newTag: «v1→"1.10"»\n', ("app", "app:v1"), to="app:1.10")
row("newTag that is a number", HEAD + 'images:\n- name: app\n  newTag: «16→"17"»\n', ("app", "app:16"), to="app:17")
row("newTag before the name", HEAD + "images:\n- newTag: «1.0.0→1.1.0» # why\n  name: app\n", ("app", "app:1.0.0"), to="app:1.1.0")
row("newName and newTag", HEAD + "images:\n- name: app\n  newName: quay.io/o/app\n  newTag: «1.0.0→1.1.0»\n",
    ("app", "quay.io/o/app:1.0.0"), to="quay.io/o/app:1.1.0")
row("name as placeholder", HEAD + "images:\n- name: WEB_IMAGE\n  newName: quay.io/o/app\n  newTag: «1.0.0→1.1.0»\n",
    ("WEB_IMAGE", "quay.io/o/app:1.0.0"), to="quay.io/o/app:1.1.0")
row("the name in the base is not the one to set", HEAD + "images:\n- name: app\n  newName: quay.io/o/app\n  newTag: '1.0.0'\n",
    ("app", "quay.io/o/app:1.0.0"), to="app:1.1.0")
row("newName alone", HEAD + "images:\n- name: app\n  newName: quay.io/o/app\n", ("app", "quay.io/o/app"),
    to="quay.io/o/app:1.1.0", refused="no place for the tag")
row("digest", HEAD + f"images:\n- name: app\n  digest: «{A}→{B}»\n", ("app", f"app@{A}"), to=f"app@{B}")
row("newTag and digest", HEAD + f"images:\n- name: app\n  newTag: «v1→v2»\n  digest: «{A}→{B}»\n", ("app", f"app:v1@{A}"), to=f"app:v2@{B}")
row("newTag and digest, the digest first", HEAD + f"images:\n- digest: «{A}→{B}»\n  name: app\n  newTag: «v1→v2»\n", ("app", f"app:v1@{A}"), to=f"app:v2@{B}")
row("a digest is not left beside another tag", HEAD + f"images:\n- name: app\n  newTag: v1\n  digest: {A}\n", ("app", f"app:v1@{A}"),
    to="app:v2", refused="the digest of the old image would stay")
row("newTag with a digest in it", HEAD + f"images:\n- name: app\n  newTag: «latest@{A}→latest@{B}»\n", ("app", f"app:latest@{A}"), to=f"app:latest@{B}")
row("one line", HEAD + "images: [{name: app, newTag: «v1→v2»}, {name: db, newTag: '9'}]\n", ("app", "app:v1"), ("db", "db:9"), to="app:v2")
row("flow over lines, with comments", HEAD + "images: [\n  # the app\n  {name: app, newTag: «v1→v2»}, # newTag: v1\n]\n", ("app", "app:v1"), to="app:v2")
row("several entries of one image", HEAD + "images:\n- {name: a, newName: app, newTag: «v1→v2»}\n- {name: b, newName: app, newTag: «v1→v2»}\n",
    ("a", "app:v1"), ("b", "app:v1"), to="app:v2")
row("registry with a port", HEAD + "images:\n- name: reg.local:5000/app\n  newTag: «v1→v2»\n", ("reg.local:5000/app", "reg.local:5000/app:v1"), to="reg.local:5000/app:v2")
row("Docker Hub by its other name", HEAD + "images:\n- name: docker.io/library/app\n  newTag: «v1→v2»\n", ("docker.io/library/app", "docker.io/library/app:v1"), to="app:v2")
row("namespace", HEAD + "namespace: shop\nimages:\n- name: app\n  newTag: «v1→v2»\n", ("app", "app:v1"), to="app:v2", workload="shop:kustomization/prod")
row("Component", COMPONENT + "images:\n- name: app\n  newTag: «v1→v2»\n", ("app", "app:v1"), to="app:v2")
row("no kind at all", "resources: [../base]\nimages:\n- name: app\n  newTag: «v1→v2»\n", ("app", "app:v1"), to="app:v2")
row("file named Kustomization", "images:\n- name: app\n  newTag: «v1→v2»\n", ("app", "app:v1"), to="app:v2", path="Kustomization", workload="default:kustomization/.")
row("kustomization.yml in a folder with odd signs", "images:\n- name: app\n  newTag: «v1→v2»\n", ("app", "app:v1"), to="app:v2",
    path="a b:c & d/kustomization.yml", workload="default:kustomization/a b:c & d")
row("another name, by its kind", HEAD + "images:\n- name: app\n  newTag: «v1→v2»\n", ("app", "app:v1"), to="app:v2", path="prod/kustomize.yaml")
row("anchor and merge", HEAD + "x-entry: &e {newTag: «v1→v2»}\nimages:\n- <<: *e\n  name: app\n", ("app", "app:v1"), to="app:v2")
row("an anchor for two", HEAD + "images:\n- name: app\n  newTag: &t «v1→v2»\n- name: app\n  newName: quay.io/app\n  newTag: *t\n",
    ("app", "app:v1"), ("app", "quay.io/app:v1"), to="app:v2")
row("block scalar", HEAD + "images:\n- name: app\n  newTag: |\n    «v1→v2»\n", ("app", "app:v1"), to="app:v2")
row("folded scalar", HEAD + "images:\n- name: app\n  newTag: >-\n    «v1→v2»\n  newName: app\n", ("app", "app:v1"), to="app:v2")
row("digest split over lines", HEAD + f'images:\n- name: app\n  digest: "«{A[:40]}\\\n    {A[40:]}→{B}»"\n', ("app", f"app@{A}"), to=f"app@{B}")
row("a variable", HEAD + "images:\n- name: app\n  newTag: ${TAG}\n", problem="'${TAG}' is left alone: it is not written literally")
row("a tagSuffix", HEAD + "images:\n- name: app\n  newTag: v1\n  tagSuffix: -dev\n", problem="a tagSuffix changes what is written here")
row("an entry without an effect", HEAD + "images:\n- name: app\n")
row("an entry without a name", HEAD + "images:\n- newName: app\n  newTag: v1\n")
row("an empty digest", HEAD + "images:\n- name: app\n  newTag: «v1→v2»\n  digest: ''\n", ("app", "app:v1"), to="app:v2")
row("a short digest", HEAD + "images:\n- name: app\n  digest: sha256:25a0d4\n", problem="'sha256:25a0d4' is no digest")
row("newTag twice", HEAD + "images:\n- name: app\n  newTag: v1\n  newTag: v2\n", problem="`newTag` stands twice in one map")
row("a tag that is a map", HEAD + "images:\n- name: app\n  newTag: {{ .tag }}\n", problem="is left alone: it is not written literally")
row("Flux's spec.images", FLUX + "  images:\n  - name: app\n    newName: quay.io/app\n    newTag: «v1→v2» # here\n", ("app", "quay.io/app:v1"),
    to="quay.io/app:v2", path="apps.yaml", workload="flux-system:kustomization/apps")
row("Flux's inline patch", FLUX + "  patches:\n  - patch: |\n      - op: replace\n        path: /spec/template/spec/containers/0/image\n        value: app:«1→2»\n    target: {kind: Deployment, name: web}\n",
    ("containers[0]", "app:1"), to="app:2", path="apps.yaml", workload="flux-system:deployment/web")
row("values of a chart", HEAD + "helmCharts:\n- name: web\n  releaseName: shop\n  valuesInline:\n    image: {repository: quay.io/app, tag: «v1→v2»}\n", ("shop", "quay.io/app:v1"), to="quay.io/app:v2", form=Form.HELM_VALUES)
# fmt: on


@entries.parametrize
def test_entries(row, variant):
    check(row, variant)


PATCH = HEAD + "patches:\n- target: {kind: Deployment, name: web, namespace: shop}\n  patch: |-\n"
STRATEGIC = "    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web, namespace: shop}\n    spec: {template: {spec: {containers: [{name: c, image: app:«1→2»}]}}}\n"
patches = Table("prod/kustomization.yaml", "shop:deployment/web", Form.KUSTOMIZE)
# fmt: off
row = patches.row
row("replace an image", PATCH + "    - op: replace\n      path: /spec/template/spec/containers/0/image\n      value: app:«1→2» # why\n", ("containers[0]", "app:1"), to="app:2")
row("value before path", PATCH + "    - value: app:«1→2»\n      path: /spec/template/spec/containers/0/image\n      op: replace\n", ("containers[0]", "app:1"), to="app:2")
row("add an init container", PATCH + "    - op: add\n      path: /spec/template/spec/initContainers/-\n      value: {name: init, image: 'app:«1→2»'}\n", ("init", "app:1"), to="app:2")
row("an init container without a name", PATCH + "    - op: add\n      path: /spec/template/spec/initContainers/-\n      value: {image: 'app:«1→2»'}\n", ("initContainers[-]", "app:1"), to="app:2")
row("as JSON", PATCH + '    [{"op": "replace", "path": "/spec/template/spec/containers/1/image", "value": "app:«1→2»"}]\n', ("containers[1]", "app:1"), to="app:2")
row("JSON in quotes", HEAD + "patches:\n- target: {kind: Deployment, name: web, namespace: shop}\n"
    "  patch: '[{\"op\": \"replace\", \"path\": \"/spec/template/spec/containers/0/image\", \"value\": \"app:«1→2»\"}]'\n", ("containers[0]", "app:1"), to="app:2")
row("test and remove name nothing", PATCH + "    - {op: test, path: /spec/template/spec/containers/0/image, value: 'app:1'}\n    - {op: remove, path: /spec/x/image}\n")
row("a pointer to something else", PATCH + "    - {op: replace, path: /spec/template/spec/containers/0/imagePullPolicy, value: Always}\n    - {op: add, path: /metadata/labels/image-x, value: 'a:1'}\n")
row("an image of an operator", PATCH + "    - {op: replace, path: /spec/kafka/image, value: 'app:«1→2»'}\n", ("kafka", "app:1"), to="app:2")
row("an image at the top of a spec", PATCH + "    - {op: replace, path: /spec/image, value: 'app:«1→2»'}\n", ("image", "app:1"), to="app:2")
row("strategic merge", HEAD + "patches:\n- patch: |\n" + STRATEGIC, ("c", "app:1"), to="app:2", form=Form.POD_SPEC)
row("the older patchesStrategicMerge", HEAD + "patchesStrategicMerge:\n- a.yaml\n- |-\n" + STRATEGIC, ("c", "app:1"), to="app:2", form=Form.POD_SPEC)
row("the older patchesJson6902", HEAD + "patchesJson6902:\n- target: {kind: Deployment, name: web, namespace: shop, version: v1}\n  patch: |-\n"
    "    - {op: replace, path: /spec/template/spec/containers/0/image, value: 'app:«1→2»'}\n", ("containers[0]", "app:1"), to="app:2")
row("several documents in one patch", HEAD + "patches:\n- patch: |\n" + STRATEGIC + "    ---\n" + STRATEGIC, ("c", "app:1"), ("c", "app:1"), to="app:2", form=Form.POD_SPEC)
row("a variable in a patch", PATCH + "    - {op: replace, path: /spec/template/spec/containers/0/image, value: 'app:${TAG}'}\n", problem="'app:${TAG}' is left alone: it is not written literally")
row("a patch that does not parse", HEAD + "patches:\n- patch: |\n    image: [\n", problem="the YAML in this text does not parse")
row("a patch in a file of its own", "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: app:«1→2» # why\n- op: add\n  path: /x\n  value: 1\n",
    ("containers[0]", "app:1"), to="app:2", path="prod/web.yaml", workload="default:patch/prod/web")
row("a JSON patch in a file of its own", '[\n\t{"op": "add", "path": "/spec/template/spec/containers/0/image", "value": "app:«1→2»"}\n]\n',
    ("containers[0]", "app:1"), to="app:2", path="web.json", workload="default:patch/web")
# fmt: on


@patches.parametrize
def test_patches(row, variant):
    check(row, variant)


def test_the_list_that_a_container_stands_in_is_told():
    text = (
        PATCH
        + "    - {op: add, path: /spec/template/spec/initContainers/-, value: {name: i, image: 'a:1'}}\n"
    )
    (field,) = scan_file("kustomization.yaml", text.encode()).fields
    assert (field.slot, field.document) == ("initContainers", 0)


@pytest.mark.parametrize("kind", ["Kustomization", "Component"])
def test_what_entries_reach_is_told_by_the_values_of_the_object(kind):
    text = f"apiVersion: kustomize.config.k8s.io/v1\nkind: {kind}\nresources: [a, b]\nimages: [{{name: x, newTag: v1}}]\n"
    (told,) = scan_file("o/kustomization.yaml", text.encode()).objects
    assert {key: value.text for key, value in told.values.items() if "." in key} == {
        "resources.0": "a", "resources.1": "b", "images.0.name": "x", "images.0.newTag": "v1",
    }  # fmt: skip
