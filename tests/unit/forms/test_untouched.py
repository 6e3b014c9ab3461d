"""What must not be found, and so is never touched: in silence where it is no image, with a note where it might be one."""

import pytest

from automator.edit.apply import apply_changes
from automator.edit.set import plan_set
from automator.model.image import ImageReference
from automator.scan.file import scan_file
from tests.unit.forms.making import VARIANTS, A

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
FARM = "apiVersion: example.com/v1\nkind: Farm\nmetadata: {name: a}\n"
CONTAINER = POD + "spec: {containers: [{name: c, image: %s}]}\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
POLICY = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n"
LITERAL = "it is not written literally"

# text, what is told of it, path
SILENT = {
    # no images
    "rbd": POD + "spec: {volumes: [{name: v, rbd: {image: foo, monitors: ['a:6789']}}]}\n",
    "rbd of a persistent volume": FARM + "spec: {rbd: {image: foo, pool: kube}}\n",
    "an environment variable": POD + "spec: {containers: [{name: c, env: [{name: IMAGE, value: 'o/app:v1'}], command: ['image: o/app:v1']}]}\n",
    "data of a ConfigMap": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x.yaml: |\n    image: o/app:v1\n    spec: {containers: [{name: c, image: 'o/app:v1'}]}\n",
    "pull policy and secrets": "imagePullPolicy: Always\nimagePullSecrets: [{name: o/app}]\nimage: {pullPolicy: Always, pullSecrets: [a]}\n",
    "an annotation": POD.replace("name: a", "name: a, annotations: {sidecar.istio.io/proxyImage: 'o/app:v1'}"),
    "annotations of a chart": "annotations: {dapr.io/sidecar-image: 'o/app:v1'}\n",
    "a picture": "logoImage: https://cdn.example.com/logo.png\nbackgroundImage: cdn.example.com/a/b.jpg\nimages: {logo: cdn.example.com/logo.svg, big: /static/big.png}\n",
    "a disk": "diskImage: images.example.com/os/ubuntu.qcow2\nimageURL: https://example.com/x/y:z\n",
    "a name alone": "web: {image: app}\nimage: o/app\n",
    "a name alone beside an empty tag": "web: {image: app, tag: ''}\n",
    "a size": "image: {size: 10Gi, width: 100}\nimageSize: 12\n",
    "a flag": "image: true\ncollectImages: false\nimages: 3\n",
    "a version alone": "app: {version: 1.2.3, tag: v1}\ntag: v1\nimageTag: v1\n",
    "a schema": '{"properties": {"image": {"type": "object", "properties": {"repository": {"type": "string"}, "tag": {"type": "string", "default": "v1"}}}}}\n',
    "a CRD": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec: {image: 'o/app:v1', versions: [{schema: {properties: {image: {default: 'o/app:v1'}}}}], containers: [{name: c, image: 'o/app:v1'}]}\n",
    "a CRD in a List": "apiVersion: v1\nkind: List\nitems:\n- {kind: CustomResourceDefinition, metadata: {name: a}, spec: {image: 'o/app:v1'}}\n",
    # repositories of something else
    "a Git repository": "source: {repository: 'https://github.com/o/app', tag: v1}\n",
    "a Git repository over SSH": "source: {repository: 'git@github.com:o/app', tag: v1}\nb: {repo: 'ssh://git@github.com/o/app.git', tag: v1}\n",
    "a Git repository without a scheme": "source: {repository: github.com/o/app, tag: v1}\nb: {repo: gitlab.com/o/app, tag: v1}\n",
    "a chart's repository": "chart: {repository: 'https://charts.example.com/stable', name: app, version: 1.2.3}\n",
    "a chart in a release": "apiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\nmetadata: {name: a}\nspec: {chart: {repository: 'https://charts.example.com', name: app, version: 1.2.3}}\n",
    "a chart's dependencies": "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: v1\ndependencies: [{name: redis, version: 17.x.x, repository: 'oci://registry-1.docker.io/bitnamicharts'}]\n",
    "a pair of Git's": "gitRepository: o/app\ngitTag: v1\nchartRepository: o/charts\nchartTag: v1\n",
    "an OCIRepository": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: a}\nspec: {url: 'oci://ghcr.io/o/app', ref: {tag: v1}}\n",
    # policies
    "a deny list": POLICY + "  rules: [{validate: {pattern: {spec: {containers: [{name: '*', image: '!*:latest'}]}}}}]\n",
    "an allow list": POLICY + "  rules: [{validate: {pattern: {spec: {containers: [{image: 'ghcr.io/o/* | docker.io/*'}]}}}}]\n",
    "references to verify": POLICY + "  rules: [{verifyImages: [{imageReferences: ['ghcr.io/o/*', 'ghcr.io/o/app:v1']}]}]\n",
    "exempt images": "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\nmetadata: {name: a}\nspec: {parameters: {exemptImages: ['o/app:v1'], repos: ['docker.io/o']}}\n",
    "an ImagePolicy": "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {name: a}\nspec: {imageRepositoryRef: {name: a}, policy: {semver: {range: 1.x}}}\nstatus: {latestImage: 'o/app:v1', latestRef: {image: o/app, tag: v1}}\n",
    "an ImageRepository": "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {name: a}\nspec: {image: ghcr.io/o/app}\n",
    "an image list in an annotation": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a, annotations: {argocd-image-updater.argoproj.io/image-list: 'a=o/app:1.x'}}\nspec: {source: {chart: a}}\n",
    # what is not ours
    "status": POD + "status: {containerStatuses: [{name: c, image: 'o/app:v1'}], containers: [{name: c, image: 'o/app:v1'}]}\n",
    "status at any depth": FARM + "spec: {x: {status: {image: 'o/app:v1'}}}\n",
    "managed fields": "apiVersion: v1\nkind: Pod\nmetadata: {name: a, managedFields: [{image: 'o/app:v1'}]}\n",
    "last applied": 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {"kind":"Pod","spec":{"containers":[{"name":"c","image":"o/app:v1"}]}}\n',
    "a SOPS document": CONTAINER % "'o/app:v1'" + "sops: {mac: 'ENC[AES256_GCM,data:x]', version: 3.8.1}\n",
    "a Kyverno policy": "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\nspec:\n  rules:\n  - name: r\n    validate: {pattern: {spec: {containers: [{image: 'o/app:v1'}]}}}\n    verifyImages: [{image: 'o/app:v1'}]\n",
    "a Gatekeeper constraint": "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\nmetadata: {name: a}\nspec: {parameters: {image: 'o/app:v1'}}\n",
    "SOPS values": "image: {repository: o/app, tag: v1}\nsops: {mac: x}\n",
    "a SOPS item of a List": "kind: List\napiVersion: v1\nitems:\n- {kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: 'o/app:v1'}]}, sops: {mac: x}}\n",
    "an encrypted value": CONTAINER % "'ENC[AES256_GCM,data:abc,iv:x,tag:y,type:str]'",
    "an encrypted tag": "image: {repository: o/app, tag: 'ENC[AES256_GCM,data:abc]'}\n",
    "ko": CONTAINER % "ko://github.com/o/app/cmd/web",
    # nothing written
    "an empty value": CONTAINER % "''",
    "a blank value": CONTAINER % "' '",
    "null": CONTAINER % "null",
    "nothing": POD + "spec: {containers: [{name: c, image: }, {name: d}]}\n",
    "an empty map": CONTAINER % "{}",
    "an empty list": CONTAINER % "[]",
    "empty values": "image: {registry: '', repository: '', tag: ''}\nb: {image: {repository: , tag: }}\nc: {image: {}}\n",
    "an empty entry": KUSTOMIZATION + "images:\n- {}\n-\n- ''\n- {name: ''}\n- [a]\n",
    "a file of comments": "# image: o/app:v1\n# spec: {containers: []}\n",
    # text
    "a commented-out line": POD + "spec:\n  containers:\n  # - name: c\n  #   image: o/app:v1\n  - {name: d}\n",
    "a block of text": FARM + "spec:\n  text: |\n    image: o/app:v1\n    # image: o/app:v1\n    containers:\n    - image: o/app:v1\n",
    "text in quotes": FARM + 'spec: {text: "image: o/app:v1 # image: o/app:v1"}\n',
    "a key that looks like an image": "o/app:v1: x\n'image: o/app:v1': x\n",
    "a key that is no scalar": "? {image: 'o/app:v1'}\n: x\n? [image]\n: 'o/app:v1'\n",
    "a list at the top": "- image: o/app:v1\n- o/app:v1\n",
    "a scalar at the top": "image:o/app:v1\n",
    "a merge of itself": "a: &a {<<: *a, x: image}\n",
}  # fmt: skip

