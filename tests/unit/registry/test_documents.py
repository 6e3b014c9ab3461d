import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.errors import ProtocolViolation
from automator.model.image import Digest, Platform
from automator.registry.documents import (
    DOCKER_CONFIG,
    DOCKER_INDEX,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    ConfigBlob,
    ImageIndex,
    ImageManifest,
    parse_config,
    parse_manifest,
    parse_tags,
    parse_token,
    verify_digest,
)

WHERE = "r.example/shop/carts"
A, B, C = (Digest(f"sha256:{digit * 64}") for digit in "abc")
CREATED = {"org.opencontainers.image.created": "2024-01-02T03:04:05+01:00"}
CREATED_AT = datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC)
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64", "v8")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"name": "a", "tags": ["2", "1"]}, ("2", "1")),
        pytest.param({"name": "a", "tags": None}, (), id="null"),
        pytest.param({"tags": None}, (), id="null alone"),
        pytest.param({"name": "a"}, (), id="missing"),
        pytest.param({"tags": ["ok", "", "no tag", "-x", "a" * 129]}, ("ok",), id="no tags"),
    ],
)
def test_a_tag_list(document, expected):
    assert parse_tags(json.dumps(document).encode(), where=WHERE) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"name": "a", "tags": ["1", "2', id="truncated"),
        pytest.param(b"<html>", id="HTML"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b'{"tags": "1"}', id="a string"),
        pytest.param(b'{"tags": [1]}', id="numbers"),
        pytest.param(b'{"tags": null, "errors": []}', id="errors"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(b'{"tags": ["\xff"]}', id="no UTF-8"),
    ],
)
def test_a_failed_tag_list_is_never_an_empty_one(body):
    with pytest.raises(ProtocolViolation, match=r"^r\.example/shop/carts: the registry's tag list"):
        parse_tags(body, where=WHERE)


def descriptor(digest, media_type=OCI_CONFIG, **more):
    return {"mediaType": media_type, "digest": digest, "size": 1} | more


def index(*entries, **more):
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)} | more


def child(digest, os="linux", architecture="amd64", **more):
    platform = {"os": os, "architecture": architecture} | more
    return descriptor(digest, OCI_MANIFEST, platform=platform)


