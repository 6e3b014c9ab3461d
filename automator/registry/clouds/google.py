"""The credentials of Google Cloud for Artifact Registry and Container Registry, by google-auth.

Application Default Credentials: GOOGLE_APPLICATION_CREDENTIALS (a service account's key, workload identity
federation), `gcloud auth application-default login`, the metadata server of GKE, Cloud Run and Compute Engine.
Blocking: to be run in a worker thread.
"""

import os
from datetime import UTC
from functools import partial
from typing import Any

from pydantic import SecretStr

from automator.errors import Denied, Unavailable
from automator.extras import load
from automator.registry.credentials import Credential
from automator.registry.settings import HostSettings

EXTRA = "google"

# Not the read-only scope: a user's own login (`gcloud`) is granted for this one, and a token of another scope is then
# refused. What the account may do is limited by its roles.
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# https://cloud.google.com/artifact-registry/docs/docker/authentication#token
_USERNAME = "oauth2accesstoken"
_SECONDS = 10.0
_KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"


def fetch_credential(settings: HostSettings) -> Credential | None:
    """An access token, usually an hour long; None where no account is found. Raises Denied and Unavailable."""
    auth = load("google.auth", extra=EXTRA, refuse=Denied)
    exceptions = load("google.auth.exceptions", extra=EXTRA, refuse=Denied)
    request = load("google.auth.transport.requests", extra=EXTRA, refuse=Denied).Request()
    where = settings.host
    # The texts of these exceptions may quote the key file, and what a token server said.
    try:
        account, _ = auth.default(scopes=[_SCOPE], request=request)
        account.refresh(partial(request, timeout=_SECONDS))
    except exceptions.DefaultCredentialsError:
        if not os.environ.get(_KEY_FILE):
            return None
        raise _unusable(where) from None
    except exceptions.GoogleAuthError as error:
        if isinstance(error, exceptions.TransportError) or error.retryable:
            raise Unavailable(
                f"Google's token server does not answer: {type(error).__name__}",
                location=where,
                hint="check the network; it is asked again later",
            ) from None
        raise Denied(
            f"Google gives no token: {type(error).__name__}",
            location=where,
            hint="check the account's key, and its role roles/artifactregistry.reader",
        ) from None
    # It trusts that a key file has its form.
    except (OSError, ValueError, TypeError, AttributeError):
        raise _unusable(where) from None
    return _credential(account)


def _unusable(where: str) -> Denied:
    return Denied(
        f"the file that {_KEY_FILE} names holds no credentials of Google",
        location=where,
        hint="it is the JSON of a service account's key, or of workload identity federation",
    )


def _credential(account: Any) -> Credential:
    expiry = account.expiry
    return Credential(
        username=_USERNAME,
        password=SecretStr(account.token),
        # google-auth leaves out the zone, which is UTC.
        expires_at=None if expiry is None else expiry.replace(tzinfo=UTC),
    )
