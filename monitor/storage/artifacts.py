"""Adapter files under their content's name: checked, copied in whole, and never changed again."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from monitor.errors import BadAdapter, Unavailable
from monitor.ports.versions import AdapterSource
from monitor.storage.adapter_config import SIZE_LIMIT, read_config
from monitor.storage.adapter_fit import BaseModel, require_fit
from monitor.storage.adapter_source import (
    CONFIG,
    WEIGHTS,
    hard_links,
    opened,
    require_adapter,
)
from monitor.storage.tensor_file import StoredTensor, read_header, require_finite
from rollback import manifest as manifests
from rollback.canonical import canonical
from rollback.manifest import StoredFile
from rollback.versions import AdapterVersion, VersionState

MANIFEST = "manifest.json"
_INCOMING = ".incoming-"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_Stamp = tuple[tuple[str, int, int, int], ...]


class ArtifactFolder:
    """The adapters of one base model, each in `<root>/<family>@<digest>/`.

    Args:
        root: made if it is not there; may be shared by processes.
        base: what adapters must fit.
    """

    def __init__(self, root: Path, base: BaseModel) -> None:
        self._root = root
        self._base = base
        self._verified: dict[str, _Stamp] = {}

    def take_in(
        self,
        family: str,
        source: AdapterSource,
        *,
        label: str,
        parent: str | None,
        facts: Mapping[str, Any],
        at: datetime,
    ) -> AdapterVersion:
        """Check a PEFT adapter and copy it in; the same content twice is one version.

        The checks look at the copy, so a file that is swapped behind their back cannot slip in.

        Args:
            facts: of the training; `base_model_fingerprint` among them must be the base model's.

        Raises:
            BadAdapter: with one sentence that names the file and the way out.
            Unavailable: if there is no room for the copy; nothing is left behind.
        """
        _require_words(family, label)
        self._require_base(facts)
        require_adapter(source.folder)
        with self._storing():
            manifest = self._copied_in(family, source)
        return AdapterVersion(
            name=manifests.version_name(family, manifest),
            label=label,
            state=VersionState.REGISTERED,
            manifest=manifest,
            created_at=at,
            reason="its files are stored and checked",
            parent=parent,
            facts={**facts, **_noted(source)},
        )

    def folder(self, name: str) -> Path:
        """Return where a version's files are, unchanged since they were taken in.

        Files are hashed when they are asked for the first time, and again when a size or a time
        of change says so.

        Raises:
            BadAdapter: if they are gone or changed.
        """
        if not manifests.is_version_name(name):
            raise BadAdapter(f"{name!r} is no version's name, like support@3f9a2c1d7b04")
        folder = self._root / name
        stamp = _stamp(folder)
        if self._verified.get(name) != stamp:
            _verify(folder)
            self._verified[name] = stamp
        return folder

    def _require_base(self, facts: Mapping[str, Any]) -> None:
        trained_on = facts.get("base_model_fingerprint")
        if trained_on not in (None, self._base.fingerprint):
            raise BadAdapter(
                f"the adapter was trained on the base model {str(trained_on)[:12]}, and "
                f"{self._base.fingerprint[:12]} is served; train it on that one"
            )

    @contextmanager
    def _storing(self) -> Iterator[None]:
        """Let one process at a time write, and say in words what the disk refuses."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with (self._root / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise Unavailable(
                    f"no room for the adapter in {self._root}: free some space and add it again"
                ) from error
            raise Unavailable(f"{self._root} cannot be written: {error.strerror}") from error

    def _copied_in(self, family: str, source: AdapterSource) -> Mapping[str, Any]:
        for leftover in self._root.glob(f"{_INCOMING}*"):  # of a process that was killed
            shutil.rmtree(leftover)
        incoming = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=self._root))
        try:
            manifest = self._checked_copy(source, incoming)
            self._publish(incoming, manifests.version_name(family, manifest))
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return manifest

    def _checked_copy(self, source: AdapterSource, incoming: Path) -> Mapping[str, Any]:
        with opened(source, CONFIG) as file:
            _write(incoming / CONFIG, [file.read(SIZE_LIMIT + 1)])
        config = read_config(incoming / CONFIG)
        with opened(source, WEIGHTS) as file:
            self._fitting(file, config)  # what does not fit is not copied: it may be huge
            _write(incoming / WEIGHTS, _blocks(file))
        with (incoming / WEIGHTS).open("rb") as copy:
            tensors = self._fitting(copy, config)
            require_finite(copy, WEIGHTS, tensors)
        # What is left out of the manifest is not served either.
        _write(incoming / CONFIG, [canonical(config)])
        manifest = manifests.build(
            base=self._base.fingerprint,
            config=config,
            files=tuple(_stored(incoming / name) for name in (CONFIG, WEIGHTS)),
            tensors=tuple(tensor.facts for tensor in tensors),
        )
        _write(incoming / MANIFEST, [canonical(manifest)])
        return manifest

    def _fitting(self, file: BinaryIO, config: Mapping[str, Any]) -> Sequence[StoredTensor]:
        tensors = read_header(file, WEIGHTS)
        require_fit([tensor.facts for tensor in tensors], config, self._base, WEIGHTS)
        return tensors

    def _publish(self, incoming: Path, name: str) -> None:
        """Make the copy visible in one step; a damaged folder of the same content is replaced."""
        for file in incoming.iterdir():
            file.chmod(0o444)
        incoming.chmod(0o755)
        final = self._root / name
        if final.exists():
            if self._is_intact(name):
                _require_same(incoming, final)
                return
            final.rename(self._root / f"{_INCOMING}damaged-{name}")  # swept by the next one
        incoming.rename(final)
        _sync_folder(final)
        _sync_folder(self._root)

    def _is_intact(self, name: str) -> bool:
        self._verified.pop(name, None)
        try:
            self.folder(name)
        except BadAdapter:
            return False
        return True


