"""Who may call: bearer tokens, known by their hashes only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from monitor.errors import Unauthorized

_MOST_ACCEPTED = 4096  # one token can be written in many ways: "Bearer", "bearer", spaces


def token_hash(token: str) -> str:
    """Return what is kept of a token: its SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


class Tokens:
    """A set of accepted bearer tokens.

    Without any token everybody is let in: that is for a service that listens on loopback only,
    and whoever starts the service has to see to that.
    """

    def __init__(self, hashes: Iterable[str] = ()) -> None:
        self._hashes = tuple(hashes)
        self._accepted: dict[bytes, str] = {}
        self._key = secrets.token_bytes(32)

    def admit(self, authorization: str | None) -> str | None:
        """Return a short name for the caller (the beginning of the token's hash), `None` if open.

        Raises:
            Unauthorized: tokens are required, and this header carries none of them.
        """
        if not self._hashes:
            return None
        if authorization is None:
            raise Unauthorized("a token is required: send the header Authorization: Bearer TOKEN")
        known = self.recognise(authorization)
        if known is None:
            raise Unauthorized("this token is not accepted; ask the operators of this service")
        return known[:12]

    def admit_header(self, header: bytes | None) -> str | None:
        """Do as `admit` does, for a header as it came; one that was accepted is known by its keyed hash.

        Raises `Unauthorized`.
        """
        if header is None or not self._hashes:
            return self.admit(None)
        digest = hashlib.blake2b(header, digest_size=16, key=self._key).digest()
        name = self._accepted.get(digest)
        if name is None:
            name = self.admit(header.decode("latin-1"))
            if name is not None and len(self._accepted) < _MOST_ACCEPTED:
                self._accepted[digest] = name
        return name

    def recognise(self, authorization: str | None) -> str | None:
        """Return the hash of the token in a header if it is an accepted one.

        Every accepted hash is compared, in constant time.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        offered = token_hash(token.strip())
        matches = [known for known in self._hashes if hmac.compare_digest(known, offered)]
        return matches[0] if matches else None
