"""No form of credential shows its secret when it cannot be used: not in the error, and not in its traceback.

Those of the clouds are tested with each cloud.
"""

import base64
import json
import traceback

import pytest

from automator.errors import RegistryError
from automator.model.image import parse_repository
from automator.registry.credentials import Credentials
from tests.servers.clocks import ManualClock

pytestmark = pytest.mark.anyio

SECRET = "topsecret"
ENCODED = base64.b64encode(SECRET.encode()).decode()
ENTRY = json.dumps({"auth": base64.b64encode(f"me:{SECRET}".encode()).decode()})
TOKEN = json.dumps({"identitytoken": SECRET})

# Texts of a file of credentials, each broken in its own way.
BROKEN_FILES = {
    "an entry is cut": f'{{"auths": {{"quay.io": {ENTRY}',
    "a token is cut": f'{{"auths": {{"quay.io": {TOKEN}',
    "auths alone, cut": f'{{"quay.io": {ENTRY}',
    "a bare secret": SECRET,
    "a secret in quotes": f'"{SECRET}"',
    "a list": f"[{ENTRY}]",
    "auth without a user": f'{{"auths": {{"quay.io": {{"auth": "{ENCODED}"}}}}}}',
    "auth in plain text": f'{{"auths": {{"quay.io": {{"auth": "me:{SECRET}"}}}}}}',
    "auth that is no text": f'{{"quay.io": {{"auth": "/{ENCODED}=="}}}}',
    "no UTF-8": f'{{"auths": {{"quay.io": {ENTRY}}}}}\udcff',
}
BROKEN_HELPERS = {
    "fails": f"echo {SECRET}; echo {SECRET} >&2; exit 1",
    "no JSON": f"echo {SECRET}",
    "a list": f"echo '[\"{SECRET}\"]'",
    "no user": f"""echo '{{"Secret": "{SECRET}"}}'""",
    "cut": f"""echo '{{"Username": "me", "Secret": "{SECRET}'""",
    "hangs": f"echo {SECRET}; exec sleep 1000",
}


async def show_failure(credentials):
    with pytest.raises(RegistryError) as caught:
        await credentials.for_repository(parse_repository("quay.io/shop/carts"))
    error = caught.value
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


def assert_no_secret(shown):
    assert SECRET not in shown
    assert ENCODED not in shown
    assert json.loads(ENTRY)["auth"] not in shown


@pytest.mark.parametrize("text", BROKEN_FILES.values(), ids=BROKEN_FILES)
@pytest.mark.parametrize("form", ["docker config", "pull secret", "mounted pull secret"])
async def test_a_broken_file(tmp_path, text, form):
    name = ".dockerconfigjson" if form == "mounted pull secret" else "file.json"
    (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    sources = {
        "docker config": {"docker_config": tmp_path / name},
        "pull secret": {"pull_secrets": [tmp_path / name]},
        "mounted pull secret": {"pull_secrets": [tmp_path]},
    }
    credentials = Credentials(clock=ManualClock(), **sources[form])
    shown = await show_failure(credentials)
    assert str(tmp_path / name) in shown
    assert_no_secret(shown)


@pytest.mark.parametrize("script", BROKEN_HELPERS.values(), ids=BROKEN_HELPERS)
async def test_a_broken_helper(tmp_path, monkeypatch, script):
    program = tmp_path / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "config.json").write_text('{"credHelpers": {"quay.io": "test"}}')
    credentials = Credentials(
        clock=ManualClock(), docker_config=tmp_path / "config.json", helper_seconds=0.5
    )
    shown = await show_failure(credentials)
    assert "docker-credential-test" in shown
    assert_no_secret(shown)
