"""What is declared for other tools becomes automator's own words: the bytes, and that every image is ruled as before.

In a file, lines that are added begin with `+`, other added text stands in «»; ⟦⟧ holds what goes.
"""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.config.models import DialectSettings
from automator.model.policy import Declared
from automator.plan.match import nearest_policy
from automator.survey.manifests import declared_for, fields_of, read_across
from automator.survey.migration import migrate_file, needs_migration
from tests.unit.survey.making import read_files

NO_DIALECTS = DialectSettings(flux_v1=False, flux_v2=False, argocd_image_updater=False, keel=False)
SHA = "sha256:" + "0123456789abcdef" * 4


def before(files):
    shown = {path: re.sub(r"^\+.*\n", "", text, flags=re.MULTILINE) for path, text in files.items()}
    return {path: re.sub("[⟦⟧]", "", re.sub("«[^»]*»", "", text)) for path, text in shown.items()}


def after(files):
    shown = {path: re.sub(r"^\+", "", text, flags=re.MULTILINE) for path, text in files.items()}
    return {path: re.sub("[«»]", "", re.sub("⟦[^⟧]*⟧", "", text)) for path, text in shown.items()}


def migrate(files):
    """The files as they are then, the number of additions, and what is left."""
    readings = read_files(files)
    across = read_across(readings, DialectSettings())
    edited, additions, left = dict(files), 0, []
    for path, reading in readings.items():
        if needs_migration(path, reading, across):
            done = migrate_file(path, reading, across, files[path].encode())
            edited[path] = done.edited.decode()
            additions += len(done.additions)
            left += [str(problem) for problem in done.left]
    return edited, additions, left


def ruled(files, dialects=None):
    """What rules each image field, whoever says it, in the order of the files."""
    dialects = dialects or DialectSettings()
    readings = read_files(files, dialects)
    across = read_across(readings, dialects)
    said = []
    for path, reading in readings.items():
        numbered = enumerate(fields_of(path, reading, across))
        for number, field in sorted(numbered, key=lambda one: (one[1].location, one[0])):
            declared = declared_for((path, number), readings, across) or Declared()
            policy = nearest_policy(field, declared, [])
            if policy is not None:
                policy = replace(policy, name="", source=None)
            lock = declared.locked_reason if declared.locked else None
            said.append((str(field.workload), field.container, str(field.image), policy, lock))
    return said


def workload(annotations, *images, kind="Deployment", name="carts"):
    containers = "".join(
        f"      - name: {image.partition('=')[0]}\n        image: {image.partition('=')[2]}\n"
        for image in images or ("carts=shop/carts:1.2.3",)
    )
    lines = "".join(re.sub(r"^(\+?)", r"\1    ", line) + "\n" for line in annotations)
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  annotations:\n{lines}"
        f"spec:\n  template:\n    spec:\n      containers:\n{containers}"
    )


def flux2(name, policy, **fields):
    """An ImagePolicy, its ImageRepository, and the automation that lets Flux write."""
    spec = "".join(f"\n  {key}: {value}" for key, value in fields.items())
    return (
        "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec:\n  imageRepositoryRef: {{name: {name}}}\n  policy: {policy}{spec}\n"
        "---\napiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\nspec: {{image: ghcr.io/o/{name}}}\n"
        "---\n" + AUTOMATION
    )


AUTOMATION = (
    "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\n"
    "metadata: {name: all, namespace: flux-system}\nspec: {update: {path: ./, strategy: Setters}}\n"
)
ON = 'fluxcd.io/automated: "true"'
ANY = '{update: glob:*, exclude: ["[lL][aA][tT][eE][sS][tT]"], allow_downgrade: true}'
SEMVER = "{update: semver:~1, allow_downgrade: true, versions: semver}"
STRICT = 'exclude: ["*.sig"], allow_downgrade: true, versions: strict}'
KEEL_MINOR = r"{update: semver:>=1.2.3 <2.0.0-0, filter: {pattern: 'v?[0-9]+(?:\.[0-9]+){2,2}'}, versions: semver}"
KEEL_PATCH = KEEL_MINOR.replace("<2.0.0-0", "<1.3.0-0")
TWO = ("carts=shop/carts:1.2.3", "proxy=shop/proxy:2")
HELM = "apiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\nmetadata:\n  name: web\n  annotations:\n"
VALUES = "spec:\n  values:\n    image: shop/web:1.0.0\n    proxy: {image: {repository: shop/proxy, tag: '2'}}\n"
APP = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\n  annotations:\n"
UPDATER = "argocd-image-updater.argoproj.io"
SOURCE = "spec:\n  source:\n    repoURL: https://git.example.com/a.git\n    path: web\n"
ARGO = "{update: semver:~1, allow_downgrade: true, versions: semver}"


