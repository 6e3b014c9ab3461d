"""The credentials of an AWS account for its registries, ECR and ECR Public, by botocore.

botocore finds the account as every AWS tool does: environment, profile, web identity (EKS), container or instance.
Blocking: to be run in a worker thread.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from pydantic import SecretStr

from automator.errors import (
    Denied,
    NotFound,
    ProtocolViolation,
    RegistryError,
    Throttled,
    Unavailable,
)
from automator.extras import load
from automator.registry.credentials import Credential
from automator.registry.settings import HostSettings

EXTRA = "aws"
ECR_PUBLIC = "public.ecr.aws"

# ECR Public is one registry for the world; its tokens are made in this region alone.
_PUBLIC_REGION = "us-east-1"
_SECONDS = 10.0
_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)"
    r"\.(?P<suffix>amazonaws\.com(\.cn)?|amazonaws\.eu|on\.aws)"
)
_HINT = "check the account's credentials and its right to ecr:GetAuthorizationToken"


@dataclass(frozen=True, slots=True, kw_only=True)
class EcrHost:
    """`partition_suffix` is the domain of the AWS partition (`amazonaws.com`, `amazonaws.com.cn`), or `on.aws`."""

    account: str
    region: str
    partition_suffix: str
    is_fips: bool = False


def parse_ecr_host(host: str) -> EcrHost | None:
    """None for every host that is not a private ECR registry, `public.ecr.aws` among them."""
    found = _HOST.fullmatch(host)
    if found is None:
        return None
    return EcrHost(
        account=found["account"],
        region=found["region"],
        partition_suffix=found["suffix"],
        is_fips=found["fips"] is not None,
    )


def ecr_client(host: EcrHost) -> Any:
    """A botocore client of the service `ecr` in the registry's region; used inside `aws_errors`.

    Raises Denied where botocore is not installed.
    """
    return _client(_session(), "ecr", host.region, is_fips=host.is_fips)


@contextmanager
def aws_errors(where: str) -> Iterator[None]:
    """Botocore's exceptions become ours. Their texts may quote what was sent, so that only their names are told."""
    exceptions = load("botocore.exceptions", extra=EXTRA, refuse=Denied)
    try:
        yield
    except exceptions.ClientError as error:
        raise _refusal(error.response, where) from None
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        raise Unavailable(
            f"AWS cannot be reached: {type(error).__name__}",
            location=where,
            hint="check the network, the region and AWS_ENDPOINT_URL",
        ) from None
    except (exceptions.BotoCoreError, OSError) as error:
        raise Denied(
            f"the credentials of AWS cannot be used: {type(error).__name__}",
            location=where,
            hint="check them with `aws sts get-caller-identity`",
        ) from None
    # Its parsers trust that answers have their form.
    except (ValueError, TypeError, AttributeError):
        raise ProtocolViolation(
            "the answer of AWS, or of what provides its credentials, cannot be read",
            location=where,
            hint="check AWS_ENDPOINT_URL, and `aws sts get-caller-identity`",
        ) from None


def fetch_credential(settings: HostSettings) -> Credential | None:
    """The token of GetAuthorizationToken, 12 hours long; None where no account is found. Raises RegistryError.

    A host of another name, such as a proxy before ECR, gets the token of the account's own region.
    """
    is_public = settings.host == ECR_PUBLIC
    host = parse_ecr_host(settings.host)
    with aws_errors(settings.host):
        session = _session()
        if session.get_credentials() is None:
            return None
        if is_public:
            client = _client(session, "ecr-public", _PUBLIC_REGION)
        elif host is not None:
            client = _client(session, "ecr", host.region, is_fips=host.is_fips)
        else:
            client = _client(session, "ecr", None)
        answer = client.get_authorization_token()
    return _parse_answer(answer, settings.host)


def _session() -> Any:
    return load("botocore.session", extra=EXTRA, refuse=Denied).get_session()


def _client(session: Any, service: str, region: str | None, *, is_fips: bool = False) -> Any:
    config = load("botocore.config", extra=EXTRA, refuse=Denied).Config(
        connect_timeout=_SECONDS,
        read_timeout=_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
        use_fips_endpoint=is_fips or None,
    )
    return session.create_client(service, region_name=region, config=config)


def _parse_answer(answer: Any, where: str) -> Credential:
    data = answer.get("authorizationData")
    # ECR gives a list of one, ECR Public that one.
    first = data[0] if isinstance(data, list) and data else data
    try:
        encoded, expires_at = first["authorizationToken"], first["expiresAt"].astimezone(UTC)
        username, colon, password = base64.b64decode(encoded).decode().partition(":")
    except (KeyError, TypeError, AttributeError, ValueError):
        colon = ""
    if not colon:
        raise ProtocolViolation(
            "the answer of AWS holds no authorization token", location=where, hint=_HINT
        )
    return Credential(username=username, password=SecretStr(password), expires_at=expires_at)


def _refusal(response: Any, where: str) -> RegistryError:
    code = str(response.get("Error", {}).get("Code", "unknown"))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if "Throttl" in code or "TooManyRequests" in code or status == 429:
        return Throttled(f"AWS asks for fewer requests: {code}", retry_after=None, location=where)
    if status >= 500:
        return Unavailable(f"AWS fails: {code}", location=where, hint="it is asked again later")
    if code == "RepositoryNotFoundException":
        return NotFound("AWS does not have it", location=where, hint="check how it is written")
    return Denied(f"AWS refuses: {code}", location=where, hint=_HINT)
