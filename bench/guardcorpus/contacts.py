"""Where people and machines are reached, and what only looks like it."""

from __future__ import annotations

import random
import uuid

from bench.guardcorpus.item import Item, grouped, made, some_digits, wide

_NAMES = [
    "anna",
    "bob.smith",
    "taro.yamada",
    "j.mueller",
    "marie-claire",
    "o'neill",
    "li.wei",
    "x.æbelø",
    "maría",
    "s+news",
    "a_b",
]
_HOSTS = [
    "gmail.com",
    "web.de",
    "yahoo.co.jp",
    "acme-corp.com",
    "mail.bbc.co.uk",
    "orange.fr",
    "müller.de",
    "kyoto-u.ac.jp",
    "proton.me",
    "startup.io",
    "company.photography",
]


def email(rng: random.Random, positive: bool) -> Item:
    """E-mail addresses; documentation, handles, files and packages."""
    frames = [
        "You can write to {v} today",
        "メールは{v}までお願いします",
        "Kontakt: {v}",
        "e-mail={v}",
        "[write](mailto:{v})",
        "From: Anna Lee {v}",
        "Escriba a {v}",
        "{v} is on copy",
    ]
    if positive:
        value = f"{rng.choice(_NAMES)}{rng.choice(['', some_digits(rng, 2)])}@{rng.choice(_HOSTS)}"
        shown = rng.choices(
            [value, wide(value), value.upper(), value.replace("@", " [at] ")], [85, 5, 7, 3]
        )[0]
        return made(rng, "email", frames, shown, True)
    value = rng.choice(
        [
            f"{rng.choice(_NAMES[:4])}@example.{rng.choice(['com', 'org', 'net'])}",
            f"user{some_digits(rng, 2)}@host.test",
            "admin@localhost",
            "git@github.com:acme/app.git",
            f"icon@{rng.randint(2, 3)}x.png",
            f"react@{rng.randint(16, 19)}.2.0",
            f"@user_{some_digits(rng, 3)}",
            f"ssh deploy@10.0.0.{rng.randint(2, 250)}",
            "actions/checkout@v4",
            "5 @ 3.50 EUR",
            "@app.route",
            f"support@2 pm on {rng.randint(1, 28)} May",
            "https://medium.com/@anna/post-1",
        ]
    )
    return made(rng, "email", frames, value, False)


def phone(rng: random.Random, positive: bool) -> Item:
    """Numbers as they are written in seven countries; orders, sums, dates, coordinates."""
    frames = [
        "Call us on {v}",
        "Tel.: {v}",
        "電話番号は{v}です",
        "Sie erreichen uns unter {v}",
        "Appelez le {v}",
        "My number is {v}",
        "{v} is the desk's number",
        "Fax {v}",
        "Llame al {v}",
        "Anna Lee, {v}",
    ]
    if positive:
        area, line = rng.randint(201, 989), f"{rng.randint(200, 999)}{some_digits(rng, 4)}"
        value = rng.choice(
            [
                f"({area}) {line[:3]}-{line[3:]}",
                f"{area}-{line[:3]}-{line[3:]}",
                f"{area}.{line[:3]}.{line[3:]}",
                f"+1 {area} {line[:3]} {line[3:]}",
                f"+49 {rng.choice(['30', '89', '171'])} {some_digits(rng, 7)}",
                f"0{rng.choice(['30', '89', '221'])} / {rng.randint(1, 9)}{some_digits(rng, 6)}",
                f"0{rng.choice(['151', '171'])} {rng.randint(1, 9)}{some_digits(rng, 6)}",
                f"+44 20 7{some_digits(rng, 3)} {some_digits(rng, 4)}",
                f"07{some_digits(rng, 3)} {some_digits(rng, 6)}",
                f"020 7{some_digits(rng, 3)} {some_digits(rng, 4)}",
                f"+33 6 {grouped(some_digits(rng, 8), (2, 2, 2), ' ')}",
                f"06 {grouped(some_digits(rng, 8), (2, 2, 2), ' ')}",
                f"0{rng.choice('789')}0-{some_digits(rng, 4)}-{some_digits(rng, 4)}",
                f"03-{rng.randint(3, 6)}{some_digits(rng, 3)}-{some_digits(rng, 4)}",
                f"06({rng.randint(1000, 9999)}){some_digits(rng, 4)}",
                f"+81-3-{some_digits(rng, 4)}-{some_digits(rng, 4)}",
                f"+34 6{some_digits(rng, 2)} {some_digits(rng, 3)} {some_digits(rng, 3)}",
                f"+86 138 {some_digits(rng, 4)} {some_digits(rng, 4)}",
                f"+91 98{some_digits(rng, 3)} {some_digits(rng, 5)}",
                f"030{some_digits(rng, 7)}",
                f"6{some_digits(rng, 2)} {some_digits(rng, 3)} {some_digits(rng, 3)}",
            ]
        )
        return made(rng, "phone", frames, wide(value) if rng.random() < 0.06 else value, True)
    plain = [
        "Your order is {v}",
        "Order no. {v} was shipped",
        "The invoice {v} is paid",
        "注文番号は{v}です",
        "See {v}",
        "Die Bestellung {v} ist da",
        "It was {v}",
        "Item {v} is out of stock",
    ]
    value = rng.choice(
        [
            some_digits(rng, rng.randint(8, 14)),
            f"2024-{some_digits(rng, 4)}-{some_digits(rng, 4)}",
            str(uuid.UUID(int=rng.getrandbits(128))),
            f"ISBN 978-3-16-{some_digits(rng, 6)}-{rng.randint(0, 9)}",
            f"{rng.randint(1, 999)},{some_digits(rng, 3)},{some_digits(rng, 3)}",
            f"2023-0{rng.randint(1, 9)}-1{rng.randint(0, 9)} 12:{rng.randint(10, 59)}",
            f"48.{some_digits(rng, 6)}, 11.{some_digits(rng, 6)}",
            f"{rng.randint(1990, 2024)}-{rng.randint(1990, 2024)}",
            f"1{some_digits(rng, 3)}-{some_digits(rng, 3)}-{some_digits(rng, 2)}",
            f"A-{some_digits(rng, 8)}",
            f"192.168.{rng.randint(0, 9)}.{rng.randint(10, 250)}",
            f"10 000 000 {rng.randint(100, 999)}",
            f"DE{some_digits(rng, 9)}",
            f"0.{some_digits(rng, 9)}",
            f"17{some_digits(rng, 8)}",
            f"{some_digits(rng, 3)}-{some_digits(rng, 2)}-{some_digits(rng, 3)}",
        ]
    )
    return made(rng, "phone", plain, value, False)


