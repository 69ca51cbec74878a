"""Which addresses a message may be sent to.

A receiver's address is the operator's, but a name can lead anywhere, also into the network behind
the service (server-side request forgery). So private addresses need the operator's word, and the
address that was checked is the one that is connected to.
"""

from __future__ import annotations

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from monitor.errors import ConfigError

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PrivateAddress(OSError):
    """A name leads to an address that is not public."""


def receiver_url(receiver: str, address: str, *, allow_private: bool) -> URL:
    """Return a receiver's address, checked as far as it can be without asking for names.

    The address itself is left out of messages: it may hold a secret.

    Raises:
        ConfigError: if it is no http or https address, or a private one without permission.
    """
    try:
        url = URL(address)
        host, _port = url.host, url.port
    except ValueError as error:
        raise ConfigError(f"receiver {receiver}: its url cannot be read; correct it") from error
    if url.scheme not in ("http", "https") or not host:
        raise ConfigError(f"receiver {receiver}: its url must begin with https:// or http://")
    if not allow_private and _is_private_literal(host):
        raise ConfigError(
            f"receiver {receiver}: {host} is a private address; set allow_private: true if that "
            "is meant"
        )
    return url


def is_public(address: str) -> bool:
    """Tell whether an IP address is reachable by all, whatever form it is hidden in.

    >>> [is_public(a) for a in ("8.8.8.8", "127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254")]
    [True, False, False, False]
    """
    parsed = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    return parsed.is_global and not parsed.is_multicast


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those that lead to an address that is not public."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises `PrivateAddress` if one is not public."""
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(result["host"]) for result in found):
            raise PrivateAddress(f"{host} leads to a private address")
        return found

    async def close(self) -> None:
        """Give resources back."""
        await self._resolver.close()


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:  # a name: the resolver looks at where it leads
        return host == "localhost" or host.endswith(".localhost")


def _unwrapped(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
