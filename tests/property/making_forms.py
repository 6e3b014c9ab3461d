"""Documents of each form of image field (design, section 4), each with what a scan must find in it."""

from hypothesis import strategies as st

from automator.model.field import Form
from automator.model.image import ImageReference
from tests.property.making_yaml import (
    DIGESTS,
    NAMES,
    Alias,
    Anchored,
    Before,
    Commented,
    Made,
    Nested,
    Scene,
)
from tests.property.writing_yaml import dump

PATH = "deploy/web.yaml"


def pod_spec(scene: Scene) -> dict:
    """Containers in any list, at any depth of any kind; an image volume; perhaps all in a List."""
    spec: dict = {}
    for key in scene.draw(
        st.lists(
            st.sampled_from(["initContainers", "containers", "ephemeralContainers"]),
            min_size=1,
            max_size=2,
            unique=True,
        )
    ):
        spec[key] = [_container(scene) for _ in range(scene.draw(st.integers(1, 2)))]
    if scene.chance(4):
        name = scene.name()
        spec["volumes"] = [
            {"name": name, "image": {"reference": scene.found_as(Form.POD_SPEC, name)}}
        ]
    if scene.chance(4):
        spec["containers"] = [*spec.get("containers", []), *_merged_containers(scene)]
    kind, above = scene.pick(
        ("Pod", ()), ("Deployment", ("template",)), ("CronJob", ("jobTemplate", "spec", "template")),
        ("Rollout", ("template",)), ("Whatever", ("deep", "deeper", "deepest")),
    )  # fmt: skip
    for step in ("spec", *reversed(above)) if above else ():
        spec = {step: spec} if step != "template" else {step: {"spec": spec}}
    tree = _object(scene, "apps/v1", kind, spec if above else {"spec": spec})
    return {"apiVersion": "v1", "kind": "List", "items": [tree]} if scene.chance(6) else tree


def _container(scene: Scene) -> dict:
    name = scene.name()
    tree = {"name": name, "image": scene.found_as(Form.POD_SPEC, name), **scene.noise()}
    return dict(scene.draw(st.permutations(list(tree.items()))))


def _merged_containers(scene: Scene) -> list:
    """One container, and another that a merge key makes of it."""
    first, second, anchor = scene.name(), scene.name(), scene.name()
    slot = scene.found_as(Form.POD_SPEC, first)
    image = scene.expected[-1].image
    scene.expect(Form.POD_SPEC, second, image, reference=slot)
    return [
        Anchored(anchor, {"name": first, "image": slot}),
        {"<<": Alias(anchor), "name": second},
    ]


def kustomization(scene: Scene) -> dict:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": scene.pick("Kustomization", "Component"),
        **scene.noise(),
        "images": _entries(scene),
    }


