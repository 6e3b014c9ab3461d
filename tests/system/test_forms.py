"""Every form of image field and every dialect in one config repo: one pass moves each by its own policy, byte for byte."""

import pytest

from tests.system.world import git

ANNOTATED = '  annotations: {automator.dev/policy: "semver:^1"}\n'
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {containers: [{name: web, image: '@:1.0.0'}]}}}
"""
FORMS = {
    "base/web.yaml": WEB,
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "overlays/prod/kustomization.yaml": "resources: [../../base]\nimages:\n- name: '@'\n  newTag: 1.0.0\n",
    "overlays/staging/kustomization.yaml": "resources: [../../base]\r\nimages:\r\n"
    "- name: '@'\r\n  newTag: 1.0.0   # automator: semver:^1\r\n",
    "charts/web/values.yaml": "image:\n  repository: '@'   # here\n  tag: 1.0.0   # automator: semver:^1",
    "release.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n"
    + ANNOTATED
    + "spec:\n  values:\n    controller: {image: {registry: '%', repository: <path>, tag: '1.0.0'}}\n",
    "app.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n"
    + ANNOTATED
    + "spec:\n  source:\n    helm:\n      parameters:\n      - {name: image.name, value: '@'}\n"
    "      - {name: image.tag, value: 1.0.0}\n      values: |\n        # the sidecar\n        sidecar:\n"
    "          image: '@:1.0.0'\n    kustomize:\n      images:\n      - >-\n        web=@:1.0.0\n",
    "compose.yaml": "services:\n  web:\n    image: '@:1.0.0' # automator: semver:^1\n",
    "task.yaml": "apiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: build\n"
    + ANNOTATED
    + "spec:\n  steps:\n  - {name: build, image: '@:1.0.0'}\n",
    "operator.yaml": "apiVersion: example.com/v1\nkind: Farm\nmetadata:\n  name: farm\n"
    + ANNOTATED
    + "spec: {image: '@', version: 1.0.0}\n",
    "env.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\n"
    "data:\n  IMAGE: '@:1.0.0' # automator: semver:^1\n",
}
UNTOUCHED = {"base/web.yaml", "base/kustomization.yaml", "overlays/prod/kustomization.yaml"}
MOVED = b"1.1.0"


@pytest.fixture
def write(image, image_path, registry):
    def fill(text):
        filled = text.replace("@", image).replace("%", registry.host).replace("<path>", image_path)
        return filled.encode()

    return fill


def test_one_pass_moves_every_form(world, push_tags, write):
    push_tags("1.0.0", "1.1.0", "2.0.0")
    files = {path: write(text) for path, text in FORMS.items()}
    world.remote.commit(files)

    done = world.run("run", "--once")

    assert done.returncode == 0, done.stderr
    for path, before in files.items():
        after = before if path in UNTOUCHED else before.replace(b"1.0.0", MOVED)
        assert world.remote.show(path) == after, path
    assert set(git(world.remote.bare, "diff", "--name-only", "main~1", "main").split()) == (
        files.keys() - UNTOUCHED
    )
    assert world.run("run", "--once").stdout == "nothing to change\n"


def test_one_of_several_overlays_is_addressed_by_its_path(world, push_tags, write):
    push_tags("1.0.0", "1.1.0")
    files = {path: write(FORMS[path]) for path in sorted(UNTOUCHED)}
    files["overlays/qa/kustomization.yaml"] = files["overlays/prod/kustomization.yaml"]
    world.remote.commit(files)
    (world.directory / "policies.yaml").write_text(
        "policies:\n- name: qa\n  match: {path: overlays/qa/**}\n  update: semver:^1\n"
    )
    world.settings["policies"] = ["policies.yaml"]

    assert world.run("run", "--once").returncode == 0
    changed = git(world.remote.bare, "diff", "--name-only", "main~1", "main").split()
    assert changed == ["overlays/qa/kustomization.yaml"]


def test_an_entry_takes_the_policy_of_the_workloads_that_it_reaches(world, push_tags, write):
    push_tags("1.0.0", "1.1.0")
    annotated = WEB.replace(
        "namespace: shop", "namespace: shop, annotations: {automator.dev/policy: semver:^1}"
    )
    files = {path: write(FORMS[path]) for path in sorted(UNTOUCHED)} | {
        "base/web.yaml": write(annotated)
    }
    world.remote.commit(files)

    rows = {row["workload"]: row for row in world.json("workloads")["workloads"]}
    assert rows["default:kustomization/overlays/prod"]["status"] == "updatable"
    assert rows["default:kustomization/overlays/prod"]["reaches"] == ["shop:deployment/web"]
    assert rows["shop:deployment/web"]["status"] == "overridden"
    assert "overlays/prod/kustomization.yaml:4:11" in rows["shop:deployment/web"]["reason"]
    header, *table = world.run("workloads").stdout.splitlines()
    assert header.endswith("Reaches")
    assert [line.endswith("shop:deployment/web") for line in table].count(True) == 1
    explained = world.json("explain", "shop:deployment/web")["containers"]
    assert [container["workload"] for container in explained] == [
        "shop:deployment/web",
        "default:kustomization/overlays/prod",
    ]

    assert world.run("run", "--once").returncode == 0
    assert world.remote.show("base/web.yaml") == files["base/web.yaml"]
    assert MOVED in world.remote.show("overlays/prod/kustomization.yaml")


def test_an_overlay_outside_of_paths_overrides_and_is_not_written(world, push_tags, write):
    push_tags("1.0.0", "1.1.0")
    annotated = WEB.replace("shop}", "shop, annotations: {automator.dev/policy: semver:^1}}")
    files = {path: write(FORMS[path]) for path in sorted(UNTOUCHED)}
    world.remote.commit(files | {"base/web.yaml": write(annotated)})
    world.settings["config_repos"][0]["paths"] = ["base/**"]

    (row,) = world.json("workloads")["workloads"]

    assert (row["status"], row["workload"]) == ("overridden", "shop:deployment/web")
    assert world.run("run", "--once").stdout == "nothing to change\n"


def test_the_forges_own_workflows_are_left_alone_unless_paths_name_them(world, push_tags, write):
    push_tags("1.0.0", "1.1.0")
    workflow = write("on: push\njobs: {a: {services: {web: {image: '@:1.0.0'}}}}\n")
    world.remote.commit({".github/workflows/ci.yaml": workflow})
    (world.directory / "policies.yaml").write_text("policies:\n- {name: all, update: 'semver:*'}\n")
    world.settings["policies"] = ["policies.yaml"]
    assert world.json("plan")["repos"][0]["changes"] == []

    world.settings["config_repos"][0]["paths"] = [".github/workflows/**"]
    assert len(world.json("plan")["repos"][0]["changes"]) == 1


FLUX2 = """\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: web, namespace: flux-system}
spec: {image: '@'}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: web, namespace: flux-system}
spec: {imageRepositoryRef: {name: web}, policy: {semver: {range: 1.x}}}
"""
DIALECTS = {
    "flux1.yaml": WEB.replace(
        "shop}",
        'shop, annotations: {fluxcd.io/automated: "true", fluxcd.io/tag.web: "semver:~1"}}',
    ),
    "keel.yaml": WEB.replace("shop}", "shop, labels: {keel.sh/policy: minor}}"),
    "flux-system/policies.yaml": FLUX2,
    "flux2.yaml": "image:\n  repository: '@'\n"
    '  tag: 1.0.0 # {"$imagepolicy": "flux-system:web:tag"}\n',
    "argocd.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  annotations:\n"
    "    argocd-image-updater.argoproj.io/image-list: web=@:1.x\n"
    "    argocd-image-updater.argoproj.io/write-back-method: git\n"
    "    argocd-image-updater.argoproj.io/write-back-target: kustomization\n"
    "spec: {source: {path: apps/web}}\n",
    "apps/web/kustomization.yaml": "images:\n- name: '@'\n  newTag: 1.0.0\n",
}
WRITTEN = {"flux1.yaml", "keel.yaml", "flux2.yaml", "apps/web/kustomization.yaml"}


def test_one_pass_honours_every_dialect(world, push_tags, write):
    push_tags("1.0.0", "1.1.0", "1.2.0-rc.1", "2.0.0")
    files = {path: write(text) for path, text in DIALECTS.items()}
    world.remote.commit(files)

    done = world.run("run", "--once")

    assert done.returncode == 0, done.stderr
    for path, before in files.items():
        after = before.replace(b"1.0.0", MOVED) if path in WRITTEN else before
        assert world.remote.show(path) == after, path
    policies = [line for line in world.remote.message.splitlines() if line.startswith("Policy: ")]
    assert policies == [
        "Policy: argocd-image-updater semver:1.x",
        "Policy: flux-system:web semver:1.x",
        "Policy: fluxcd.io semver:~1",
        "Policy: keel.sh semver:>=1.0.0 <2.0.0-0",
    ]
    assert world.run("check").stdout.splitlines()[-1].startswith("0 problems found")


@pytest.mark.parametrize(
    ("dialect", "unmoved"),
    [
        ("flux_v1", "flux1.yaml"),
        ("flux_v2", "flux2.yaml"),
        ("argocd_image_updater", "apps/web/kustomization.yaml"),
        ("keel", "keel.yaml"),
    ],
)
def test_a_dialect_can_be_switched_off(world, push_tags, write, dialect, unmoved):
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({path: write(text) for path, text in DIALECTS.items()})
    world.settings["dialects"] = {dialect: False}

    assert world.run("run", "--once").returncode == 0
    changed = git(world.remote.bare, "diff", "--name-only", "main~1", "main").split()
    assert set(changed) == WRITTEN - {unmoved}
