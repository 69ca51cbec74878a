"""Recorded answers that become golden cases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guards.exchange import Message
from guards.golden import GoldenCase
from monitor.errors import BadGoldenSet, Conflict, NotFound
from monitor.ports.golden import FromExchange
from monitor.ports.stores import Stores
from monitor.runtime import golden_adding
from tests.integration.runtime.house import NAME, House
from tests.integration.storage.builders import record, scored

pytestmark = pytest.mark.integration

SYSTEM = Message(role="system", content="Be brief.")
ASKED = Message(role="user", content="返品できますか?")
WANTED = FromExchange(exchange="chatcmpl-1", corrected="Within 14 days.")


def asked_by(stores: Stores, *messages: Message, keep_text: bool = True) -> None:
    """Record an answer to a conversation."""
    record(stores, scored(1, messages=messages), keep_text=keep_text)


def case_of(stores: Stores, wanted: FromExchange = WANTED) -> GoldenCase:
    """Return the case."""
    return golden_adding.case_from(stores.exchanges, wanted)[1]


@pytest.mark.parametrize("role", ["user", "prompt"])
def test_what_was_asked_becomes_a_case(stores: Stores, role: str) -> None:
    """A conversation as such and a raw prompt as such: the record's hash tells which it was."""
    asked_by(stores, replace(ASKED, role=role))
    deployment, case = golden_adding.case_from(stores.exchanges, WANTED)
    assert (deployment, case.id) == ("support", "exchange-chatcmpl-1")
    assert case.messages == (replace(ASKED, role=role),)
    assert case.expectation == {"kind": "exact", "value": "Within 14 days."}


def test_a_system_prompt_is_given_and_proved(stores: Stores) -> None:
    """Word for word, for the record holds the last turn alone."""
    asked_by(stores, SYSTEM, ASKED)
    assert case_of(stores, replace(WANTED, system="Be brief.")).messages == (SYSTEM, ASKED)
    for wrong in (None, "Be brief", ""):
        with pytest.raises(Conflict, match="give the system prompt"):
            case_of(stores, replace(WANTED, system=wrong))


def test_a_longer_conversation_is_not_made_a_shorter_one(stores: Stores) -> None:
    """A case that asks something else would be no regression test of what went wrong."""
    asked_by(stores, ASKED, Message(role="assistant", content="?"), ASKED)
    with pytest.raises(Conflict, match="more than its last turn"):
        case_of(stores)


def test_a_text_that_is_not_kept_makes_no_case(stores: Stores) -> None:
    """The sentence says which setting keeps it."""
    asked_by(stores, ASKED, keep_text=False)
    with pytest.raises(Conflict, match=r"record\.text"):
        case_of(stores)


def test_an_answer_that_is_not_there_is_not_found(stores: Stores) -> None:
    """By its id."""
    with pytest.raises(NotFound, match="chatcmpl-1"):
        case_of(stores)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"corrected": None}, "give either"),
        ({"expectation": {"kind": "exact", "value": "a"}}, "give either"),
        ({"corrected": None, "expectation": {"kind": "exatc"}}, "do you mean 'exact'"),
    ],
)
def test_what_it_should_have_been_is_asked_for(
    stores: Stores, change: dict[str, object], says: str
) -> None:
    """A corrected answer or an expectation, and one that can be used."""
    asked_by(stores, ASKED)
    with pytest.raises(BadGoldenSet, match=says):
        case_of(stores, replace(WANTED, **change))


async def test_an_operator_adds_a_case_and_corrects_it(house: House) -> None:
    """The id is the answer's, so the second one takes the first one's place."""
    asked_by(house.stores, ASKED)
    before = len(house.stores.golden.cases(NAME))
    added = await house.operations.add_golden(WANTED, actor="ann")
    again = await house.operations.add_golden(replace(WANTED, corrected="No."), actor="ann")
    cases = house.stores.golden.cases(NAME)
    assert (added.deployment, added.case) == (NAME, "exchange-chatcmpl-1")
    assert added.digest != again.digest
    assert len(cases) == before + 1
    assert cases[-1].expectation["value"] == "No."


async def test_a_case_goes_only_to_a_deployment_that_is_configured(house: House) -> None:
    """Another's set can be named."""
    asked_by(house.stores, ASKED)
    with pytest.raises(NotFound, match="no deployment 'sales'"):
        await house.operations.add_golden(replace(WANTED, deployment="sales"), actor="ann")
