"""An independent reading of manifests: which images a file writes, as plain data tells it.

Written from the design's section 4 over what PyYAML's loader gives, without marks and without a line of the scanner,
so that the two can be held against each other. It knows files, never places.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tests.system.plain_data import (
    Marked,
    as_dict,
    as_list,
    doubled_in,
    load_documents,
    marked_in,
    read_text,
)

_LISTS_OF_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_NOT_WALKED = ("status", "managedFields")
_RUNS = ("container", "script", "steps", "stepTemplate", "sidecars", "containerSet")
_HOST = r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?|[A-Za-z0-9-]+:[0-9]+|localhost)"
_REFERENCE = re.compile(
    rf"(?P<name>(?:(?P<host>{_HOST})/)?[a-z0-9]+(?:(?:[./]|_{{1,2}}|-+)[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_TAG = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(@sha256:[0-9a-f]{64})?")
_POINTER_TO_IMAGE = re.compile(r"/(.*/)?image")
_POINTER_TO_CONTAINER = re.compile(rf"/(.*/)?({'|'.join(_LISTS_OF_CONTAINERS)})/([0-9]+|-)")


@dataclass
class FluxPolicies:
    """What markers of a config repo refer to: the image of each ImagePolicy, and below which paths they count."""

    images: dict[str, str] = field(default_factory=dict)
    paths: list[PurePosixPath] = field(default_factory=list)
    """A variable in one stands for anything: what is before it counts."""

    def image_of(self, policy, path):
        below = [part for part in self.paths if part in PurePosixPath("/", path).parents]
        return self.images.get(policy) if below or not self.paths else None


def read_policies(files: Mapping[str, bytes]) -> FluxPolicies:
    """`files` are those of one config repo, by path."""
    objects = [
        document
        for data in files.values()
        if b"image.toolkit.fluxcd.io/" in data
        for document in load_documents(data.decode())
        if isinstance(document, dict)
    ]
    found = FluxPolicies()
    repositories = {_full_name(one): one for one in objects if one.get("kind") == "ImageRepository"}
    for one in objects:
        spec = as_dict(one.get("spec"))
        if one.get("kind") == "ImagePolicy":
            reference = as_dict(spec.get("imageRepositoryRef"))
            namespace = reference.get("namespace", _full_name(one).partition(":")[0])
            repository = repositories.get(f"{namespace}:{reference.get('name')}")
            image = as_dict(as_dict(repository).get("spec")).get("image")
            if image:
                found.images[_full_name(one)] = image
        elif one.get("kind") == "ImageUpdateAutomation":
            path = as_dict(spec.get("update")).get("path") or "."
            found.paths.append(PurePosixPath("/", path.partition("${")[0]))
    return found


def _full_name(one):
    metadata = as_dict(one.get("metadata"))
    return f"{metadata.get('namespace')}:{metadata.get('name')}"


def images_of(path: str, data: bytes, policies: FluxPolicies) -> list[str]:
    """Every image that the file writes, as text, as often as it writes it."""
    text = read_text(data)
    if text is None:
        return []
    found: list[str] = []
    for document in load_documents(text):
        walk = _Walk()
        walk.document(PurePosixPath(path).name, document)
        found += [image for image in walk.found if image]
        for marked in marked_in(document):
            found += _marked_image(marked, policies.image_of(marked.policy, path))
    return found


def _marked_image(marked, image):
    """An image of its own, where the map around the scalar does not write the same image."""
    if image is None or marked.named == image:
        return []
    if marked.part == "":
        return [str(marked)] if reference(marked) else []
    if marked.part == "tag":
        return [f"{image}:{marked}"] if _TAG.fullmatch(marked) else []
    return []


def literal(value) -> bool:
    """Text that is no template, no placeholder and no pattern."""
    return (
        isinstance(value, str)
        and bool(value.strip())
        and not any(
            sign in value for sign in ("${", "{{", "$(", "*", "ko://", "ENC[", "!", "<", ">")
        )
        and not re.search(r"\$[A-Za-z_]", value)
    )


def reference(value):
    return _REFERENCE.fullmatch(value.strip()) if literal(value) else None


class _Walk:
    """One document. Each map is read once, however many aliases lead to it."""

    def __init__(self):
        self.found: list[str | None] = []
        self._met: set[int] = set()
        self._registry = ""

    def document(self, name, data):
        if isinstance(data, list):
            self._json_patch(data)
        if not isinstance(data, dict) or "sops" in data:
            return
        kind, api_version = data.get("kind") or "", data.get("apiVersion") or ""
        if kind.endswith("List") and isinstance(data.get("items"), list):
            for item in data["items"]:
                self.document(name, item)
            return
        is_kustomization = name in {"kustomization.yaml", "kustomization.yml", "Kustomization"}
        if api_version.startswith("kustomize.config.k8s.io/") or (
            is_kustomization and not api_version
        ):
            self._kustomization(data)
        elif kind and (api_version or "metadata" in data):
            self._object(kind, data)
        elif name.startswith(".argocd-source-"):
            self._argocd_sources(data)
        elif any(
            {"image", "build", "extends"} & as_dict(service).keys()
            for service in as_dict(data.get("services")).values()
        ):
            for service in data["services"].values():
                self._whole(as_dict(service).get("image"))
        else:
            self._values(data)

    def _object(self, kind, data):
        spec = as_dict(data.get("spec"))
        if kind in {"CustomResourceDefinition", "ImageUpdater", "ImageRepository"}:
            return  # a schema, a policy, what is polled
        if kind == "Kustomization":
            self._entries(spec.get("images"))
            self._patches(spec)
        elif kind == "HelmRelease":
            self._values(spec.get("values"))
            for renderer in as_list(spec.get("postRenderers")):
                kustomize = as_dict(as_dict(renderer).get("kustomize"))
                self._entries(kustomize.get("images"))
                self._patches(kustomize)
        elif kind in {"HelmChart", "HelmChartConfig"}:
            self._values_text(spec.get("valuesContent"))
        elif kind in {"Application", "ApplicationSet"}:
            self._argocd_sources(data)
        else:
            self._anywhere(data, "")

    def _kustomization(self, data):
        self._entries(data.get("images"))
        self._patches(data)
        for chart in as_list(data.get("helmCharts")):
            self._values(as_dict(chart).get("valuesInline"))

    def _entries(self, images):
        for entry in as_list(images):
            if isinstance(entry, str):
                self._whole(entry.partition("=")[2] or entry)
                continue
            keys = as_dict(entry)
            name = keys.get("newName") or keys.get("name")
            written = [keys.get(key) for key in ("newName", "newTag", "digest")]
            if keys.get("name") and any(written) and not keys.get("tagSuffix"):
                self._parts(name, tag=keys.get("newTag"), digest=keys.get("digest"))

    def _patches(self, holder):
        for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
            for patch in as_list(holder.get(key)):
                text = as_dict(patch).get("patch") if isinstance(patch, dict) else patch
                for document in _documents_in(text):
                    if isinstance(document, list):
                        self._json_patch(document)
                    else:
                        self._anywhere(document, "")

    def _json_patch(self, operations):
        for operation in map(as_dict, operations):
            pointer, value = operation.get("path"), operation.get("value")
            if operation.get("op") not in {"add", "replace"} or not isinstance(pointer, str):
                continue
            if _POINTER_TO_IMAGE.fullmatch(pointer):
                self._whole(value)
            elif _POINTER_TO_CONTAINER.fullmatch(pointer):
                self._whole(as_dict(value).get("image"))

    def _argocd_sources(self, data):
        if isinstance(data, list):
            for item in data:
                self._argocd_sources(item)
        elif isinstance(data, dict):
            kustomize, helm = as_dict(data.get("kustomize")), as_dict(data.get("helm"))
            self._entries(kustomize.get("images"))
            self._patches(kustomize)
            self._values(helm.get("valuesObject"))
            self._values_text(helm.get("values"))
            self._parameters(as_list(helm.get("parameters")))
            for key, value in data.items():
                if key not in _NOT_WALKED:
                    self._argocd_sources(value)

    def _parameters(self, parameters):
        tree: dict = {}
        for parameter in map(as_dict, parameters):
            *above, last = (parameter.get("name") or "").split(".")
            inner = tree
            for step in above:
                inner = inner.setdefault(step, {})
                if not isinstance(inner, dict):
                    return
            inner[last] = parameter.get("value")
        self._anywhere(tree, "")

    def _values_text(self, text):
        for document in _documents_in(text):
            self._values(document)

    def _values(self, values):
        scope = as_dict(as_dict(values).get("global"))
        self._registry = scope.get("imageRegistry") or as_dict(scope.get("image")).get("registry")
        self._anywhere(values, "")
        self._registry = ""

    def _anywhere(self, value, key):
        """`key` is the nearest on the way."""
        if isinstance(value, list):
            for item in value:
                self._anywhere(item, key)
        if not isinstance(value, dict) or id(value) in self._met:
            return
        self._met.add(id(value))
        if key in _LISTS_OF_CONTAINERS and isinstance(value.get("image"), str):
            if "image" not in doubled_in(value):
                self._whole(value["image"])
        else:
            self._layouts(value, key)
        for volume in as_list(value.get("volumes")):
            self._whole(as_dict(as_dict(volume).get("image")).get("reference"))
        for name, below in value.items():
            if name == "volumes":
                for volume in as_list(below):
                    image = as_dict(volume).get("image")
                    if isinstance(image, dict):
                        self._met.add(id(image))
            if name not in _NOT_WALKED:
                self._anywhere(below, name)

    def _layouts(self, data, holder):
        """What a map says of images, by the names of its keys."""
        if "image" in doubled_in(data):
            return
        self._image_map(data, holder)
        for key, value in data.items():
            if holder == "images" and isinstance(value, str) and "/" in value:
                self._alone(value, {}, "")
            elif key.lower().endswith("image"):
                self._alone(value, data, key, runs=holder in _RUNS)
            elif key == "images":
                for item in as_list(value):
                    if isinstance(item, str) and "/" in item:
                        self._alone(item, {}, "")
            else:
                stem = re.sub("(Name|Repository|Repo)$", "", key)
                if stem != key and stem.lower().endswith("image") and stem not in data:
                    self._alone(value, data, stem, runs=isinstance(value, str) and "/" in value)

    def _image_map(self, data, holder):
        """A map that is an image: `{repository, tag}`, or under a key of that name `{name, version}`."""
        is_image = holder.lower().endswith("image")
        repository = data.get("repository", data.get("repo"))
        parts = _companions(data, "image", is_image=is_image)
        if repository is not None:
            if is_image or parts:
                self._parts(repository, **parts)
        elif is_image and "image" not in data:
            if "name" in data:
                self._parts(data["name"], **parts)
            elif "reference" in data:
                self._alone(data["reference"], data, "image")

    def _alone(self, value, data, key, *, runs=False):
        """A name that may be an image's, perhaps with a tag beside it: it must look like one."""
        read = reference(value) if isinstance(value, str) else None
        if read is None:
            return
        parts = _companions(data, key, is_image=True) if key else {}
        parts = {part: written for part, written in parts.items() if written}
        if key == "image" and "/" not in read["name"] and data.get("hub"):
            parts["registry"] = data["hub"]  # Istio's charts
        if parts and not (read["tag"] or read["digest"]):
            self._parts(value, **parts)
        elif parts.get("registry"):
            self._parts(value, registry=parts["registry"])
        elif runs or read["tag"] or read["digest"] or read["host"]:
            self._whole(value)

    def _whole(self, value):
        read = reference(value) if isinstance(value, str) else None
        if read is not None:
            self.found.append(value.strip())
            _remember([value], read["name"])

    def _parts(self, name, *, tag=None, digest=None, registry=None, sha=None):
        """A name with what stands beside it. Where one part cannot be read, there is no image."""
        parts = (name, tag, digest, registry, sha)
        if not all(not part or literal(part) for part in parts) or not isinstance(name, str):
            return
        name_there = f"{self._registry or registry}".strip("/") + "/" if registry else ""
        if name.endswith("@sha256"):
            name, tag, digest = name.removesuffix("@sha256"), None, f"sha256:{tag}"
        if sha and not digest:
            digest = f"sha256:{sha}"
        read = reference(name)
        if read is None:
            return
        whole = f"{name_there}{name.strip()}"
        if not (read["tag"] or read["digest"]):
            if tag and not _TAG.fullmatch(tag.strip()):
                return
            whole += f":{tag.strip()}" if tag else ""
            if digest:
                whole = f"{whole.partition('@')[0]}@{digest.strip()}"
        elif digest and name_there == "" and not read["digest"] and "@" not in name and tag is None:
            whole += f"@{digest}"
        read = reference(whole)
        if read is not None:
            self.found.append(whole)
            _remember(parts, read["name"])


def _remember(scalars, name):
    for scalar in scalars:
        if isinstance(scalar, Marked):
            scalar.named = name


def _documents_in(text):
    return load_documents(text) if isinstance(text, str) and text.strip() else []


def _companions(data, key, *, is_image):
    """The values beside an image's name: `imageTag`, `tag`, for a `sidecarImage` also `sidecarTag`."""
    stem = key[: -len("image")]

    suffixes = {"tag": ["Tag"], "digest": ["Digest"], "registry": ["Registry"], "sha": ["Sha"]}
    if is_image:
        suffixes["tag"] = ["Tag", "Version"]
    return {
        part: data[name]
        for part, endings in suffixes.items()
        for ending in reversed(endings)
        for name in (f"{stem}{ending}" if stem else ending.lower(), f"{key}{ending}")
        if name in data
    }
