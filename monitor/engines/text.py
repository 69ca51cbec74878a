"""From token ids to text, as they come."""

from __future__ import annotations

from typing import Any

_UNFINISHED = "\ufffd"  # what a decoder shows for the first bytes of a longer character


class TextStream:
    """The text of one answer, released in whole characters only.

    A tokenizer's decoder looks at neighbours (spaces, bytes of one character), so each new text
    is the difference of two decodings that share a few tokens before it.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._context = 0  # where the shared tokens begin
        self._released = 0  # how many tokens are out as text

    def push(self, token_id: int) -> str:
        """Take one token; return the text that it completes, which may be empty."""
        self._ids.append(token_id)
        text = self._pending()
        if text.endswith(_UNFINISHED):
            return ""
        self._context, self._released = self._released, len(self._ids)
        return text

    def flush(self) -> str:
        """Return what is left at the end, unfinished characters included."""
        text = self._pending()
        self._context = self._released = len(self._ids)
        return text

    def _pending(self) -> str:
        known = self._decode(self._ids[self._context : self._released])
        return self._decode(self._ids[self._context :])[len(known) :]

    def _decode(self, ids: list[int]) -> str:
        return decode(self._tokenizer, ids) if ids else ""


class TokenTexts:
    """The text of single tokens, spaces in front included; remembered per token."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._anchor: list[int] = tokenizer.encode("a", add_special_tokens=False)
        self._anchor_text = decode(tokenizer, self._anchor)
        self._texts: dict[int, str] = {}

    def of(self, token_id: int) -> str:
        """Return the text a token adds behind others; empty for special tokens."""
        text = self._texts.get(token_id)
        if text is None:
            text = decode(self._tokenizer, [*self._anchor, token_id])[len(self._anchor_text) :]
            self._texts[token_id] = text
        return text


def decode(tokenizer: Any, ids: list[int]) -> str:
    """Decode without special tokens and without cosmetic changes to spaces."""
    text: str = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text
