"""What gateways and the scorer say to each other on the Unix socket, as MessagePack in frames.

A gateway says who it is and is told the last of its batches that is safe; then it sends those that
are not, and every new one. Batches of one gateway are numbered from 0, and acknowledged in that
order.
"""

from __future__ import annotations

import msgspec

from monitor.ports.handover import Handed, Relayed

MOST_ITEMS = 256  # of a batch
MOST_BATCH_BYTES = 1 << 20  # after which a batch takes no further item
MOST_FRAME_BYTES = 1 << 30  # a batch of one item may be larger than the others
_FACTS_BYTES = 300  # of an exchange, beside its texts


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """A gateway: this is who I am, in this life. Its first message on each line."""

    sender: str


class Batch(msgspec.Struct, frozen=True, kw_only=True, tag="batch"):
    """A gateway: these exchanges came next. Each is encoded on its own, lest one spoils the others."""

    number: int
    items: list[msgspec.Raw]


class Safe(msgspec.Struct, frozen=True, kw_only=True, tag="safe"):
    """The scorer: batches up to this number are recorded, spooled on disk, or lost; -1 is none."""

    number: int


FromGateway = Hello | Batch

encode = msgspec.msgpack.Encoder().encode
from_gateway = msgspec.msgpack.Decoder(FromGateway).decode
from_scorer = msgspec.msgpack.Decoder(Safe).decode
_decode_item = msgspec.msgpack.Decoder(Handed).decode


def item_of(encoded: msgspec.Raw) -> Handed:
    """Return the exchange that was encoded. Raises `msgspec.MsgspecError`, `UnicodeDecodeError`."""
    item: Handed = _decode_item(encoded)
    return item


def size_of(item: Handed) -> int:
    """Return about how many bytes an exchange takes in memory while it waits."""
    if isinstance(item, Relayed):
        return len(item.request) + len(item.response) + _FACTS_BYTES
    exchange = item.exchange
    said = sum(len(message.content) for message in exchange.messages)
    said += sum(len(passage.text) for passage in exchange.context)
    tokens = len(exchange.token_logprobs or ()) + len(exchange.token_entropies or ())
    return said + len(exchange.output) + 8 * tokens + _FACTS_BYTES
