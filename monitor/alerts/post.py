"""One POST to a receiver, and what its answer means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from monitor.alerts.addresses import PrivateAddress, PublicResolver
from monitor.alerts.inert import visible
from monitor.errors import DeliveryError, ReceiverGone

TIME_LIMIT_S = 15.0
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_QUOTED = 200  # characters of the receiver's answer that go into the error


async def post(
    receiver: str,
    url: URL,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool,
    at: datetime,
    time_limit_s: float = TIME_LIMIT_S,
) -> str:
    """Send a body, and return what was answered, in short.

    Only an answer of 2xx counts as received. Redirects are not followed.

    Args:
        receiver: name for messages; the address may hold a secret and is never told.
        at: now, for a `Retry-After` that names a date.

    Raises:
        ReceiverGone: on 410.
        DeliveryError: on everything else, with `retry_after_s` where the receiver gave it.
    """
    try:
        # A session of its own: messages are rare, and a kept connection would be dead by the next.
        async with (
            aiohttp.ClientSession(
                connector=_connector(allow_private),
                timeout=aiohttp.ClientTimeout(total=time_limit_s),
            ) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return await _received(receiver, answer, at)
    except TimeoutError as error:
        raise DeliveryError(f"receiver {receiver} gave no answer in {time_limit_s:g} s") from error
    except (aiohttp.ClientError, OSError) as error:
        raise DeliveryError(f"receiver {receiver} cannot be reached: {_cause(error)}") from error


def _connector(allow_private: bool) -> aiohttp.TCPConnector:
    if allow_private:
        return aiohttp.TCPConnector()
    return aiohttp.TCPConnector(resolver=PublicResolver())


async def _received(receiver: str, answer: aiohttp.ClientResponse, at: datetime) -> str:
    """Return the status with what was said. Raises `DeliveryError`, `ReceiverGone`."""
    if 200 <= answer.status < 300:
        said = ""
        with suppress(aiohttp.ClientError, OSError):  # it has the message, whatever comes now
            said = await _said(answer)
        return f"{answer.status} {said}".rstrip()
    if answer.status == 410:
        raise ReceiverGone(f"receiver {receiver} is gone (410); remove it from the configuration")
    raise DeliveryError(
        f"receiver {receiver} answered {answer.status}: {await _said(answer)}",
        retry_after_s=_retry_after(answer.headers.get("Retry-After"), at),
    )


async def _said(answer: aiohttp.ClientResponse) -> str:
    said = (await answer.content.read(4 * _QUOTED)).decode(errors="replace")
    return visible(said)[:_QUOTED]


def _retry_after(header: str | None, at: datetime) -> float | None:
    """Return seconds to wait; `None` if the header is missing or unreadable (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if _SECONDS.fullmatch(header):  # Discord writes fractions
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - at).total_seconds(), 0.0)


def _cause(error: Exception) -> str:
    """Say why in words that hold no address: aiohttp's own may quote it."""
    reason: BaseException = error
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error
    if isinstance(reason, PrivateAddress):
        return f"{reason}; set allow_private: true if that is meant"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__
