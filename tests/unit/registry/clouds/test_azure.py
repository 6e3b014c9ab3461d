import base64
import json
import traceback
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from automator.errors import Denied, ProtocolViolation, Throttled, Unavailable
from automator.registry.clouds.azure import fetch_credential
from automator.registry.credentials import Credential
from automator.registry.settings import HostSettings
from tests.servers.certificates import make_certificate
from tests.servers.scripted import Reply, scripted_registry

SECRET = "topsecret"
ENDS_AT = datetime(2026, 1, 1, 3, tzinfo=UTC)


def jwt(claims):
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


REFRESH_TOKEN = jwt({"exp": ENDS_AT.timestamp()})
IDENTITY = Reply.json(
    {
        "access_token": SECRET,
        "expires_on": "4102444800",
        "resource": "https://containerregistry.azure.net",
        "token_type": "Bearer",
    }
)
# What the managed identity of App Service says to a resource that the tenant does not know.
UNKNOWN_RESOURCE = Reply.json(
    {"statusCode": 400, "message": f"AADSTS500011: no such resource, {SECRET}"}, status=400
)


@pytest.fixture
def registry(cloud):
    cloud.script("/oauth2/exchange", Reply.json({"refresh_token": REFRESH_TOKEN}))
    return HostSettings(host=cloud.host, insecure=True)


