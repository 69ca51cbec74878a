"""Guards over streamed answers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guards.checks.context import GuardContext
from guards.checks.finding import Finding
from guards.checks.guard import Hit
from guards.checks.judgement import Applied, GuardVerdict, Judgement, Mode
from guards.checks.stream import LONGEST_WHOLE, StreamGuard
from tests.unit.guards.checks.samples import CONTEXT, FOUND, HARMLESS, applied

BLOCK, FLAG = applied("block"), applied("flag")
PARTS = st.sampled_from([*(text for text, _, _ in FOUND), *HARMLESS, " ", "\n\n", "de", "PRIVATE "])
ODD = st.text(alphabet="aZ09 .-@:/年月日\u200b\u3000＠１\n-=+()", max_size=12)
ANSWERS = st.lists(st.one_of(PARTS, ODD), max_size=6).map("".join)


def _streamed(answer: str, cuts: list[int], guards: tuple[Applied, ...]) -> tuple[str, Judgement]:
    stream = StreamGuard(guards, CONTEXT)
    places = [0, *sorted(cut % (len(answer) + 1) for cut in cuts), len(answer)]
    out = [stream.feed(answer[a:b]) for a, b in itertools.pairwise(places)]
    return "".join([*out, stream.finish()]), stream.judgement


@settings(max_examples=60, deadline=None)
@given(answer=ANSWERS, cuts=st.lists(st.integers(0, 400), max_size=30))
def test_any_cutting_finds_what_the_whole_has(answer: str, cuts: list[int]) -> None:
    """Findings, verdict and, unless blocked, the bytes do not hang on the pieces."""
    out, judged = _streamed(answer, cuts, FLAG)
    whole = tuple(finding for each in FLAG for finding in each.guard.check(answer, CONTEXT))
    assert judged.findings == whole
    assert out == answer


@settings(max_examples=60, deadline=None)
@given(answer=ANSWERS, cuts=st.lists(st.integers(0, 400), max_size=30))
def test_nothing_behind_the_first_finding_goes_out(answer: str, cuts: list[int]) -> None:
    """What a blocking guard objects to is never released, not even its first character."""
    out, judged = _streamed(answer, cuts, BLOCK)
    if judged.verdict is GuardVerdict.PASS:
        assert out == answer
    else:
        assert answer.startswith(out)
        assert len(out) <= min(finding.start for finding in judged.findings)


@pytest.mark.parametrize(("answer", "kind", "written"), FOUND)
def test_each_kind_is_found_token_by_token(answer: str, kind: str, written: str) -> None:
    """Streamed character by character, the finding is there, at its place."""
    out, judged = _streamed(answer, list(range(len(answer))), BLOCK)
    assert [(each.kind, answer[each.start : each.end]) for each in judged.findings] == [
        (kind, written)
    ]
    assert answer.partition(written)[0].startswith(out)


def test_a_flagging_guard_holds_nothing_back() -> None:
    """Only blocking guards may delay an answer."""
    stream = StreamGuard(FLAG, CONTEXT)
    assert stream.feed("My card is 4111 11") == "My card is 4111 11"


def test_ordinary_text_waits_for_no_more_than_the_word_being_written() -> None:
    """Words go out as soon as they are ended, and the rest at the end."""
    stream = StreamGuard(applied("block", ("personal_data", "secrets", "canary")), CONTEXT)
    assert stream.feed("The weather is ni") == "The weather is "
    assert stream.feed("ce to") == "nice "
    assert stream.finish() == "to"


def test_a_long_token_is_held_for_no_more_than_the_longest_match() -> None:
    """A picture in Base64 flows on behind 2,048 characters and what waits to be read."""
    stream = StreamGuard(BLOCK, CONTEXT)
    most = 0
    for _ in range(2_000):
        stream.feed("Qk1a7")
        most = max(most, stream.held)
    assert most <= 2_048 + 64 + 5
    assert stream.judgement.verdict is GuardVerdict.PASS


def test_a_table_of_numbers_is_held_for_twelve_words_at_most() -> None:
    """Numbers in a row might be a card's, until too many follow."""
    stream = StreamGuard(applied("block", ("personal_data",)), CONTEXT)
    most = 0
    for number in range(10, 99):
        stream.feed(f" {number}")
        most = max(most, stream.held)
    assert most <= 13 * 3 + 3


class _Failing:
    """Reads a few pieces, then raises."""

    name = "failing"

    def __init__(self) -> None:
        self.left = 2
        self.log: list[Hit] = []

    def check(self, _answer: str, _context: GuardContext) -> tuple[Finding, ...]:
        raise RuntimeError("broken")

    def scan(self, _context: GuardContext) -> _Failing:
        return self

    def feed(self, _piece: str) -> int:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("broken")
        return 0

    def finish(self) -> None:
        pass

    def hits(self) -> tuple[Hit, ...]:
        return ()


def test_a_blocking_guard_that_breaks_in_mid_stream_ends_the_answer() -> None:
    """It fails closed, and the judgement names it."""
    stream = StreamGuard([Applied(guard=_Failing(), mode=Mode.BLOCK)], CONTEXT)
    assert [stream.feed("a "), stream.feed("b "), stream.feed("c "), stream.finish()] == [""] * 4
    assert stream.judgement.failed_closed == ("failing",)


def test_an_observer_that_breaks_in_mid_stream_lets_the_answer_pass() -> None:
    """It fails open, and the judgement names it."""
    stream = StreamGuard([Applied(guard=_Failing(), mode=Mode.OBSERVE)], CONTEXT)
    assert [stream.feed("a"), stream.feed("b"), stream.feed("c"), stream.finish()] == [*"abc", ""]
    assert stream.judgement.failed_open == ("failing",)


def test_a_blocking_schema_holds_the_whole_answer() -> None:
    """Only the end tells whether the JSON is right."""
    context = GuardContext(response_schema={"type": "object"})
    stream = StreamGuard(applied("block", ("schema",)), context)
    assert [stream.feed('{"a"'), stream.feed(": 1}"), stream.finish()] == ["", "", '{"a": 1}']


def test_an_answer_too_long_to_be_held_fails_closed() -> None:
    """A guard that needs the whole of it cannot check it."""
    stream = StreamGuard(applied("block", ("schema",)), GuardContext(response_schema={}))
    stream.feed("x" * (LONGEST_WHOLE + 1))
    assert stream.finish() == ""
    assert stream.judgement.failed_closed == ("schema",)
