"""Adapters in an MLflow model registry: `mlflow://name@alias`.

Source: MLflow's REST API, https://mlflow.org/docs/latest/api_reference/rest-api.html. Artifacts come
through the server (`--serve-artifacts`, its default).
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib import error, request
from urllib.parse import quote, urlencode, urlsplit

from monitor.errors import BadAdapter, NotFound, Unavailable
from monitor.ports.versions import AdapterSource
from monitor.storage.adapter_source import CONFIG, WEIGHTS

_PLACE = re.compile(r"mlflow://(?P<name>[^/@]+)@(?P<alias>[^/@]+)")
_API = "/api/2.0/mlflow"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"
_FOLDERS = ("", "peft/")  # of a plain artifact, and of a model that mlflow.transformers logged
_UNKNOWN = (400, 404)  # an unknown alias is an INVALID_PARAMETER_VALUE
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A version of a registered model."""

    name: str
    version: str


class _NoRedirects(request.HTTPRedirectHandler):
    """Follows none: the token is for this server alone."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


class MlflowRegistry:
    """One MLflow server.

    Args:
        url: where it listens, without a path of its own.
        token: for `Authorization: Bearer`, or `None`.
    """

    SCHEME = "mlflow://"

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._opener = request.build_opener(_NoRedirects)

    @contextmanager
    def downloaded(self, where: str) -> Iterator[AdapterSource]:
        """Bring the version that an alias names here, for as long as the context lasts.

        Raises:
            BadAdapter: if there is no such model or alias, or it holds no adapter.
            Unavailable: if the server does not answer, or refuses.
        """
        match = _PLACE.fullmatch(where)
        if match is None:
            raise BadAdapter(f"{where} names no model; write mlflow://name@alias")
        try:
            version = self.aliased(match["name"], match["alias"])
            with tempfile.TemporaryDirectory(prefix="backstop-mlflow-") as folder:
                self._download(self._artifacts(version), Path(folder))
                yield AdapterSource(
                    folder=Path(folder),
                    root=Path(folder),
                    facts={
                        "source": where,
                        "mlflow": {"model": version.name, "version": version.version},
                    },
                )
        except NotFound as missing:
            raise BadAdapter(f"{where}: {missing}") from missing

    def aliased(self, name: str, alias: str) -> ModelVersion:
        """Return the version that an alias names. Raises `NotFound`, `Unavailable`."""
        found = self._get("/registered-models/alias", name=name, alias=alias)["model_version"]
        return ModelVersion(name=found["name"], version=str(found["version"]))

    def move_alias(self, alias: str, to: ModelVersion) -> None:
        """Let an alias name a version. Raises `NotFound`, `Unavailable`."""
        body = {"name": to.name, "alias": alias, "version": to.version}
        self._read("POST", f"{_API}/registered-models/alias", json.dumps(body).encode())

    def _artifacts(self, version: ModelVersion) -> str:
        """Return the path of a version's artifacts on the server. Raises `BadAdapter`."""
        uri = str(
            self._get(
                "/model-versions/get-download-uri", name=version.name, version=version.version
            )["artifact_uri"]
        )
        parts = urlsplit(uri)
        if parts.scheme != "mlflow-artifacts":
            raise BadAdapter(
                f"version {version.version} of {version.name} lies at {parts.scheme or 'a path'}, "
                "past the MLflow server; run it with --serve-artifacts and log the adapter anew"
            )
        return parts.path.strip("/")

    def _download(self, path: str, folder: Path) -> None:
        for inner in _FOLDERS:
            try:
                self._fetch(f"{path}/{inner}{CONFIG}", folder / CONFIG)
            except NotFound:
                continue
            self._fetch(f"{path}/{inner}{WEIGHTS}", folder / WEIGHTS)
            return
        raise NotFound(f"it holds no {CONFIG}; log the folder that PEFT's save_pretrained made")

    def _fetch(self, path: str, to: Path) -> None:
        with self._answer("GET", _ARTIFACTS + quote(path)) as answer, to.open("wb") as file:
            shutil.copyfileobj(answer, file)

    def _get(self, path: str, **query: str) -> Mapping[str, Any]:
        return self._read("GET", f"{_API}{path}?{urlencode(query)}")

    def _read(self, method: str, path: str, body: bytes | None = None) -> Mapping[str, Any]:
        with self._answer(method, path, body) as answer:
            content = answer.read()
        try:
            parsed: Mapping[str, Any] = json.loads(content)
        except ValueError as malformed:
            raise Unavailable(
                f"{self._url} answers no JSON; is it an MLflow server?"
            ) from malformed
        return parsed

    @contextmanager
    def _answer(self, method: str, path: str, body: bytes | None = None) -> Iterator[Any]:
        """Ask the server, and say in words what goes wrong until its answer is read."""
        headers = self._headers | {"Content-Type": "application/json"}
        asked = request.Request(self._url + path, data=body, headers=headers, method=method)
        try:
            with self._opener.open(asked, timeout=_TIMEOUT_S) as answer:
                yield answer
        except error.HTTPError as refused:
            said = _said(refused)
            if refused.code in _UNKNOWN:
                raise NotFound(said) from refused
            raise Unavailable(f"MLflow answers {refused.code}: {said}") from refused
        except (OSError, HTTPException) as away:
            raise Unavailable(f"the MLflow server {self._url} does not answer: {away}") from away


def _said(refused: error.HTTPError) -> str:
    content = refused.read(4096)
    try:
        return " ".join(str(json.loads(content)["message"]).split())[:200]
    except (ValueError, KeyError, TypeError):
        return refused.reason
