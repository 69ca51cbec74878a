"""Wires where the audit trail's head is anchored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from monitor.alerts.posted_anchors import PostedAnchors
from monitor.bootstrap import receivers
from monitor.config import Config
from monitor.errors import ConfigError
from monitor.ports.audit import AnchorKeeper
from monitor.ports.stores import Stores
from monitor.runtime.anchoring import Anchoring
from monitor.runtime.leadership import Leadership
from monitor.runtime.loops import Loop
from monitor.storage.anchor_file import AnchorFile
from rollback.audit_anchors import Anchor


def loop(config: Config, stores: Stores, leadership: Leadership) -> Loop:
    """Return the loop that anchors. Raises `ConfigError` for a webhook that is none."""
    anchoring = Anchoring(stores.audit, stores.outbox, keepers(config), lambda: leadership.leads)
    return partial(anchoring.run, config.audit.every)


def keepers(config: Config) -> Mapping[str, AnchorKeeper]:
    """Return the places that the configuration names. Raises `ConfigError`."""
    found: dict[str, AnchorKeeper] = {}
    if config.audit.anchor_file is not None:
        found["anchor_file"] = AnchorFile(config.audit.anchor_file)
    name = config.audit.anchor_webhook
    if name is not None:
        section = config.receivers.get(name)
        if section is None or section.kind != "webhook":
            raise ConfigError(
                f"audit.anchor_webhook: {name!r} is no receiver of kind webhook; name one of them"
            )
        found["anchor_webhook"] = PostedAnchors(receivers.senders(config)[name])
    return found


def kept(config: Config) -> Sequence[Anchor]:
    """Return the anchors of the file. Raises `Unavailable`, `ConfigError`."""
    path = config.audit.anchor_file
    return () if path is None else AnchorFile(path).read()
