"""What the readers of other formats share: refusing what they cannot carry over, and ids."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from guards import jsontext
from guards.golden_case import GoldenCase, GoldenSetError, case_of

Record = dict[str, Any]


def only(record: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise `GoldenSetError` that names a field which cannot be carried over."""
    for name in record:
        if name not in known:
            raise GoldenSetError(
                f"the field {name!r} cannot be carried over; known are {', '.join(sorted(known))}"
            )


def case_with_id(prefix: str, record: Mapping[str, Any]) -> GoldenCase:
    """Return a case whose id is made of its content, so that it stays when lines move."""
    digest = hashlib.sha256(jsontext.canonical(record).encode("utf-8", "surrogatepass"))
    return case_of({"id": f"{prefix}-{digest.hexdigest()[:12]}", **record})


def starts_with_one_of(texts: Sequence[str]) -> Record:
    """Return the expectation of an answer that begins with one of some texts, as it is."""
    return _matching(r"\A(?:" + "|".join(map(re.escape, texts)) + ")")


def has_one_of(texts: Sequence[str], *, caseless: bool = False) -> Record:
    """Return the expectation of an answer that has one of some texts in it."""
    return _matching(("(?i)" if caseless else "") + "|".join(map(re.escape, texts)))


def _matching(pattern: str) -> Record:
    return {"kind": "regex", "pattern": pattern, "strict": True}
