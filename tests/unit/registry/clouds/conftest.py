"""Nobody's account: no variable of a cloud, and no metadata server beyond loopback."""

import os

import pytest

from tests.servers.scripted import scripted_registry


@pytest.fixture(autouse=True)
def _no_account(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GCE_", "GOOGLE_", "IDENTITY_", "IMDS_", "MSI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def cloud():
    """A cloud's service on loopback."""
    with scripted_registry() as server:
        yield server
