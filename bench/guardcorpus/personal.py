"""Personal data in answers, and what only looks like it."""

from __future__ import annotations

import random
import uuid

from bench.guardcorpus import numbers
from bench.guardcorpus.item import Item, framed, grouped, some, some_digits, wide

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
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONATE = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
_MOIS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_MESES = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
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
        return _item(rng, "email", frames, shown, True)
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
    return _item(rng, "email", frames, value, False)


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
        return _item(rng, "phone", frames, wide(value) if rng.random() < 0.06 else value, True)
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
    return _item(rng, "phone", plain, value, False)


def iban(rng: random.Random, positive: bool) -> Item:
    """Account numbers; wrong check digits, and other long codes."""
    frames = [
        "Please pay to {v}",
        "IBAN: {v}",
        "Überweisen Sie auf {v}",
        "Mon IBAN est {v}",
        "口座は{v}です",
        "iban={v}",
        "{v} BIC MARKDEFF",
        "Konto {v} bei der Bank",
    ]
    if positive or rng.random() < 0.5:
        bare = numbers.iban(rng, valid=positive)
        value = rng.choice(
            [
                bare,
                grouped(bare, [4] * 9, " "),
                grouped(bare, [4] * 9, " "),
                grouped(bare, [4] * 9, "-"),
            ]
        )
        value = rng.choices([value, value.lower(), wide(value)], [92, 5, 3])[0]
        return _item(rng, "iban", frames, value, positive)
    value = rng.choice(
        [
            f"{some(rng, 'ABCDEFGH', 2)}{some_digits(rng, 2)} {some_digits(rng, 4)} {some_digits(rng, 4)} {some_digits(rng, 4)} {some_digits(rng, 4)}",
            some(rng, "0123456789abcdef", 40),
            f"{some(rng, 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789', 17)}",
            str(uuid.UUID(int=rng.getrandbits(128))),
            f"SE{some_digits(rng, 10)}01",
            f"AB{some_digits(rng, 20)}",
        ]
    )
    return _item(rng, "iban", frames, value, False)


def credit_card(rng: random.Random, positive: bool) -> Item:
    """Card numbers; orders that fail Luhn, ISBNs, IMEIs, time stamps."""
    frames = [
        "Your card {v} was charged",
        "Card number: {v}",
        "カード番号は{v}です",
        "Karte {v} ist gesperrt",
        "cc={v}",
        "Order {v} is on its way",
        "La carte {v} est bloquée",
        "{v} exp. 04/29",
    ]
    if positive or rng.random() < 0.4:
        bare = numbers.card(rng, valid=positive)
        sizes = (4, 6, 5) if len(bare) == 15 else (4, 6, 4) if len(bare) == 14 else (4, 4, 4, 4)
        value = rng.choice(
            [bare, grouped(bare, sizes, " "), grouped(bare, sizes, "-"), grouped(bare, sizes, " ")]
        )
        return _item(
            rng, "credit_card", frames, wide(value) if rng.random() < 0.04 else value, positive
        )
    value = rng.choice(
        [
            f"978{some_digits(rng, 10)}",
            f"35{some_digits(rng, 13)}",
            f"1{some_digits(rng, 15)}",
            f"17{some_digits(rng, 11)}",
            f"0000{some_digits(rng, 12)}",
            f"{some_digits(rng, 8)}-{some_digits(rng, 8)}",
            f"3.{some_digits(rng, 15)}",
            some_digits(rng, 22),
            f"9{some_digits(rng, 15)}",
            f"ord_4{some_digits(rng, 15)}x",
        ]
    )
    return _item(rng, "credit_card", frames, value, False)