@pytest.fixture
def managed_identity(cloud, monkeypatch):
    """The managed identity of App Service; returns the paths' server."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{cloud.url}/msi")
    monkeypatch.setenv("IDENTITY_HEADER", "header-secret")
    cloud.script("/msi", IDENTITY)
    return cloud


@pytest.mark.parametrize("tenant", ["", "8d1e"])
def test_an_identity_is_exchanged_for_a_token_of_the_registry(
    managed_identity, registry, monkeypatch, tenant
):
    monkeypatch.setenv("AZURE_TENANT_ID", tenant)
    assert fetch_credential(registry) == Credential(
        identity_token=SecretStr(REFRESH_TOKEN), expires_at=ENDS_AT
    )
    [asked] = managed_identity.requests_for("/msi")
    assert asked.parameters["resource"] == ["https://containerregistry.azure.net"]
    assert asked.headers["x-identity-header"] == "header-secret"
    [exchanged] = managed_identity.requests_for("/oauth2/exchange")
    expected = {"grant_type": "access_token", "service": registry.host, "access_token": SECRET}
    form = {name: value for name, [value] in parse_qs(exchanged.body.decode()).items()}
    assert form == (expected | {"tenant": tenant} if tenant else expected)


def test_the_registry_is_asked_as_it_is_configured(managed_identity, registry, tmp_path):
    """Through its proxy, and with the certificate authority of its own."""
    proxied = HostSettings(
        host="registry.test", insecure=True, proxy=SecretStr(managed_identity.url)
    )
    assert fetch_credential(proxied) is not None
    assert len(managed_identity.requests_for("/oauth2/exchange")) == 1
    certificate = make_certificate(tmp_path)
    with scripted_registry(tls=certificate.server_context()) as own:
        own.script("/oauth2/exchange", Reply.json({"refresh_token": REFRESH_TOKEN}))
        with pytest.raises(Unavailable, match="ca_file"):
            fetch_credential(HostSettings(host=own.host))
        trusting = HostSettings(host=own.host, ca_file=certificate.certificate_file)
        assert fetch_credential(trusting) is not None


def test_a_tenant_that_does_not_know_the_scope_of_registries(managed_identity, registry):
    managed_identity.script("/msi", UNKNOWN_RESOURCE, IDENTITY)
    assert fetch_credential(registry) is not None
    resources = [asked.parameters["resource"] for asked in managed_identity.requests_for("/msi")]
    assert resources == [["https://containerregistry.azure.net"], ["https://management.azure.com"]]


def test_without_an_identity_the_registry_is_not_asked(cloud, registry, monkeypatch):
    # A machine of Azure that has none; without this the library looks beyond loopback.
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", cloud.url)
    monkeypatch.setenv("PATH", "/nonexistent")
    cloud.script("/metadata/identity/oauth2/token", Reply.json({"error": "none"}, status=400))
    assert fetch_credential(registry) is None
    assert cloud.requests_for("/oauth2/exchange") == []


@pytest.mark.parametrize(
    "token", ["opaque", "a.b.c", "e30.e30.", jwt({"exp": "soon"}), jwt({"exp": 1e300}), jwt([])]
)
def test_a_token_that_does_not_tell_its_end(managed_identity, registry, token):
    managed_identity.script("/oauth2/exchange", Reply.json({"refresh_token": token}))
    assert fetch_credential(registry) == Credential(identity_token=SecretStr(token))


def show(error):
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(status=401, body=SECRET.encode()), Denied),
        (Reply(status=302, headers={"location": "https://example.com/"}), Denied),
        (Reply(status=429), Throttled),
        (Reply(status=503, body=SECRET.encode()), Unavailable),
        (Reply(body=b"{}", cut_after=1), Unavailable),
        (Reply(body=SECRET.encode()), ProtocolViolation),
        (Reply.json([SECRET]), ProtocolViolation),
        (Reply.json({"refresh_token": None}), ProtocolViolation),
    ],
    ids=["refused", "redirect", "throttled", "fails", "cut", "no JSON", "a list", "no token"],
)
def test_an_exchange_that_fails_is_told_without_secrets(managed_identity, registry, reply, kind):
    managed_identity.script("/oauth2/exchange", reply)
    with pytest.raises(kind) as caught:
        fetch_credential(registry)
    assert str(caught.value).startswith(f"{registry.host}: ")
    assert SECRET not in show(caught.value)


@pytest.fixture
def service_principal(tmp_path, monkeypatch):
    """A user and password in the environment, and the token server that knows them, which speaks TLS."""
    certificate = make_certificate(tmp_path)
    with scripted_registry(tls=certificate.server_context()) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate_file))
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", server.url)
        # Of other tenants the library asks Microsoft first whether the token server is known.
        monkeypatch.setenv("AZURE_TENANT_ID", "adfs")
        monkeypatch.setenv("AZURE_CLIENT_ID", "automator")
        monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
        endpoints = {
            "authorization_endpoint": f"{server.url}/adfs/authorize",
            "token_endpoint": f"{server.url}/adfs/token",
            "issuer": f"{server.url}/adfs",
        }
        server.script("/adfs/.well-known/openid-configuration", Reply.json(endpoints))
        yield server


def test_a_service_principal_is_known(service_principal, registry):
    granted = {"access_token": "granted", "expires_in": 3600, "token_type": "Bearer"}
    service_principal.script("/adfs/token", Reply.json(granted))
    assert fetch_credential(registry).expires_at == ENDS_AT


def test_a_service_principal_that_is_refused_is_told_without_secrets(service_principal, registry):
    refused = {"error": "invalid_client", "error_description": f"AADSTS7000215: {SECRET}"}
    service_principal.script("/adfs/token", Reply.json(refused, status=401))
    with pytest.raises(Denied, match="AADSTS7000215") as caught:
        fetch_credential(registry)
    assert SECRET not in show(caught.value)


def test_a_token_server_that_cannot_be_reached(service_principal, registry, monkeypatch):
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://127.0.0.1:1")
    with pytest.raises(Unavailable, match="Azure does not answer") as caught:
        fetch_credential(registry)
    assert SECRET not in show(caught.value)


def test_a_managed_identity_that_cannot_be_reached(managed_identity, registry, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi")
    with pytest.raises(Unavailable, match="Azure does not answer"):
        fetch_credential(registry)


def test_a_service_principal_that_is_wrong(registry, monkeypatch):
    monkeypatch.setenv("AZURE_TENANT_ID", "not a tenant!")
    monkeypatch.setenv("AZURE_CLIENT_ID", "automator")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    with pytest.raises(Denied, match="AZURE_TENANT_ID") as caught:
        fetch_credential(registry)
    assert SECRET not in show(caught.value)
