"""What attackers do, for real: each over HTTP against the daemon's own server."""

import pytest

from automator.web.access.body import MOST_BYTES
from automator.web.access.failures import OVERALL, PER_ADDRESS, WINDOW_SECONDS
from tests.unit.web.access.making import (
    ANN,
    NOBODY_TRUSTED,
    PROXY,
    RAY,
    USERS,
    WRONG,
    bearer,
    running,
)

pytestmark = pytest.mark.anyio

FOREIGN = "https://evil.example"
SPOOFED = {"X-Forwarded-User": "root", "X-Forwarded-Email": "root@example.com"}


@pytest.fixture
async def site():
    async with running(users=USERS, url="http://automator.example.com") as site:
        yield site


class TestForgedRequests:
    async def test_a_form_of_ours_may_act(self, site):
        await site.log_in()
        form = {"csrf": await site.csrf(), "workload": "a"}
        assert (await site.client.post("/lock", data=form, headers=site.own)).status_code == 200

    async def test_a_script_of_ours_may_act(self, site):
        await site.log_in()
        said = {**site.own, "X-CSRF-Token": await site.csrf()}
        assert (await site.client.post("/api/v1/locks", json={}, headers=said)).status_code == 200

    @pytest.mark.parametrize(
        "said",
        [
            {"Origin": FOREIGN},
            {"Origin": "null"},
            {"Origin": ""},
            {},
            {"Origin": "http://127.0.0.1:1"},
            {"Origin": "http://127.0.0.1.evil.example"},
            {"Origin": "http://automator.example.com.evil.example"},
            {"Origin": "http://automator.example.com@evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://automator.example.com"},
        ],
    )
    async def test_another_site_may_not_even_with_the_token(self, site, said):
        await site.log_in()
        form = {"csrf": await site.csrf(), "token": RAY}
        for path in ("/lock", "/api/v1/locks", "/login", "/logout"):
            assert (await site.client.post(path, data=form, headers=said)).status_code == 403
        assert site.acted == []
        assert (await site.get("/")).json()["person"] == "Ann"

    @pytest.mark.parametrize("said", [{"Origin": "http://automator.example.com"}, None])
    async def test_both_its_names_are_its_own(self, site, said):
        await site.log_in()
        form = {"csrf": await site.csrf()}
        answer = await site.client.post("/lock", data=form, headers=said or site.own)
        assert answer.status_code == 200

    @pytest.mark.parametrize("csrf", ["", "0" * 64, "é", None])
    async def test_without_the_token_our_own_origin_is_not_enough(self, site, csrf):
        await site.log_in()
        form = {} if csrf is None else {"csrf": csrf}
        said = {**site.own, "Sec-Fetch-Site": "same-origin"}
        assert (await site.client.post("/lock", data=form, headers=said)).status_code == 403

    async def test_the_token_of_another_session_is_none(self, site):
        await site.log_in()
        before = await site.csrf()
        await site.log_in()
        answer = await site.client.post("/lock", data={"csrf": before}, headers=site.own)
        assert answer.status_code == 403

    @pytest.mark.parametrize(
        "kind", ["text/plain", "multipart/form-data; boundary=x", "application/json"]
    )
    async def test_the_field_counts_in_forms_alone(self, site, kind):
        await site.log_in()
        said = {**site.own, "Content-Type": kind}
        body = f"csrf={await site.csrf()}"
        assert (await site.client.post("/lock", content=body, headers=said)).status_code == 403

    async def test_what_a_proxy_adds_is_no_proof_of_who_asks(self):
        async with running(proxy=PROXY) as site:
            answer = await site.client.post("/lock", headers=SPOOFED | site.own)
            assert (answer.status_code, site.acted) == (403, [])

    async def test_the_token_of_another_person_behind_the_proxy_is_none(self):
        async with running(proxy=PROXY) as site:
            csrf = (await site.get("/", **{"X-Forwarded-User": "eve"})).json()["csrf"]
            said = {"X-Forwarded-User": "adam", "X-CSRF-Token": csrf}
            answer = await site.client.post("/lock", headers=said | site.own)
            assert answer.status_code == 403

    async def test_other_sites_may_not_show_it_in_a_frame_or_read_it(self, site):
        headers = (await site.get("/")).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert headers["cross-origin-resource-policy"] == "same-origin"


class TestSpoofedHeaders:
    @pytest.mark.parametrize("keys", [{}, {"users": USERS}, {"proxy": NOBODY_TRUSTED}])
    async def test_nobody_is_named_by_who_is_not_trusted(self, keys):
        async with running(**keys) as site:
            page = await site.get("/", **SPOOFED)
            assert page.json() == {"person": "", "csrf": ""}
            acted = await site.client.post("/lock", headers=SPOOFED | site.own)
            assert acted.status_code in {401, 403}
            assert site.acted == []

    @pytest.mark.parametrize(
        "said", [{"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.1"}]
    )
    async def test_nobody_becomes_a_trusted_proxy_by_saying_so(self, said):
        async with running(proxy=NOBODY_TRUSTED) as site:
            assert (await site.get("/", **said, **SPOOFED)).json()["person"] == ""

    async def test_another_host_is_not_taken_from_a_header(self, site):
        said = {"Host": "evil.example", "X-Forwarded-Host": "automator.example.com"}
        assert (await site.get("/", **said)).status_code == 421


