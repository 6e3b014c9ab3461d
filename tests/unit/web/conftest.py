"""The shop, opened for a test."""

import pytest

from tests.unit.web.making import open_shop


@pytest.fixture
async def shop(tmp_path, anyio_backend):
    async with open_shop(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ann(shop):
    """Who may act."""
    async with shop.client("ann") as client:
        yield client


@pytest.fixture
async def nobody(shop):
    async with shop.client() as client:
        yield client
