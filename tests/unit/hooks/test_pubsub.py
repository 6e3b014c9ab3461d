"""Artifact Registry's events through Pub/Sub: a token that Google signed for the subscription's account."""

import base64
import json
import sys
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from automator.errors import ConfigError, Unavailable
from automator.hooks.pubsub import CERTIFICATES_URL
from automator.hooks.request import Postponed, Refused
from tests.servers.certificates import make_certificate
from tests.servers.clocks import ManualClock
from tests.unit.hooks import payloads
from tests.unit.hooks.making import ACCOUNT, AUDIENCE, SECRET, prove, receiver, request

pytestmark = pytest.mark.anyio

KEY = "7d334497506acb74cdeedaa66184d15547f83693"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("google"), algorithm="RS256")


@pytest.fixture(scope="module")
def another_key(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("another"), algorithm="RS256").key


def encode(part):
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Google:
    """Signs tokens as Google does, and answers with its certificates."""

    def __init__(self, certificate):
        self.key = certificate.key
        self.certificates = {KEY: certificate.certificate_file.read_text()}
        self.page = None
        self.asked = []

    async def fetch(self, url):
        self.asked.append(url)
        if self.page is not None:
            return self.page
        if not self.certificates:
            raise Unavailable("the answer is 500", location="www.googleapis.com")
        return json.dumps(self.certificates).encode()

    def token(self, *, header=None, key=None, **claims):
        now = int(time.time())  # noqa: TID251 - google-auth compares with the machine's clock
        head = {"alg": "RS256", "kid": KEY, "typ": "JWT", **(header or {})}
        payload = {
            "iss": "https://accounts.google.com",
            "aud": AUDIENCE,
            "azp": "113774264463038321964",
            "sub": "113774264463038321964",
            "email": ACCOUNT,
            "email_verified": True,
            "iat": now - 5,
            "exp": now + 3600,
            **claims,
        }
        signed = f"{encode(head)}.{encode(payload)}"
        signature = (key or self.key).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encode(signature)}"

    def push(self, token=None, **claims):
        bearer = f"Bearer {token or self.token(**claims)}"
        return request(payloads.GAR, headers={"authorization": bearer})


@pytest.fixture
def google(certificate):
    return Google(certificate)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def hook(google, clock):
    return receiver(
        "gar", audience=AUDIENCE, service_account=ACCOUNT, fetch=google.fetch, clock=clock
    )


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
async def test_a_push_with_googles_token_is_accepted(google, hook, issuer):
    [event] = (await hook.receive(google.push(iss=issuer))).events
    assert str(event.repository) == "europe-west1-docker.pkg.dev/shop-prod/images/carts"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://another.example.com"},
        {"aud": None},
        {"email": "another@shop-prod.iam.gserviceaccount.com"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"iss": "https://accounts.example.com"},
        {"iss": None},
        {"exp": 1767225600 - 10**8},
        {"iat": 10**11, "exp": 10**11 + 3600},
        {"exp": "tomorrow"},
        {"header": {"kid": "another"}},
        {"header": {"kid": None}},
        {"header": {"kid": ["x"]}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"alg": "ES256"}},
        {"header": {"alg": None}},
    ],
    ids=str,
)
async def test_a_token_for_something_else_is_refused(google, hook, claims):
    assert await hook.receive(google.push(**claims)) == Refused()


async def test_so_is_one_that_another_key_signed(google, hook, another_key):
    assert await hook.receive(google.push(key=another_key)) == Refused()


async def test_every_part_of_the_token_counts(google, hook):
    for cut in range(3):
        parts = google.token().split(".")
        parts[cut] = parts[cut][:-4]
        assert await hook.receive(google.push(".".join(parts))) == Refused()
    parts = google.token().split(".")
    unsigned = ".".join([*parts[:2], ""])
    assert await hook.receive(google.push(unsigned)) == Refused()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer a.b.c",
        "Bearer é.é.é",
        "Bearer ..",
        "Bearer W10.W10.W10",
        f"Bearer {encode(b'[' * 40_000)}.e30.e30",
        f"Bearer {encode(b'[' * 40_000)}.e30",
    ],
    ids=lambda header: header[:20],
)
async def test_what_is_no_token_is_refused(google, hook, header):
    odd = request(payloads.GAR, headers={"authorization": header})
    assert await hook.receive(odd) == Refused()
    assert google.asked == []


async def test_a_token_in_another_scheme_is_refused(google, hook):
    basic = request(payloads.GAR, headers={"authorization": f"Basic {google.token()}"})
    assert await hook.receive(basic) == Refused()


async def test_the_certificates_are_fetched_once_and_again_some_hours_later(google, hook, clock):
    for _ in range(3):
        await hook.receive(google.push())
    assert google.asked == [CERTIFICATES_URL]
    clock.advance(6 * 3600)
    await hook.receive(google.push())
    assert google.asked == [CERTIFICATES_URL] * 2


async def test_a_new_key_is_looked_for_but_not_at_every_request(google, hook, clock):
    await hook.receive(google.push())
    new = {"kid": "new"}
    for _ in range(3):
        assert await hook.receive(google.push(header=new)) == Refused()
    assert len(google.asked) == 1
    google.certificates = {"new": google.certificates[KEY]}
    clock.advance(60)
    assert len((await hook.receive(google.push(header=new))).events) == 1
    assert len(google.asked) == 2


@pytest.mark.parametrize("page", [None, b"", b"[]", b"{}", b'{"kid": 1}', b"<html>"])
async def test_without_certificates_the_sender_shall_try_again(google, hook, clock, page):
    good, google.certificates, google.page = google.certificates, {}, page
    for _ in range(3):
        assert isinstance(await hook.receive(google.push()), Postponed)
    assert len(google.asked) == 1
    google.certificates, google.page = good, None
    clock.advance(60)
    assert len((await hook.receive(google.push())).events) == 1


async def test_a_certificate_that_is_none_proves_nothing(google, hook):
    google.certificates = {KEY: "garbage"}
    assert await hook.receive(google.push()) == Refused()


async def test_with_a_secret_in_the_url_no_token_is_needed(google):
    hook = receiver("gar", secret=SECRET, fetch=google.fetch)
    proven = prove("gar", request(payloads.GAR))
    assert len((await hook.receive(proven)).events) == 1
    assert await hook.receive(google.push()) == Refused()


def test_without_the_library_the_daemon_does_not_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.auth.jwt", None)
    with pytest.raises(ConfigError, match=r"pip install 'automator\[google\]'"):
        receiver("gar", audience=AUDIENCE, service_account=ACCOUNT)
