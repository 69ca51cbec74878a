"""The list at `/v1/models`: the base models a server has, and the adapters on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.engines.servers.client import Client
from monitor.engines.servers.mount import Mount
from monitor.errors import EngineError
from rollback.manifest import is_version_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A line of the list.

    Args:
        root: where it was loaded from.
        parent: the base model's name, for an adapter.
        meta: what llama.cpp tells of the model.
    """

    id: str
    root: str | None = None
    parent: str | None = None
    meta: object = None


async def read(client: Client) -> tuple[Card, ...]:
    """Ask for the list. Raises `EngineError`, `Unavailable`."""
    content = await client.ask("/v1/models")
    try:
        return tuple(
            Card(
                id=str(item["id"]),
                root=item.get("root"),
                parent=item.get("parent"),
                meta=item.get("meta"),
            )
            for item in content["data"]
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise EngineError(f"{client.url}/v1/models is no list of models: {error!r}") from error


def versions(cards: Sequence[Card], mount: Mount) -> frozenset[str]:
    """Return the versions that were loaded from our own files.

    A name alone proves nothing: whoever reaches the server can load anything under it.
    """
    return frozenset(
        card.id
        for card in cards
        if card.parent is not None and is_version_name(card.id) and card.root == mount.path(card.id)
    )


def holds(cards: Sequence[Card], version: str, path: str) -> bool:
    """Tell whether a version is loaded from a path.

    Raises `EngineError` if its name is taken by files from elsewhere: a name that is used again
    may be answered from a cache of what it meant before.
    """
    for card in cards:
        if card.id == version:
            if card.root == path:
                return True
            raise EngineError(
                f"the server serves {version} from {card.root} and not from {path}; restart the "
                "server without it, and let nobody but Backstop load adapters there"
            )
    return False


def missing_base(cards: Sequence[Card], model: str) -> tuple[str, ...]:
    """Say what is wrong if the server does not serve the base model under its configured name."""
    bases = [card.id for card in cards if card.parent is None]
    if model in bases:
        return ()
    return (
        f"engine.model: the server serves {', '.join(bases) or 'no base model'} and not {model}; "
        "write the name that it serves",
    )
