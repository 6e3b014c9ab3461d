import json
import subprocess
import sys
import traceback
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from automator.clock import SystemClock
from automator.errors import Denied, Unavailable
from automator.registry.clouds.google import fetch_credential
from automator.registry.settings import HostSettings
from tests.servers.scripted import Reply

SECRET = "topsecret"
GAR = HostSettings(host="europe-docker.pkg.dev")
GRANTED = Reply.json({"access_token": SECRET, "expires_in": 3600, "token_type": "Bearer"})


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def key_file(cloud, private_key, tmp_path, monkeypatch):
    """A service account whose token server is `cloud`."""
    account = {
        "type": "service_account",
        "project_id": "shop",
        "client_email": "automator@shop.example",
        "private_key_id": "1",
        "private_key": private_key,
        "token_uri": f"{cloud.url}/token",
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    return path


def test_a_service_account_is_exchanged_for_an_access_token(cloud, key_file):
    cloud.script("/token", GRANTED)
    asked_at = SystemClock().now()
    credential = fetch_credential(GAR)
    assert credential.username == "oauth2accesstoken"
    assert credential.password.get_secret_value() == SECRET
    assert credential.expires_at >= asked_at + timedelta(seconds=3599)
    [request] = cloud.requests
    assert parse_qs(request.body.decode())["grant_type"] == [
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    ]


def fetch_elsewhere(**variables):
    """In a process of its own: google-auth reads these variables when it is imported."""
    script = (
        "from automator.registry.clouds.google import fetch_credential\n"
        "from automator.registry.settings import HostSettings\n"
        f"found = fetch_credential(HostSettings(host={GAR.host!r}))\n"
        "print(found and found.password.get_secret_value())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=variables | {"HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_machine_of_google_tells_its_account(cloud):
    of_google = {"metadata_flavor": "Google"}
    accounts = "/computeMetadata/v1/instance/service-accounts/default"
    cloud.script("/", Reply.json({}, **of_google))
    cloud.script(
        "/computeMetadata/v1/project/project-id",
        Reply(body=b"shop", headers={"content-type": "text/plain"}),
    )
    cloud.script(f"{accounts}/", Reply.json({"email": "a@b.example", "scopes": []}, **of_google))
    cloud.script(f"{accounts}/token", GRANTED)
    assert fetch_elsewhere(GCE_METADATA_HOST=cloud.host, GCE_METADATA_IP=cloud.host) == SECRET


def test_elsewhere_there_is_no_account():
    assert fetch_elsewhere(NO_GCE_CHECK="true") == "None"


def show(error):
    return "".join(traceback.format_exception(error)) + repr(error)


def test_a_refusal_is_told_without_secrets(cloud, key_file):
    answer = {"error": "invalid_grant", "error_description": f"you sent {SECRET}"}
    cloud.script("/token", Reply.json(answer, status=400))
    with pytest.raises(Denied, match=r"^europe-docker\.pkg\.dev: Google gives no token") as caught:
        fetch_credential(GAR)
    assert SECRET not in show(caught.value)


@pytest.mark.parametrize(
    "document",
    [
        "",
        SECRET,
        json.dumps([SECRET]),
        json.dumps({"type": SECRET}),
        json.dumps({"type": "service_account", "private_key": SECRET}),
        json.dumps(
            {
                "type": "service_account",
                "private_key": SECRET,
                "client_email": "a@b.example",
                "token_uri": "http://127.0.0.1:1/token",
            }
        ),
    ],
    ids=["empty", "no JSON", "a list", "unknown type", "incomplete", "no key"],
)
def test_a_key_file_that_is_wrong_is_not_quoted(key_file, document):
    key_file.write_text(document)
    with pytest.raises(Denied, match="GOOGLE_APPLICATION_CREDENTIALS") as caught:
        fetch_credential(GAR)
    assert SECRET not in show(caught.value)


def test_a_key_file_that_is_missing(key_file):
    key_file.unlink()
    with pytest.raises(Denied, match="GOOGLE_APPLICATION_CREDENTIALS"):
        fetch_credential(GAR)


def test_a_token_server_that_cannot_be_reached(key_file):
    account = json.loads(key_file.read_text()) | {"token_uri": "http://127.0.0.1:1/token"}
    key_file.write_text(json.dumps(account))
    with pytest.raises(Unavailable, match=r"^europe-docker\.pkg\.dev: .* does not answer"):
        fetch_credential(GAR)
