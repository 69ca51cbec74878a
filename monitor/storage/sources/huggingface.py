"""Adapters on the Hugging Face hub, or in its cache on this machine: `hf://org/name@revision`."""

from __future__ import annotations

import re
from pathlib import Path

import huggingface_hub
from huggingface_hub import errors

from monitor.errors import BadAdapter, Unavailable
from monitor.ports.versions import AdapterSource
from monitor.storage.adapter_source import CONFIG, WEIGHTS

_PLACE = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


def snapshot(where: str, cache: Path | None = None) -> AdapterSource:
    """Return a repository's adapter in the cache, downloaded first where that is possible.

    Only its configuration and its safetensors are downloaded. Without the network, and with
    `HF_HUB_OFFLINE=1`, what is cached of that revision is taken.

    Raises:
        BadAdapter: if there is no such repository or revision, or it asks for a login.
        Unavailable: if the hub does not answer, and the revision is not cached.
    """
    match = _PLACE.fullmatch(where)
    if match is None:
        raise BadAdapter(f"{where} names no repository; write hf://org/name@revision")
    try:
        found = huggingface_hub.snapshot_download(
            match["repo"],
            revision=match["revision"],
            allow_patterns=[CONFIG, WEIGHTS],
            cache_dir=cache,
        )
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise BadAdapter(
            f"{where} is not on the hub, or needs a login: check the name, or set HF_TOKEN"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise Unavailable(
            f"{where} is not in the cache, and the hub cannot be asked: try again with a network, "
            "or download it into the cache"
        ) from error
    except (errors.HfHubHTTPError, OSError) as error:
        raise Unavailable(f"{where}: the hub cannot be asked: {type(error).__name__}") from error
    except ValueError as error:  # also a name that the hub's rules forbid
        raise BadAdapter(f"{where} names no repository: {error}") from error
    folder = Path(found)
    # <cache>/models--org--name/snapshots/<commit>: the files are links into its blobs.
    return AdapterSource(
        folder=folder,
        root=folder.parent.parent,
        facts={"source": where, "commit": folder.name},
    )