TOLD = {
    "an ImageUpdater": ("apiVersion: argocd-image-updater.argoproj.io/v1alpha1\nkind: ImageUpdater\nmetadata: {name: a}\nspec: {applicationRefs: [{images: [{alias: a, imageName: 'o/app:1.x'}]}]}\n", "objects of this kind are not read"),
    "a placeholder": (CONTAINER % "<IMAGE>", LITERAL),
    "a placeholder in small letters": (CONTAINER % "'<your-image>:v1'", LITERAL),
    "a placeholder in capitals": (CONTAINER % "REPLACE_ME", "'REPLACE_ME' is no image name"),
    "a shell variable": (CONTAINER % "'${REGISTRY}/app:v1'", LITERAL),
    "a make variable": (CONTAINER % "$(IMAGE)", LITERAL),
    "a template": (CONTAINER % "'o/app:{{ .Values.tag }}'", LITERAL),
    "a template without quotes": (CONTAINER % "{{ .Values.image }}", LITERAL),
    "several images in one": (CONTAINER % "'a=o/app:v1;b=o/app:v1'", "is no image"),
    "a blank within": (CONTAINER % "'o/app :v1'", "is no image"),
    "a digest too short": (CONTAINER % "o/app@sha256:12", "is no digest"),
    "a digest of another kind": (CONTAINER % f"o/app@{A[:-1]}", "is no digest"),
    "a tag of its own": (CONTAINER % "!Ref Image", "its tag !Ref is no text's"),
    "binary": (CONTAINER % "!!binary bzphcHA=", "is no text's"),
    "two images in one map": (CONTAINER % "'o/app:v1', image: 'o/app:v2'", "`image` stands twice"),
    "a tag that is templated": ("image: {repository: o/app, tag: '${TAG}'}\n", LITERAL),
    "a registry that is templated": ("image: {registry: '{{ .r }}', repository: o/app, tag: v1}\n", LITERAL),
    "no YAML": (POD + "spec: {containers: [{name: c, image: 'o/app:v1'}\n", "does not parse"),
    "tabs for indentation": (POD + "spec:\n\tcontainers: [{name: c, image: 'o/app:v1'}]\n", "does not parse"),
    "two anchors of one name": ("a: &a {image: 'o/app:v1'}\nb: &a {image: 'o/app:v1'}\n", "an anchor is defined twice"),
}  # fmt: skip

