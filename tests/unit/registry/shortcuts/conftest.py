"""Shortcuts of a persona: a scripted registry that is asked as if its host had the name that its API is known by."""

import ssl
from contextlib import AsyncExitStack

import pytest
from pydantic import SecretStr

from automator.registry.credentials import Credential, Credentials
from automator.registry.host import RegistryHost
from automator.registry.limits import HostLimits
from automator.registry.retries import RetryPolicy
from automator.registry.shortcuts import Api, ApiKind, Shortcuts
from automator.registry.transport import Transport
from tests.servers.personas.auth import PASSWORD
from tests.servers.personas.clouds import Acr
from tests.servers.personas.public import DockerHub, Quay


@pytest.fixture
async def make_shortcuts(clock):
    """`logs_in` gives the persona's user and password as the credential of its host; `password` another one."""
    async with AsyncExitStack() as stack:

        def make(persona, *, logs_in=False, password=PASSWORD, name=None, open_api=None):
            name = name or persona.host
            configured = {name: Credential(username=persona.user, password=SecretStr(password))}
            credentials = Credentials(clock=clock, configured=configured if logs_in else {})

            def open_host(host):
                opened = _open(host, credentials, clock)
                stack.push_async_callback(opened.close)
                return opened

            return Shortcuts(
                host=open_host(persona.host),
                name=name,
                credentials=credentials,
                open_host=open_api or open_host,
                clock=clock,
                apis=_apis(persona),
            )

        yield make


def _open(name, credentials, clock):
    retry = RetryPolicy(attempts=2)
    return RegistryHost(
        name=name,
        insecure=True,
        credentials=credentials,
        transport=Transport(
            tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), max_connections=2, timeout_seconds=10.0
        ),
        limits=HostLimits(
            host=name,
            requests_per_second=1e6,
            max_concurrent=2,
            patience_seconds=retry.patience_seconds,
            clock=clock,
        ),
        retry=retry,
        clock=clock,
    )


def _apis(persona):
    kinds = {
        Acr: Api(ApiKind.ACR),
        DockerHub: Api(ApiKind.DOCKER_HUB, persona.elsewhere.host),
        Quay: Api(ApiKind.QUAY),
    }
    api = kinds.get(type(persona))
    return {} if api is None else {persona.host: api}
