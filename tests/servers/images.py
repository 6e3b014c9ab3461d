"""Tiny images and artifacts for a test registry: config blob, layers, manifest, index; over HTTP or into its storage."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True, slots=True)
class Blob:
    """Content with its media type, addressed by its digest."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


EMPTY = Blob(OCI_EMPTY, b"{}")
"""The config of an artifact that has none (OCI image specification, 1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image manifest with its config blob and layers; `platform` is `os/architecture[/variant]`."""

    manifest: Blob
    config: Blob
    platform: str
    layers: tuple[Blob, ...] = ()

    @property
    def digest(self) -> str:
        return self.manifest.digest


def make_image(
    *,
    created: str | None = "2024-01-02T03:04:05Z",
    platform: str = "linux/amd64",
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    layers: Sequence[Blob] = (),
    label: str = "",
) -> Image:
    """Images of the same arguments are the same: `label` tells them apart."""
    said = _platform(platform)
    if created is not None:
        said["created"] = created
    said |= {
        "config": {"Labels": {"test": label} | dict(labels or {})},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    config = _blob(OCI_CONFIG, said)
    return _make(config, platform, layers, annotations or {})


def make_artifact(config: Blob, *layers: Blob, artifact_type: str = "", label: str = "") -> Image:
    """What is pushed as an image is and is none. `artifact_type` mostly goes with the EMPTY config."""
    annotations = {"test": label} if label else {}
    return _make(config, "", layers, annotations, artifact_type=artifact_type)


def _make(
    config: Blob,
    platform: str,
    layers: Sequence[Blob],
    annotations: Mapping[str, str],
    *,
    artifact_type: str = "",
) -> Image:
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor,
        "layers": [layer.descriptor for layer in layers],
    }
    if annotations:
        manifest["annotations"] = dict(annotations)
    if artifact_type:
        manifest["artifactType"] = artifact_type
    return Image(
        manifest=_blob(OCI_MANIFEST, manifest),
        config=config,
        platform=platform,
        layers=tuple(layers),
    )


def make_index(
    images: Sequence[Image],
    *,
    annotations: Mapping[str, str] | None = None,
    beside: Mapping[str, str] | None = None,
) -> Blob:
    """An index of the images; one of the platform `unknown/unknown` passes for an attestation.

    `annotations` are the index's own, `beside` those that stand with each image in it.
    """
    told = {"annotations": dict(beside)} if beside else {}
    index: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            image.manifest.descriptor | {"platform": _platform(image.platform)} | told
            for image in images
        ],
    }
    if annotations:
        index["annotations"] = dict(annotations)
    return _blob(OCI_INDEX, index)


def push_image(
    url: str,
    repository: str,
    tag: str,
    image: Image | None = None,
    *,
    client: httpx.Client | None = None,
) -> str:
    """Over HTTP to the registry at `url`; `client` carries credentials. The digest of the manifest."""
    image = image or make_image(label=tag)
    return _with_client(client, lambda http: _push(http, f"{url}/v2/{repository}", tag, image))


def push_index(
    url: str,
    repository: str,
    tag: str,
    images: Sequence[Image],
    *,
    annotations: Mapping[str, str] | None = None,
    beside: Mapping[str, str] | None = None,
    client: httpx.Client | None = None,
) -> str:
    """The images by digest, and the index by tag. The digest of the index."""
    index = make_index(images, annotations=annotations, beside=beside)

    def push(http: httpx.Client) -> str:
        base = f"{url}/v2/{repository}"
        for image in images:
            _push(http, base, image.digest, image)
        _put_manifest(http, base, tag, index)
        return index.digest

    return _with_client(client, push)


def write_image(storage: Path, repository: str, tag: str, image: Image | None = None) -> str:
    """As `push_image`, but straight into the registry's file layout: hundreds in a fraction of a second."""
    image = image or make_image(label=tag)
    root = storage / "docker/registry/v2"
    home = root / "repositories" / repository
    for blob in (image.config, *image.layers, image.manifest):
        _write(root / "blobs" / _hexadecimal_path(blob.digest) / "data", blob.data)
    for blob in (image.config, *image.layers):
        _link(home / "_layers", blob.digest)
    _link(home / "_manifests/revisions", image.digest)
    _write(home / "_manifests/tags" / tag / "current/link", image.digest.encode())
    _link(home / "_manifests/tags" / tag / "index", image.digest)
    return image.digest


def _with_client(client: httpx.Client | None, push: Callable[[httpx.Client], str]) -> str:
    if client is not None:
        return push(client)
    with httpx.Client(trust_env=False) as own:
        return push(own)


def _push(http: httpx.Client, base: str, reference: str, image: Image) -> str:
    for blob in (image.config, *image.layers):
        started = http.post(f"{base}/blobs/uploads/").raise_for_status()
        where = started.headers["location"]
        joint = "&" if "?" in where else "?"
        upload = httpx.URL(base).join(f"{where}{joint}digest={blob.digest}")
        http.put(upload, content=blob.data).raise_for_status()
    _put_manifest(http, base, reference, image.manifest)
    return image.digest


def _put_manifest(http: httpx.Client, base: str, reference: str, manifest: Blob) -> None:
    answer = http.put(
        f"{base}/manifests/{reference}",
        content=manifest.data,
        headers={"content-type": manifest.media_type},
    )
    answer.raise_for_status()


def _platform(text: str) -> dict[str, Any]:
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def _blob(media_type: str, document: Mapping[str, Any]) -> Blob:
    return Blob(media_type, json.dumps(document, sort_keys=True).encode())


def _hexadecimal_path(digest: str) -> Path:
    algorithm, _, digits = digest.partition(":")
    return Path(algorithm, digits[:2], digits)


def _link(directory: Path, digest: str) -> None:
    algorithm, _, digits = digest.partition(":")
    _write(directory / algorithm / digits / "link", digest.encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
