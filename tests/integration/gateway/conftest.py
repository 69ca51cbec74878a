"""The gateway's tests run on the event loop that serves: uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Make loops as the service does."""
    return {"uvloop": uvloop.new_event_loop}
