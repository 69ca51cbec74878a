"""Operators' bearer tokens: who asks, told in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from monitor.errors import Unauthorized


class OperatorTokens:
    """The operators that may use the API and the dashboard.

    Args:
        hashes: SHA-256 (hexadecimal) of each operator's token, by the operator's name.
        whereabouts: where a person finds the token, e.g. the path of its file.
    """

    def __init__(self, hashes: Mapping[str, str], *, whereabouts: str) -> None:
        self._hashes = dict(hashes)
        self._whereabouts = whereabouts

    def operator(self, token: str) -> str:
        """Return the name of the operator whose token this is.

        Raises:
            Unauthorized: if it is nobody's. Every stored hash is compared, each in constant
                time, so that the time taken says nothing about them.
        """
        digest = hashlib.sha256(token.encode()).hexdigest()
        names = [name for name, known in self._hashes.items() if hmac.compare_digest(known, digest)]
        if not names:
            raise Unauthorized(f"This is no operator's token. {self.hint}")
        return names[0]

    @property
    def hint(self) -> str:
        """A sentence that says where the token is."""
        return f"The operator token is in {self._whereabouts}."
