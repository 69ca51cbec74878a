"""Operators' bearer tokens: who asks and what they may do, told in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.config import Role
from monitor.errors import Unauthorized


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks, by the name that the audit log knows, and what they may do."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Return whether they may do what a role may."""
        return self.role.covers(role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose a token is: its SHA-256 (hexadecimal) and who shows it."""

    token_hash: str
    person: Person


class OperatorTokens:
    """The people that may use the API and the dashboard.

    Args:
        holders: everybody who has a token.
        whereabouts: where a person finds the token, e.g. the path of its file.
    """

    def __init__(self, holders: Sequence[Holder], *, whereabouts: str) -> None:
        self._holders = tuple(holders)
        self._whereabouts = whereabouts

    def person(self, token: str) -> Person:
        """Return whose token this is.

        Raises:
            Unauthorized: if it is nobody's. Every stored hash is compared, each in constant
                time, so that the time taken says nothing about them.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        found = [
            each.person for each in self._holders if hmac.compare_digest(each.token_hash, digest)
        ]
        if not found:
            raise Unauthorized(f"This is no operator's token. {self.hint}")
        return found[0]

    @property
    def hint(self) -> str:
        """A sentence that says where the token is."""
        return f"The operator token is in {self._whereabouts}."
