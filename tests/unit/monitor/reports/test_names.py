"""What versions and numbers are called."""

from __future__ import annotations

import doctest

import pytest

from monitor.reports import names, render


@pytest.mark.parametrize("module", [names, render])
def test_the_examples_are_true(module):
    """Every example in the docstrings gives what it says."""
    tried = doctest.testmod(module)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_what_is_unknown_is_a_dash():
    """No time, span or number is shown as zero."""
    assert names.moment(None) == names.duration(None) == names.number(None) == "–"


def test_a_version_without_a_label_keeps_its_name():
    """A label of another version is not borrowed."""
    assert names.version_label("a@1", {"a@2": "v2"}) == "a@1"
