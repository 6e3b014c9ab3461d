from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.errors import ProtocolViolation
from automator.model.image import parse_repository
from automator.registry.protocol import (
    Challenge,
    blob_url,
    describe_error,
    manifest_url,
    next_page,
    parse_challenges,
    parse_retry_after,
    registry_url,
    tags_url,
)

WHERE = "r.example/shop/carts"
PAGE = "https://r.example/v2/shop/carts/tags/list?n=2"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "insecure", "expected"),
    [
        pytest.param("docker.io", False, "https://registry-1.docker.io", id="Docker Hub"),
        ("quay.io", False, "https://quay.io"),
        ("localhost:5000", True, "http://localhost:5000"),
    ],
)
def test_the_host_in_an_image_reference_gives_the_api(host, insecure, expected):
    assert registry_url(host, insecure=insecure) == expected


def test_urls():
    repository = parse_repository("redis")
    base = registry_url(repository.host)
    assert tags_url(base, repository, 1000) == f"{base}/v2/library/redis/tags/list?n=1000"
    assert tags_url(base, repository, None) == f"{base}/v2/library/redis/tags/list"
    assert manifest_url(base, repository, "7.0") == f"{base}/v2/library/redis/manifests/7.0"
    assert blob_url(base, repository, "sha256:0") == f"{base}/v2/library/redis/blobs/sha256:0"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        pytest.param("", None, id="no link"),
        pytest.param(
            '</v2/shop/carts/tags/list?last=b>; rel="next"',
            "https://r.example/v2/shop/carts/tags/list?last=b",
            id="relative to the host",
        ),
        pytest.param(
            '<list?last=b>; rel="next"',
            "https://r.example/v2/shop/carts/tags/list?last=b",
            id="relative to the path",
        ),
        pytest.param(
            '<?last=b>; rel="next"',
            "https://r.example/v2/shop/carts/tags/list?last=b",
            id="a query alone",
        ),
        pytest.param(
            '<https://r.example/v2/x?last=b>; rel="next"',
            "https://r.example/v2/x?last=b",
            id="absolute",
        ),
        pytest.param(
            '<https://R.EXAMPLE:443/v2/x>; rel="next"',
            "https://R.EXAMPLE:443/v2/x",
            id="default port",
        ),
        pytest.param("</v2/x>; rel=next", "https://r.example/v2/x", id="rel without quotes"),
        pytest.param("</v2/x>", "https://r.example/v2/x", id="no rel counts as next"),
        pytest.param(
            '</v2/a>; rel="prev", </v2/x>; title="a, b"; rel="next"',
            "https://r.example/v2/x",
            id="the second of two",
        ),
        pytest.param('</v2/a>; rel="prev"', None, id="another relation"),
    ],
)
def test_the_next_page(link, expected):
    assert next_page(link, PAGE, where=WHERE) == expected


@pytest.mark.parametrize(
    "link",
    [
        pytest.param('<https://evil.example/v2/x>; rel="next"', id="another host"),
        pytest.param('<//evil.example/v2/x>; rel="next"', id="another host, scheme left out"),
        pytest.param('<http://r.example/v2/x>; rel="next"', id="another scheme"),
        pytest.param('<https://r.example:8443/v2/x>; rel="next"', id="another port"),
        pytest.param('<https://u:p@r.example/v2/x>; rel="next"', id="user in the URL"),
        pytest.param('<https://r.example:port/v2/x>; rel="next"', id="no port"),
        pytest.param('/v2/x; rel="next"', id="no angle brackets"),
    ],
)
def test_a_next_page_that_cannot_be_trusted_is_refused(link):
    with pytest.raises(ProtocolViolation) as caught:
        next_page(link, PAGE, where=WHERE)
    assert caught.value.location == WHERE


