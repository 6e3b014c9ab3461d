"""Logging in at an OpenID provider, and all that must not count as a login."""

import json
import socket
import sys
from contextlib import asynccontextmanager
from subprocess import DEVNULL
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from automator.clock import SystemClock
from automator.web.access.failures import PER_ADDRESS
from tests.servers.oidc import SECRET
from tests.servers.scripted import Reply
from tests.unit.web.access.making import running
from tests.unit.web.access.oidc_making import configured, go, log_in, provided, who

pytestmark = pytest.mark.anyio

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
async def both():
    async with provided() as both:
        yield both


async def test_there_and_back(both):
    site, provider = both
    provider.person["name"] = "Ann Example"
    answer = await log_in(site, next="/workloads/a?b=c")
    assert (answer.status_code, answer.headers["location"]) == (303, "/workloads/a?b=c")
    assert await who(site) == "Ann Example"
    form = {"csrf": await site.csrf()}
    assert (await site.client.post("/lock", data=form, headers=site.own)).status_code == 200
    assert site.acted[0][0].email == "ann@example.com"


async def test_a_provider_that_others_wrote():
    async with running(clock=SystemClock()) as site, mock_provider() as issuer:
        configured(site, issuer, allow={"domains": ["example.com"]})
        sent = await site.client.get("/login/oidc")
        async with httpx.AsyncClient() as outside:
            url = sent.headers["location"]
            back = await outside.post(url, data={"sub": "ann@example.com"})
        assert (await site.client.get(back.headers["location"])).status_code == 303
        assert await who(site) == "ann@example.com"