def us_ssn(rng: random.Random, positive: bool) -> Item:
    """Social security numbers; void ranges, ZIP+4, dates, ITINs, part numbers."""
    told = ["SSN {v}", "Social Security number: {v}", "her social security no. is {v}", "SSN={v}"]
    plain = ["It is {v}", "The number on file is {v}", "ID: {v}", "Employee Anna Lee, {v}"]
    if positive:
        bare = numbers.ssn(rng)
        frames, separator = (
            (told, rng.choice(["-", "-", " ", ""])) if rng.random() < 0.6 else (plain, "-")
        )
        return _item(rng, "us_ssn", frames, grouped(bare, (3, 2, 4), separator), True)
    value = rng.choice(
        [
            grouped(numbers.ssn(rng, valid=False), (3, 2, 4), "-"),
            f"{some_digits(rng, 5)}-{some_digits(rng, 4)}",
            some_digits(rng, 9),
            f"9{some_digits(rng, 2)}-7{rng.randint(0, 9)}-{some_digits(rng, 4)}",
            f"{some_digits(rng, 3)}-{some_digits(rng, 3)}-{some_digits(rng, 3)}",
            f"2024-{some_digits(rng, 3)}-{some_digits(rng, 2)}-{some_digits(rng, 4)}",
            "123-45-6789",
            f"{some_digits(rng, 4)}-{some_digits(rng, 2)}-{some_digits(rng, 4)}",
        ]
    )
    return _item(rng, "us_ssn", [*plain, "Part {v}", "ZIP {v}"], value, False)


def uk_nino(rng: random.Random, positive: bool) -> Item:
    """National insurance numbers; void prefixes, part numbers, post codes."""
    frames = [
        "NI number: {v}",
        "Her national insurance number is {v}",
        "{v} is on the payslip",
        "NINO={v}",
        "Part {v}",
    ]
    bare = numbers.nino(rng)
    if positive:
        value = rng.choice(
            [
                bare,
                grouped(bare, (2, 2, 2, 2), " "),
                f"{bare[:2]} {bare[2:8]} {bare[8]}",
                grouped(bare, (2, 2, 2, 2), "-"),
            ]
        )
        return _item(rng, "uk_nino", frames, value.lower() if rng.random() < 0.05 else value, True)
    value = rng.choice(
        [
            rng.choice(["BG", "GB", "NK", "TN", "ZZ", "DA", "QQ", "AO", "FY"]) + bare[2:],
            bare[:8] + rng.choice("EFGXZ"),
            bare[:7] + "A",
            f"{bare}7",
            f"X{bare}",
            f"SW1A {rng.randint(1, 9)}AA",
            f"AB{some_digits(rng, 8)}",
            some(rng, "ABCDEF0123456789", 12),
        ]
    )
    return _item(rng, "uk_nino", frames, value, False)


def de_steuer_id(rng: random.Random, positive: bool) -> Item:
    """German tax numbers; wrong check digits, other eleven digits."""
    frames = [
        "Steuer-ID: {v}",
        "Ihre Identifikationsnummer lautet {v}",
        "Die IdNr. {v} ist hinterlegt",
        "Tax ID {v}",
        "{v}",
    ]
    if positive:
        bare = numbers.steuer_id(rng)
        return _item(
            rng, "de_steuer_id", frames, rng.choice([bare, grouped(bare, (2, 3, 3), " ")]), True
        )
    value = rng.choice(
        [
            numbers.steuer_id(rng, valid=False),
            some_digits(rng, 11),
            some_digits(rng, 12),
            f"49{some_digits(rng, 9)}",
            f"0{some_digits(rng, 10)}",
        ]
    )
    return _item(rng, "de_steuer_id", [*frames, "Bestellung {v}", "Paket {v}"], value, False)


