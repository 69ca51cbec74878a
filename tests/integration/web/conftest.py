"""A running service in the middle of its story, and those who call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from monitor.ports.stores import Stores
from tests.integration.web import serving
from tests.integration.web.story import trouble


@pytest.fixture
def service(stores: Stores) -> Iterator[serving.Service]:
    """Return a service of which v2 is active and suspected."""
    trouble(stores, serving.now())
    with serving.serve(stores) as running:
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


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the service logs meanwhile."""
    with capture_logs() as entries:
        yield entries
