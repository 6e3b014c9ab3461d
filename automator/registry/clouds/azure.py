"""The credentials of Microsoft Entra ID for Azure Container Registry, by azure-identity.

An access token of the environment's service principal, workload identity, managed identity or Azure CLI is exchanged
for the registry's own refresh token
(https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md). Blocking: to be run in a worker thread.
"""

import base64
import json
import logging
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from automator.errors import Denied, ProtocolViolation, RegistryError, Throttled, Unavailable
from automator.extras import load
from automator.registry.credentials import Credential
from automator.registry.protocol import registry_url
from automator.registry.settings import HostSettings
from automator.registry.tls import make_context
from automator.registry.transport import HTTPX_ERRORS, translate

EXTRA = "azure"

_REGISTRY_SCOPE = "https://containerregistry.azure.net/.default"
# For tenants and clouds that do not know the registry's own scope, by the end of the host's name.
_MANAGEMENT_SCOPES = {
    ".azurecr.cn": "https://management.chinacloudapi.cn/.default",
    ".azurecr.us": "https://management.usgovcloudapi.net/.default",
}
_MANAGEMENT_SCOPE = "https://management.azure.com/.default"
# Identities of a person at a desk, which cost child processes to look for. `az login` is left for trying things out.
_UNUSED = (
    "exclude_shared_token_cache_credential",
    "exclude_visual_studio_code_credential",
    "exclude_powershell_credential",
    "exclude_developer_cli_credential",
    "exclude_broker_credential",
)
_ERROR_CODE = re.compile(r"AADSTS[0-9]+")
_SECONDS = 10.0
_TOKEN_BYTES = 1024 * 1024
_LIMITS = {"retry_total": 1, "connection_timeout": _SECONDS, "read_timeout": _SECONDS}
# Without a handler, what they warn of would go to standard error: each identity that is not there, and why.
for _name in ("azure", "msal"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_HINT = "check the identity, and its role AcrPull in the registry"


def fetch_credential(settings: HostSettings) -> Credential | None:
    """An identity token, 3 hours long; None where no identity is found. Raises RegistryError."""
    access_token = _fetch_access_token(settings.host)
    if access_token is None:
        return None
    token = _parse_answer(_exchange(settings, access_token), settings.host)
    return Credential(identity_token=SecretStr(token), expires_at=_expiry(token))


def _fetch_access_token(host: str) -> str | None:
    exceptions = load("azure.core.exceptions", extra=EXTRA, refuse=Denied)
    default_identity = load("azure.identity", extra=EXTRA, refuse=Denied).DefaultAzureCredential
    # The texts of these exceptions may quote what was sent. ValueError and OSError: a setting of the
    # environment, or a file that it names, is wrong.
    try:
        with default_identity(**_LIMITS, **dict.fromkeys(_UNUSED, True)) as found:
            return _ask(found.credentials, host)
    except exceptions.ClientAuthenticationError as error:
        if isinstance(
            error.__cause__, (exceptions.ServiceRequestError, exceptions.ServiceResponseError)
        ):
            raise _unreachable(error.__cause__, host) from None
        code = _ERROR_CODE.search(str(error))
        raise Denied(
            f"Azure gives no token: {code[0] if code else type(error).__name__}",
            location=host,
            hint=_HINT,
        ) from None
    except exceptions.AzureError as error:
        raise _unreachable(error, host) from None
    except (ValueError, OSError):
        raise Denied(
            "the identity of Azure in the environment cannot be used",
            location=host,
            hint="check AZURE_TENANT_ID, AZURE_CLIENT_ID and what goes with them",
        ) from None


def _ask(identities: Sequence[Any], host: str) -> str | None:
    """Of each scope and each identity the first token; together they do not tell an identity refused from none."""
    unavailable = load("azure.identity", extra=EXTRA, refuse=Denied).CredentialUnavailableError
    refused = load("azure.core.exceptions", extra=EXTRA, refuse=Denied).ClientAuthenticationError
    ends = (scope for end, scope in _MANAGEMENT_SCOPES.items() if host.endswith(end))
    refusal: Exception | None = None
    for scope in (_REGISTRY_SCOPE, next(ends, _MANAGEMENT_SCOPE)):
        for identity in identities:
            try:
                token: str = identity.get_token(scope).token
            except unavailable:
                continue
            except refused as error:
                refusal = error
                break
            return token
    if refusal is not None:
        raise refusal
    return None


def _unreachable(error: BaseException, host: str) -> Unavailable:
    return Unavailable(
        f"Azure does not answer: {type(error).__name__}",
        location=host,
        hint="check the network; it is asked again later",
    )


def _exchange(settings: HostSettings, access_token: str) -> bytes:
    form = {"grant_type": "access_token", "service": settings.host, "access_token": access_token}
    tenant = os.environ.get("AZURE_TENANT_ID")
    if tenant:
        form["tenant"] = tenant
    url = f"{registry_url(settings.host, insecure=settings.insecure)}/oauth2/exchange"
    proxy = None if settings.proxy is None else settings.proxy.get_secret_value()
    tls = make_context(settings)
    # Not compressed: a small answer could be made to unfold to any size.
    plain = {"accept-encoding": "identity"}
    body = bytearray()
    try:
        with (
            httpx.Client(timeout=_SECONDS, verify=tls, proxy=proxy, headers=plain) as client,
            client.stream("POST", url, data=form) as response,
        ):
            if response.status_code != 200:
                raise _refusal(response.status_code, settings.host)
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > _TOKEN_BYTES:
                    break  # it is then no JSON
    except HTTPX_ERRORS as error:
        raise translate(error, where=settings.host) from error
    return bytes(body)


def _refusal(status: int, where: str) -> RegistryError:
    said = f"the registry exchanges no token: {status}"
    if status == 429:
        return Throttled(said, retry_after=None, location=where)
    if status >= 500:
        return Unavailable(said, location=where, hint="it is asked again later")
    return Denied(said, location=where, hint=_HINT)


def _parse_answer(body: bytes, where: str) -> str:
    try:
        token = json.loads(body)["refresh_token"]
    except (ValueError, RecursionError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not token:
        raise ProtocolViolation(
            "the registry's exchange gives no refresh token",
            location=where,
            hint="check that it is an Azure Container Registry",
        )
    return token


def _expiry(token: str) -> datetime | None:
    """What the token, a JWT, says of itself. Its signature is the registry's business."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, RecursionError, LookupError, TypeError, OverflowError, OSError):
        return None
