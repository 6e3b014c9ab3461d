"""Argo CD's Application and ApplicationSet, byte for byte: values as an object, as text, as parameters; Kustomize's strings."""

from automator.model.field import Form
from automator.scan.file import scan_file
from tests.unit.forms.making import A, B, Table, check

APP = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n"
HELM = (
    APP
    + "  source:\n    repoURL: https://charts.example.com\n    chart: web\n    targetRevision: 1.2.3\n    helm:\n"
)
IMAGES = APP + "  source:\n    kustomize:\n      images:\n"
SET = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: web, namespace: argocd}\nspec:\n  generators: [{list: {elements: [{env: prod}]}}]\n  template:\n    spec:\n      source:\n"
WHO = "argocd:application/web"

helm = Table("apps/web.yaml", WHO, Form.HELM_VALUES)
# fmt: off
row = helm.row
row("valuesObject", HELM + "      valuesObject:\n        image: {repository: o/app, tag: «v1→v2»}\n", ("image", "o/app:v1"), to="o/app:v2")
row("valuesObject, below a key", HELM + "      valuesObject:\n        web:\n          image: o/app:«v1→v2» # now\n", ("web", "o/app:v1"), to="o/app:v2")
row("valuesObject with global.imageRegistry", HELM + "      valuesObject:\n        global: {imageRegistry: r.io}\n        image: {registry: docker.io, repository: o/app, tag: «v1→v2»}\n", ("image", "r.io/o/app:v1"), to="r.io/o/app:v2")
row("values, literal", HELM + "      values: |\n        # the app\n        image:\n          repository: o/app   # name\n          tag: «v1→v2»   # release\n\n        x: 1\n", ("image", "o/app:v1"), to="o/app:v2")
row("values, literal and stripped", HELM + "      values: |-\n        image:\n          repository: o/app\n          tag: «v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2")
row("values, literal and kept", HELM + "      values: |+\n        image: o/app:«v1→v2»\n\n  project: default\n", ("image", "o/app:v1"), to="o/app:v2")
row("values, with an indentation indicator", HELM + "      values: |2\n        image: o/app:«v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2")
row("values, in single quotes", HELM + "      values: 'image: {repository: o/app, tag: ''«v1→v2»''}'\n", ("image", "o/app:v1"), to="o/app:v2")
row("values, in double quotes", HELM + '      values: "image:\\n  repository: o/app\\n  tag: «v1→v2»\\n"\n', ("image", "o/app:v1"), to="o/app:v2")
row("values, as JSON", HELM + "      values: '{\"image\": {\"repository\": \"o/app\", \"tag\": \"«v1→v2»\"}}'\n", ("image", "o/app:v1"), to="o/app:v2")
row("values: a new tag that must be quoted", HELM + '      values: |\n        image:\n          repository: o/app\n          tag: «v1→"1.10"»\n', ("image", "o/app:v1"), to="o/app:1.10")
row("values: several images, and a look-alike", HELM + "      values: |\n        a: {image: 'o/app:«v1→v2»'}\n        b:\n          image: {repository: o/app, tag: «v1→v2»}\n        # image: o/app:v1\n        text: 'image: o/app:v1'\n",
    ("a", "o/app:v1"), ("b", "o/app:v1"), to="o/app:v2")
