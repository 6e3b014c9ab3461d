"""What manifests, indexes and config blobs say of an image, and what is no image."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.errors import NotFound, ProtocolViolation
from automator.model.image import Digest, Platform
from automator.registry.documents import (
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
)
from automator.registry.manifests import SOURCE, Description, Manifest, parse_config, parse_manifest

WHERE = "r.example/shop/carts"
A, B, C = (Digest(f"sha256:{digit * 64}") for digit in "abc")
CREATED = {"org.opencontainers.image.created": "2024-01-02T03:04:05+01:00"}
CREATED_AT = datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC)
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64", "v8")
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
IN_TOTO = "application/vnd.in-toto+json"


def descriptor(digest, media_type=OCI_CONFIG, *, size=1, **more):
    return {"mediaType": media_type, "digest": digest, "size": size} | more


def manifest(config=OCI_CONFIG, *layers, **more):
    """With an entry for each media type; its digest and size do not matter."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(A, config),
        "layers": [descriptor(B, layer, size=10) for layer in layers],
    } | more


def index(*entries, **more):
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)} | more


def child(digest, os="linux", architecture="amd64", variant="", media_type=OCI_MANIFEST, **more):
    platform = {"os": os, "architecture": architecture} | ({"variant": variant} if variant else {})
    return descriptor(digest, media_type, platform=platform) | more


ARM64_CHILD = child(A, architecture="arm64", variant="v8")
ATTESTATION = child(C, "unknown", "unknown")
SOCI = child(C, artifactType="application/vnd.amazon.soci.index.v2+json")


def parse(document, content_type=""):
    return parse_manifest(json.dumps(document).encode(), content_type, where=WHERE)