class TestRebinding:
    @pytest.mark.parametrize(
        ("listen", "host", "status"),
        [
            ("127.0.0.1:8080", "127.0.0.1:8080", 200),
            ("127.0.0.1:8080", "localhost", 200),
            ("127.0.0.1:8080", "LOCALHOST:1", 200),
            ("127.0.0.1:8080", "[::1]:8080", 200),
            ("127.0.0.1:8080", "automator.example.com", 200),
            ("127.0.0.1:8080", "evil.example", 421),
            ("127.0.0.1:8080", "evil.example:8080", 421),
            ("127.0.0.1:8080", "127.0.0.1.evil.example", 421),
            ("127.0.0.1:8080", "localhost@evil.example", 421),
            ("127.0.0.1:8080", "evil.example/localhost", 421),
            ("0.0.0.0:8080", "automator.example.com", 200),
            ("0.0.0.0:8080", "automator.example.com:8443", 200),
            ("0.0.0.0:8080", "10.0.0.7:8080", 421),
            ("0.0.0.0:8080", "localhost", 421),
        ],
    )
    async def test_only_its_own_names_lead_here(self, listen, host, status):
        async with running(listen=listen, url="http://automator.example.com") as site:
            assert (await site.get("/", Host=host)).status_code == status
            assert (await site.get("/healthz", Host=host)).status_code == 200
            assert (await site.get("/metrics", Host=host)).status_code == 200
            hook = await site.client.post("/hooks/quay", headers={"Host": host})
            assert hook.status_code == 200

    async def test_elsewhere_any_name_leads_here_until_its_own_is_known(self):
        async with running(listen="0.0.0.0:8080") as site:
            assert (await site.get("/", Host="10.0.0.7:8080")).status_code == 200

    async def test_a_request_without_a_host_is_refused(self, site):
        answer = await site.raw(b"GET / HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 421 ")


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/static/../api/v1/workloads",
            "/static/%2e%2e/api/v1/workloads",
            "/static/..%2fapi/v1/workloads",
            "/static/%2e%2e%2f%2e%2e%2fetc/passwd",
            "/static/....//....//etc/passwd",
            "/static//etc/passwd",
            "/static/..\\..\\etc\\passwd",
            "/static/%5c..%5cetc",
            "/static/a%00.js",
            "/static/a%0d%0aSet-Cookie:x=1",
            "/healthz/../workloads/a",
            "/login/../workloads/a",
            "/login/%2e%2e/workloads/a",
            "/workloads/..",
            "//evil.example/workloads/a",
            "//workloads/a",
            "/./workloads/a",
            "http://127.0.0.1/workloads/a",
        ],
    )
    async def test_none_leads_around_the_rules(self, path):
        async with running(users=USERS, read="login") as site:
            text = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            answer = await site.raw(text.encode())
        assert answer.split(b" ")[1] in {b"303", b"401", b"404"}
        assert b"person" not in answer

    async def test_another_spelling_of_an_exempt_path_is_not_exempt(self):
        async with running(users=USERS, read="login") as site:
            for path in ("/HEALTHZ", "/healthz%20", "/healthz;x", "/Login", "/api%2fv1/workloads"):
                assert (await site.get(path)).status_code in {303, 401}


