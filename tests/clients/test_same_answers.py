"""The `openai` package and plain curl see the same directly and through Backstop."""

from __future__ import annotations

import pytest

from tests.clients import curl_suite, python_suite
from tests.clients.target import Target

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.xdist_group("clients")]


@pytest.mark.parametrize("scenario", python_suite.SCENARIOS)
def test_python(direct: Target, through: Target, scenario: str) -> None:
    """Python's client gets equal objects, and equal errors."""
    assert python_suite.run(through, scenario) == python_suite.run(direct, scenario)


@pytest.mark.parametrize("scenario", curl_suite.SCENARIOS)
def test_curl(direct: Target, through: Target, scenario: str) -> None:
    """Curl gets the same status, type and bytes; who refuses a body words it himself."""
    ours, theirs = curl_suite.run(through, scenario), curl_suite.run(direct, scenario)
    if scenario in curl_suite.WORDED_BY_WHO_REFUSES:
        assert ours[0] == theirs[0]
    else:
        assert ours == theirs


def test_the_suite_asks_for_answers(through: Target) -> None:
    """What is compared are answers, and refusals only where the suite provokes them."""
    refused = {
        scenario
        for scenario in python_suite.SCENARIOS
        if "raised" in (seen := python_suite.run(through, scenario)) and isinstance(seen, dict)
    }
    assert refused == {
        name + how
        for name in ("a bad parameter", "a prompt beyond the context")
        for how in ("", ", streamed")
    } | {"an unknown model"}


def test_a_body_beyond_the_limit(through: Target) -> None:
    """A body of more than the limit is refused with 413 in OpenAI's form."""
    status, body = curl_suite.post(through, curl_suite.CHAT, b'{"model":"%s"}' % (b"x" * (5 << 20)))
    assert status == b"413 application/json"
    assert b'"error"' in body