row("values: an anchor and its alias", HELM + "      values: |\n        a: {image: &i 'o/app:«v1→v2»'}\n        b: {image: *i}\n", ("a", "o/app:v1"), ("b", "o/app:v1"), to="o/app:v2")
row("values: two documents", HELM + "      values: |\n        a: 1\n        ---\n        image: o/app:«v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2")
row("values: a literal in the literal", HELM + "      values: |\n        image:\n          repository: o/app\n          tag: |-\n            «v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2")
row("values: tag and digest", HELM + f"      values: |\n        image: {{repository: o/app, tag: «v1→v2», digest: '«{A}→{B}»'}}\n", ("image", f"o/app:v1@{A}"), to=f"o/app:v2@{B}")
row("values that are templated", HELM + "      values: |\n        image: 'o/app:{{ .tag }}'\n", problem="'o/app:{{ .tag }}' is left alone: it is not written literally")
row("values that do not parse", HELM + "      values: |\n        image: [\n", problem="the YAML in this text does not parse")
row("values that are empty", HELM + "      values: ''\n      parameters: []\n")
row("parameters: two parts", HELM + "      parameters:\n      - name: image.repository\n        value: o/app\n      - name: image.tag\n        value: «v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2")
row("parameters: the names of Argo CD Image Updater", HELM + "      parameters:\n      - name: image.name\n        value: o/app\n      - name: image.tag\n        value: «v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2")
row("parameters: below a key", HELM + "      parameters:\n      - {name: web.image.tag, value: '«1.2→1.3»', forceString: true}\n      - {name: web.image.repository, value: o/app}\n", ("web", "o/app:1.2"), to="o/app:1.3")
row("parameters: a whole reference", HELM + "      parameters:\n      - {name: web.image, value: 'o/app:«v1→v2»'}\n", ("web", "o/app:v1"), to="o/app:v2")
row("parameters: only a tag", HELM + "      parameters:\n      - {name: image.tag, value: v1}\n")
row("parameters: a build's variable", HELM + "      parameters:\n      - {name: image.repository, value: o/app}\n      - {name: image.tag, value: $ARGOCD_APP_REVISION}\n", problem="'$ARGOCD_APP_REVISION' is left alone: it is not written literally")
row("one image in parameters, another in values", HELM + "      parameters:\n      - {name: a.image, value: 'o/app:«v1→v2»'}\n      values: |\n        b:\n          image: o/app:«v1→v2»\n", ("a", "o/app:v1"), ("b", "o/app:v1"), to="o/app:v2")
row("several sources", APP + "  sources:\n  - repoURL: x\n    helm: {valuesObject: {a: {image: 'o/app:«v1→v2»'}}}\n  - repoURL: y\n    helm: {values: 'b: {image: \"o/app:«v1→v2»\"}'}\n", ("a", "o/app:v1"), ("b", "o/app:v1"), to="o/app:v2")
row("an app of apps, its values found once", HELM + "      valuesObject:\n        apps:\n          shop:\n            source:\n              helm:\n                valuesObject: {image: 'o/app:«v1→v2»'}\n", ("apps.shop.source.helm.valuesObject", "o/app:v1"), to="o/app:v2")
row("ApplicationSet: valuesObject", SET + "        helm:\n          valuesObject: {image: {repository: o/app, tag: «v1→v2»}}\n", ("image", "o/app:v1"), to="o/app:v2", workload="argocd:applicationset/web")
row("ApplicationSet: values as text", SET + "        helm:\n          values: |\n            image: {repository: o/app, tag: «v1→v2»}\n            host: '{{ .env }}.example.com'\n", ("image", "o/app:v1"), to="o/app:v2", workload="argocd:applicationset/web")
row("ApplicationSet: a templated map beside a literal one", SET + "        helm:\n          valuesObject:\n            a: {image: {repository: o/app, tag: «v1→v2»}}\n            b: {image: {repository: 'o/{{ .env }}', tag: v1}}\n",
    ("a", "o/app:v1"), to="o/app:v2", workload="argocd:applicationset/web", problem="'o/{{ .env }}' is left alone: it is not written literally")
row(".argocd-source: parameters", "helm:\n  parameters:\n  - name: image.name\n    value: o/app\n    forcestring: true\n  - name: image.tag\n    value: «v1→v2»\n    forcestring: true\n", ("image", "o/app:v1"), to="o/app:v2",
    path="web/.argocd-source-web.yaml", workload="default:values/web/.argocd-source-web")
# fmt: on


@helm.parametrize
def test_helm(row, variant):
    check(row, variant)


