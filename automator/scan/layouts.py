"""How an image is spread over the keys of one map: the layouts of Helm charts and of operators' custom resources.

    image: repository:tag                        image: repository            imageName: repository
    image: {registry, repository, tag, digest}   tag | imageTag | version     imageTag: tag
    sidecarImage: repository:tag                 sidecarImage, sidecarTag     images: {etcd: repository:tag}
    hub | repository: registry/path              appRepository: repository    imageK8S: repository:tag
    image: name                                  appTag: tag                  (but for the known companions)

Any subset counts that names a repository. What only might be an image is passed over: a false positive is worse
than a miss. What the scalars of a layout say is assembly.py's business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from automator.scan.reach import text_of
from automator.scan.values import is_surely_image, read_image

Keys = Mapping[str, yaml.Node]

_CONTAINERS = frozenset(
    {"container", "script", "steps", "stepTemplate", "sidecars", "containerSet"}
)
"""Where an `image` runs for sure: Argo Workflows' and Tekton's names of containers."""
_NAME_SUFFIXES = ("Name", "Repository", "Repo", "_name", "_repository", "_repo")
_REPOSITORIES = ("repository", "repo")
_PLAIN_STEMS = frozenset({"", "base"})
"""`image`, and the `baseImage` of the Prometheus operator: `tag` and `version` are theirs."""
_NO_IMAGES = ("git", "Git", "chart", "Chart", "helm", "Helm")
_PARTS = frozenset(
    {"repository", "repo", "registry", "hub", "name", "reference", "tag", "version", "digest"}
    | {"sha", "newName", "newTag"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The scalars that hold an image, by what they hold; `name` is the key that names the image in its map, or "".

    `sure` tells what is an image whatever it looks like; `whole`, that a scalar with nothing beside it is a whole
    reference, to which a tag can be written. `prefix` is a registry that a chart's `global.imageRegistry` does not
    replace; `rival` another scalar that may name the image.
    """

    name: str
    repository: yaml.Node
    sure: bool = False
    whole: bool = True
    tag: yaml.Node | None = None
    digest: yaml.Node | None = None
    registry: yaml.Node | None = None
    prefix: yaml.Node | None = None
    hex: yaml.Node | None = None
    rival: yaml.Node | None = None

    @property
    def alone(self) -> bool:
        return not any((self.tag, self.digest, self.registry, self.prefix, self.hex))


def name_container(names: list[str], key: str) -> str:
    """`controller` for `controller.image` and `controller: {image}`; `image` at the top."""
    parts = [*names, key] if key else names
    if len(parts) > 1 and parts[-1] == "image":
        parts = parts[:-1]
    return ".".join(parts) or "image"


def is_interesting(keys: Keys) -> bool:
    """A quick look: may these keys tell of an image?"""
    names = " ".join(keys)
    return "mage" in names or "epo" in names


def is_image_name(key: str) -> bool:
    """`image`, `sidecarImage`, `images`: what such a key leads to may be an image though no key below says so."""
    return key.endswith(("mage", "mages"))


def is_part_name(key: str) -> bool:
    """A key that counts where an image is put together."""
    return key in _PARTS or "mage" in key


def find_layouts(keys: Keys, holder: str) -> Iterator[Layout]:
    """`holder` is the key of the map itself."""
    if not text_of(keys.get("image")):
        yield from _layout_of_map(keys, is_image=holder.lower().endswith("image"))
    several = holder.lower().endswith("images")
    for key, value in keys.items():
        if "mage" in key:
            yield from _layouts_at(keys, key, value, holder)
        elif key.endswith("Repository"):
            yield from _layout_of_pair(keys, key, value)
        elif several and "/" in text_of(value):
            yield Layout(name=key, repository=value)