@asynccontextmanager
async def mock_provider():
    """oidc-provider-mock, in a process of its own: its issuer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    user = {"sub": "ann@example.com", "email": "ann@example.com"}
    command += ["--user-claims", json.dumps(user)]
    issuer = f"http://localhost:{port}"
    async with await anyio.open_process(command, stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            await _until_it_answers(f"{issuer}{DISCOVERY}")
            yield issuer
        finally:
            process.kill()


@retry(
    retry=retry_if_exception_type(httpx.TransportError),
    wait=wait_fixed(0.1),
    stop=stop_after_delay(20),
)
async def _until_it_answers(url):
    async with httpx.AsyncClient() as client:
        (await client.get(url)).raise_for_status()


async def test_nothing_is_asked_before_somebody_logs_in_and_little_after(both):
    site, provider = both
    await site.get("/login")
    assert provider.server.requests == []
    for _ in range(3):
        await log_in(site)
    assert (provider.count(DISCOVERY), provider.count("/keys")) == (1, 1)
    site.clock.advance(3600)
    await log_in(site)
    assert (provider.count(DISCOVERY), provider.count("/keys")) == (2, 2)


ALLOWED = [
    ({}, {}, False),
    ({"emails": ["Ann@Example.com"]}, {}, True),
    ({"emails": ["bob@example.com"]}, {}, False),
    ({"domains": ["example.com"]}, {}, True),
    ({"domains": ["example.com"]}, {"email": "ann@evil.example.com"}, False),
    ({"domains": ["example.com"]}, {"email": "ann@example.com@evil.org"}, False),
    ({"domains": ["example.com"]}, {"email": ""}, False),
    ({"domains": [""]}, {"email": ""}, False),
    ({"groups": ["ops"]}, {"groups": ["dev", "ops"]}, True),
    ({"groups": ["ops"]}, {"groups": "ops"}, False),
    ({"groups": ["ops"]}, {"groups": ["OPS"]}, False),
    ({"emails": ["ann@example.com"]}, {"email_verified": True}, True),
    ({"emails": ["ann@example.com"]}, {"email_verified": "true"}, True),
]


@pytest.mark.parametrize(("allow", "claims", "may_act"), ALLOWED)
@pytest.mark.parametrize("others", ["read", "refuse"])
async def test_who_may_act(allow, claims, may_act, others):
    async with provided(allow=allow, others=others) as (site, provider):
        provider.person |= claims
        answer = await log_in(site)
        if not may_act and others == "refuse":
            assert answer.status_code == 403
            assert await who(site) == ""
            return
        form = {"csrf": await site.csrf()}
        acted = await site.client.post("/lock", data=form, headers=site.own)
        assert acted.status_code == (200 if may_act else 403)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Ann Example"}, "Ann Example"),
        ({"preferred_username": "ann"}, "ann"),
        ({"name": "Ann\nExample", "preferred_username": "ann"}, "ann"),
        ({"name": ["Ann"]}, "ann@example.com"),
        ({"email": ""}, "1"),
    ],
)
async def test_how_people_are_called(both, claims, name):
    site, provider = both
    provider.person |= claims
    await log_in(site)
    assert await who(site) == name


@pytest.mark.parametrize("kind", [ECKey, RSAKey])
async def test_keys_are_rotated(both, kind):
    site, provider = both
    await log_in(site)
    provider.rotate(kind)
    site.clock.advance(60)
    assert (await log_in(site)).status_code == 303
    provider.keys.pop(0)
    site.clock.advance(3600)
    assert (await log_in(site)).status_code == 303


async def test_a_key_that_was_withdrawn_counts_no_more(both):
    site, provider = both
    await log_in(site)
    stolen = provider.keys.pop()
    provider.rotate()
    provider.sign = lambda server, claims: server.signed(claims, key=stolen)
    site.clock.advance(3600)
    assert (await log_in(site)).status_code == 403


async def test_invented_key_names_ask_the_provider_once_a_minute(both):
    site, provider = both
    provider.sign = lambda server, claims: server.signed(claims, kid="x")
    for _ in range(5):
        assert (await log_in(site)).status_code == 403
    assert provider.count("/keys") == 1


class TestState:
    async def test_a_wrong_one_is_refused(self, both):
        site, _ = both
        await go(site)
        answer = await site.client.get("/login/oidc/callback?code=code&state=x")
        assert answer.status_code == 400
        assert await who(site) == ""

    async def test_each_counts_once(self, both):
        site, _ = both
        back = await go(site)
        browser = site.client.cookies["automator_login"]
        assert (await site.client.get(back)).status_code == 303
        site.client.cookies.delete("automator_session")
        site.client.cookies.set("automator_login", browser, domain="127.0.0.1")
        assert (await site.client.get(back)).status_code == 400
        assert await who(site) == ""

    async def test_nobody_is_logged_in_by_the_link_of_another(self, both):
        site, _ = both
        back = await go(site)
        async with site.browser() as victim:
            answer = await victim.get(back)
            assert (answer.status_code, victim.cookies.get("automator_session")) == (400, None)

    async def test_it_ends_after_ten_minutes(self, both):
        site, _ = both
        back = await go(site)
        site.clock.advance(600)
        assert (await site.client.get(back)).status_code == 400

    @pytest.mark.parametrize(
        ("addresses", "count", "status"), [(1, 5000, 303), (9, 5000, 303), (1000, 1000, 400)]
    )
    async def test_there_is_room_for_a_thousand_and_a_hundred_of_one_address(
        self, both, addresses, count, status
    ):
        site, _ = both
        first = await go(site)
        for number in range(count):
            address = f"198.51.100.{number % addresses}"
            site.sessions.send_away(address=address, browser="x", next_path="/")
        assert (await site.client.get(first)).status_code == status

    async def test_guessing_it_locks_nobody_out(self, both):
        """Any page can make the browsers of an office ask for it."""
        site, _ = both
        for number in range(PER_ADDRESS + 1):
            answer = await site.client.get(f"/login/oidc/callback?code=c&state={number}")
            assert answer.status_code == 400
        assert (await log_in(site)).headers["location"] == "/"

    async def test_it_leads_on_nowhere_else(self, both):
        site, _ = both
        answer = await log_in(site, next="//evil.example/")
        assert answer.headers["location"] == "/"

    async def test_what_is_in_the_link_is_not_shown(self, both):
        site, _ = both
        state = parse_qs(urlsplit(await go(site)).query)["state"][0]
        answer = await site.client.get(
            "/login/oidc/callback",
            params={"state": state, "error": "access_denied", "error_description": "call 555-evil"},
        )
        assert answer.status_code == 403
        assert "evil" not in answer.text


PROVIDER_FAULTS = {
    "is away": (DISCOVERY, Reply(status=503)),
    "breaks off": (DISCOVERY, Reply(raw=b"")),
    "is no provider": (DISCOVERY, Reply(body=b"<html>")),
    "answers deeply": (DISCOVERY, Reply(body=b"[" * 100_000)),
    "calls itself otherwise": (DISCOVERY, Reply.json({"issuer": "https://evil.example"})),
    "has no endpoints": (DISCOVERY, Reply.json([])),
    "does not end": (DISCOVERY, Reply(pieces=lambda: iter(lambda: b"x" * 65536, b""))),
    "leads elsewhere": (DISCOVERY, Reply.redirect("http://127.0.0.1:1/")),
    "has no keys": ("/keys", Reply(status=500)),
    "has odd keys": ("/keys", Reply.json({"keys": [1, {"kty": "EC", "kid": "key 0"}]})),
    "takes no code": ("/token", Reply.json({"error": "invalid_grant"}, status=400)),
    "answers without a token": ("/token", Reply.json({})),
    "answers with noise": ("/token", Reply(body=b"\xff\xfe")),
}


@pytest.mark.parametrize(("path", "reply"), PROVIDER_FAULTS.values(), ids=PROVIDER_FAULTS)
async def test_a_provider_at_fault_makes_a_kind_page(both, path, reply):
    site, provider = both
    provider.server.script(path, reply)
    answer = await site.client.get("/login/oidc")
    if path != DISCOVERY:
        answer = await log_in(site)
    assert answer.status_code in {403, 503}
    assert 'role="alert"' in answer.text
    assert SECRET not in answer.text
    provider.server.script(DISCOVERY, provider.discovery)
    provider.server.script("/keys", provider.key_set)
    provider.server.script("/token", provider.token)
    site.clock.advance(3600)
    assert (await log_in(site)).status_code == 303


async def test_who_waits_for_a_provider_that_is_away_shares_the_answer(both):
    site, provider = both
    provider.server.script(DISCOVERY, Reply(status=503))
    for _ in range(3):
        assert (await site.client.get("/login/oidc")).status_code == 503
    assert provider.count(DISCOVERY) == 1
    site.clock.advance(10)
    await site.client.get("/login/oidc")
    assert provider.count(DISCOVERY) == 2


async def test_the_secret_is_posted_where_the_provider_wants_that(both):
    site, provider = both
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await log_in(site)).status_code == 303


async def test_a_provider_of_another_name_is_another_provider(both):
    site, provider = both
    provider.metadata = {"issuer": f"{provider.issuer}/"}
    answer = await site.client.get("/login/oidc")
    assert answer.status_code == 503
    assert "calls itself otherwise" in answer.text


async def test_endpoints_have_to_be_as_safe_as_the_issuer(both):
    site, provider = both
    provider.metadata = {"jwks_uri": "file:///etc/passwd"}
    assert (await site.client.get("/login/oidc")).status_code == 503


async def test_a_session_ends_with_what_allowed_it(both):
    site, provider = both
    await log_in(site)
    configured(site, provider.issuer, allow={})
    csrf = await site.csrf()
    acted = await site.client.post("/lock", data={"csrf": csrf}, headers=site.own)
    assert acted.status_code == 403
    configured(site, provider.issuer, allow={}, others="refuse")
    assert await who(site) == ""


async def test_a_session_is_of_its_provider_alone(both):
    site, provider = both
    await log_in(site)
    configured(site, provider.issuer, client_id="other")
    assert await who(site) == ""