def ip_address(rng: random.Random, positive: bool) -> Item:
    """Public addresses; versions, sections, times, documentation, loopback."""
    frames = [
        "The login came from {v}",
        "接続元は{v}です",
        "IP: {v}",
        "{v} - - [10/Oct/2024:13:55:36] GET /",
        "http://{v}/login",
        "client={v}",
        "host {v}:8080 is down",
    ]
    if positive:
        four = f"{rng.choice([5, 31, 62, 81, 91, 104, 133, 185, 203])}.{rng.randint(1, 254)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
        six = ":".join(
            [
                rng.choice(["2a00", "2001", "2400", "2607"]),
                *(f"{rng.getrandbits(16):x}" for _ in range(7)),
            ]
        )
        short = f"2a02:{rng.getrandbits(15) + 1:x}::{rng.getrandbits(15) + 1:x}"
        value = rng.choice([four, four, four, six, short])
        return made(rng, "ip_address", frames[:-1] if ":" in value else frames, value, True)
    value = rng.choice(
        [
            f"version {rng.randint(1, 20)}.{rng.randint(0, 20)}.{rng.randint(0, 99)}.{rng.randint(0, 99)}",
            f"v{rng.randint(1, 9)}.{rng.randint(0, 9)}.0.{rng.randint(1, 9)}",
            f"pip install torch=={rng.randint(1, 3)}.{rng.randint(0, 9)}.0.1",
            f"Chrome/{rng.randint(90, 130)}.0.{rng.randint(1000, 6999)}.{rng.randint(10, 200)}",
            f"section {rng.randint(1, 9)}.{rng.randint(1, 9)}.{rng.randint(1, 9)}.{rng.randint(1, 9)}",
            f"{rng.randint(256, 999)}.1.2.{rng.randint(1, 200)}",
            "127.0.0.1",
            "0.0.0.0",
            f"192.0.2.{rng.randint(1, 254)}",
            f"2001:db8::{rng.getrandbits(16):x}",
            f"{rng.randint(10, 23)}:{rng.randint(10, 59)}:{rng.randint(10, 59)}",
            "std::vec::Vec",
            f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.2024",
            ":".join(f"{rng.getrandbits(8):02x}" for _ in range(6)),
            "::1",
            f"1.2.3.4.{rng.randint(5, 9)}",
            f"firmware {rng.randint(1, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 9)}.{rng.randint(1, 99)}",
            f"update to {rng.randint(10, 14)}.{rng.randint(0, 9)}.{rng.randint(0, 9)}.{rng.randint(1, 99)}",
        ]
    )
    return made(
        rng, "ip_address", ["It is {v}", "See {v}", "Log: {v}", "Use {v} here"], value, False
    )
