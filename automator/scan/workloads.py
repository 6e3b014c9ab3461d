"""What a document is, and whose its images are: the object's that it is, or the file's where it is none."""

from enum import Enum, auto

import yaml

from automator.model.field import RepoPath
from automator.model.workload import WorkloadId
from automator.scan.reach import get, keys_of, text_of

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""In the order in which kustomize looks for them."""

KUSTOMIZE_API = "kustomize.config.k8s.io/"
ARGOCD_SOURCE = ".argocd-source-"
"""How the files begin that hold Argo CD's parameters of one Application, by its name."""

_SERVICE_KEYS = ("image", "build", "extends")
_COMPOSE_KEYS = frozenset(
    {
        "configs",
        "include",
        "models",
        "name",
        "networks",
        "secrets",
        "services",
        "version",
        "volumes",
    }
)
"""What else may stand at the top of a Compose file is an extension, `x-...` (compose-spec, "extensions")."""


class DocumentKind(Enum):
    OBJECT = auto()
    KUSTOMIZATION = auto()
    """Kustomize's own, or its Component; not Flux's object of that kind."""
    COMPOSE = auto()
    ARGOCD_SOURCE = auto()
    """Argo CD's parameters of one Application, `.argocd-source-APP.yaml`."""
    VALUES = auto()
    """Any other map: a chart's values, most likely."""
    PATCH = auto()
    """A list: a JSON patch."""


def kind_of(path: RepoPath, root: yaml.Node) -> DocumentKind:
    """By what the document says, and by the file's name where it says nothing."""
    if not isinstance(root, yaml.MappingNode):
        return DocumentKind.PATCH
    kind, api_version = text_of(get(root, "kind")), text_of(get(root, "apiVersion"))
    name = path.rpartition("/")[2]
    ours = kind in {"Kustomization", "Component"}
    if (ours and api_version.startswith(KUSTOMIZE_API)) or (
        name in KUSTOMIZATION_NAMES and not api_version
    ):
        return DocumentKind.KUSTOMIZATION
    if kind and (api_version or get(root, "metadata") is not None):
        return DocumentKind.OBJECT
    if name.startswith(ARGOCD_SOURCE):
        return DocumentKind.ARGOCD_SOURCE
    return DocumentKind.COMPOSE if _is_compose(name, root) else DocumentKind.VALUES


def _is_compose(name: str, root: yaml.Node) -> bool:
    """A chart's values may have `services` too, with more beside them."""
    services = keys_of(get(root, "services")).values()
    return any(get(service, key) is not None for service in services for key in _SERVICE_KEYS) and (
        "compose" in name
        or all(key in _COMPOSE_KEYS or key.startswith(("x-", "<<")) for key in keys_of(root))
    )


def is_sealed(node: yaml.Node) -> bool:
    """SOPS signs the whole document: any edit would break the signature."""
    return get(node, "sops") is not None


def workload_of(path: RepoPath, root: yaml.Node) -> WorkloadId:
    """`shop:deployment/carts`; `default:kustomization/overlays/prod`; `default:values/charts/web/values`."""
    match kind_of(path, root):
        case DocumentKind.OBJECT:
            return object_workload(root) or _of_file(text_of(get(root, "kind")).lower(), path)
        case DocumentKind.KUSTOMIZATION:
            namespace = text_of(get(root, "namespace")) or "default"
            return WorkloadId(namespace, "kustomization", path.rpartition("/")[0] or ".")
        case DocumentKind.COMPOSE:
            return _of_file("compose", path)
        case DocumentKind.PATCH:
            return _of_file("patch", path)
        case DocumentKind.ARGOCD_SOURCE | DocumentKind.VALUES:
            return _of_file("values", path)


def object_workload(node: yaml.Node) -> WorkloadId | None:
    """None for what is no object with a kind and a name."""
    kind, metadata = text_of(get(node, "kind")), get(node, "metadata")
    name = text_of(get(metadata, "name")) or text_of(get(metadata, "generateName"))
    if not kind or not name:
        return None
    return WorkloadId(text_of(get(metadata, "namespace")) or "default", kind.lower(), name)


def _of_file(kind: str, path: RepoPath) -> WorkloadId:
    """What has no name of its own has the file's path, without its ending."""
    folder, slash, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    return WorkloadId("default", kind, f"{folder}{slash}{stem}")
