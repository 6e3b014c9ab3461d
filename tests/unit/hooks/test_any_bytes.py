"""Whatever a proven sender writes, and whatever an unproven one sends: no hook breaks."""

import json

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.hooks.request import Accepted, HookRequest, Refused, Unreadable
from automator.model.image import parse_repository
from automator.model.registry import HookKind
from tests.unit.hooks import payloads
from tests.unit.hooks.making import ACCOUNT, AUDIENCE, TOPIC, prove, receiver

KINDS = st.sampled_from(HookKind)
HEADERS = st.dictionaries(
    st.sampled_from(["authorization", "ce-type", "ce-subject", "content-type", "x-gitlab-token"]),
    st.text(),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=5,
)


def places(document, path=()):
    yield path
    inside = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in inside:
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


def replaced(document, path, value):
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


@st.composite
def almost_documented(draw):
    """A kind, and its documented payload with another value somewhere."""
    kind, document, _ = draw(st.sampled_from(payloads.DOCUMENTED))
    path = draw(st.sampled_from(list(places(document))))
    return kind, json.dumps(replaced(document, path, draw(VALUES))).encode()


MESSAGES = st.tuples(KINDS, st.binary()) | almost_documented()


def receive(kind, request, **settings):
    return anyio.run(receiver(kind, **settings).receive, request)


@given(MESSAGES, HEADERS)
def test_the_proven(message, headers):
    kind, body = message
    receipt = receive(kind, prove(kind, HookRequest(body=body, headers=headers)))
    assert isinstance(receipt, Accepted | Unreadable)
    if isinstance(receipt, Accepted):
        for event in receipt.events:
            assert parse_repository(str(event.repository)) == event.repository


@given(MESSAGES, HEADERS, st.text())
def test_the_unproven(message, headers, token):
    kind, body = message
    request = HookRequest(body=body, headers=headers, path_token=token, query_token=token)
    assert receive(kind, request) == Refused()


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("ecr", {"topic": TOPIC}),
        ("gar", {"audience": AUDIENCE, "service_account": ACCOUNT}),
    ],
)
@given(message=MESSAGES, authorization=st.text())
def test_the_unsigned(kind, settings, message, authorization):
    request = HookRequest(body=message[1], headers={"authorization": f"Bearer {authorization}"})
    assert receive(kind, request, **settings) == Refused()