def application(annotations, target, more=""):
    lines = "".join(f"    {UPDATER}/{line}\n" for line in annotations)
    if target:
        lines += (
            f"    {UPDATER}/write-back-method: git\n    {UPDATER}/write-back-target: {target}\n"
        )
    return APP + lines + more + SOURCE


SCENARIOS = {
    "Flux v1: every tag, one policy for all": {
        "a.yaml": workload([ON, f"+automator.dev/policy: '{ANY}'"], *TWO)
    },
    "Flux v1: one policy for each container": {
        "a.yaml": workload(
            [ON, "fluxcd.io/tag.carts: semver:~1", f'+automator.dev/policy.carts: "{SEMVER}"', f"+automator.dev/policy.proxy: '{ANY}'"], *TWO
        )
    },
    "Flux v1: the same for each is one for all": {
        "a.yaml": workload(
            [ON, "fluxcd.io/tag.carts: semver:~1", "filter.fluxcd.io/proxy: semver:~1", f'+automator.dev/policy: "{SEMVER}"'], *TWO
        )
    },
    "Flux v1: a regular expression": {
        "a.yaml": workload(
            [ON, r"flux.weave.works/tag.carts: regexp:^v(\d+)$", "+automator.dev/policy: '" + ANY.replace("glob:*", r"''regex:^v(\d+)$''") + "'"]
        )
    },
    "Flux v1: locked, with its message": {
        "a.yaml": workload(
            ['fluxcd.io/locked: "true"', "fluxcd.io/locked_msg: it's \"INC-1\"", "fluxcd.io/locked_user: ann", '+automator.dev/locked: "true"', "+automator.dev/locked-reason: 'it''s \"INC-1\" (by ann)'"]
        )
    },
    "Flux v1: automated and locked": {
        "a.yaml": workload([ON, 'fluxcd.io/locked: "true"', '+automator.dev/locked: "true"', f"+automator.dev/policy: '{ANY}'"])
    },
    "Flux v1: ignored": {
        "a.yaml": workload([ON, 'fluxcd.io/ignore: "true"', '+automator.dev/automated: "false"'])
    },
    "Flux v1: not automated": {
        "a.yaml": workload(['fluxcd.io/automated: "false"', '+automator.dev/automated: "false"'])
    },
    "Flux v1: a HelmRelease": {
        "a.yaml": HELM + f"    {ON}\n    fluxcd.io/tag.chart-image: semver:~1\n+    automator.dev/policy.image: \"{SEMVER}\"\n+    automator.dev/policy.proxy: '{ANY}'\n" + VALUES
    },
    "Flux v1: the names of images that no annotation can name": {
        "a.yaml": HELM + f"    {ON}\n    repository.fluxcd.io/x: a_b/c.image\n" + VALUES.replace("    image: shop/web:1.0.0\n", "").replace("proxy:", f"{'x' * 60}:").replace("'2'}}\n", f"'2'}}}}« # automator: {ANY}»\n"),
    },
    "Flux v1: two workloads of one file": {
        "a.yaml": workload([ON, f"+automator.dev/policy: '{ANY}'"]) + "---\n" + workload([ON, 'fluxcd.io/locked: "true"', '+automator.dev/locked: "true"', f"+automator.dev/policy: '{ANY}'"], name="db")
    },
    "Flux v2: a whole reference": {
        "p.yaml": flux2("web", "{semver: {range: 1.x}}"),
        "a.yaml": 'spec:\n  image: ghcr.io/o/web:1.0.0 # ⟦{"$imagepolicy": "flux-system:web"}⟧«automator: {update: semver:1.x, ' + STRICT + "»\n",
    },
    "Flux v2: a tag, with a filter": {
        "p.yaml": flux2("web", "{numerical: {order: asc}}", filterTags=r"{pattern: '^main-(?P<ts>\d+)$', extract: $ts}"),
        "a.yaml": "image:\n  repository: ghcr.io/o/web\n  tag: main-1 #⟦{\"$imagepolicy\": \"flux-system:web:tag\"}⟧«automator: {update: numerical:asc, filter: {pattern: '^main-(?P<ts>\\d+)$', extract: $ts}, " + STRICT + "»\n",
    },
    "Flux v2: repository, tag and digest are one policy": {
        "p.yaml": flux2("web", "{alphabetical: {}}", digestReflectionPolicy="Always"),
        "a.yaml": 'image:\n  repository: ghcr.io/o/web⟦ # {"$imagepolicy": "flux-system:web:name"}⟧\n  tag: main # ⟦{"$imagepolicy": "flux-system:web:tag"}⟧«automator: {update: alphabetical:asc, exclude: ["*.sig"], pin_digest: true, allow_downgrade: true, versions: strict}»\n' + f'  digest: {SHA}⟦  #{{"$imagepolicy": "flux-system:web:digest"}}⟧\n',
    },
    "Flux v2: the digest is kept": {
        "p.yaml": flux2("web", "{semver: {range: '>=1.0.0'}}", digestReflectionPolicy="IfNotPresent"),
        "a.yaml": f'spec:\n  image: ghcr.io/o/web:1.0.0@{SHA} # ⟦{{"$imagepolicy": "flux-system:web"}}⟧«automator: {{update: semver:>=1.0.0, exclude: ["*.sig"], pin_digest: true, keep_digest: true, allow_downgrade: true, versions: strict}}»\n',
    },
    "Flux v2: a reference that nothing but its marker tells": {
        "p.yaml": flux2("web", "{semver: {range: 1.x}}"),
        "a.yaml": 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata:\n  FIRST: a\n  WEB: ghcr.io/o/web:1.0.0 # ⟦{"$imagepolicy": "flux-system:web"}⟧«automator: {update: semver:1.x, ' + STRICT + "»\n  LAST: b\n",
    },
    "Argo CD: its own parameters": {
        "a.yaml": application(["image-list: w=shop/web:~1"], "", f'+    automator.dev/policy.web: "{ARGO}"\n') + "    helm:\n      parameters:\n      - {name: web.image.repository, value: shop/web}\n      - {name: web.image.tag, value: 1.0.0}\n      - {name: db.image.repository, value: shop/db}\n      - {name: db.image.tag, value: 1.0.0}\n",
    },
    "Argo CD: values as text": {
        "a.yaml": application(["image-list: w=shop/web:~1"], "", f'+    automator.dev/policy: "{ARGO}"\n') + "    helm:\n      values: |\n        image:\n          repository: shop/web\n          tag: 1.0.0\n",
    },
    "Argo CD: a Kustomization": {
        "app.yaml": application(["image-list: shop/web:~1"], "kustomization"),
        "web/kustomization.yaml": f"resources: [a.yaml]\nimages:\n- name: shop/web\n  newTag: 1.0.0 # why« # automator: {ARGO}»\n- name: shop/db\n  newTag: 1.0.0\n",
    },
    "Argo CD: a values file": {
        "app.yaml": application(["image-list: w=shop/web", "w.update-strategy: newest-build", "w.allow-tags: 'regexp:^v[0-9]'", "w.ignore-tags: 'v0*, dev-?'", "w.platforms: linux/arm64"], "helmvalues:v.yaml"),
        "web/v.yaml": 'image:\r\n  tag: v1« # automator: {update: latest, filter: {pattern: "(?s:.*?)(?:^v[0-9])(?s:.*)"}, exclude: [v0*, "dev-?"], platforms: [linux/arm64], allow_downgrade: true, versions: semver}»\r\n  repository: shop/web\r\n',
    },
    "Argo CD: a values file without a tag": {
        "app.yaml": application(["image-list: shop/web:~1"], "helmvalues"),
        "web/values.yaml": f"image:\n  repository: shop/web« # automator: {ARGO}»\n",
    },
    "Keel: minor": {"a.yaml": workload(["keel.sh/policy: minor", "keel.sh/trigger: poll", f"+automator.dev/policy: '{KEEL_MINOR.replace(chr(39), chr(39) * 2)}'"])},
    "Keel: never": {"a.yaml": workload(["keel.sh/policy: never", '+automator.dev/policy: "none"'])},
    "Keel: force": {"a.yaml": workload(["keel.sh/policy: force", '+automator.dev/policy: "latest"'])},
    "Keel: force, the same tag": {"a.yaml": workload(["keel.sh/policy: force", 'keel.sh/matchTag: "true"', '+automator.dev/policy.carts: "digest:1.2.3"', '+automator.dev/policy.proxy: "digest:2"'], *TWO)},
    "Keel: a glob": {"a.yaml": workload(["keel.sh/policy: glob:v*", '+automator.dev/policy: "glob:v*"'])},
    "Keel: one container of two": {"a.yaml": workload(["keel.sh/policy: force", "keel.sh/monitorContainers: carts", '+automator.dev/policy.carts: "latest"'], *TWO)},
    "Keel: approvals": {
        "a.yaml": workload(["keel.sh/policy: force", 'keel.sh/approvals: "2"', '+automator.dev/locked: "true"', '+automator.dev/locked-reason: "keel.sh/approvals wants 2 approvals"', '+automator.dev/policy: "latest"'])
    },
    "Keel: a label": {
        "a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: carts\n  labels: {keel.sh/policy: patch}\n+  annotations:\n+    automator.dev/policy: '" + KEEL_PATCH.replace("'", "''") + "'\nspec:\n  template:\n    spec:\n      containers:\n      - {name: carts, image: 'shop/carts:1.2.3'}\n"
    },
    "Keel: on the pod template, whose pods go on running": {
        "a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: carts\n+  annotations:\n+    automator.dev/policy: \"latest\"\nspec:\n  template:\n    metadata:\n      annotations: {keel.sh/policy: force}\n    spec:\n      containers:\n      - {name: carts, image: 'shop/carts:1.2.3'}\n"
    },
    "Keel: a container and a volume of one name": {
        "a.yaml": workload(["keel.sh/policy: force"], "data=shop/data:1« # automator: latest»") + "      volumes:\n      - name: data\n        image: {reference: 'shop/files:1'}\n"
    },
    "two dialects on one workload": {
        "p.yaml": flux2("web", "{semver: {range: 1.x}}"),
        "a.yaml": workload(['fluxcd.io/locked: "true"', "keel.sh/policy: force", '+automator.dev/locked: "true"', '+automator.dev/policy.proxy: "latest"'], 'web=ghcr.io/o/web:1.0.0 # ⟦{"$imagepolicy": "flux-system:web"}⟧«automator: {update: semver:1.x, ' + STRICT + "»", "proxy=shop/proxy:2"),
    },
    "said natively already": {"a.yaml": workload([ON, "automator.dev/policy: latest"])},
    "said natively for one": {"a.yaml": workload([ON, "automator.dev/policy.carts: latest", f"+automator.dev/policy.proxy: '{ANY}'"], *TWO)},
    "said in a comment for one": {"a.yaml": workload([ON, f"+automator.dev/policy.proxy: '{ANY}'"], "carts=shop/carts:1.2.3 # automator: latest", "proxy=shop/proxy:2")},
    "a lock beside our own policy": {"a.yaml": workload(['fluxcd.io/locked: "true"', "automator.dev/policy: latest", '+automator.dev/locked: "true"'])},
    "locked natively already": {"a.yaml": workload([ON, 'fluxcd.io/locked: "true"', 'automator.dev/locked: "true"', f"+automator.dev/policy: '{ANY}'"])},
    "nothing but other tools' objects": {"p.yaml": flux2("web", "{semver: {range: 1.x}}"), "a.yaml": workload(["team: shop"])},
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_means_the_same_is_written_and_nothing_else(name):
    old, new = before(SCENARIOS[name]), after(SCENARIOS[name])
    edited, _, left = migrate(old)
    assert edited == new
    assert left == []
    assert ruled(new) == ruled(old)
    assert ruled(new, NO_DIALECTS) == ruled(old)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_second_time_nothing_is_left_to_write(name):
    new = after(SCENARIOS[name])
    assert migrate(new) == (new, 0, [])


HELD = "left as it is: it is held, for a mistake or for what is missing (see `check`)"
LOCK = "left as it is: a lock cannot be said in a comment (write it by hand)"
LEFT = {
    "Flux v1: a filter with a mistake": (
        {"a.yaml": workload([ON, "fluxcd.io/tag.carts: semver:bogus", f"+automator.dev/policy.proxy: '{ANY}'"], *TWO)},
        [f"a.yaml:13:16: {HELD}"],
    ),
    "Flux v1: no tag in use": (
        {"a.yaml": workload([ON, f"+automator.dev/policy.proxy: '{ANY}'"], "carts=shop/carts", "proxy=shop/proxy:2")},
        [f"a.yaml:12:16: {HELD}"],
    ),
    "Flux v1: a lock that a native word denies": (
        {"a.yaml": workload([ON, 'fluxcd.io/locked: "true"', 'automator.dev/locked: "false"'])},
        ["a.yaml:14:16: left as it is: automator.dev/locked says something else already (write it by hand)"],
    ),
    "Flux v1: not automated, and one image has its own comment": (
        {"a.yaml": workload(['fluxcd.io/automated: "false"'], "carts=shop/carts:1 # automator: latest", "proxy=shop/proxy:2")},
        ["a.yaml:14:16: left as it is: what is not automated is for a whole workload, and this is not for all its images (write it by hand)"],
    ),
    "Flux v1: annotations that a Service shares": (
        {"a.yaml": "kind: List\nitems:\n- kind: Pod\n  metadata:\n    name: a\n    annotations: &x {fluxcd.io/automated: 'true'}\n  spec: {containers: [{name: a, image: 'shop/a:1'}]}\n- kind: Service\n  metadata: {name: b, annotations: *x}\n"},
        ["a.yaml:7:40: left as it is: several objects have this annotation through an alias (write it out where the alias stands)"],
    ),
    "Flux v1: commonAnnotations, which would mark all that is made": (
        {"kustomization.yaml": f"commonAnnotations:\n  {ON}\nimages:\n- name: shop/a\n  newTag: v1« # automator: {ANY}»\n"},
        [],
    ),
    "Flux v1: a lock in commonAnnotations": (
        {"kustomization.yaml": "commonAnnotations:\n  fluxcd.io/locked: 'true'\nimages:\n- name: shop/a\n  newTag: v1\n"},
        [f"kustomization.yaml:5:11: {LOCK}"],
    ),
    "Flux v2: suspended": (
        {"p.yaml": flux2("web", "{semver: {range: 1.x}}", suspend="true"), "a.yaml": 'image: ghcr.io/o/web:1.0.0 # {"$imagepolicy": "flux-system:web"}\n'},
        [f"a.yaml:1:8: {LOCK}"],
    ),
    "Flux v2: no such policy": (
        {"p.yaml": AUTOMATION, "a.yaml": 'image: ghcr.io/o/web:1.0.0 # {"$imagepolicy": "flux-system:web"}\n'},
        [f"a.yaml:1:8: {HELD}"],
    ),
    "Flux v2: the tag of a mirror": (
        {
            "p.yaml": flux2("web", "{semver: {range: 1.x}}"),
            "a.yaml": 'image:\n  repository: mirror.example.com/web\n  tag: 1.0.0 # {"$imagepolicy": "flux-system:web:tag"}\nproxy:\n  image: ghcr.io/o/web:1.0.0 # ⟦{"$imagepolicy": "flux-system:web"}⟧«automator: {update: semver:1.x, ' + STRICT + "»\n",
        },
        ["a.yaml:3:8: left as it is: only the marker's policy names its image repository (write it by hand)"],
    ),
    "Flux v2: a version far from any name": (
        {"p.yaml": flux2("web", "{semver: {range: 1.x}}"), "a.yaml": 'chart:\n  version: 1.0.0 # {"$imagepolicy": "flux-system:web:tag"}\n'},
        ["a.yaml:2:12: left as it is: only the marker's policy names its image repository (write it by hand)"],
    ),
    "Flux v2: a marker that is another tool's, too": (
        {"p.yaml": flux2("web", "{semver: {range: 1.x}}"), "a.yaml": 'image: ghcr.io/o/web:1.0.0 # {"$imagepolicy": "flux-system:web", "$openapi": "web"}\n'},
        ["a.yaml:1:8: left as it is: another tool reads the marker's comment, too (write it by hand)"],
    ),
    "Flux v2: in text inside of a scalar": (
        {"p.yaml": flux2("web", "{semver: {range: 1.x}}"), "a.yaml": APP.replace("  annotations:\n", "") + SOURCE + '    helm:\n      values: |\n        image: ghcr.io/o/web:1.0.0 # {"$imagepolicy": "flux-system:web"}\n'},
        ["a.yaml:12:16: left as it is: the place is text inside of a scalar (write it by hand)"],
    ),
    "Argo CD: a value follows in the line": (
        {"app.yaml": application(["image-list: shop/web:~1, shop/db:~1"], "helmvalues"), "web/values.yaml": f"images: {{web: {{image: 'shop/web:1.0.0'}}, db: {{image: 'shop/db:1.0.0'}}}}« # automator: {ARGO}»\n"},
        ["web/values.yaml:1:23: left as it is: another value follows in its line, which a comment would mark (write it by hand)"],
    ),
    "Argo CD: JSON": (
        {"app.yaml": application(["image-list: shop/web:~1"], "helmvalues:v.json"), "web/v.json": '{"image": {"repository": "shop/web",\n "tag": "1.0.0"}}\n'},
        ["web/v.json:1:26: left as it is: JSON has no comments (write it by hand)"],
    ),
    "Keel: approvals for one container of two": (
        {"a.yaml": workload(["keel.sh/policy: force", 'keel.sh/approvals: "2"', "keel.sh/monitorContainers: carts"], *TWO)},
        ["a.yaml:14:16: left as it is: a lock is for a whole workload, and this is not for all its images (write it by hand)"],
    ),
    "Keel: no policy of Keel's": (
        {"a.yaml": workload(["keel.sh/policy: sometimes"])},
        [f"a.yaml:12:16: {HELD}"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_said_is_left_with_a_reason_and_the_rest_is_written(name):
    files, expected = LEFT[name]
    old, new = before(files), after(files)
    edited, _, left = migrate(old)
    assert left == expected
    assert edited == new
    assert ruled(new) == ruled(old)
    again, additions, still_left = migrate(new)
    assert (again, additions) == (new, 0)
    assert list(map(without_place, still_left)) == list(map(without_place, expected))


def without_place(problem):
    return problem.partition(": ")[2]


def test_one_scalar_of_two_images_is_not_ruled_for_the_other():
    """The anchor's comment would be that of the alias's image, too, which has no policy."""
    files = {
        "app.yaml": application(["image-list: shop/web:~1"], "helmvalues"),
        "web/values.yaml": "web:\n  image:\n    repository: shop/web\n    tag: &v 1.0.0\ndb:\n  image:\n    repository: shop/db\n    tag: *v\n",
    }
    edited, additions, left = migrate(files)
    assert (edited, additions) == (files, 0)
    assert left == ["web/values.yaml:3:17: left as it is: an image would be ruled otherwise than before (write it by hand)"]  # fmt: skip


def test_a_thousand_workloads_are_not_looked_at_a_thousand_times():
    """One mistake in a large file costs itself alone, and a second reading."""
    ones = [workload([ON, f"+automator.dev/policy: '{ANY}'"], name=f"w{n}") for n in range(300)]
    files = {"a.yaml": "---\n".join([*ones, workload([ON, "fluxcd.io/tag.carts: semver:bogus"])])}
    edited, additions, left = migrate(before(files))
    assert edited == after(files)
    assert (additions, len(left)) == (300, 1)


SAID = st.sampled_from(
    [
        'fluxcd.io/automated: "true"', 'fluxcd.io/automated: "false"', 'flux.weave.works/automated: "true"',
        'fluxcd.io/locked: "true"', 'fluxcd.io/locked: "false"', "fluxcd.io/locked_msg: why", 'fluxcd.io/ignore: "true"',
        "fluxcd.io/tag.carts: semver:~1", "fluxcd.io/tag.proxy: glob:v*", "filter.fluxcd.io/carts: regex:^1", "fluxcd.io/tag.carts: semver:bogus",
        "keel.sh/policy: minor", "keel.sh/policy: force", "keel.sh/policy: never", "keel.sh/policy: sometimes", 'keel.sh/matchTag: "true"',
        "keel.sh/monitorContainers: carts", 'keel.sh/approvals: "1"', 'keel.sh/initContainers: "true"',
        "automator.dev/policy: latest", "automator.dev/policy.proxy: semver:^1", 'automator.dev/locked: "true"', 'automator.dev/locked: "false"',
        "automator.dev/locked-reason: because", 'automator.dev/automated: "true"', 'automator.dev/automated: "false"', "automator.dev/policy: bogus",
    ]
)  # fmt: skip
IMAGES = st.lists(
    st.tuples(
        st.sampled_from(["containers", "containers", "initContainers"]),
        st.sampled_from(["carts", "proxy", "a_" + "b" * 70]),
        st.sampled_from(["shop/carts:1.2.3", "shop/proxy", "ghcr.io/o/web:1.0.0", "shop/x:latest"]),
        st.sampled_from(["", " # automator: latest", ' # {"$imagepolicy": "flux-system:web"}', ' # {"$imagepolicy": "flux-system:no"}']),
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip


@st.composite
def manifests(draw):
    """A workload with whatever words in its annotations, in those of its template, and in its labels."""
    annotations, labels, template = (draw(st.lists(SAID, max_size=n, unique_by=key_of)) for n in (4, 2, 1))  # fmt: skip
    metadata = "metadata:\n  name: carts\n" + block("annotations", annotations, "  ")
    metadata += block("labels", [one for one in labels if one.startswith("keel")], "  ")
    images: dict[str, list[str]] = {}
    for slot, name, image, comment in draw(IMAGES):
        images.setdefault(slot, []).append(
            f"      - name: {name}\n        image: {image}{comment}\n"
        )
    containers = "".join(f"      {slot}:\n{''.join(items)}" for slot, items in images.items())
    inner = f"    metadata:\n      name: x\n{block('annotations', template, '      ')}"
    spec = f"spec:\n  template:\n{inner}    spec:\n{containers}"
    parts = [metadata, spec] if draw(st.booleans()) else [spec, metadata]
    return "apiVersion: apps/v1\nkind: Deployment\n" + "".join(parts)


def key_of(annotation):
    return annotation.partition(": ")[0]


def block(name, lines, indent):
    return f"{indent}{name}:\n" + "".join(f"{indent}  {line}\n" for line in lines) if lines else ""


@given(st.lists(manifests(), min_size=1, max_size=3))
def test_whatever_is_said_no_image_is_ruled_otherwise_after(texts):
    texts = [text.replace("name: carts\n", f"name: w{n}\n", 1) for n, text in enumerate(texts)]
    old = {"p.yaml": flux2("web", "{semver: {range: 1.x}}"), "a.yaml": "---\n".join(texts)}
    new, additions, left = migrate(old)
    assert ruled(new) == ruled(old)
    assert additions or new == old
    if not left:
        assert ruled(new, NO_DIALECTS) == ruled(old)
    again, more, still_left = migrate(new)
    assert (again, more) == (new, 0)
    assert list(map(without_place, still_left)) == list(map(without_place, left))