@pytest.mark.parametrize(
    ("document", "content_type", "expected"),
    [
        pytest.param(
            manifest(OCI_CONFIG, LAYER, LAYER),
            OCI_MANIFEST,
            Manifest(description=Description(size_bytes=21), config=A),
            id="manifest",
        ),
        pytest.param(
            {"config": descriptor(A, DOCKER_CONFIG), "annotations": CREATED},
            f"{DOCKER_MANIFEST}; charset=utf-8",
            Manifest(description=Description(created_at=CREATED_AT, size_bytes=1), config=A),
            id="Docker's manifest by its content type, with a created annotation",
        ),
        pytest.param(
            {"config": descriptor(A, size=None)},
            "application/json",
            Manifest(description=Description(), config=A),
            id="a manifest by its shape, without a size",
        ),
        pytest.param(
            index(ARM64_CHILD, child(B)),
            OCI_INDEX,
            Manifest(description=Description(platforms=frozenset({AMD64, ARM64})), child=B),
            id="index: linux/amd64 stands for all",
        ),
        pytest.param(
            index(ATTESTATION, SOCI, ARM64_CHILD),
            OCI_INDEX,
            Manifest(description=Description(platforms=frozenset({ARM64})), child=A),
            id="index: what is no image does not count",
        ),
        pytest.param(
            {"manifests": [child(A)], "annotations": CREATED},
            f"{DOCKER_INDEX}; charset=utf-8",
            Manifest(
                description=Description(created_at=CREATED_AT, platforms=frozenset({AMD64})),
                child=A,
            ),
            id="manifest list by its content type",
        ),
        pytest.param(
            {"manifests": [child(A, media_type=OCI_INDEX)]},
            "",
            Manifest(description=Description(platforms=frozenset({AMD64})), child=A),
            id="index in an index, by its shape",
        ),
        pytest.param(
            index(descriptor(A, OCI_MANIFEST)),
            "",
            Manifest(description=Description(), child=A),
            id="index without platforms",
        ),
        pytest.param(
            index(child(A, annotations=CREATED), annotations={SOURCE: "https://a.example"}),
            "",
            Manifest(
                description=Description(
                    created_at=CREATED_AT,
                    platforms=frozenset({AMD64}),
                    source="https://a.example",
                ),
                child=A,
            ),
            id="index that tells of the image beside its digest",
        ),
        pytest.param(
            index(child(A, "linux\x1b[31m", "amd64"), child(B, "x" * 65, "amd64")),
            "",
            Manifest(description=Description(), child=A),
            id="platforms that are none",
        ),
    ],
)
def test_an_image(document, content_type, expected):
    assert parse(document, content_type) == expected


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(manifest(OCI_CONFIG, LAYER), id="OCI image"),
        pytest.param(manifest(DOCKER_CONFIG, DOCKER_LAYER), id="Docker image"),
        pytest.param(manifest(OCI_CONFIG), id="without layers"),
        pytest.param(manifest(OCI_CONFIG, f"{LAYER}+encrypted"), id="encrypted layers"),
        pytest.param(manifest(OCI_CONFIG, None), id="layers of no type"),
        pytest.param(index(ARM64_CHILD, ATTESTATION), id="index with attestations"),
        pytest.param(index(child(A, "wasip1", "wasm")), id="WASM that runs as an image"),
    ],
)
def test_what_is_an_image(document):
    assert parse(document).is_image


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            manifest("application/vnd.cncf.helm.config.v1+json", "application/tar+gzip"),
            id="Helm chart",
        ),
        pytest.param(
            manifest(OCI_CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json"),
            id="cosign signature",
        ),
        pytest.param(
            manifest(OCI_CONFIG, "application/vnd.dsse.envelope.v1+json"), id="cosign attestation"
        ),
        pytest.param(manifest(OCI_CONFIG, "text/spdx+json"), id="SBOM"),
        pytest.param(manifest(OCI_CONFIG, IN_TOTO, IN_TOTO), id="attestation of BuildKit"),
        pytest.param(
            manifest(EMPTY, IN_TOTO, artifactType="application/vnd.in-toto+json"),
            id="artifact with the empty config",
        ),
        pytest.param(manifest(EMPTY, EMPTY), id="the empty config alone"),
        pytest.param(
            manifest("application/vnd.wasm.config.v0+json", "application/wasm"), id="WASM"
        ),
        pytest.param(manifest(None), id="a config of no type"),
        pytest.param(index(ATTESTATION, ATTESTATION), id="nothing but attestations"),
        pytest.param(index(SOCI), id="nothing but artifacts"),
        pytest.param(
            index(child(A, media_type="application/vnd.example.thing")), id="things never seen"
        ),
        pytest.param(index(), id="nothing"),
        pytest.param(
            index(child(A), artifactType="application/vnd.example.thing"), id="index of a type"
        ),
        pytest.param(index(child(A), subject=descriptor(B, OCI_MANIFEST)), id="index of a subject"),
        pytest.param(
            {"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": []},
            id="OCI artifact manifest",
        ),
        pytest.param({"mediaType": "application/vnd.example.v9+json"}, id="a type never seen"),
    ],
)
def test_what_is_no_image_is_no_error(document):
    said = parse(document)
    assert (said.is_image, said.config, said.child) == (False, None, None)


def test_a_type_that_was_never_seen_may_stand_in_the_header_alone():
    assert not parse({"blobs": []}, "application/vnd.example.v9+json").is_image


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([], id="a list"),
        pytest.param({}, id="no config"),
        pytest.param({"config": {"digest": "sha256:0"}}, id="no digest"),
        pytest.param(index({"digest": None}), id="index entry without digest"),
        pytest.param(index("x"), id="index entry that is a string"),
        pytest.param({"mediaType": OCI_INDEX, "manifests": None}, id="index without entries"),
        pytest.param({"mediaType": [OCI_INDEX]}, id="a type that is none"),
    ],
)
def test_a_manifest_that_is_none(document):
    with pytest.raises(ProtocolViolation):
        parse(document, OCI_MANIFEST)