SKIPPED = {
    "Code generated": (b"# Code generated by controller-gen. DO NOT EDIT.\nimage: o/app:v1\n", "generated"),
    "Flux's own": (b"---\n# This manifest was generated by flux. DO NOT EDIT.\nimage: o/app:v1\n", "generated"),
    "autogenerated": (b"# WARNING: This file is autogenerated. Do not manually edit.\nimage: o/app:v1\n", "generated"),
    "auto generated": (b"# auto generated by argocd image updater\nimage: o/app:v1\n", "generated"),
    "Generated from": (b"# Generated from deployments/values.yaml.tmpl\nimage: o/app:v1\n", "generated"),
    "this file is generated by": (b"# This file is generated by make; change its source.\nimage: o/app:v1\n", "generated"),
    "@generated": (b"# @generated\r\nimage: o/app:v1\r\n", "generated"),
    "behind a BOM": (b"\xef\xbb\xbf# DO NOT EDIT\nimage: o/app:v1\n", "generated"),
    "UTF-16": ("image: o/app:v1\n".encode("utf-16"), "UTF-16"),
    "UTF-16, big-endian": (b"\xfe\xff" + "image: o/app:v1\n".encode("utf-16-be"), "UTF-16"),
    "Latin-1": (b"image: o/app:v1 # caf\xe9\n", "not UTF-8"),
    "git-crypt": (b"\0GITCRYPT\0image\xff\xfe", "binary"),
    "a template of Helm": (b"{{- if .Values.on }}\nimage: {{ .Values.image }}\n{{- end }}\n", "template"),
    "a template of Jinja": (b"{% if on %}\nimage: {{ image }}\n{% endif %}\n", "template"),
}  # fmt: skip


def assert_untouched(data):
    fields = scan_file("a.yaml", data).fields
    assert fields == ()
    changes = plan_set(fields, ImageReference.parse("o/app:v2"))
    assert apply_changes("a.yaml", data, changes) == data


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_no_image_in_silence(text, variant):
    data = VARIANTS[variant](text)
    assert_untouched(data)
    assert scan_file("a.yaml", data).problems == ()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("text", "says"), TOLD.values(), ids=TOLD)
def test_left_alone_and_told(text, says, variant):
    data = VARIANTS[variant](text)
    assert_untouched(data)
    problems = scan_file("a.yaml", data).problems
    assert [says in problem.message for problem in problems] == [True], problems


@pytest.mark.parametrize(("data", "reason"), SKIPPED.values(), ids=SKIPPED)
def test_passed_over_as_a_whole(data, reason):
    assert_untouched(data)
    assert scan_file("a.yaml", data).skipped == reason


@pytest.mark.parametrize("header", [
    "# Passwords are generated by the chart\n", "# values of the web server\n", "# the edit is done by hand\n", "image2: x # @generated\n",
    "x: 1\n# DO NOT EDIT below\n", "# regenerated by nobody\n",
])  # fmt: skip
def test_a_header_that_says_something_else(header):
    (field,) = scan_file("values.yaml", f"{header}image: o/app:v1\n".encode()).fields
    assert str(field.image) == "o/app:v1"


@pytest.mark.parametrize(
    "text", [CONTAINER % "'${IMAGE}'", "image: {repository: o/app, tag: '{{ .t }}'}\n"]
)
def test_what_is_left_alone_is_a_note(text):
    assert [problem.note for problem in scan_file("a.yaml", text.encode()).problems] == [True]


@pytest.mark.parametrize(
    "text", [CONTAINER % "REPLACE_ME", CONTAINER % "'o/app:v1', image: 'o/b:v1'", "image: [\n"]
)
def test_what_is_a_mistake_is_none(text):
    assert [problem.note for problem in scan_file("a.yaml", text.encode()).problems] == [False]