def _require_words(family: str, label: str) -> None:
    for what, word in (("family", family), ("label", label)):
        if not _WORD.fullmatch(word) and not (what == "label" and word == ""):
            raise BadAdapter(
                f"{word!r} cannot be a {what}: use 1 to 64 letters, digits, '.', '_' or '-', "
                "beginning with a letter or digit"
            )


def _noted(source: AdapterSource) -> Mapping[str, Any]:
    """Return the facts that the source itself gives; they go over what people say."""
    linked = hard_links(source)
    return {**source.facts, **({"hard_links": linked} if linked else {})}


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    return iter(lambda: file.read(2**20), b"")


def _require_same(incoming: Path, final: Path) -> None:
    if (incoming / MANIFEST).read_bytes() != (final / MANIFEST).read_bytes():
        raise BadAdapter(
            f"another adapter has the name {final.name}; change something and try again"
        )


def _write(path: Path, blocks: Iterator[bytes] | list[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(blocks)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stored(path: Path) -> StoredFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return StoredFile(name=path.name, sha256=sha256, size=path.stat().st_size)


def _stamp(folder: Path) -> _Stamp:
    try:
        found = [(entry.name, entry.stat()) for entry in os.scandir(folder)]
    except OSError as error:
        raise BadAdapter(
            f"the files of {folder.name} are gone from {folder.parent}; add the adapter again"
        ) from error
    return tuple(sorted((name, st.st_size, st.st_mtime_ns, st.st_ino) for name, st in found))


def _verify(folder: Path) -> None:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        expected = {MANIFEST, *manifest["files"]}
        whole = (
            manifests.digest(manifest) == folder.name.partition("@")[2]
            and {path.name for path in folder.iterdir()} == expected
            and all(_fits(folder / name, facts) for name, facts in manifest["files"].items())
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadAdapter(_changed(folder)) from error
    if not whole:
        raise BadAdapter(_changed(folder))


def _fits(path: Path, facts: Mapping[str, Any]) -> bool:
    stored = _stored(path)
    return (stored.sha256, stored.size) == (facts["sha256"], facts["size"])


def _changed(folder: Path) -> str:
    return f"the files of {folder.name} in {folder.parent} were changed; add the adapter again"
