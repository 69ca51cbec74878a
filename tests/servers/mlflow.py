"""The part of MLflow's REST API that a registry of adapters needs, as its documents describe it.

Source: https://mlflow.org/docs/latest/api_reference/rest-api.html (registered models, their aliases,
model versions) and the artifact proxy of `mlflow server --serve-artifacts`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

_MODELS = "/api/2.0/mlflow/registered-models"
_VERSIONS = "/api/2.0/mlflow/model-versions"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"


class Refused(Exception):
    """The request is refused, with a status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class State:
    """What the registry holds."""

    def __init__(self, token: str | None) -> None:
        self.token = token
        self.sources: dict[str, list[str]] = {}
        self.aliases: dict[tuple[str, str], str] = {}
        self.artifacts: dict[str, bytes] = {}

    def answer(self, method: str, path: str, fields: dict[str, str]) -> dict[str, Any]:
        """Answer a call of the API. Raises `Refused`."""
        name = fields.get("name", "")
        match method, path:
            case "POST", "/api/2.0/mlflow/runs/create":
                run = uuid4().hex
                place = f"mlflow-artifacts:/{fields['experiment_id']}/{run}/artifacts"
                return {"run": {"info": {"run_id": run, "artifact_uri": place}}}
            case "POST", p if p == f"{_MODELS}/create":
                self.sources.setdefault(name, [])
                return {"registered_model": {"name": name}}
            case "POST", p if p == f"{_VERSIONS}/create":
                self._model(name).append(fields["source"])
                return {"model_version": self._version(name, str(len(self.sources[name])))}
            case "GET", p if p == f"{_VERSIONS}/get-download-uri":
                return {"artifact_uri": self._version(name, fields["version"])["source"]}
            case "POST", p if p == f"{_MODELS}/alias":
                self._version(name, fields["version"])
                self.aliases[name, fields["alias"]] = fields["version"]
                return {}
            case "GET", p if p == f"{_MODELS}/alias":
                self._model(name)
                number = self.aliases.get((name, fields["alias"]))
                if number is None:
                    raise Refused(400, f"Registered model alias {fields['alias']} not found.")
                return {"model_version": self._version(name, number)}
        raise Refused(404, f"no {method} {path}")

    def _model(self, name: str) -> list[str]:
        if name not in self.sources:
            raise Refused(404, f"Registered Model with name={name} not found")
        return self.sources[name]

    def _version(self, name: str, number: str) -> dict[str, str]:
        sources = self._model(name)
        if not 1 <= int(number) <= len(sources):
            raise Refused(404, f"Model Version (name={name}, version={number}) not found")
        return {"name": name, "version": number, "source": sources[int(number) - 1]}


class _Handler(BaseHTTPRequestHandler):
    state: State

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_PUT(self) -> None:
        self._handle("PUT")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self, method: str) -> None:
        try:
            status, body = 200, self._body(method)
        except Refused as refused:
            error = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": str(refused)}
            status, body = refused.status, json.dumps(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self, method: str) -> bytes:
        if self.state.token and self.headers["Authorization"] != f"Bearer {self.state.token}":
            raise Refused(401, "You are not authenticated.")
        parts = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path.startswith(_ARTIFACTS):
            return self._artifact(method, unquote(parts.path.removeprefix(_ARTIFACTS)), sent)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        fields = query | (json.loads(sent) if sent else {})
        return json.dumps(self.state.answer(method, parts.path, fields)).encode()

    def _artifact(self, method: str, path: str, sent: bytes) -> bytes:
        if method == "PUT":
            self.state.artifacts[path] = sent
            return b"{}"
        if path not in self.state.artifacts:
            raise Refused(404, f"No such artifact: {path}")
        return self.state.artifacts[path]


@contextmanager
def serving(token: str | None = None) -> Iterator[str]:
    """Yield the URL of a registry on the loopback address."""
    handler = type("Handler", (_Handler,), {"state": State(token)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