@pytest.mark.parametrize("size", [None, "1", True, -1, 1.5, 2**63])
def test_a_size_that_cannot_be_is_not_told(size):
    document = manifest() | {"layers": [descriptor(B, LAYER, size=size)]}
    assert parse(document).description.size_bytes is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            {"created": "2024-01-02T02:04:05.123456789Z", "os": "linux", "architecture": "amd64"},
            Description(
                created_at=CREATED_AT.replace(microsecond=123456), platforms=frozenset({AMD64})
            ),
            id="nanoseconds",
        ),
        pytest.param(
            {
                "created": "2024-01-02T02:04:05",
                "os": "linux",
                "architecture": "arm64",
                "variant": "v8",
            },
            Description(created_at=CREATED_AT, platforms=frozenset({ARM64})),
            id="no time zone is UTC",
        ),
        pytest.param({"created": "yesterday"}, Description(), id="no time"),
        pytest.param({"created": "0001-01-01T00:00:00Z"}, Description(), id="never"),
        pytest.param(
            {"created": "0001-01-01T00:00:00+23:00", "os": "", "architecture": "amd64"},
            Description(),
            id="before time",
        ),
        pytest.param({"created": 5, "os": 1, "config": []}, Description(), id="numbers"),
        pytest.param(
            {"config": {"Labels": {"org.opencontainers.image.version": "1.2", "other": "x"}}},
            Description(version="1.2"),
            id="labels",
        ),
        pytest.param({"config": {"Labels": None}}, Description(), id="no labels"),
    ],
)
def test_a_config_blob(document, expected):
    assert parse_config(json.dumps(document).encode(), where=WHERE) == expected


def texts(**annotations):
    named = {f"org.opencontainers.image.{name}": value for name, value in annotations.items()}
    return parse(manifest(annotations=named)).description


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1.2.3", "1.2.3"),
        pytest.param(" 1.2\r\n\x1b[31m\u202e3 ", "1.2[31m3", id="control characters"),
        pytest.param("ü", "ü", id="letters"),
        pytest.param("\ud800", "", id="half a character"),
        pytest.param("x" * 600, "x" * 512, id="long"),
        pytest.param(5, "", id="a number"),
        pytest.param(None, "", id="null"),
    ],
)
def test_annotations_are_foreign_text(written, kept):
    said = texts(version=written, revision=written)
    assert (said.version, said.revision) == (kept, kept)


@pytest.mark.parametrize("source", ["https://github.com/shop/carts", "http://[::1]:80/x?y#z"])
def test_a_source_is_a_link(source):
    assert texts(source=source).source == source


@pytest.mark.parametrize(
    "source",
    [
        "javascript:alert(1)",
        "git@github.com:shop/carts.git",
        "ssh://git@github.com/shop/carts",
        "https://",
        "https://[",
        "//github.com/shop",
        pytest.param("https://robot:topsecret@github.com/shop/carts", id="with a password"),
        pytest.param("https://github.com/\n", id="with a line end"),
        pytest.param(f"https://github.com/{'x' * 512}", id="cut"),
    ],
)
def test_a_source_that_is_no_link_is_kept_out(source):
    assert texts(source=source).source == ""


FULL = Description(
    created_at=CREATED_AT,
    platforms=frozenset({AMD64}),
    size_bytes=0,
    source="https://a.example",
    revision="1",
    version="2",
)


def test_the_first_that_says_something_is_believed():
    other = Description(created_at=CREATED_AT.replace(year=2020), size_bytes=9, version="9")
    assert FULL.filled_from(other) == FULL
    assert Description().filled_from(FULL) == FULL
    assert other.filled_from(FULL).version == "9"
    assert (FULL.is_complete, other.is_complete) == (True, False)


JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["mediaType", "config", "layers", "manifests", "platform", "digest", "annotations"]
            ),
            inner,
        )
    ),
)


@given(st.binary() | JSON.map(json.dumps).map(str.encode), st.sampled_from([OCI_INDEX, ""]))
def test_any_bytes_are_read_or_refused(body, content_type):
    for read in (
        lambda: parse_manifest(body, content_type, where=WHERE),
        lambda: parse_config(body, where=WHERE),
    ):
        try:
            read()
        except (NotFound, ProtocolViolation) as error:
            assert error.location == WHERE  # noqa: PT017 - both outcomes are right


def test_an_image_of_docker_s_schema_1_alone_is_nothing_to_run():
    with pytest.raises(NotFound, match="current runtimes cannot pull"):
        parse_manifest(b'{"schemaVersion": 1, "fsLayers": []}', "", where="shop/carts:old")
