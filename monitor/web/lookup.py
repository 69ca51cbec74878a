"""Finding one thing by the name that a caller gave, or saying what there is instead."""

from __future__ import annotations

from monitor.errors import NotFound
from monitor.ports.stores import Stores
from rollback.deployment import Deployment
from rollback.versions import AdapterVersion


def deployment(stores: Stores, name: str) -> Deployment:
    """Return a deployment. Raises `NotFound`, naming those there are."""
    known = stores.deployments.all()
    for each in known:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in known) or "none yet"
    raise NotFound(f"There is no deployment {name!r}; there are: {names}.")


def version(stores: Stores, name: str) -> AdapterVersion:
    """Return a version by name (`support@3f9a2c1d7b04`) or label (`support@v1`).

    Raises `NotFound`, naming the family's versions.
    """
    family, _, rest = name.partition("@")
    known = stores.registry.versions(family)
    for each in known:
        if each.name == name or (rest and each.label == rest):
            return each
    names = ", ".join(each.name for each in known[:10]) or "none yet"
    raise NotFound(f"There is no adapter {name!r}; versions of {family!r}: {names}.")
