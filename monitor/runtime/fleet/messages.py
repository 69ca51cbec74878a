"""What control and its processes say to each other, as MessagePack."""

from __future__ import annotations

import msgspec

from monitor.runtime.routing import Route
from monitor.runtime.shown_harm import ShownHarm


class Routes(msgspec.Struct, frozen=True, kw_only=True, tag="routes"):
    """Control: route by this table from now on."""

    routes: tuple[Route, ...]


class Settle(msgspec.Struct, frozen=True, kw_only=True, tag="settle"):
    """Control: answer once the answers of an epoch, and of older ones, have ended and are recorded."""

    ticket: int
    deployment: str
    epoch: int
    limit_s: float


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """A process: this is who I am. Always its first message."""

    name: str
    routes: bool  # whether it routes, so that a flip has to wait for it


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """A process: how I am; once a second, and at once when the epochs change.

    Args:
        epochs: deployment → epoch by which it routes.
        troubles: component → what is wrong with it; empty if all is well.
        metrics: in Prometheus' text format.
        harms: hard faults that it sees by itself, for the time that Postgres is away.
    """

    epochs: dict[str, int] = {}
    troubles: dict[str, str] = {}
    metrics: str = ""
    harms: tuple[ShownHarm, ...] = ()


class Settled(msgspec.Struct, frozen=True, kw_only=True, tag="settled"):
    """A process: the answers of that `Settle` have ended and are recorded, or the limit has passed."""

    ticket: int


FromControl = Routes | Settle
ToControl = Hello | Report | Settled

encode = msgspec.msgpack.Encoder().encode
from_control = msgspec.msgpack.Decoder(FromControl).decode
to_control = msgspec.msgpack.Decoder(ToControl).decode
