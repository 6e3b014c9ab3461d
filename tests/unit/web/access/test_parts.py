"""Addresses, places to go on to, names in commits, tokens: for whatever somebody writes."""

from ipaddress import ip_address, ip_network
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.web.access.addresses import client_address, limit_key, parse_address
from automator.web.access.failures import PER_ADDRESS, Failures
from automator.web.access.person import Person, identity
from automator.web.access.places import Hosts, host_name, is_plain_path, safe_next
from automator.web.access.tokens import hash_token, make_token, user_of
from tests.servers.clocks import ManualClock
from tests.unit.web.access.making import ANN, settings

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
HERE = "https://automator.example.com"

hostile = st.text(alphabet="/\\.:@?#%&ab\t\n\r\0 é[]-~|", max_size=12) | st.text(max_size=20)


@given(hostile)
def test_a_login_never_leads_to_another_site(text):
    path = safe_next(text)
    # Browsers drop these, and read a backslash as a slash (https://url.spec.whatwg.org/#url-parsing).
    seen = path.translate({9: None, 10: None, 13: None}).replace("\\", "/").strip()
    assert seen.startswith("/")
    assert not seen.startswith("//")
    target = urlsplit(urljoin(f"{HERE}/login", seen))
    assert (target.scheme, target.netloc) == ("https", "automator.example.com")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", "/"),
        ("/workloads/a?b=c#d", "/workloads/a?b=c#d"),
        ("/%2F%2Fevil.example", "/%2F%2Fevil.example"),
        ("", "/"),
        ("workloads", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        (" //evil.example", "/"),
        ("https://evil.example", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("/é", "/"),
        ("/" + "a" * 2000, "/"),
    ],
)
def test_where_a_login_leads_on(text, path):
    assert safe_next(text) == path


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:8080", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", None),
        ("_hidden", None),
        ("", None),
        ("192.0.2.01", None),
        ("3221225985", None),
    ],
)
def test_addresses_as_proxies_write_them(text, address):
    assert parse_address(text) == (None if address is None else ip_address(address))


@given(st.ip_addresses())
def test_every_address_is_read_as_it_is_written(address):
    mapped = getattr(address, "ipv4_mapped", None)
    assert parse_address(str(address)) == (mapped or address)


@given(st.text())
def test_no_text_breaks_the_reading_of_addresses(text):
    client_address(text, [text], TRUSTED)
    client_address("10.0.0.1", [text, text], TRUSTED)
    host_name(text)
    is_plain_path(text)
    Hosts("127.0.0.1:0", HERE).is_own_origin(text, text)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::1]:80"], "2001:db8::1"),
    ],
)
def test_the_last_address_that_is_none_of_ours_is_the_clients(peer, forwarded, client):
    assert client_address(peer, forwarded, TRUSTED) == ip_address(client)


def test_an_ipv6_subscriber_is_one_client():
    first, second, other = (
        limit_key(ip_address(text))
        for text in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1")
    )
    assert first == second != other


def test_the_memory_of_failures_is_bounded():
    clock = ManualClock()
    failures = Failures(clock)
    for _ in range(PER_ADDRESS):
        failures.add("192.0.2.1")
    assert failures.wait_seconds("192.0.2.1") > 0
    for number in range(5000):
        failures.add(f"2001:db8:0:{number:x}::/64")
        clock.advance(10)
    assert len(failures._levels) <= 4096


@given(st.text())
def test_no_name_breaks_a_commit(text):
    author = identity(Person(name=text, email=text, may_act=True))
    for part in (author.name, author.email):
        assert part.strip()
        assert not set(part) & set("<>\n\r\0")


def test_an_author_is_named_as_the_person_is():
    person = Person(name=" Ann  <Root>\n", email="ann@example.com", may_act=True)
    author = identity(person)
    assert (author.name, author.email) == ("Ann Root", "ann@example.com")


def test_tokens_are_distinct_and_known_by_their_hash_alone():
    token = make_token()
    assert token.startswith("amt_")
    assert token != make_token()
    users = settings(users=[{"name": "Ann", "token_sha256": hash_token(token)}]).users
    assert user_of(token, users).name == "Ann"
    assert user_of(ANN, users) is None


@given(st.text())
def test_what_is_no_token_is_nobodys(text):
    users = settings(users=[{"name": "Ann", "token_sha256": hash_token(text)}]).users
    assert user_of(text, users) is None