class TestGuessing:
    async def test_an_address_that_guesses_has_to_wait(self, site):
        statuses = [(await site.log_in(WRONG)).status_code for _ in range(PER_ADDRESS + 2)]
        assert statuses == [401] * PER_ADDRESS + [429, 429]
        answer = await site.log_in(WRONG)
        assert answer.status_code == 429
        wait = int(answer.headers["retry-after"])
        site.clock.advance(wait)
        assert (await site.log_in(WRONG)).status_code == 401

    async def test_bearer_tokens_are_counted_with_them(self, site):
        for _ in range(PER_ADDRESS):
            assert (await site.get("/", **bearer(WRONG))).status_code == 401
        answer = await site.get("/api/v1/workloads", **bearer(WRONG))
        assert (answer.status_code, answer.json()["error"]) == (429, "too many wrong tokens")
        assert (await site.log_in(WRONG)).status_code == 429

    async def test_who_has_a_token_gets_in_also_from_where_somebody_guesses(self, site):
        for _ in range(PER_ADDRESS + 1):
            await site.get("/", **bearer(WRONG))
        assert (await site.get("/", **bearer(ANN))).json()["person"] == "Ann"
        assert (await site.log_in(ANN)).status_code == 303

    async def test_who_is_logged_in_stays_so_while_somebody_guesses_beside_them(self, site):
        await site.log_in()
        for _ in range(PER_ADDRESS + 1):
            await site.get("/", **bearer(WRONG))
        assert (await site.get("/")).json()["person"] == "Ann"

    async def test_nobody_else_is_locked_out(self):
        async with running(users=USERS, proxy=PROXY) as site:
            for number in range(OVERALL + 50):
                guess = bearer(WRONG) | {"X-Forwarded-For": f"198.51.100.{number % 200}"}
                await site.get("/", **guess)
            ours = bearer(ANN) | {"X-Forwarded-For": "192.0.2.7"}
            assert (await site.get("/", **ours)).json()["person"] == "Ann"
            again = bearer(WRONG) | {"X-Forwarded-For": "198.51.100.9"}
            assert (await site.get("/", **again)).status_code == 429
            site.clock.advance(WINDOW_SECONDS)
            assert (await site.get("/", **again)).status_code == 401

    async def test_no_address_made_up_before_that_of_the_proxy_gives_another_try(self):
        async with running(users=USERS, proxy=PROXY) as site:
            statuses = []
            for number in range(PER_ADDRESS + 1):
                said = {"X-Forwarded-For": f"192.0.2.{number}, 198.51.100.1"}
                statuses.append((await site.get("/", **bearer(WRONG), **said)).status_code)
        assert statuses == [401] * PER_ADDRESS + [429]

    async def test_no_forwarded_address_counts_where_no_proxy_is_trusted(self, site):
        statuses = []
        for number in range(PER_ADDRESS + 1):
            said = {"X-Forwarded-For": f"192.0.2.{number}"}
            statuses.append((await site.get("/", **bearer(WRONG), **said)).status_code)
        assert statuses == [401] * PER_ADDRESS + [429]

    @pytest.mark.parametrize(
        "token",
        ["", "amt_", USERS[0]["token_sha256"], ANN[:-1], ANN + "a", ANN.upper(), f" {WRONG}"],
    )
    async def test_nothing_but_the_token_is_the_token(self, site, token):
        assert (await site.log_in(token)).status_code == 401

    async def test_the_log_tells_once_a_minute_and_no_token(self, site):
        for _ in range(5):
            await site.log_in(WRONG)
        site.clock.advance(61)
        await site.get("/", **bearer(WRONG))
        first, second = site.reported
        assert (first.address, first.unreported, second.unreported) == ("127.0.0.1", 0, 4)
        assert WRONG not in repr(site.reported)


class TestBodies:
    @pytest.mark.parametrize("path", ["/login", "/logout", "/lock", "/api/v1/locks"])
    async def test_one_that_is_too_long_is_not_read(self, site, path):
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {site.url}\r\n"
        head += f"Authorization: Bearer {ANN}\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n"
        answer = await site.raw(head.encode())
        assert answer.startswith(b"HTTP/1.1 413 ")

    @pytest.mark.parametrize("length", ["99999999999999999999", "1000000000000"])
    async def test_absurd_lengths(self, site, length):
        head = f"POST /lock HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ANN}\r\n"
        answer = await site.raw(f"{head}Content-Length: {length}\r\n\r\n".encode())
        assert answer.split(b" ")[1] in {b"400", b"413"}

    @pytest.mark.parametrize("method", ["POST", "GET"])
    async def test_one_without_an_end_is_cut(self, site, method):
        head = f"{method} / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ANN}\r\n"
        head += "Transfer-Encoding: chunked\r\n\r\n"
        chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
        answer = await site.raw(head.encode(), chunk * 17)
        assert answer.startswith(b"HTTP/1.1 413 ")

    async def test_one_that_trickles_is_cut(self, site, monkeypatch):
        monkeypatch.setattr("automator.web.access.body._SECONDS", 0.2)
        head = f"POST /lock HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ANN}\r\n"
        answer = await site.raw(f"{head}Content-Length: 100\r\n\r\nx".encode())
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert site.acted == []

    async def test_who_may_not_act_is_refused_before_the_body_comes(self, site):
        head = "POST /lock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
        assert (await site.raw(head.encode())).startswith(b"HTTP/1.1 401 ")

    async def test_hooks_have_limits_of_their_own(self, site):
        answer = await site.client.post("/hooks/quay", content=b"x" * (MOST_BYTES + 1))
        assert answer.json() == {"bytes": MOST_BYTES + 1}

    async def test_a_form_with_fields_without_number_is_no_form(self, site):
        await site.log_in()
        body = f"csrf={await site.csrf()}" + "&a=1" * 1000
        said = {**site.own, "Content-Type": "application/x-www-form-urlencoded"}
        assert (await site.client.post("/lock", content=body, headers=said)).status_code == 403
