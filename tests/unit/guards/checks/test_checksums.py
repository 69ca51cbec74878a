"""Check digits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guards.checks import checksums

# Published samples: ISO 7812 test cards, IBAN registry, Bundeszentralamt für Steuern, J-LIS.
SAMPLES: list[tuple[Callable[[str], bool], str]] = [
    (checksums.luhn, "4111111111111111"),
    (checksums.luhn, "378282246310005"),
    (checksums.luhn, "30569309025904"),
    (checksums.mod_97, "DE89370400440532013000"),
    (checksums.mod_97, "GB29NWBK60161331926819"),
    (checksums.mod_97, "MT84MALT011000012345MTLCAST001S"),
    (checksums.steuer_id, "86095742719"),
    (checksums.steuer_id, "47036892816"),
    (checksums.steuer_id, "65929970489"),
    (checksums.my_number, "123456789018"),
]


@pytest.mark.parametrize(("accepts", "number"), SAMPLES)
def test_published_numbers_are_right(accepts: Callable[[str], bool], number: str) -> None:
    """As printed by those who give them out."""
    assert accepts(number)


@pytest.mark.parametrize(("accepts", "number"), SAMPLES)
def test_any_other_last_digit_is_wrong(accepts: Callable[[str], bool], number: str) -> None:
    """Every one of these schemes notices a single wrong digit."""
    others = [digit for digit in "0123456789" if digit != number[-1] and number[-1].isdigit()]
    assert not any(accepts(number[:-1] + digit) for digit in others)


@pytest.mark.parametrize("number", ["01123456780", "11223456780", "11123456780", "12345678900"])
def test_a_tax_number_s_digits_must_repeat_as_they_do(number: str) -> None:
    """A leading zero, two pairs, three in a row or no pair at all are refused."""
    assert not checksums.steuer_id(number)