def _layout_of_map(keys: Keys, *, is_image: bool) -> Iterator[Layout]:
    """`{repository, tag}`, and under a key that says `image` also `{name, version}` and `{reference}`."""
    named = next((key for key in _REPOSITORIES if key in keys), None)
    if named is not None:
        rival = keys.get("name") if is_image else None
        layout = _layout(keys, "", keys[named], versioned=is_image, sure=True, rival=rival)
        if is_image or not layout.alone:
            yield layout
    elif is_image and "name" in keys:
        yield _layout(keys, "", keys["name"], versioned=True)
    elif is_image and "reference" in keys:
        yield Layout(name="", repository=keys["reference"])


def _layouts_at(keys: Keys, key: str, value: yaml.Node, holder: str) -> Iterator[Layout]:
    if isinstance(value, yaml.SequenceNode) and key == "images":
        for number, item in enumerate(value.value):
            if "/" in text_of(item):
                yield Layout(name=f"{key}.{number}", repository=item)
    if not isinstance(value, yaml.ScalarNode):
        return
    if key.lower().endswith("image"):
        yield _layout(keys, key, value, versioned=True, sure=holder in _CONTAINERS)
        return
    stem = next((key.removesuffix(end) for end in _NAME_SUFFIXES if key.endswith(end)), "")
    if stem.lower().endswith("image"):
        if stem not in keys:
            yield _layout(keys, stem, value, versioned=True, sure="/" in text_of(value))
    elif key.startswith("image") and _is_reference(value):
        yield Layout(name=key, repository=value)


def _is_reference(value: yaml.Node) -> bool:
    """`imageK8S: hashicorp/consul-k8s:1.2.0`; no companion of an `image` reads so."""
    image = read_image(text_of(value))
    return image is not None and "/" in image.name and image.tag is not None


def _layout(
    keys: Keys,
    key: str,
    repository: yaml.Node,
    *,
    versioned: bool,
    sure: bool = False,
    rival: yaml.Node | None = None,
) -> Layout:
    """The companions of `sidecarImage` are `sidecarImageTag` and `sidecarTag`; those of `image` also `tag`.

    `key` is "" where the map itself is the image. `versioned` tells that a `version` is its tag.
    """
    base, stem = key or "image", key[: -len("image")]
    short = stem in _PLAIN_STEMS or stem.endswith("_")

    def companion(*suffixes: str) -> yaml.Node | None:
        for suffix in suffixes:
            plain = suffix.lower()
            last = f"{'' if stem in _PLAIN_STEMS else stem}{plain if short else suffix}"
            for name in (f"{base}{suffix}", f"{base}_{plain}", last):
                if name in keys:
                    return keys[name]
        return None

    registry, prefix = companion("Registry"), _prefix(keys, key, repository)
    if text_of(registry) and prefix is not None and prefix is not keys.get("defaultRegistry"):
        rival = prefix
    return Layout(
        name="" if key == "image" else key,
        repository=repository,
        sure=sure,
        whole=bool(key),
        tag=companion("Tag", "Version") if versioned else companion("Tag"),
        digest=companion("Digest"),
        registry=registry,
        prefix=prefix,
        hex=companion("Sha"),
        rival=rival,
    )


def _prefix(keys: Keys, key: str, repository: yaml.Node) -> yaml.Node | None:
    """What else a chart puts before a name: Istio's `hub`, NVIDIA's `repository`, Kyverno's `defaultRegistry`."""
    image = read_image(text_of(repository))
    if image is None or is_surely_image(image):
        return None
    if key == "image" and "/" not in image.name and "hub" in keys:
        return keys["hub"]
    above = ("repository", "repo", "defaultRegistry") if key == "image" else ("defaultRegistry",)
    return next((keys[name] for name in above if name in keys), None)


def _layout_of_pair(keys: Keys, key: str, value: yaml.Node) -> Iterator[Layout]:
    """Airflow's `defaultAirflowRepository` and `defaultAirflowTag`."""
    stem = key.removesuffix("Repository")
    tag = keys.get(f"{stem}Tag")
    if tag is not None and not stem.endswith(_NO_IMAGES):
        yield Layout(
            name=stem,
            repository=value,
            whole=False,
            tag=tag,
            digest=keys.get(f"{stem}Digest"),
            registry=keys.get(f"{stem}Registry"),
        )
