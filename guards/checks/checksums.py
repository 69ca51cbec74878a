"""Check digits of numbers that people and banks are known by. All take bare digits or letters."""

from __future__ import annotations

from collections import Counter

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """Return whether the last digit is right (ISO/IEC 7812-1, annex B).

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def mod_97(iban: str) -> bool:
    """Return whether an IBAN's check digits are right (ISO 7064 MOD 97-10, ISO 13616).

    >>> mod_97("GB82WEST12345698765432")
    True
    """
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def steuer_id(digits: str) -> bool:
    """Return whether eleven digits are a German tax identification number (§ 139b AO).

    Among the first ten, one digit stands twice or three times (never three in a row) and no other
    twice; the last is the check digit of ISO 7064 MOD 11,10.

    >>> steuer_id("86095742719")
    True
    """
    first = digits[:10]
    if digits[0] == "0" or sorted(Counter(first).values())[-2:] not in ([1, 2], [1, 3]):
        return False
    if any(digit * 3 in first for digit in "0123456789"):
        return False
    product = 10
    for digit in first:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(digits[10])


def my_number(digits: str) -> bool:
    """Return whether twelve digits are a Japanese Individual Number (Ordinance 85 of 2014, art. 5).

    >>> my_number("123456789018"), my_number("123456789012")
    (True, False)
    """
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)