BEARER = Challenge(
    "bearer",
    {"realm": "https://a.example/token", "service": "r", "scope": "repository:a/b:pull,push"},
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([], (), id="none"),
        pytest.param(['Basic realm="a b"'], (Challenge("basic", {"realm": "a b"}),), id="basic"),
        pytest.param(
            ['Bearer realm="https://a.example/token",service="r",scope="repository:a/b:pull,push"'],
            (BEARER,),
            id="bearer, a comma inside quotes",
        ),
        pytest.param(
            [
                'BEARER Realm = "https://a.example/token" , service=r, scope="repository:a/b:pull,push"'
            ],
            (BEARER,),
            id="case and blanks",
        ),
        pytest.param(
            ["Negotiate", 'Basic realm="x"'],
            (Challenge("negotiate", {}), Challenge("basic", {"realm": "x"})),
            id="two headers",
        ),
        pytest.param(
            ['Basic realm="x", Bearer realm="y",service=z'],
            (
                Challenge("basic", {"realm": "x"}),
                Challenge("bearer", {"realm": "y", "service": "z"}),
            ),
            id="two in one header",
        ),
        pytest.param(
            ['Basic realm="a \\"b\\" c"'], (Challenge("basic", {"realm": 'a "b" c'}),), id="escapes"
        ),
        pytest.param(['=== "', "\x00"], (), id="garbage"),
    ],
)
def test_challenges(headers, expected):
    assert parse_challenges(headers) == expected


@given(st.text() | st.text(alphabet='=",\\ abBearer'))
def test_no_header_breaks_the_parser_of_challenges(header):
    parse_challenges([header])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"", "", id="empty"),
        pytest.param(
            b'{"errors":[{"code":"DENIED","message":"requested access is denied","detail":[1]}]}',
            "DENIED: requested access is denied",
            id="as specified",
        ),
        pytest.param(b'{"errors":[{"code":"A"},{"message":"b"}]}', "A; b", id="several"),
        pytest.param(b'{"errors":["plain"]}', "plain", id="strings for errors"),
        pytest.param(b'{"message":"no such route"}', "no such route", id="another JSON"),
        pytest.param(
            b"<html><head><title>502 Bad &amp; Gateway</title></head><body>x</body></html>",
            "502 Bad & Gateway",
            id="HTML",
        ),
        pytest.param(b"<p>not\n\n<b>here</b></p>", "not here", id="HTML without a title"),
        pytest.param(
            b"404 page\r\n\tnot found\x1b[31m", "404 page not found [31m", id="plain text"
        ),
        pytest.param(b"[" * 100_000, "[" * 197 + "...", id="nested too deep, and long"),
        pytest.param(b"\xff\xfe", "��", id="no UTF-8"),
    ],
)
def test_an_error_body_becomes_one_readable_line(body, expected):
    assert describe_error(body, str) == expected


def test_what_was_sent_is_taken_out_before_the_line_is_shortened():
    body = b"x" * 190 + b" topsecrettopsecret"
    assert "topsecret" not in describe_error(
        body, lambda text: text.replace("topsecret" * 2, "***")
    )


@given(st.binary(max_size=2000))
def test_every_error_body_is_one_short_printable_line(body):
    line = describe_error(body, str)
    assert len(line) <= 200
    assert line.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        pytest.param("Thu, 01 Jan 2026 00:00:30 GMT", timedelta(seconds=30), id="HTTP date"),
        pytest.param("Wed, 31 Dec 2025 00:00:00 GMT", timedelta(0), id="a date in the past"),
        pytest.param("9" * 5000, timedelta(days=1), id="at most a day"),
        pytest.param("Fri, 01 Jan 2049 00:00:00 GMT", timedelta(days=1), id="a far date"),
        ("", None),
        ("-5", None),
        ("soon", None),
        pytest.param("\u0665", None, id="digits of another script"),
    ],
)
def test_retry_after(text, expected):
    assert parse_retry_after(text, NOW) == expected


@given(st.text())
def test_no_retry_after_breaks_the_parser(text):
    pause = parse_retry_after(text, NOW)
    assert pause is None or timedelta(0) <= pause <= timedelta(days=1)