strings = Table("apps/web.yaml", WHO, Form.KUSTOMIZE)
# fmt: off
row = strings.row
row("name:tag", IMAGES + "      - o/app:«v1→v2»\n", ("o/app", "o/app:v1"), to="o/app:v2")
row("name=new:tag", IMAGES + "      - web=o/app:«v1→v2» # now\n", ("web", "o/app:v1"), to="o/app:v2")
row("name=new:tag, one repository twice", IMAGES + "      - o/app=o/app:«v1→v2»\n", ("o/app", "o/app:v1"), to="o/app:v2")
row("name=new@digest", IMAGES + f"      - web=o/app@«{A}→{B}»\n", ("web", f"o/app@{A}"), to=f"o/app@{B}")
row("name=new:tag@digest", IMAGES + f"      - web=o/app:«v1@{A}→v2@{B}»\n", ("web", f"o/app:v1@{A}"), to=f"o/app:v2@{B}")
row("name=new", IMAGES + "      - web=quay.io/o/app«→:v2»\n", ("web", "quay.io/o/app"), to="quay.io/o/app:v2")
row("with a port", IMAGES + "      - r.local:5000/o/app:«v1→v2»\n", ("r.local:5000/o/app", "r.local:5000/o/app:v1"), to="r.local:5000/o/app:v2")
row("folded", IMAGES + "      - >-\n        ghcr.io/o/app=ghcr.io/o/app:«v1→v2»\n      - other:v1\n", ("ghcr.io/o/app", "ghcr.io/o/app:v1"), ("other", "other:v1"), to="ghcr.io/o/app:v2")
row("literal", IMAGES + "      - |\n        web=o/app:«v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2")
row("folded behind its name", IMAGES + "      - >-\n        web=\n        o/app:«v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2")
row("in quotes", IMAGES + "      - 'web=o/app:«v1→v2»'\n      - \"o/app:«v1→v2»\"\n", ("web", "o/app:v1"), ("o/app", "o/app:v1"), to="o/app:v2")
row("in one line", APP + "  source: {kustomize: {images: ['web=o/app:«v1→v2»', 'b:v1']}}\n", ("web", "o/app:v1"), ("b", "b:v1"), to="o/app:v2")
row("as maps", IMAGES + "      - {name: app, newTag: «v1→v2»}\n", ("app", "app:v1"), to="app:v2")
row("an alias", IMAGES + "      - &i web=o/app:«v1→v2»\n      - *i\n", ("web", "o/app:v1"), to="o/app:v2")
row("templated", SET + "        kustomize:\n          images:\n          - 'o/app:{{ .tag }}'\n          - web=o/app:«v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2", workload="argocd:applicationset/web", problem="'o/app:{{ .tag }}' is left alone")
row("no image", IMAGES + "      - web=Not An Image\n      - ''\n")
row("patches", APP + "  source:\n    kustomize:\n      patches:\n      - target: {kind: Deployment, name: api, namespace: shop}\n        patch: |-\n          - op: replace\n            path: /spec/template/spec/containers/0/image\n            value: app:«v1→v2»\n", ("containers[0]", "app:v1"), to="app:v2", workload="shop:deployment/api")
row(".argocd-source: images", "kustomize:\n  images:\n  - web=o/app:«v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2", path="web/.argocd-source-web.yaml", workload="default:values/web/.argocd-source-web")
# fmt: on


@strings.parametrize
def test_kustomize_strings(row, variant):
    check(row, variant)


def test_line_and_column_are_those_of_the_file():
    text = (
        HELM
        + "      values: |\n        a: 1\n        image:\n          repository: o/app\n          tag: v1\n"
    )
    (field,) = scan_file("a.yaml", text.encode()).fields
    assert [(part.location.line, part.location.column) for part in field.parts] == [
        (15, 23),
        (16, 16),
    ]


def test_what_a_string_holds_begins_behind_its_name():
    (field,) = scan_file("a.yaml", (IMAGES + "      - >-\n        web=o/app:v1\n").encode()).fields
    assert (field.location.line, field.location.column) == (11, 13)
