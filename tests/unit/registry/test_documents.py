import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.errors import ProtocolViolation
from automator.model.image import Digest
from automator.model.tags import ListedImage
from automator.registry.documents import (
    DOCKER_INDEX,
    OCI_MANIFEST,
    parse_tags,
    parse_token,
    verify_digest,
)

WHERE = "r.example/shop/carts"
A, B = (Digest(f"sha256:{digit * 64}") for digit in "ab")
CREATED_AT = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
PUSHED_AT = datetime(2024, 1, 2, 3, 4, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "tags", "size"),
    [
        ({"name": "a", "tags": ["2", "1"]}, ("2", "1"), 2),
        pytest.param({"name": "a", "tags": None}, (), 0, id="null"),
        pytest.param({"tags": None}, (), 0, id="null alone"),
        pytest.param({"name": "a"}, (), 0, id="missing"),
        pytest.param({"tags": ["ok", "", "no tag", "-x", "a" * 129]}, ("ok",), 5, id="no tags"),
        pytest.param({"tags": ["\ud800", "1\n"]}, (), 2, id="no text"),
    ],
)
def test_a_tag_list(document, tags, size):
    page = parse_tags(json.dumps(document).encode(), where=WHERE)
    assert (page.tags, page.size, page.told) == (tags, size, {})


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
        pytest.param(b'{"tags": ["\xed\xa0\x80"]}', id="a surrogate"),
        pytest.param('{"tags": ["1"]}'.encode("utf-16"), id="UTF-16"),
    ],
)
def test_a_failed_tag_list_is_never_an_empty_one(body):
    with pytest.raises(ProtocolViolation, match=r"^r\.example/shop/carts: the registry's tag list"):
        parse_tags(body, where=WHERE)


def entry(*tags, media_type=OCI_MANIFEST, created="1704164645000", uploaded="1704164646000"):
    """As Google's registries write one image of a tag list."""
    return {
        "tag": list(tags),
        "mediaType": media_type,
        "imageSizeBytes": "1234",
        "timeCreatedMs": created,
        "timeUploadedMs": uploaded,
    }


LISTED = ListedImage(digest=A, created_at=CREATED_AT, pushed_at=PUSHED_AT)


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        pytest.param({A: entry("1", "2")}, {"1": LISTED, "2": LISTED}, id="two tags of one"),
        pytest.param(
            {A: entry(), B: entry("1")},
            {"1": ListedImage(digest=B, created_at=CREATED_AT, pushed_at=PUSHED_AT)},
            id="no tag",
        ),
        pytest.param({A: entry("3")}, {}, id="a tag that is not listed"),
        pytest.param({A: entry("1", media_type=DOCKER_INDEX)}, {"1": LISTED}, id="an index"),
        pytest.param({A: {"tag": ["1"]}}, {"1": ListedImage(digest=A)}, id="nothing but a tag"),
        pytest.param(
            {A: {"tag": ["1"], "mediaType": "application/vnd.oci.artifact.manifest.v1+json"}},
            {"1": ListedImage(digest=A, is_image=False)},
            id="no image",
        ),
        pytest.param({A: {"tag": "1"}, B: None}, {}, id="no entries"),
        pytest.param({"sha256:0": entry("1")}, {}, id="no digest"),
        pytest.param({A: entry(1, None, ["1"])}, {}, id="no strings"),
        pytest.param([A], {}, id="no mapping"),
    ],
)
def test_google_tells_of_the_images_beside_the_tags(manifests, told):
    body = json.dumps({"name": "a", "tags": ["1", "2"], "manifest": manifests}).encode()
    assert parse_tags(body, where=WHERE).told == told


@pytest.mark.parametrize(
    "milliseconds",
    [
        "",
        "0",
        "-62135596800000",
        "1e3",
        "yesterday",
        "²",
        "9" * 14,
        "9" * 500,
        None,
        True,
        [],
        {},
        0,
        -1,
        1.5,
        10**20,
    ],
)
def test_a_time_that_cannot_be_is_none(milliseconds):
    document = {"tags": ["1"], "manifest": {A: entry("1", created=milliseconds)}}
    told = parse_tags(json.dumps(document).encode(), where=WHERE).told
    assert told == {"1": ListedImage(digest=A, pushed_at=PUSHED_AT)}


def test_a_time_may_be_a_number():
    document = {"tags": ["1"], "manifest": {A: entry("1", created=1704164645000)}}
    assert parse_tags(json.dumps(document).encode(), where=WHERE).told == {"1": LISTED}


JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["tag", "tags", A]), inner),
)


@given(st.binary() | JSON.map(json.dumps).map(str.encode))
def test_any_bytes_are_read_or_refused(body):
    for parse in (parse_tags, parse_token):
        try:
            parse(body, where=WHERE)
        except ProtocolViolation as error:
            assert error.location == WHERE  # noqa: PT017 - both outcomes are right


@given(JSON)
def test_whatever_is_told_beside_the_tags_costs_no_tag(manifests):
    body = json.dumps({"tags": ["1"], "manifest": manifests}).encode()
    assert parse_tags(body, where=WHERE).tags == ("1",)


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
