"""Words of a model in every field of every channel: shown, and doing nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.alerts import apprise_sender, discord, mattermost, slack, teams, webhook
from monitor.ports.alerts import Message
from tests.unit.monitor.alerts.builders import message

_LINK = "https://backstop.example/"
_HOSTILE = (
    "@here",
    "@channel",
    "@everyone",
    "<!channel>",
    "<!subteam^S1>",
    "<@U123>",
    "<https://evil.example|click>",
    "[click](https://evil.example)",
    "![](https://evil.example/pixel.png)",
    "https://evil.example",
    "www.evil.example",
    "<script>alert(1)</script>",
    "**bold** _it_ ~~gone~~ `code` # head",
    "\n# forged\n**To:** nobody",
    "\x1b[31mred\x1b]8;;http://evil\x07",
    "\u202eevil\u2066",
    "{{DATE(2026-01-01T00:00:00Z,SHORT)}}",
    "||spoiler|| ||",
    "\\",
    "&lt;!here&gt;",
)
_words = st.lists(st.one_of(st.sampled_from(_HOSTILE), st.text(max_size=20)), max_size=8).map(
    "".join
)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)


def _told(words: str) -> Message:
    facts = dict.fromkeys(("deployment", "reason", "from", "to", "actor"), words)
    return message(words, link=_LINK, durations={words: 1.0}, **facts)


_CHANNELS: Mapping[str, Callable[[Message], Any]] = {
    "slack": slack.payload,
    "teams": teams.payload,
    "mattermost": mattermost.payload,
    "discord": discord.payload,
    "apprise": apprise_sender.texts,
}
_NO_ACTION = re.compile(
    r"""
      @(?:here|channel|everyone|all)\b      # calls a whole channel
    | (?<![A-Za-z0-9])@\w                   # calls a person
    | (?<![A-Za-z0-9])(?:https?|ftp)://(?!backstop\.example|adaptivecards\.io)
    | \bwww\.
    | [\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]
    """,
    re.VERBOSE | re.IGNORECASE,
)


@pytest.mark.slow
@pytest.mark.parametrize("channel", sorted(_CHANNELS))
@given(words=_words)
@example(words="@here@here_")
def test_no_channel_acts_on_words(channel: str, words: str) -> None:
    """Nobody is called, nothing is a link, nothing is hidden, in any string of the payload."""
    for said in _strings(_CHANNELS[channel](_told(words))):
        assert not _NO_ACTION.search(said), said


@pytest.mark.slow
@given(words=_words)
def test_slack_shows_no_words_as_markup(words: str) -> None:
    """They stand in plain text objects; only our own link does not."""
    shown = slack.payload(_told(words))
    assert shown["mrkdwn"] is False
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", shown["text"])
    *others, context = shown["blocks"]
    assert "mrkdwn" not in set(_strings(others))
    assert context["elements"] == [
        {"type": "mrkdwn", "text": f"<{_LINK}|Open in Backstop>", "verbatim": True}
    ]


@pytest.mark.slow
@given(words=_words)
def test_teams_reads_no_words_as_markdown(words: str) -> None:
    """They stand in runs, in which Markdown is not read, and no entity makes a mention."""
    card = teams.payload(_told(words))["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    assert card["msteams"] == {"width": "Full"}


@pytest.mark.slow
@pytest.mark.parametrize("channel", ["mattermost", "discord"])
@given(words=_words)
def test_no_sign_of_markdown_is_bare(channel: str, words: str) -> None:
    """Each one has a backslash before it, so that nothing can begin."""
    rows = _CHANNELS[channel](_told(words))
    if channel == "discord":
        (embed,) = rows["embeds"]
        said = [embed["title"], *(field["value"] for field in embed["fields"])]
    else:
        lines = rows["text"].splitlines()[:-1]
        said = [lines[0][len("🔴 **") : -len("**")]]
        said += [line.partition(":** ")[2] for line in lines[1:]]
    for each in said:
        assert not re.search(r"(?<!\\)(?:\\\\)*[*_~`|#\[\]<>]", each), each


@pytest.mark.slow
@pytest.mark.parametrize("channel", sorted(_CHANNELS))
@given(words=_words)
def test_no_words_make_a_line_of_their_own(channel: str, words: str) -> None:
    """A forged fact would look like one of ours."""
    many = [s.count("\n") for s in _strings(_CHANNELS[channel](_told(words)))]
    usual = [s.count("\n") for s in _strings(_CHANNELS[channel](_told("usual")))]
    assert max(many) <= max(usual)


@pytest.mark.parametrize("channel", sorted(_CHANNELS))
def test_a_line_of_a_megabyte_makes_a_message(channel: str) -> None:
    """Of a size that the channel takes, with its link."""
    shown = json.dumps(_CHANNELS[channel](_told("<@&*" * 250_000)), ensure_ascii=False)
    assert len(shown) < 36_000
    assert _LINK in shown


@given(words=_words)
def test_a_machine_gets_the_words_as_data(words: str) -> None:
    """JSON keeps them apart from everything else."""
    data = webhook.payload(_told(words))["data"]
    assert data["facts"]["reason"] == words
    assert set(data) == {"id", "severity", "title", "count", "facts"}