def jp_my_number(rng: random.Random, positive: bool) -> Item:
    """Japanese individual numbers; wrong check digits, orders, corporate numbers."""
    told = [
        "マイナンバーは{v}です",
        "個人番号：{v}",
        "My Number: {v}",
        "お客様の個人番号（{v}）",
        "マイナンバーカードに記載の番号は、{v}でございます",
    ]
    if positive:
        bare = numbers.my_number(rng)
        value = rng.choice(
            [bare, grouped(bare, (4, 4), " "), grouped(bare, (4, 4), "-"), wide(bare)]
        )
        return _item(
            rng, "jp_my_number", told if rng.random() < 0.93 else ["番号は{v}です"], value, True
        )
    if rng.random() < 0.5:
        return _item(rng, "jp_my_number", told, numbers.my_number(rng, valid=False), False)
    frames = ["注文番号は{v}です", "追跡番号：{v}", "Order {v}", "法人番号は{v}です"]
    return _item(
        rng,
        "jp_my_number",
        frames,
        rng.choice([numbers.my_number(rng), some_digits(rng, 13)]),
        False,
    )


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
        return _item(rng, "ip_address", frames[:-1] if ":" in value else frames, value, True)
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
    return _item(
        rng, "ip_address", ["It is {v}", "See {v}", "Log: {v}", "Use {v} here"], value, False
    )


def date_of_birth(rng: random.Random, positive: bool) -> Item:
    """Dates that are called one of birth; dates of anything else."""
    year, month, day = rng.randint(1930, 2012), rng.randint(1, 12), rng.randint(13, 28)
    forms = [
        (f"{year}-{month:02d}-{day}", "en de fr es"),
        (f"{day}/{month:02d}/{year}", "en fr es"),
        (f"{day}.{month:02d}.{year}", "de"),
        (f"{month}/{day}/{year}", "en"),
        (f"{day} {_MONTHS[month - 1]} {year}", "en"),
        (f"{_MONTHS[month - 1]} {day}, {year}", "en"),
        (f"{_MONTHS[month - 1][:3]} {day} {year}", "en"),
        (f"{day}. {_MONATE[month - 1]} {year}", "de"),
        (f"{day} {_MOIS[month - 1]} {year}", "fr"),
        (f"{day} de {_MESES[month - 1]} de {year}", "es"),
        (f"{year}年{month}月{day}日", "ja"),
        (wide(f"{year}年{month}月{day}日"), "ja"),
        (f"{year}/{month}/{day}", "ja"),
        (f"昭和{rng.randint(5, 63)}年{month}月{day}日", "ja"),
        (f"{day}/{month}/{year % 100:02d}", "en"),
    ]
    form, tongues = rng.choice(forms)
    tongue = rng.choice(tongues.split())
    frames = {
        "en": [
            "She was born on {v}",
            "DOB: {v}",
            "Date of birth: {v}",
            "date_of_birth={v}",
            "Her birthday is {v}",
            "Anna Lee (b. {v})",
        ],
        "de": ["Sie wurde am {v} geboren", "Geburtsdatum: {v}", "geb. {v}", "geboren am {v}"],
        "fr": ["Elle est née le {v}", "Date de naissance : {v}"],
        "es": ["Nació el {v}", "Fecha de nacimiento: {v}"],
        "ja": ["生年月日は{v}です", "{v}生まれです", "誕生日：{v}"],
    }
    other = {
        "en": [
            "The order of {v}",
            "The company was founded on {v}",
            "Delivered on {v}",
            "Version of {v}",
            "Valid from {v}",
        ],
        "de": ["Die Rechnung vom {v}", "Gegründet am {v}"],
        "fr": ["La facture du {v}", "Livré le {v}"],
        "es": ["El pedido del {v}", "Fundada el {v}"],
        "ja": ["注文日は{v}です", "{v}に発送しました", "設立：{v}"],
    }
    return _item(rng, "date_of_birth", (frames if positive else other)[tongue], form, positive)


def _item(rng: random.Random, kind: str, frames: list[str], value: str, positive: bool) -> Item:
    return Item(kind, framed(rng, frames, value), value if positive else None)


KINDS = (
    email,
    phone,
    iban,
    credit_card,
    us_ssn,
    uk_nino,
    de_steuer_id,
    jp_my_number,
    ip_address,
    date_of_birth,
)
