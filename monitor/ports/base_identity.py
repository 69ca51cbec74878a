"""Which base model answers, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.ports.versions import Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseIdentity:
    """What tells base models apart that go by one name.

    Args:
        parts: word for a part (`weights`, `tokenizer`, `chat template`, `engine`, `quantization`, …)
            → its digest or its name; only parts that can be told are there.
        answers: what the base model answers to the probe prompts.
        place: where it is computed; elsewhere the same weights answer a little otherwise.
    """

    parts: Mapping[str, str] = field(default_factory=dict)
    answers: Fingerprint | None = None
    place: str = ""
