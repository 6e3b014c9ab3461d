"""A site that lets people log in at a provider of ours, and a browser that goes there and back."""

from contextlib import asynccontextmanager

import httpx

from tests.servers.oidc import CLIENT, SECRET, oidc_server
from tests.unit.web.access.making import asking


def configured(site, issuer, **oidc):
    keys = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET}
    keys |= {"allow": {"emails": ["ann@example.com"]}} | oidc
    site.configure({"url": site.url, "oidc": keys, "read": "login"})


@asynccontextmanager
async def provided(**oidc):
    async with asking() as site:
        with oidc_server(site.clock.now) as provider:
            configured(site, provider.issuer, **oidc)
            yield site, provider


async def go(site, **query):
    """To the provider, and back to where it sends the browser: the callback's URL."""
    sent = await site.client.get("/login/oidc", params=query)
    assert sent.status_code == 303, sent.text
    async with httpx.AsyncClient() as outside:
        return (await outside.get(sent.headers["location"])).headers["location"]


async def log_in(site, **query):
    return await site.client.get(await go(site, **query))


async def who(site):
    answer = await site.get("/")
    return answer.json()["person"] if answer.status_code == 200 else ""
