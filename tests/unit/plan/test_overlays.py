"""Which images a Kustomize entry reaches, and which fields are overridden wherever they are built."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.model.field import Form
from automator.plan.overlays import find_overlays
from automator.scan.file import scan_file

DIGEST = "sha256:" + "a1" * 32


def deployment(name="web", image="nginx:1.20", kind="Deployment", containers="containers"):
    return dedent(f"""\
        apiVersion: apps/v1
        kind: {kind}
        metadata: {{name: {name}}}
        spec:
          template:
            spec:
              {containers}:
                - {{name: {name}, image: "{image}"}}
        """)


def entry(name, tag="", new_name="", digest="", suffix=""):
    said = {"name": name, "newName": new_name, "newTag": tag, "digest": digest, "tagSuffix": suffix}
    return "{" + ", ".join(f'{key}: "{text}"' for key, text in said.items() if text) + "}"


def kustomization(*resources, images=(), components=(), more=""):
    lists = {"resources": resources, "components": components, "images": images}
    lines = [f"{key}: [{', '.join(items)}]" for key, items in lists.items() if items]
    return "\n".join([*lines, more, ""])


def component(*resources, images=(), components=()):
    head = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component"
    return kustomization(*resources, images=images, components=components, more=head)


def flux(path, *images, name="apps", source="GitRepository", components=()):
    spec = [f"path: {path}"] if path else []
    spec += [f"sourceRef: {{kind: {source}, name: flux-system}}"] if source else []
    spec += [f"images: [{', '.join(images)}]"] if images else []
    spec += [f"components: [{', '.join(components)}]"] if components else []
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec: {{{', '.join(spec)}}}\n"
    )


def source(path, *images):
    repository = "repoURL: https://git.example.com/shop.git"
    return f"{{{repository}, path: {path}, kustomize: {{images: [{', '.join(images)}]}}}}"


def application(*sources, name="shop"):
    spec = f"source: {sources[0]}" if len(sources) == 1 else f"sources: [{', '.join(sources)}]"
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\n"
        f"spec: {{{spec}}}\n"
    )


def application_set(path, *images):
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: shops}\n"
        f"spec: {{template: {{spec: {{source: {source(path, *images)}}}}}}}\n"
    )


def overlays_of(repo):
    """Entries read `overlays/prod nginx`, fields of a workload `web`, or `web in canary/web.yaml` if not in `base`."""
    scans = {path: scan_file(path, text.encode()) for path, text in repo.items()}
    found = find_overlays(scans)

    def name(key):
        path, number = key
        field = scans[path].fields[number]
        if field.parts[0].nested:
            return "a patch"
        if field.form is Form.KUSTOMIZE:
            return f"{path.removesuffix('/kustomization.yaml')} {field.container}"
        place = "" if path.startswith("base/") else f" in {path}"
        return f"{field.container}{place}"

    return tuple(
        {name(key): [name(other) for other in others] for key, others in relation.items()}
        for relation in (found.reached, found.overriding)
    )


BASE = {"base/kustomization.yaml": kustomization("web.yaml"), "base/web.yaml": deployment()}
NGINX = [entry("nginx", "1.21")]
PROD = {"prod/kustomization.yaml": kustomization("../base", images=NGINX)}
PLACEHOLDER = {**BASE, "base/web.yaml": deployment(image="app")}
RENAMED = {**PLACEHOLDER, "mid/kustomization.yaml": kustomization("../base", images=[entry("app", "1.0", "ghcr.io/org/app")])}  # fmt: skip
KEPT = ({}, {})
BY_PROD = ({"prod nginx": ["web"]}, {"web": ["prod nginx"]})

KUSTOMIZE = [
    pytest.param({}, *KEPT, id="nothing at all"),
    pytest.param({"web.yaml": deployment()}, *KEPT, id="no kustomization"),
    pytest.param(BASE, *KEPT, id="no entries"),
    pytest.param({**BASE, **PROD}, *BY_PROD, id="an overlay"),
    pytest.param(
        {**BASE, "base/kustomization.yaml": kustomization("web.yaml", images=NGINX)},
        {"base nginx": ["web"]}, {"web": ["base nginx"]},
        id="beside the manifests",
    ),
    pytest.param(
        {"base/web.yaml": deployment(), "kustomization.yaml": kustomization("base/web.yaml", images=NGINX)},
        {"kustomization.yaml nginx": ["web"]}, {"web": ["kustomization.yaml nginx"]},
        id="at the top of the config repo",
    ),
    pytest.param(
        {
            **BASE, **PROD,
            "staging/kustomization.yaml": kustomization("../base", images=[entry("nginx", "1.22")]),
            "dev/kustomization.yaml": kustomization("../base", images=[entry("nginx", "1.23")]),
        },
        {"dev nginx": ["web"], "prod nginx": ["web"], "staging nginx": ["web"]},
        {"web": ["dev nginx", "prod nginx", "staging nginx"]},
        id="three overlays with three tags",
    ),
    pytest.param(
        {**BASE, **PROD, "staging/kustomization.yaml": kustomization("../base")},
        {"prod nginx": ["web"]}, {},
        id="one overlay of two leaves the base's own",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yaml": kustomization("../base", images=[entry("redis", "7")])},
        *KEPT,
        id="no image of the name",
    ),
    pytest.param(
        {"prod/kustomization.yaml": kustomization("https://github.com/org/app//deploy?ref=v1", "github.com/org/b", images=NGINX)},
        *KEPT,
        id="remote resources: the entry is the only place",
    ),
    pytest.param(
        {
            "mid/kustomization.yaml": kustomization("https://github.com/org/app", images=NGINX),
            "prod/kustomization.yaml": kustomization("../mid", images=[entry("nginx", "1.22")]),
        },
        {}, {"mid nginx": ["prod nginx"]},
        id="an entry over an entry for a remote resource",
    ),
    pytest.param(
        {**PLACEHOLDER, "prod/kustomization.yaml": kustomization("../base", images=[entry("app", "1.0", "ghcr.io/org/app")])},
        {"prod app": ["web"]}, {"web": ["prod app"]},
        id="the name is a placeholder",
    ),
    pytest.param(
        {**RENAMED, "prod/kustomization.yaml": kustomization("../mid", images=[entry("ghcr.io/org/app", "1.1")])},
        {"mid app": ["web"], "prod ghcr.io/org/app": ["web"]},
        {"web": ["prod ghcr.io/org/app"], "mid app": ["prod ghcr.io/org/app"]},
        id="the outer one matches the inner one's newName",
    ),
    pytest.param(
        {**RENAMED, "prod/kustomization.yaml": kustomization("../mid", images=[entry("app", "1.1")])},
        {"mid app": ["web"]}, {"web": ["mid app"]},
        id="the placeholder is gone for the outer one",
    ),
    pytest.param(
        {
            **RENAMED,
            "prod/kustomization.yaml": kustomization("../mid", images=[entry("ghcr.io/org/app", "1.1")]),
            "dev/kustomization.yaml": kustomization("../mid"),
        },
        {"mid app": ["web"], "prod ghcr.io/org/app": ["web"]},
        {"web": ["mid app", "prod ghcr.io/org/app"]},
        id="an inner one that one root of two overrides",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yaml": kustomization("../base", images=[entry("nginx", "1.21"), entry("nginx", "1.22", "x/nginx")])},
        {"prod nginx": ["web"]}, {"web": ["prod nginx"], "prod nginx": ["prod nginx"]},
        id="two entries of a name: the second",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yaml": kustomization("../base", images=[entry("nginx", new_name="mirror/nginx")])},
        {"prod nginx": ["web"]}, {},
        id="newName alone leaves the base its tag",
    ),
    pytest.param(
        {
            **BASE,
            "mid/kustomization.yaml": kustomization("../base", images=[entry("nginx", new_name="mirror/nginx")]),
            "prod/kustomization.yaml": kustomization("../mid", images=[entry("mirror/nginx", "1.22")]),
        },
        {"mid nginx": ["web"], "prod mirror/nginx": ["web"]}, {"web": ["prod mirror/nginx"]},
        id="newName inside, the tag outside",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yaml": kustomization("../base", images=[entry("nginx", digest=DIGEST)])},
        *BY_PROD,
        id="a digest alone",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yaml": kustomization("../base", images=[entry("nginx", suffix="-arm")])},
        *KEPT,
        id="tagSuffix adds to the base's tag",
    ),
    pytest.param(
        {
            **BASE, **PROD,
            "dev/kustomization.yaml": kustomization("../base", images=[entry("nginx", "${TAG}")]),
        },
        *BY_PROD,
        id="a tag that is not written literally: no field of its own, the base's has no effect",
    ),
    pytest.param(
        {
            **BASE,
            "mid/kustomization.yaml": kustomization("../base", images=[entry("nginx", new_name="${MIRROR}/nginx")]),
            "prod/kustomization.yaml": kustomization("../mid", images=NGINX),
        },
        *KEPT,
        id="a newName that is not written literally is another name",
    ),
    pytest.param(
        {
            **BASE, **PROD,
            "mid/kustomization.yaml": kustomization("../base"),
            "prod/kustomization.yaml": kustomization("../mid/", images=NGINX),
        },
        *BY_PROD,
        id="a base of a base",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yaml": f"bases: [./../base/.]\nimages: {NGINX}\n".replace("'", "")},
        *BY_PROD,
        id="bases, as before kustomize 2.1",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yml": kustomization("../base", images=NGINX)},
        {"prod/kustomization.yml nginx": ["web"]}, {"web": ["prod/kustomization.yml nginx"]},
        id="kustomization.yml",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yaml": kustomization("../../base", "../base/missing", images=NGINX)},
        *KEPT,
        id="paths that lead outside of the config repo, or to nothing",
    ),
    pytest.param(
        {**BASE, "base/kustomization.yaml": kustomization("/web.yaml", images=NGINX)},
        *KEPT,
        id="an absolute path is refused by kustomize",
    ),
    pytest.param(
        {**BASE, "base/kustomization.yml": kustomization("web.yaml", images=NGINX)},
        *KEPT,
        id="the first of two kustomizations in a folder, which kustomize refuses",
    ),
    pytest.param(
        {**BASE, "base/canary.yaml": deployment("canary"), **PROD},
        *BY_PROD,
        id="a manifest that is no resource",
    ),
    pytest.param(
        {
            **BASE,
            "base/web.yaml": f"{deployment()}---\n{deployment('canary')}---\n{deployment('db', 'redis:6')}",
            **PROD,
        },
        {"prod nginx": ["web", "canary"]}, {"web": ["prod nginx"], "canary": ["prod nginx"]},
        id="several documents in a file",
    ),
    pytest.param(
        {**BASE, "base/kustomization.yaml": kustomization("web.yaml", "./web.yaml"), **PROD},
        *BY_PROD,
        id="a file that is listed twice",
    ),
    pytest.param(
        {
            **BASE, **PROD,
            "patch.yaml": deployment(),
            "prod/kustomization.yaml": kustomization("../base", images=NGINX, more="patches: [{path: ../patch.yaml}]"),
        },
        *BY_PROD,
        id="a patch is no resource",
    ),
    pytest.param(
        {
            **BASE,
            "prod/kustomization.yaml": "patches:\n  - patch: |\n      - {op: add, path: /spec/nginx/image, value: 'nginx:9'}\n"
            + kustomization("../base", images=[entry("nginx", new_name="mirror/nginx")])
        },
        {"prod nginx": ["web"]}, {},
        id="the image of a patch in place is no entry",
    ),
    pytest.param(
        {**BASE, "base/web.yaml": deployment(image="localhost:5000/nginx:1.20"), "prod/kustomization.yaml": kustomization("../base", images=[entry("localhost:5000/nginx", "1.21")])},
        {"prod localhost:5000/nginx": ["web"]}, {"web": ["prod localhost:5000/nginx"]},
        id="a registry with a port",
    ),
    pytest.param(
        {**BASE, "base/web.yaml": deployment(image="docker.io/library/nginx:1.20"), **PROD},
        *KEPT,
        id="a name counts as it is written",
    ),
    pytest.param(
        {**BASE, "base/web.yaml": deployment(image=f"nginx:1.20@{DIGEST}"), **PROD},
        *BY_PROD,
        id="tag and digest are no part of the name",
    ),
    pytest.param(
        {**BASE, "base/web.yaml": deployment(containers="initContainers"), **PROD},
        *BY_PROD,
        id="init containers",
    ),
    pytest.param(
        {**BASE, "base/web.yaml": deployment(containers="ephemeralContainers"), **PROD},
        *KEPT,
        id="ephemeral containers are none that kustomize changes",
    ),
    pytest.param(
        {**BASE, "base/web.yaml": deployment(kind="Rollout"), **PROD},
        *BY_PROD,
        id="a kind that kustomize does not know",
    ),
    pytest.param(
        {**BASE, "base/web.yaml": "kind: Mine\nmetadata: {name: web}\nspec: {image: 'nginx:1.20'}\n", **PROD},
        *KEPT,
        id="an image outside of a list of containers",
    ),
    pytest.param(
        {
            **BASE,
            "pinned/kustomization.yaml": component(images=NGINX),
            "prod/kustomization.yaml": kustomization("../base", components=["../pinned"]),
        },
        {"pinned nginx": ["web"]}, {"web": ["pinned nginx"]},
        id="a component",
    ),
    pytest.param(
        {
            **BASE,
            "pinned/kustomization.yaml": component(images=NGINX),
            "prod/kustomization.yaml": kustomization("../base", components=["../pinned"], images=[entry("nginx", "1.22")]),
            "dev/kustomization.yaml": kustomization("../base", components=["../pinned"]),
        },
        {"pinned nginx": ["web"], "prod nginx": ["web"]}, {"web": ["pinned nginx", "prod nginx"]},
        id="a component comes before its user's own entries",
    ),
    pytest.param(
        {
            **BASE,
            "cache/kustomization.yaml": component("cache.yaml"),
            "cache/cache.yaml": deployment("cache"),
            "pinned/kustomization.yaml": component(images=NGINX),
            "prod/kustomization.yaml": kustomization("../base", components=["../cache", "../pinned"]),
        },
        {"pinned nginx": ["web", "cache in cache/cache.yaml"]},
        {"web": ["pinned nginx"], "cache in cache/cache.yaml": ["pinned nginx"]},
        id="a component's own resources, and a later component",
    ),
    pytest.param(
        {
            **BASE,
            "inner/kustomization.yaml": component(images=[entry("nginx", "1.21", "mirror/nginx")]),
            "outer/kustomization.yaml": component(components=["../inner"], images=[entry("mirror/nginx", "1.22")]),
            "prod/kustomization.yaml": kustomization("../base", components=["../outer"]),
        },
        {"inner nginx": ["web"], "outer mirror/nginx": ["web"]},
        {"web": ["outer mirror/nginx"], "inner nginx": ["outer mirror/nginx"]},
        id="a component of a component",
    ),
    pytest.param(
        {**BASE, "base/kustomization.yaml": kustomization("web.yaml", ".", images=NGINX)},
        *KEPT,
        id="a kustomization that includes itself cannot be built",
    ),
    pytest.param(
        {
            **BASE,
            "a/kustomization.yaml": kustomization("../base", "../b", images=NGINX),
            "b/kustomization.yaml": kustomization("../a"),
        },
        *KEPT,
        id="a ring of kustomizations cannot be built",
    ),
    pytest.param(
        {
            **BASE, **PROD,
            "a/kustomization.yaml": kustomization("../b"),
            "b/kustomization.yaml": kustomization("../a", "../base"),
            "prod/kustomization.yaml": kustomization("../a", images=NGINX),
        },
        *BY_PROD,
        id="a ring below a root ends",
    ),
    pytest.param(
        {**BASE, "prod/kustomization.yaml": "resources: {a: ../base}\nimages: nginx\ncomponents:\n"},
        *KEPT,
        id="lists that are none",
    ),
]  # fmt: skip

IN_MID = {"mid/kustomization.yaml": kustomization("../base", images=NGINX)}
PLAIN = {"apps/web.yaml": deployment(), "apps/deep/db.yaml": deployment("db")}

ABOVE = [
    pytest.param(
        {**BASE, "clusters/apps.yaml": flux("./base", entry("nginx", "1.21"))},
        {"clusters/apps.yaml nginx": ["web"]}, {"web": ["clusters/apps.yaml nginx"]},
        id="Flux",
    ),
    pytest.param(
        {**BASE, **IN_MID, "clusters/apps.yaml": flux("/mid", entry("nginx", "1.22"))},
        {"clusters/apps.yaml nginx": ["web"]},
        {"web": ["clusters/apps.yaml nginx"], "mid nginx": ["clusters/apps.yaml nginx"]},
        id="Flux writes over an entry of the name",
    ),
    pytest.param(
        {**RENAMED, "clusters/apps.yaml": flux("./mid", entry("app", "1.1", "ghcr.io/org/app"))},
        {"clusters/apps.yaml app": ["web"]},
        {"web": ["clusters/apps.yaml app"], "mid app": ["clusters/apps.yaml app"]},
        id="Flux writes over an entry by its placeholder",
    ),
    pytest.param(
        {**RENAMED, "clusters/apps.yaml": flux("./mid", entry("ghcr.io/org/app", "1.1"))},
        {"clusters/apps.yaml ghcr.io/org/app": ["web"], "mid app": ["web"]},
        {"web": ["clusters/apps.yaml ghcr.io/org/app"], "mid app": ["clusters/apps.yaml ghcr.io/org/app"]},
        id="Flux adds an entry behind the others",
    ),
    pytest.param(
        {**BASE, **PROD, "clusters/apps.yaml": flux("./base")},
        {"prod nginx": ["web"]}, {},
        id="Flux builds the base by itself too",
    ),
    pytest.param(
        {**BASE, "clusters/apps.yaml": flux("base", entry("nginx", "1.21"), name="a") + "---\n" + flux("base", entry("nginx", "1.22"), name="b")},
        {"clusters/apps.yaml nginx": ["web"]}, {"web": ["clusters/apps.yaml nginx", "clusters/apps.yaml nginx"]},
        id="two of Flux's in a file",
    ),
    pytest.param(
        {**BASE, "clusters/apps.yaml": flux("base", components=["../pinned"]), "pinned/kustomization.yaml": component(images=NGINX)},
        {"pinned nginx": ["web"]}, {"web": ["pinned nginx"]},
        id="Flux adds a component",
    ),
    pytest.param(
        {**PLAIN, "clusters/apps.yaml": flux("./apps", entry("nginx", "1.21"))},
        {"clusters/apps.yaml nginx": ["db in apps/deep/db.yaml", "web in apps/web.yaml"]},
        {"db in apps/deep/db.yaml": ["clusters/apps.yaml nginx"], "web in apps/web.yaml": ["clusters/apps.yaml nginx"]},
        id="Flux over manifests without a kustomization",
    ),
    pytest.param(
        {
            **PLAIN, "apps-old/web.yaml": deployment("old"), "apps/notes.json": deployment("notes"),
            "apps/deep/kustomization.yaml": kustomization(images=[entry("nginx", "1.19")]),
            "clusters/apps.yaml": flux("./apps", entry("nginx", "1.21")),
        },
        {"clusters/apps.yaml nginx": ["web in apps/web.yaml"]},
        {"apps/deep nginx": ["clusters/apps.yaml nginx"], "web in apps/web.yaml": ["clusters/apps.yaml nginx"]},
        id="Flux takes a folder with a kustomization as that says",
    ),
    pytest.param(
        {**BASE, **PROD, "clusters/other.yaml": flux("./")},
        *BY_PROD,
        id="Flux over the top: a base is there through its overlay",
    ),
    pytest.param(
        {**BASE, "clusters/apps.yaml": flux("base", entry("nginx", "1.21"), source="OCIRepository")},
        *KEPT,
        id="Flux from elsewhere than Git",
    ),
    pytest.param(
        {"web.yaml": deployment(), "clusters/patch.yaml": flux("", entry("nginx", "1.21"), source="")},
        *KEPT,
        id="a patch of Flux's object points nowhere",
    ),
    pytest.param(
        {**BASE, "clusters/apps.yaml": flux("../base", entry("nginx", "1.21")), "clusters/b.yaml": flux("missing", entry("nginx", "1.21"))},
        *KEPT,
        id="Flux at a path that is not here",
    ),
    pytest.param(
        {**BASE, "argocd/shop.yaml": application(source("base", "nginx:1.21"))},
        {"argocd/shop.yaml nginx": ["web"]}, {"web": ["argocd/shop.yaml nginx"]},
        id="Argo CD",
    ),
    pytest.param(
        {**RENAMED, "argocd/shop.yaml": application(source("mid", "app=ghcr.io/org/app:1.1"))},
        {"argocd/shop.yaml app": ["web"]},
        {"web": ["argocd/shop.yaml app"], "mid app": ["argocd/shop.yaml app"]},
        id="Argo CD writes over an entry of the name",
    ),
    pytest.param(
        {**BASE, "argocd/shop.yaml": application(source("base", "nginx=mirror:5000/nginx"))},
        {"argocd/shop.yaml nginx": ["web"]}, {},
        id="Argo CD changes the name alone",
    ),
    pytest.param(
        {**BASE, **PLAIN, "argocd/shop.yaml": application(source("apps", "nginx:1.21"), source("base", f"nginx@{DIGEST}"))},
        {"argocd/shop.yaml nginx": ["web"]}, {"web": ["argocd/shop.yaml nginx"]},
        id="Argo CD's sources, of which one has no kustomization",
    ),
    pytest.param(
        {**BASE, **PROD, "argocd/shop.yaml": application(source("base"))},
        {"prod nginx": ["web"]}, {},
        id="Argo CD builds the base by itself too",
    ),
    pytest.param(
        {
            **BASE, **IN_MID,
            "argocd/shop.yaml": application(source("mid", "nginx:1.22")),
            "mid/.argocd-source-shop.yaml": "kustomize: {images: ['nginx:1.23']}\n",
            "mid/.argocd-source-other.yaml": "kustomize: {images: ['nginx:1.24']}\n",
        },
        {"mid/.argocd-source-shop.yaml nginx": ["web"]},
        {
            "argocd/shop.yaml nginx": ["mid/.argocd-source-shop.yaml nginx"],
            "web": ["mid/.argocd-source-shop.yaml nginx"],
            "mid nginx": ["mid/.argocd-source-shop.yaml nginx"],
        },
        id="Argo CD's parameters of the application in its folder",
    ),
    pytest.param(
        {**BASE, "argocd/shops.yaml": application_set("base", "nginx:1.21")},
        {"argocd/shops.yaml nginx": ["web"]}, {"web": ["argocd/shops.yaml nginx"]},
        id="an ApplicationSet with a path",
    ),
    pytest.param(
        {**BASE, "argocd/shops.yaml": application_set("'{{ path }}'", "nginx:1.21")},
        *KEPT,
        id="an ApplicationSet with paths to come",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("repo", "reached", "overriding"), KUSTOMIZE)
def test_kustomizations(repo, reached, overriding):
    assert overlays_of(repo) == (reached, overriding)


@pytest.mark.parametrize(("repo", "reached", "overriding"), ABOVE)
def test_what_flux_and_argocd_build(repo, reached, overriding):
    assert overlays_of(repo) == (reached, overriding)


def test_an_anchor_for_the_tags_of_several_entries():
    repo = {
        "base/a.yaml": deployment("a", "org/a:1"),
        "base/b.yaml": deployment("b", "org/b:1"),
        "base/kustomization.yaml": dedent("""\
            resources: [a.yaml, b.yaml]
            images:
              - {name: org/b, newTag: &tag "2"}
              - {name: org/a, newTag: *tag}
            """),
    }
    assert overlays_of(repo)[0] == {"base org/a": ["a"], "base org/b": ["b"]}


def test_an_entry_that_takes_its_tag_by_a_merge_key():
    merged = "images:\n  - &one {name: redis, newTag: '1'}\n  - {<<: *one, name: nginx}\n"
    repo = {**BASE, "prod/kustomization.yaml": "resources: [../base]\n" + merged}
    assert overlays_of(repo) == BY_PROD


def test_kustomizations_nested_deeper_than_python_recurses():
    repo = {"0/kustomization.yaml": kustomization("web.yaml"), "0/web.yaml": deployment()}
    for level in range(1, 3000):
        repo[f"{level}/kustomization.yaml"] = kustomization(f"../{level - 1}")
    repo["2999/kustomization.yaml"] = kustomization("../2998", images=NGINX)
    assert overlays_of(repo)[0] == {"2999 nginx": ["web in 0/web.yaml"]}


@pytest.mark.parametrize("kind", ["resources", "components"])
def test_ways_that_double_at_each_level_are_walked_once(kind):
    repo = {"0/kustomization.yaml": component("web.yaml"), "0/web.yaml": deployment()}
    for level in range(1, 60):
        below = f"[../{level - 1}, ../{level - 1}/.]"
        repo[f"{level}/kustomization.yaml"] = component() + f"{kind}: {below}\n"
    repo["prod/kustomization.yaml"] = kustomization("../59", images=NGINX)
    assert overlays_of(repo)[0] == {"prod nginx": ["web in 0/web.yaml"]}


MANY = {
    **RENAMED,
    **PLAIN,
    **IN_MID,
    "pinned/kustomization.yaml": component(images=[entry("app", "2")]),
    "prod/kustomization.yaml": kustomization("../mid", components=["../pinned"], images=NGINX),
    "dev/kustomization.yaml": kustomization("../base", "../ring"),
    "ring/kustomization.yaml": kustomization("../ring", "../dev", "../apps/web.yaml"),
    "clusters/apps.yaml": flux("apps", entry("nginx", "1.22")) + "---\n" + flux("dev", name="dev"),
    "argocd/shop.yaml": application(source("prod", "nginx:1.23"), source("mid")),
}


@given(st.permutations(list(MANY)))
def test_the_order_of_files_does_not_matter(paths):
    assert overlays_of({path: MANY[path] for path in paths}) == overlays_of(MANY)


NAMES = ["a", "b", "c"]
entries = st.tuples(st.sampled_from(NAMES), st.sampled_from(["", *NAMES]), st.booleans())
folders = st.fixed_dictionaries(
    {
        "workloads": st.lists(st.sampled_from(NAMES), max_size=2),
        "resources": st.lists(st.integers(0, 4), max_size=2, unique=True),
        "components": st.lists(st.integers(0, 4), max_size=2, unique=True),
        "entries": st.lists(entries.filter(lambda said: said[1] or said[2]), max_size=3),
    }
)


class Model:
    """Kustomizations whose resources and components are of lower numbers; built as kustomize does, tags and all.

    `places` are all that say a tag, and `bumped` is the one whose tag somebody edits.
    """

    def __init__(self, folders):
        self.folders = [
            {
                **folder,
                "resources": [other for other in folder["resources"] if other < number],
                "components": [other for other in folder["components"] if other < number],
            }
            for number, folder in enumerate(folders)
        ]

    def files(self):
        files = {}
        for number, folder in enumerate(self.folders):
            names = [f"w{index}" for index in range(len(folder["workloads"]))]
            for name, image in zip(names, folder["workloads"], strict=True):
                files[f"{number}/{name}.yaml"] = deployment(name, f"{image}:1")
            files[f"{number}/kustomization.yaml"] = kustomization(
                *(f"{name}.yaml" for name in names),
                *(f"../{other}" for other in folder["resources"]),
                components=[f"../{other}" for other in folder["components"]],
                images=[
                    entry(name, "1" if tag else "", new) for name, new, tag in folder["entries"]
                ],
            )
        return files

    def roots(self):
        included = {n for f in self.folders for n in (*f["resources"], *f["components"])}
        return [number for number in range(len(self.folders)) if number not in included]

    def built(self, bumped=None):
        return [self.build(number, [], bumped, set()) for number in self.roots()]

    def build(self, number, images, bumped, components):
        """Adds to `images`, which a component has of its user. `components` are those that were here already."""
        folder = self.folders[number]
        for index, name in enumerate(folder["workloads"]):
            place = (f"{number}/w{index}.yaml", 0)
            images.append((place, name, "bumped" if place == bumped else "1"))
        for other in folder["resources"]:
            images += self.build(other, [], bumped, set())
        for other in folder["components"]:
            if other not in components:
                components.add(other)
                self.build(other, images, bumped, components)
        for key, (name, new, tag) in enumerate(folder["entries"]):
            said = "bumped" if (f"{number}/kustomization.yaml", key) == bumped else "1"
            images[:] = [
                (where, new or at, said if tag else was) if at == name else (where, at, was)
                for where, at, was in images
            ]
        return images


@given(st.lists(folders, min_size=1, max_size=5))
def test_editing_an_image_changes_what_is_built_unless_it_is_overridden(folders):
    model = Model(folders)
    scans = {path: scan_file(path, text.encode()) for path, text in model.files().items()}
    overlays = find_overlays(scans)
    built = model.built()
    for path, scan in scans.items():
        for number, found in enumerate(scan.fields):
            key = (path, number)
            changes = model.built(bumped=key) != built
            if key in overlays.overriding:
                assert not changes
            elif found.form is Form.POD_SPEC:
                assert changes