@pytest.mark.parametrize(
    ("document", "content_type", "expected"),
    [
        pytest.param(
            {"config": descriptor(A)},
            OCI_MANIFEST,
            ImageManifest(config=A, created_at=None),
            id="manifest",
        ),
        pytest.param(
            {"config": descriptor(A, DOCKER_CONFIG), "annotations": CREATED},
            "",
            ImageManifest(config=A, created_at=CREATED_AT),
            id="created annotation",
        ),
        pytest.param(
            {"config": descriptor(A, "application/vnd.cncf.helm.config.v1+json")},
            OCI_MANIFEST,
            ImageManifest(config=None, created_at=None),
            id="a chart is no image",
        ),
        pytest.param(
            index(child(A, architecture="arm64", variant="v8"), child(B)),
            OCI_INDEX,
            ImageIndex(child=B, platforms=frozenset({AMD64, ARM64}), created_at=None),
            id="index: linux/amd64 stands for all",
        ),
        pytest.param(
            index(child(C, "unknown", "unknown"), child(A, architecture="arm64", variant="v8")),
            OCI_INDEX,
            ImageIndex(child=A, platforms=frozenset({ARM64}), created_at=None),
            id="index: no attestation",
        ),
        pytest.param(
            {"manifests": [child(A)], "annotations": CREATED},
            f"{DOCKER_INDEX}; charset=utf-8",
            ImageIndex(child=A, platforms=frozenset({AMD64}), created_at=CREATED_AT),
            id="manifest list by its content type",
        ),
        pytest.param(
            index(descriptor(A, OCI_MANIFEST)),
            "",
            ImageIndex(child=A, platforms=frozenset(), created_at=None),
            id="index without platforms",
        ),
        pytest.param(
            index(),
            "",
            ImageIndex(child=None, platforms=frozenset(), created_at=None),
            id="empty index",
        ),
    ],
)
def test_a_manifest(document, content_type, expected):
    assert parse_manifest(json.dumps(document).encode(), content_type, where=WHERE) == expected


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([], id="a list"),
        pytest.param({}, id="no config"),
        pytest.param({"config": {"digest": "sha256:0"}}, id="no digest"),
        pytest.param(index({"digest": None}), id="index entry without digest"),
        pytest.param(index("x"), id="index entry that is a string"),
        pytest.param({"mediaType": OCI_INDEX, "manifests": None}, id="index without entries"),
        pytest.param({"schemaVersion": 1, "fsLayers": []}, id="Docker's schema 1"),
    ],
)
def test_a_manifest_that_is_none(document):
    with pytest.raises(ProtocolViolation):
        parse_manifest(json.dumps(document).encode(), OCI_MANIFEST, where=WHERE)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            {"created": "2024-01-02T02:04:05.123456789Z", "os": "linux", "architecture": "amd64"},
            ConfigBlob(created_at=CREATED_AT.replace(microsecond=123456), platform=AMD64),
            id="nanoseconds",
        ),
        pytest.param(
            {
                "created": "2024-01-02T02:04:05",
                "os": "linux",
                "architecture": "arm64",
                "variant": "v8",
            },
            ConfigBlob(created_at=CREATED_AT, platform=ARM64),
            id="no time zone is UTC",
        ),
        pytest.param(
            {"created": "yesterday"}, ConfigBlob(created_at=None, platform=None), id="no time"
        ),
        pytest.param(
            {"created": "0001-01-01T00:00:00+23:00", "os": "", "architecture": "amd64"},
            ConfigBlob(created_at=None, platform=None),
            id="before time",
        ),
        pytest.param(
            {"created": 5, "os": 1}, ConfigBlob(created_at=None, platform=None), id="numbers"
        ),
    ],
)
def test_a_config_blob(document, expected):
    assert parse_config(json.dumps(document).encode(), where=WHERE) == expected


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_any_bytes_are_read_or_refused(body):
    for parse in (parse_tags, parse_config, parse_token):
        try:
            parse(body, where=WHERE)
        except ProtocolViolation as error:
            assert error.location == WHERE  # noqa: PT017 - both outcomes are right


@pytest.mark.parametrize(
    ("document", "seconds"),
    [
        pytest.param({"token": "t", "expires_in": 300}, 300, id="token"),
        pytest.param({"access_token": "t", "expires_in": 3600.5}, 3600, id="access_token"),
        pytest.param({"token": "t"}, 60, id="silent"),
        pytest.param({"token": "t", "expires_in": 1}, 60, id="too short"),
        pytest.param({"token": "t", "expires_in": "300"}, 60, id="a string"),
        pytest.param({"token": "t", "expires_in": 1e300}, 86400, id="for ever"),
    ],
)
def test_a_token(document, seconds):
    token = parse_token(json.dumps(document).encode(), where=WHERE)
    assert (token.value, token.lifetime_seconds) == ("t", seconds)


@pytest.mark.parametrize("value", ["", None, 5, "a\r\nHost: evil", "ü", "a b"])
def test_a_token_that_cannot_stand_in_a_header_is_refused_and_not_shown(value):
    with pytest.raises(ProtocolViolation) as caught:
        parse_token(json.dumps({"token": value}).encode(), where=WHERE)
    assert "evil" not in str(caught.value)


def test_a_token_has_no_repr():
    assert "topsecret" not in repr(parse_token(b'{"token": "topsecret"}', where=WHERE))


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_content_is_compared_with_its_digest(algorithm):
    digest = Digest(f"{algorithm}:{hashlib.new(algorithm, b'a').hexdigest()}")
    verify_digest(b"a", digest, where=WHERE)
    with pytest.raises(ProtocolViolation, match="does not match its digest"):
        verify_digest(b"b", digest, where=WHERE)


def test_a_digest_that_cannot_be_verified_is_refused():
    with pytest.raises(ProtocolViolation, match="cannot be verified"):
        verify_digest(b"a", Digest("md5:0cc175b9c0f1b6a831c399e269772661"), where=WHERE)
