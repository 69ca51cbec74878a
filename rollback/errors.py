"""What can go wrong in the pure rooms of rollback, as a tree.

RollbackError
├── PolicyError         a key of the policy cannot be used
├── IllegalTransition   a version or a deployment may not go from its state to that one
└── NotCanonical        a value has no canonical JSON
"""

from __future__ import annotations


class RollbackError(Exception):
    """A rule of rollback was broken; the message says which, and what to do."""


class PolicyError(RollbackError):
    """A key of the policy cannot be used.

    Args:
        key: path of the key, e.g. `thresholds[0].for`.
        problem: what is wrong and the way out.
    """

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"policy key {key!r}: {problem}")
        self.key = key


class IllegalTransition(RollbackError):
    """A version or a deployment may not go from its state to that one."""


class NotCanonical(RollbackError):
    """A value has no canonical JSON."""
