"""Image references: what is refused, what is canonical, and that a reference prints as it was written.

The names and canonical forms follow Docker's distribution/reference. Where Flux v1 (fluxcd/flux c2317f81) accepts
what no registry would, the row says so.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.errors import InvalidReference
from automator.model.image import ImageReference, Platform, parse_digest, parse_repository

SHA = "sha256:" + "0123456789abcdef" * 4

CANONICAL = [
    ("alpine", "docker.io/library/alpine"),
    ("library/alpine", "docker.io/library/alpine"),
    ("index.docker.io/library/alpine", "docker.io/library/alpine"),
    ("docker.io/alpine", "docker.io/library/alpine"),
    ("registry-1.docker.io/weaveworks/flux", "docker.io/weaveworks/flux"),
    ("weaveworks/flux", "docker.io/weaveworks/flux"),
    ("localhost/hello", "localhost/hello"),
    ("localhost:5000/hello", "localhost:5000/hello"),
    ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"),
    ("quay.io/library/alpine", "quay.io/library/alpine"),
    ("Example.COM/hello", "example.com/hello"),
    ("[::1]:5000/hello", "[::1]:5000/hello"),
    ("example.com/a__b/c--d.e", "example.com/a__b/c--d.e"),
]


@pytest.mark.parametrize(("name", "canonical"), CANONICAL)
def test_name_has_one_canonical_form(name, canonical):
    assert str(parse_repository(name)) == canonical


PARTS = [
    ("alpine", "alpine", None, None),
    ("alpine:3", "alpine", "3", None),
    ("localhost:5000/hello", "localhost:5000/hello", None, None),
    ("localhost:5000/hello:v1.1", "localhost:5000/hello", "v1.1", None),
    (f"redis@{SHA}", "redis", None, SHA),
    (f"quay.io/org/app:1.2.3@{SHA}", "quay.io/org/app", "1.2.3", SHA),
    ("app:_underscore.-first", "app", "_underscore.-first", None),
    ("app:UPPER", "app", "UPPER", None),
]


@pytest.mark.parametrize(("text", "name", "tag", "digest"), PARTS)
def test_reference_falls_into_its_parts_and_prints_as_written(text, name, tag, digest):
    reference = ImageReference.parse(text)
    assert (reference.name, reference.tag, reference.digest) == (name, tag, digest)
    assert str(reference) == text


REFUSED = [
    pytest.param("", id="empty"),
    pytest.param(" ", id="blank"),
    pytest.param(":tag", id="no name"),
    pytest.param("trailing/slash/", id="empty last part"),
    pytest.param("/leading", id="empty first part"),
    pytest.param("app:", id="empty tag"),
    pytest.param("app:-dash", id="a tag that begins with a dash (Flux v1 accepts it)"),
    pytest.param("app:" + "t" * 129, id="a tag of 129 characters"),
    pytest.param("app:1.0:2.0", id="two tags"),
    pytest.param("Alpine:3", id="upper case in a path"),
    pytest.param("app@sha256:abc", id="short digest"),
    pytest.param("app@sha256:" + "A" * 64, id="upper-case digest"),
    pytest.param("app@", id="empty digest"),
    pytest.param("!*:latest", id="a policy engine's pattern"),
    pytest.param("ko://github.com/org/app", id="a ko import path"),
    pytest.param("${IMAGE}", id="a variable"),
    pytest.param("{{ .Values.image }}", id="a template"),
    pytest.param("app:1.0\n", id="a newline at the end"),
    pytest.param("a..b/c", id="two dots"),
    pytest.param("app:tag with blank", id="a blank in the tag"),
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(InvalidReference):
        ImageReference.parse(text)


_part = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?", fullmatch=True)
_tag = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(
    st.sampled_from(["", "quay.io/", "localhost:5000/"]),
    st.lists(_part, min_size=1, max_size=3),
    st.none() | _tag,
    st.sampled_from([None, SHA]),
)
def test_parse_and_print_round_trip(host, parts, tag, digest):
    text = host + "/".join(parts) + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    assert str(ImageReference.parse(text)) == text


@given(st.text(max_size=60))
def test_any_text_is_a_reference_that_prints_itself_or_is_refused(text):
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return
    assert str(reference) == text


def test_moving_keeps_the_name_as_written():
    moved = ImageReference.parse("index.docker.io/library/redis:1").moved_to("2", None)
    assert str(moved) == "index.docker.io/library/redis:2"


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm/v7"])
def test_platform_prints_itself(text):
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize("text", ["linux", "", "linux/", "a/b/c/d"])
def test_bad_platform_is_refused(text):
    with pytest.raises(InvalidReference):
        Platform.parse(text)


def test_digest_of_another_algorithm_is_accepted():
    assert parse_digest("sha512:" + "a" * 128)
