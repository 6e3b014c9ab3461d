"""Sessions: how they begin and end, what their cookie is like, and that the configuration in force decides."""

from datetime import timedelta

import pytest

from automator.web.access.sessions import Sessions, TokenLogin
from tests.servers.clocks import ManualClock
from tests.unit.web.access.making import ANN, RAY, USERS, asking

pytestmark = pytest.mark.anyio

HALF_AN_HOUR = 1800


@pytest.fixture
async def site():
    async with asking(users=USERS) as site:
        yield site


async def who(site):
    return (await site.get("/")).json()["person"]


async def test_a_login_begins_one_and_a_logout_ends_it(site):
    answer = await site.log_in(next="/workloads/a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/workloads/a")
    assert await who(site) == "Ann"
    stolen = site.client.cookies["automator_session"]
    form = {"csrf": await site.csrf()}
    assert (await site.client.post("/logout", data=form, headers=site.own)).status_code == 303
    assert await who(site) == ""
    site.client.cookies.set("automator_session", stolen, domain="127.0.0.1")
    assert await who(site) == ""


async def test_who_may_only_read_may_log_out(site):
    await site.log_in(RAY)
    form = {"csrf": await site.csrf()}
    assert (await site.client.post("/logout", data=form, headers=site.own)).status_code == 303
    assert await who(site) == ""


async def test_nobody_gets_an_id_that_somebody_chose(site):
    site.client.cookies.set("automator_session", "chosen", domain="127.0.0.1")
    await site.log_in()
    ids = [cookie.value for cookie in site.client.cookies.jar]
    assert "chosen" not in ids


async def test_each_login_ends_the_one_before(site):
    await site.log_in()
    before = site.client.cookies["automator_session"]
    await site.log_in(RAY)
    assert await who(site) == "Ray"
    assert site.sessions.find(before, lasts=timedelta(hours=1)) is None


async def test_an_hour_without_use_ends_it(site):
    await site.log_in()
    for _ in range(4):
        site.clock.advance(HALF_AN_HOUR)
        assert await who(site) == "Ann"
    site.clock.advance(2 * HALF_AN_HOUR)
    assert await who(site) == ""


async def test_it_ends_after_its_time_however_much_it_is_used(site):
    await site.log_in()
    for _ in range(23):
        site.clock.advance(HALF_AN_HOUR)
        assert await who(site) == "Ann"
    site.clock.advance(HALF_AN_HOUR)
    assert await who(site) == ""


async def test_it_outlives_a_change_of_the_configuration(site):
    await site.log_in()
    csrf = await site.csrf()
    site.configure({"users": USERS, "read": "login"})
    answer = await site.client.post("/lock", data={"csrf": csrf}, headers=site.own)
    assert answer.status_code == 200


async def test_who_is_demoted_acts_no_more(site):
    await site.log_in()
    site.configure({"users": [USERS[0] | {"may": "read"}]})
    form = {"csrf": await site.csrf()}
    assert (await site.client.post("/lock", data=form, headers=site.own)).status_code == 403


@pytest.mark.parametrize(
    "keys", [{"users": USERS[1:]}, {}, {"users": [USERS[0] | {"token_sha256": "0" * 64}]}]
)
async def test_who_is_taken_out_is_nobody(site, keys):
    await site.log_in()
    site.configure(keys)
    assert await who(site) == ""


async def test_a_shorter_time_counts_for_those_that_run(site):
    await site.log_in()
    site.clock.advance(HALF_AN_HOUR)
    site.configure({"users": USERS, "session": "20m"})
    assert await who(site) == ""


async def test_the_cookie_over_plain_http(site):
    cookie = (await site.log_in()).headers["set-cookie"]
    name, *attributes = cookie.split("; ")
    assert name.startswith("automator_session=")
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=lax"}


async def test_the_cookie_over_tls():
    async with asking(users=USERS, url="https://automator.example.com") as site:
        cookie = (await site.log_in()).headers["set-cookie"]
    name, *attributes = cookie.split("; ")
    assert name.startswith("__Host-automator_session=")
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=lax", "Secure"}


async def test_the_log_tells_who_came_and_neither_token_nor_id(site):
    await site.log_in()
    (event,) = site.reported
    assert (event.person, event.how, event.may_act) == ("Ann", "token", True)
    assert ANN not in repr(event)
    assert site.client.cookies["automator_session"] not in repr(vars(site.sessions))


def login(number):
    return TokenLogin(token_sha256=f"{number:064x}")


def count(sessions, ids):
    return sum(sessions.find(one, lasts=timedelta(hours=1)) is not None for one in ids)


def test_there_are_a_thousand_at_most_and_the_one_used_least_recently_goes():
    sessions = Sessions(ManualClock())
    first, second = sessions.begin(login(1)), sessions.begin(login(2))
    others = [sessions.begin(login(number)) for number in range(3, 1001)]
    sessions.find(first, lasts=timedelta(hours=1))
    sessions.begin(login(2000))
    assert (count(sessions, [first]), count(sessions, [second])) == (1, 0)
    assert count(sessions, others) == 998


def test_one_person_cannot_crowd_out_the_others():
    sessions = Sessions(ManualClock())
    other = sessions.begin(login(1))
    own = [sessions.begin(login(2)) for _ in range(1500)]
    assert (count(sessions, [other]), count(sessions, own)) == (1, 20)
