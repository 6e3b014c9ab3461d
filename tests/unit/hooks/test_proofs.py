"""A hook takes events from those alone who know its secret."""

import dataclasses
from itertools import product

import pytest

from automator.hooks.proofs import knows_secret
from automator.hooks.request import Accepted, HookRequest, Refused
from automator.model.registry import HookKind
from tests.unit.hooks.making import PROOFS, SECRET, SIGNING, prove, receiver, request

pytestmark = pytest.mark.anyio

BODY = b'{"action": "nothing of interest"}'
UNPROVEN = HookRequest(body=BODY)
WAYS = [
    pytest.param(kind, way, id=f"{kind}-{number}")
    for kind, ways in PROOFS.items()
    for number, way in enumerate(ways)
]


def test_every_kind_has_a_proof():
    assert PROOFS.keys() == set(HookKind)


@pytest.mark.parametrize(("kind", "way"), WAYS)
async def test_a_right_proof_is_accepted(kind, way):
    assert await receiver(kind).receive(way(UNPROVEN, SECRET)) == Accepted()


@pytest.mark.parametrize(("kind", "way"), WAYS)
@pytest.mark.parametrize(
    "secret", ["another", "", SECRET[:-1], SECRET + "x", SECRET.upper(), f" {SECRET[1:]}"]
)
async def test_one_of_another_secret_is_refused(kind, way, secret):
    assert await receiver(kind).receive(way(UNPROVEN, secret)) == Refused()


@pytest.mark.parametrize("kind", PROOFS)
async def test_none_is_refused(kind):
    assert await receiver(kind).receive(UNPROVEN) == Refused()


@pytest.mark.parametrize(("kind", "way"), WAYS)
async def test_half_of_one_is_refused(kind, way):
    proven = way(UNPROVEN, SECRET)
    for part in ("path_token", "query_token"):
        halved = getattr(proven, part)[:-1]
        proven = dataclasses.replace(proven, **{part: halved})
    headers = {name: value[:-1] for name, value in proven.headers.items()}
    assert await receiver(kind).receive(dataclasses.replace(proven, headers=headers)) == Refused()


@pytest.mark.parametrize(
    ("kind", "way"), [(kind, way) for kind, ways in SIGNING.items() for way in ways]
)
async def test_a_signature_is_of_every_byte_of_the_body(kind, way):
    proven = way(UNPROVEN, SECRET)
    for at in range(len(BODY)):
        changed = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
        assert await receiver(kind).receive(dataclasses.replace(proven, body=changed)) == Refused()
    assert await receiver(kind).receive(dataclasses.replace(proven, body=BODY + b" ")) == Refused()


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        pytest.param(kind, other, id=f"{kind}-as-{other}")
        for kind, other in product(SIGNING, ("dockerhub", "gitlab", "harbor"))
        if kind != "generic"
    ],
)
async def test_who_can_sign_does_not_send_the_secret(kind, other):
    proven = PROOFS[other][0](UNPROVEN, SECRET)
    assert await receiver(kind).receive(proven) == Refused()


async def test_one_right_proof_is_enough():
    proven = prove("generic", UNPROVEN)
    with_another = dataclasses.replace(proven, headers={"authorization": "Bearer of-the-proxy"})
    assert await receiver("generic").receive(with_another) == Accepted()


async def test_a_secret_may_be_of_any_characters():
    secret = "schlüssel €"
    as_servers_decode_it = secret.encode().decode("latin-1")
    for request_ in (
        HookRequest(body=BODY, path_token=secret),
        HookRequest(body=BODY, headers={"x-automator-token": as_servers_decode_it}),
    ):
        assert await receiver("generic", secret=secret).receive(request_) == Accepted()


@pytest.mark.parametrize("token", ["\ud800", "€", "\x00", "?" * len(SECRET)])
async def test_a_token_of_any_characters_is_refused(token):
    odd = HookRequest(body=BODY, path_token=token, headers={"x-automator-token": token})
    assert await receiver("generic").receive(odd) == Refused()


@pytest.mark.parametrize(
    "header", ["Basic", "Basic ", "Basic %%%", "Basic YWJj", "Bearer", "", f"Token {SECRET}"]
)
async def test_an_authorization_that_is_none_is_refused(header):
    odd = HookRequest(body=BODY, headers={"authorization": header})
    assert await receiver("distribution").receive(odd) == Refused()


@pytest.mark.parametrize("kind", PROOFS)
def test_the_empty_secret_is_known_to_nobody(kind):
    assert not any(knows_secret(kind, way(UNPROVEN, ""), "") for way in PROOFS[kind])


async def test_who_has_no_proof_is_not_told_what_is_wrong_with_the_body():
    assert await receiver("generic").receive(request(None, raw=b"{")) == Refused()


def test_a_request_shows_nothing_that_may_be_secret():
    shown = repr(
        HookRequest(
            headers={"authorization": SECRET},
            path_token=SECRET,
            query_token=SECRET,
            body=SECRET.encode(),
        )
    )
    assert SECRET not in shown
