"""Addresses of machines in the public Internet: IPv4 and IPv6."""

from __future__ import annotations

import ipaddress
import re

from guards.checks.pattern import Pattern, Span, before

_VERSION = re.compile(
    r"(?i)(?:\b(?:v|ver|vers|version|versions|release|build|firmware|driver|update|upgrade|section|"
    r"chapter|clause|figure|table|§|rev|revision|kapitel|abschnitt|バージョン|第)[ .:=]{0,3}"
    r"(?:to |from |is |and )?|[=~<>!^]= ?|[A-Za-z]/|[A-Za-z]-|\bto )$"
)
_NOBODY = tuple(
    ipaddress.ip_network(network)
    # Documentation: RFC 5737, RFC 3849, RFC 9637.
    for network in (
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "2001:db8::/32",
        "3fff::/20",
    )
)


def _address(match: re.Match[str]) -> Span | None:
    try:
        address = ipaddress.ip_address(match.group())
    except ValueError:
        return None
    if any(address in network for network in _NOBODY if network.version == address.version):
        return None
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return None
    if address.is_reserved or address.is_link_local:
        return None
    return Span(match.start(), match.end(), 0.5 if address.is_private else 0.85)


def _ipv4(match: re.Match[str]) -> Span | None:
    return None if _VERSION.search(before(match)) else _address(match)


IPV4 = Pattern(
    kind="ip_address",
    expression=re.compile(
        r"(?<![A-Za-z0-9_.])(?<![0-9]-)[1-9][0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![A-Za-z0-9_-])(?!\.[0-9A-Za-z])"
    ),
    test=_ipv4,
    anchor=".",
    digits=4,
    shortest=7,
)
IPV6 = Pattern(
    kind="ip_address",
    expression=re.compile(
        r"(?<![A-Za-z0-9_:.])[0-9a-f]{1,4}(?:::?[0-9a-f]{1,4}){1,7}(?:::)?(?![A-Za-z0-9_:])(?!\.[A-Za-z0-9])",
        re.IGNORECASE,
    ),
    test=_address,
    anchor=":",
    digits=1,
    shortest=5,
)
