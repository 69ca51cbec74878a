"""Where a server listens, and how long to wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server's address: TCP (with TLS or without), or a Unix socket.

    Args:
        prefix: path before the paths that are asked for, without a slash at its end.
        socket: Unix socket to use in place of host and port.
    """

    host: str
    port: int
    tls: bool = False
    prefix: bytes = b""
    socket: Path | None = None

    @classmethod
    def of(cls, url: str) -> Address:
        """Read `http://HOST:PORT` or `https://HOST:PORT`, with a path or without."""
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if tls else 80),
            tls=tls,
            prefix=parts.path.rstrip("/").encode(),
        )

    @classmethod
    def unix(cls, path: Path) -> Address:
        """Return the address of a Unix socket."""
        return cls(host="localhost", port=0, socket=path)

    @property
    def authority(self) -> bytes:
        """The value of `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.socket is not None or self.port == (443 if self.tls else 80)
        return host.encode() if usual else f"{host}:{self.port}".encode()

    def __str__(self) -> str:
        """Return it for messages."""
        return str(self.socket or self.authority.decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits in seconds.

    Args:
        connect_s: until the connection stands; first_byte_s: until the answer begins after that.
        idle_s: between two parts of an answer, not counted while the caller takes none.
        keep_s: how long an unused connection is kept. uvicorn, on which vLLM and SGLang run, closes
            it after 5 s: whoever is a little earlier seldom sends into a closing connection.
    """

    connect_s: float = 5.0
    first_byte_s: float = 600.0
    idle_s: float = 120.0
    keep_s: float = 4.0
