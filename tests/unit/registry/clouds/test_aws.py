import base64
import traceback
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from automator.errors import Denied, NotFound, ProtocolViolation, Throttled, Unavailable
from automator.registry.clouds.aws import (
    EcrHost,
    aws_errors,
    ecr_client,
    fetch_credential,
    parse_ecr_host,
)
from automator.registry.credentials import Credential
from automator.registry.settings import HostSettings
from tests.servers.scripted import Reply

SECRET = "topsecret"
ECR = HostSettings(host="123456789012.dkr.ecr.eu-west-1.amazonaws.com")
ENDS_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
DATA = {
    "authorizationToken": base64.b64encode(f"AWS:{SECRET}".encode()).decode(),
    "expiresAt": ENDS_AT.timestamp(),
    "proxyEndpoint": f"https://{ECR.host}",
}


@pytest.fixture
def account(cloud, monkeypatch):
    """An account in the environment; its services are the server that is returned."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    cloud.script("/", Reply.json({"authorizationData": [DATA]}))
    return cloud


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", ("eu-west-1", "amazonaws.com", False)),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            ("cn-north-1", "amazonaws.com.cn", False),
        ),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", ("us-east-1", "amazonaws.com", True)),
        ("123456789012.dkr-ecr.us-east-1.on.aws", ("us-east-1", "on.aws", False)),
        ("public.ecr.aws", None),
        ("12345.dkr.ecr.eu-west-1.amazonaws.com", None),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com", None),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com:5000", None),
        ("123456789012.dkr.ecr.evil.example/.amazonaws.com", None),
        ("123456789012.dkr.s3.eu-west-1.amazonaws.com", None),
        ("ghcr.io", None),
    ],
)
def test_the_names_of_private_registries(host, expected):
    found = parse_ecr_host(host)
    if expected is None:
        assert found is None
    else:
        region, suffix, is_fips = expected
        assert found == EcrHost(
            account="123456789012", region=region, partition_suffix=suffix, is_fips=is_fips
        )


@pytest.mark.parametrize(
    ("host", "data", "target", "scope"),
    [
        (
            ECR.host,
            [DATA],
            "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
            "/eu-west-1/ecr/",
        ),
        (
            "public.ecr.aws",
            DATA,
            "SpencerFrontendService.GetAuthorizationToken",
            "/us-east-1/ecr-public/",
        ),
        (
            "ecr-proxy.example.com",
            [DATA],
            "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
            "/ap-south-1/ecr/",
        ),
    ],
    ids=["ECR", "ECR Public", "a proxy before ECR"],
)
def test_the_account_is_exchanged_for_a_token_of_the_registry(account, host, data, target, scope):
    account.script("/", Reply.json({"authorizationData": data}))
    assert fetch_credential(HostSettings(host=host)) == Credential(
        username="AWS", password=SecretStr(SECRET), expires_at=ENDS_AT
    )
    [request] = account.requests
    assert request.headers["x-amz-target"] == target
    assert scope in request.headers["authorization"]


def test_without_an_account_nobody_is_asked(account, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert fetch_credential(ECR) is None
    assert account.requests == []


def refusal(status, code):
    """AWS tells what was sent to it, as it does of a signature that does not match."""
    return Reply.json({"__type": code, "message": f"you sent {SECRET}"}, status=status)


FAULTS = [
    pytest.param(refusal(400, "ExpiredTokenException"), Denied, "ExpiredTok", id="expired"),
    pytest.param(refusal(403, "AccessDeniedException"), Denied, "AccessDenied", id="forbidden"),
    pytest.param(refusal(400, "ThrottlingException"), Throttled, "Throttling", id="throttled"),
    pytest.param(refusal(500, "ServerException"), Unavailable, "ServerExc", id="fails"),
    pytest.param(Reply(body=SECRET.encode()), ProtocolViolation, "holds no", id="no JSON"),
    pytest.param(Reply.json({}), ProtocolViolation, "holds no", id="empty"),
    pytest.param(
        Reply.json({"authorizationData": []}), ProtocolViolation, "holds no", id="no token"
    ),
    pytest.param(
        Reply.json({"authorizationData": [DATA | {"authorizationToken": SECRET}]}),
        ProtocolViolation,
        "holds no",
        id="no base64",
    ),
    pytest.param(
        Reply.json({"authorizationData": SECRET}), ProtocolViolation, "cannot be read", id="text"
    ),
    pytest.param(
        Reply.json({"authorizationData": [DATA | {"expiresAt": SECRET}]}),
        ProtocolViolation,
        "cannot be read",
        id="no time",
    ),
]


@pytest.mark.parametrize(("reply", "kind", "told"), FAULTS)
def test_a_fault_is_told_without_secrets(account, reply, kind, told):
    account.script("/", reply)
    with pytest.raises(kind, match=told) as caught:
        fetch_credential(ECR)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert str(caught.value).startswith(f"{ECR.host}: ")
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({"AWS_PROFILE": "missing"}, Denied),
        ({"AWS_SECRET_ACCESS_KEY": ""}, Denied),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, Unavailable),
    ],
    ids=["no such profile", "half an account", "nobody listens"],
)
def test_an_environment_that_is_wrong(account, monkeypatch, variables, kind):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(kind, match=r"^123456789012"):
        fetch_credential(ECR)


def test_a_web_identity_whose_token_is_not_mounted(account, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/automator")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent")
    with pytest.raises(Denied, match="FileNotFoundError"):
        fetch_credential(ECR)


def test_a_program_that_gives_no_credentials(account, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = echo {SECRET}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with pytest.raises(ProtocolViolation, match="what provides its credentials") as caught:
        fetch_credential(ECR)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_client_for_other_questions_reports_the_same_errors(account):
    account.script("/", refusal(400, "RepositoryNotFoundException"))
    with pytest.raises(NotFound, match=r"^shop/carts: "), aws_errors("shop/carts"):
        ecr_client(parse_ecr_host(ECR.host)).describe_images(repositoryName="shop/carts")