def flux_kustomization(scene: Scene) -> dict:
    tree = {"spec": {"path": "./deploy", "images": _entries(scene)}}
    return _object(scene, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", tree)


def _entries(scene: Scene) -> list:
    return [_entry(scene) for _ in range(scene.draw(st.integers(1, 3)))]


def _entry(scene: Scene) -> dict:
    entry: dict = {"name": scene.pick(*NAMES)}
    name, tag, digest, slots = entry["name"], None, None, {}
    if scene.chance(2):
        name = scene.pick(*NAMES)
        entry["newName"] = slots["repository"] = scene.slot(name)
    if scene.chance(3):
        digest = scene.pick(*DIGESTS)
        entry["digest"] = slots["digest"] = scene.slot(digest)
    else:
        tag, slots["tag"] = scene.tag()
        entry["newTag"] = slots["tag"]
    scene.expect(Form.KUSTOMIZE, entry["name"], ImageReference(name, tag, digest), **slots)
    return dict(scene.draw(st.permutations(list(entry.items()))))


def values(scene: Scene) -> dict:
    """A chart's values: images in every layout, at several depths."""
    return _values(scene, ())


def _values(scene: Scene, path: tuple[str, ...]) -> dict:
    tree = {**scene.noise(), **scene.pick(*_LAYOUTS)(scene, path)}
    for _ in range(scene.draw(st.integers(0, 2 if not path else 1))):
        key = scene.name()
        if len(path) < 3:
            tree[key] = _values(scene, (*path, key))
    return tree


def _container_name(path: tuple[str, ...], key: str) -> str:
    whole = (*path, key)
    if len(whole) > 1 and whole[-1] == "image":
        whole = whole[:-1]
    return ".".join(whole)


def _one_reference(scene: Scene, path) -> dict:
    key = scene.pick("image", "sidecarImage", "initImage")
    return {key: scene.found_as(Form.HELM_VALUES, _container_name(path, key))}


def _image_map(scene: Scene, path) -> dict:
    """`image: {registry, repository, tag, digest}`, with any subset that names a repository."""
    key = scene.pick("image", "sidecarImage")
    tree, slots, tag, digest = {}, {}, None, None
    name = scene.pick(*NAMES)
    if scene.chance(3):
        host, name = "r.example.com:5000", scene.pick("redis", "a/b")
        tree["registry"] = slots["registry"] = scene.slot(host)
        tree["repository"] = slots["repository"] = scene.slot(name)
        name = f"{host}/{name}"
    else:
        tree["repository"] = slots["repository"] = scene.slot(name)
    if scene.chance(4):
        digest = scene.pick(*DIGESTS)
        tree["digest"] = slots["digest"] = scene.slot(digest)
    if digest is None or scene.chance(2):
        tag, slots["tag"] = scene.tag()
        tree["tag"] = slots["tag"]
        if digest is None and scene.chance(4):
            digest = scene.pick(*DIGESTS)
            tree["tag"] = slots["tag"] = scene.slot(f"{tag}@{digest}")
    scene.expect(
        Form.HELM_VALUES, _container_name(path, key), ImageReference(name, tag, digest), **slots
    )
    tree |= scene.noise()
    return {key: dict(scene.draw(st.permutations(list(tree.items()))))}


def _siblings(scene: Scene, path) -> dict:
    """The name under one key of a map, the tag under another."""
    name_key, tag_key, container = scene.pick(
        ("image", "imageTag", "image"), ("image", "tag", "image"), ("sidecarImage", "sidecarImageTag", "sidecarImage"),
        ("sidecarImage", "sidecarTag", "sidecarImage"), ("imageName", "imageTag", "image"), ("imageRepository", "imageTag", "image"),
    )  # fmt: skip
    name = scene.pick(*NAMES)
    repository = scene.slot(name)
    tag, slot = scene.tag()
    image = ImageReference(name, tag)
    scene.expect(
        Form.HELM_VALUES, _container_name(path, container), image, repository=repository, tag=slot
    )
    return {name_key: repository, tag_key: slot}


_LAYOUTS = (_one_reference, _image_map, _siblings)


def helm_release(scene: Scene) -> dict:
    spec = {"spec": {"interval": "5m", "values": values(scene)}}
    return _object(scene, "helm.toolkit.fluxcd.io/v2", "HelmRelease", spec)


def application(scene: Scene) -> dict:
    """Argo CD's: values as an object, as text, as parameters; images for Kustomize as strings."""
    source: dict = {"path": "chart"}
    for part in scene.draw(
        st.lists(st.sampled_from(list(_SOURCES)), min_size=1, max_size=2, unique=True)
    ):
        kind, key = part
        source.setdefault(kind, {})[key] = _SOURCES[part](scene)
    spec = {"spec": {"source": source} if scene.chance(2) else {"sources": [source]}}
    return _object(scene, "argoproj.io/v1alpha1", "Application", spec)


def _parameters(scene: Scene) -> list:
    holder = scene.name()
    name = scene.pick(*NAMES)
    repository = scene.slot(name)
    tag, slot = scene.tag()
    scene.expect(
        Form.HELM_VALUES, holder, ImageReference(name, tag), repository=repository, tag=slot
    )
    return [
        {"name": f"{holder}.image.repository", "value": repository},
        {"name": "replicas", "value": "2"},
        {"name": f"{holder}.image.tag", "value": slot},
    ]


def _strings(scene: Scene) -> list:
    """`[name=]repository[:tag][@digest]`"""
    items = []
    for _ in range(scene.draw(st.integers(1, 3))):
        image, slot = scene.reference()
        name = scene.pick("", "old", "library/old")
        scene.expect(Form.KUSTOMIZE, name or image.name, image, reference=slot)
        items.append(Before(f"{name}=", slot) if name else slot)
    return items


_SOURCES = {
    ("helm", "valuesObject"): values,
    ("helm", "values"): lambda scene: Nested(values(scene)),
    ("helm", "parameters"): _parameters,
    ("kustomize", "images"): _strings,
}


def compose(scene: Scene) -> dict:
    services: dict = {}
    for _ in range(scene.draw(st.integers(1, 3))):
        name = scene.name()
        services[name] = {
            "image": scene.found_as(Form.COMPOSE, name),
            "ports": ["80:80"],
            **scene.noise(),
        }
    if scene.chance(3):
        first, second, anchor = scene.name(), scene.name(), scene.name()
        slot = scene.found_as(Form.COMPOSE, first)
        scene.expect(Form.COMPOSE, second, scene.expected[-1].image, reference=slot)
        services[first] = Anchored(anchor, {"image": slot})
        services[second] = {"<<": Alias(anchor), "command": "run"}
    return {"services": services, "volumes": {"data": "{}"}}


def custom_resource(scene: Scene) -> dict:
    """An operator's: an image by its shape alone, under a key that says so; perhaps with its version beside it."""
    key = scene.name()
    if scene.chance(2):
        below = {"image": scene.found_as(Form.CUSTOM_RESOURCE, key)}
    else:
        name = scene.pick(*NAMES)
        repository = scene.slot(name)
        tag, slot = scene.tag()
        below = {"image": repository, scene.pick("version", "tag"): slot}
        scene.expect(
            Form.CUSTOM_RESOURCE, key, ImageReference(name, tag), repository=repository, tag=slot
        )
    return _object(
        scene,
        "example.com/v1",
        scene.pick("Kafka", "Thing"),
        {"spec": {key: below, **scene.noise()}},
    )


def commented(scene: Scene) -> dict:
    """Values with our comment behind a tag, and behind a reference that no key tells of; and with Flux's marker."""
    tree: dict = {}
    for _ in range(scene.draw(st.integers(1, 3))):
        key, text = (
            scene.name(),
            scene.pick("semver:^1.2", "glob:main-*", "latest", "regex:^v[0-9]+$"),
        )
        behind = scene.pick(f"automator: {text}", f"automator:{text}", f"automator:\t{text} ")
        if scene.chance(2):
            image, slot = scene.reference()
            scene.expect(Form.MARKER, key, image, reference=slot)
            tree[key] = Commented(slot, behind)
        else:
            name = scene.pick(*NAMES)
            repository, (tag, slot) = scene.slot(name), scene.tag()
            scene.expect(
                Form.HELM_VALUES, key, ImageReference(name, tag), repository=repository, tag=slot
            )
            tree[key] = {"repository": repository, "tag": Commented(slot, behind)}
        scene.comment(text)
    if scene.chance(2):
        scene.markers += 1
        marker = scene.pick('{"$imagepolicy": "ns:app:tag"}', '{ "$imagepolicy" : "ns:app" }')
        tree["marked"] = Commented("1.2.3", marker)
    return tree


def _object(scene: Scene, api_version: str, kind: str, rest: dict) -> dict:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": scene.name()},
        **scene.noise(),
        **rest,
    }


FORMS = {
    "pod spec": pod_spec,
    "kustomization": kustomization,
    "flux kustomization": flux_kustomization,
    "values": values,
    "helm release": helm_release,
    "application": application,
    "compose": compose,
    "custom resource": custom_resource,
    "comments": commented,
}


@st.composite
def documents(draw, form: str) -> Made:
    """One document of the form."""
    scene = Scene(draw)
    tree = FORMS[form](scene)
    return Made(dump(scene, tree), scene.expected, scene.markers)
