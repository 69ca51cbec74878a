"""A running service in the middle of its story, and those who call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.integration.web import serving


@pytest.fixture
def service() -> Iterator[serving.Service]:
    """Return a service of which v2 is active and suspected."""
    with serving.service() as running:
        yield running


@pytest.fixture
async def operator(service: serving.Service) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client that shows the operator's token."""
    headers = {"Authorization": f"Bearer {serving.TOKEN}"}
    async with aiohttp.ClientSession(service.url, headers=headers) as client:
        yield client


@pytest.fixture
async def stranger(service: serving.Service) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client that shows nothing; it keeps cookies as a browser does."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
    async with aiohttp.ClientSession(service.url, cookie_jar=jar) as client:
        yield client
