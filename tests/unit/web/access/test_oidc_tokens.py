"""ID tokens that must not count as a login: forged ones, and true ones that were made for something else."""

import base64
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.servers.oidc import CLIENT
from tests.unit.web.access.oidc_making import log_in, provided, who

pytestmark = pytest.mark.anyio


@pytest.fixture
async def both():
    async with provided() as both:
        yield both


def _encoded(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _with_public_key(provider, claims):
    """HS256, keyed with what everybody knows: the provider's public key."""
    head = {"alg": "HS256", "kid": provider.keys[-1].kid}
    signed = f"{_encoded(head)}.{_encoded(claims)}"
    public = provider.keys[-1].as_pem(private=False)
    signature = hmac.digest(public, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _with_critical_header(provider, claims):
    """What has to be understood, and is not."""
    key = provider.keys[-1]
    head = {"alg": "ES256", "kid": key.kid, "crit": ["x"], "x": 1}
    signed = f"{_encoded(head)}.{_encoded(claims)}"
    der = key.private_key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
    signature = b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(der))
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _by_another(provider, claims):
    """A key of one's own under the provider's name for its key."""
    return provider.signed(claims, key=ECKey.generate_key("P-256", {"kid": provider.keys[-1].kid}))


def _with_own_key_inside(provider, claims):
    own = ECKey.generate_key("P-256")
    return jwt.encode({"alg": "ES256", "jwk": own.as_dict(private=False)}, claims, own)


def _changed_after(provider, claims):
    head, _, signature = provider.signed(claims).split(".")
    return f"{head}.{_encoded(claims | {'email': 'root@example.com'})}.{signature}"


FORGED_TOKENS = {
    "unsigned": lambda _, it: f"{_encoded({'alg': 'none'})}.{_encoded(it)}.",
    "unsigned, in capitals": lambda _, it: f"{_encoded({'alg': 'NONE'})}.{_encoded(it)}.",
    "signature left out": lambda server, it: server.signed(it).rpartition(".")[0] + ".",
    "signed with the public key": _with_public_key,
    "signed by another": _by_another,
    "brings its own key": _with_own_key_inside,
    "changed afterwards": _changed_after,
    "unknown key": lambda server, it: server.signed(
        it, key=ECKey.generate_key("P-256", {"kid": "x"})
    ),
    "unknown critical header": _with_critical_header,
    "no token": lambda _server, _it: "",
    "not a token": lambda _server, _it: "a.b.c",
    "odd header": lambda _server, it: f"{_encoded([])}.{_encoded(it)}.e30",
    "endless": lambda server, it: f"{_encoded({'alg': 'ES256'})}.{'W' * 100_000}.e30",
}
FORGED_CLAIMS = {
    "wrong nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "odd nonce": {"nonce": ["x"]},
    "wrong issuer": {"iss": "https://evil.example"},
    "issuer with a slash": lambda it: it | {"iss": it["iss"] + "/"},
    "no issuer": {"iss": None},
    "for another client": {"aud": "other"},
    "for others": {"aud": ["other", "third"]},
    "for nobody": {"aud": []},
    "for several, and no word for whom": {"aud": [CLIENT, "other"]},
    "made for another client": {"aud": [CLIENT, "other"], "azp": "other"},
    "expired": lambda it: it | {"exp": it["iat"] - 61},
    "never expires": lambda it: {name: it[name] for name in it if name != "exp"},
    "expires at no time": {"exp": None},
    "odd expiry": {"exp": "tomorrow"},
    "of the future": lambda it: it | {"iat": it["iat"] + 3600},
    "no subject": {"sub": None},
    "odd subject": {"sub": 1},
    "e-mail not verified": {"email_verified": False},
    "e-mail not verified, in text": {"email_verified": "false"},
    "e-mail said to be verified by nobody": {"email_verified": None},
    "e-mail verified in an odd way": {"email_verified": [True]},
}


@pytest.mark.parametrize("sign", FORGED_TOKENS.values(), ids=FORGED_TOKENS)
async def test_a_forged_token_logs_nobody_in(both, sign):
    site, provider = both
    provider.sign = sign
    assert (await log_in(site)).status_code == 403
    assert await who(site) == ""
    assert [event.name for event in site.reported] == ["login.refused"]


@pytest.mark.parametrize("change", FORGED_CLAIMS.values(), ids=FORGED_CLAIMS)
async def test_a_token_for_something_else_logs_nobody_in(both, change):
    site, provider = both
    provider.change = change if callable(change) else (lambda claims: claims | change)
    answer = await log_in(site)
    assert answer.status_code == 403
    assert 'role="alert"' in answer.text
    assert await who(site) == ""


async def test_several_audiences_are_well_if_it_says_for_whom_it_was_made(both):
    site, provider = both
    provider.change = lambda claims: claims | {"aud": ["other", CLIENT], "azp": CLIENT}
    assert (await log_in(site)).status_code == 303
