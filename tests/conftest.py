"""What holds for every test: no home directory, no proxies, no collector, a fixed git identity and language."""

import os

import pytest
from hypothesis import settings

settings.register_profile("automator", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("automator")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Test Person")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "person@example.com")
    for name in list(os.environ):
        foreign = name.startswith("OTEL_") or name in {"DOCKER_CONFIG", "AUTOMATOR_CONFIG"}
        if foreign or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def anyio_backend():
    return "asyncio"
