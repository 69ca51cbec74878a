"""A second corpus: other layouts, languages and numbers, and pieces of harmless documents.

It was written when the patterns were done with the first corpus, and measured before anything was
changed; docs/guards.md has those figures. What it showed was mended then, so a figure of today is no
longer that of a corpus held out.
"""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Callable

from bench.guardcorpus import credentials, personal
from bench.guardcorpus.item import Item, some, some_digits

_LAYOUTS = (
    "BEGIN:VCARD\nVERSION:3.0\nN:Lee;Anna\nNOTE:{v}\nEND:VCARD",
    "<tr><td>Anna Lee</td><td>{v}</td><td>open</td></tr>",
    "id,name,value,state\n1,Anna Lee,{v},open\n2,Bo Ek,,closed",
    "customer:\n  name: Anna Lee\n  value: {v}\n  vip: false",
    "INSERT INTO customers VALUES (1, 'Anna Lee', '{v}', NULL);",
    "Best regards,\nAnna Lee | {v} | Blue Parcel Ltd",
    "[12:03] Anna: ok so it's {v} right?\n[12:04] Bo: yep",
    '{"customer": {"name": "Anna", "value": "{v}"}, "open": true}',
    "* Anna Lee -- {v}\n* Bo Ek -- none",
    "> On Monday Anna wrote:\n> {v}\n\nThat is what I have.",
    "Name;Wert\nAnna Lee;{v}\n",
    "1) Anna ({v}); 2) Bo (none)",
    "print('{v}')  # as in the ticket",
    "...and {v}! Could you confirm?",
    "\\textbf{Anna Lee}, {v} \\\\",
    "Sì, il dato è {v}, grazie",
    "O valor registado é {v}.",
    "Het gegeven is {v}, klopt dat?",
    "登记的信息是{v}，请确认。",
    "등록된 정보는 {v}입니다.",
    "値は「{v}」と登録されています。",
    "В базе указано {v}.",
)
_PHONES = (
    "Il mio numero è {v}", "Mi chiami al {v}", "Ligue para {v}", "Bel ons op {v}", "电话：{v}", "전화번호는 {v}입니다", "tel:{v}", "T: {v}", "☎ {v}", "M {v} | E none",
    "WhatsApp {v}", "Ring Anna on {v} after six", "Hotline {v}, weekdays", "Anna Lee\n{v}\n12 High Street", "携帯：{v}",
)  # fmt: skip
_BORN = {
    "{d}/{m:02d}/{y}": (
        "Nata il {v} a Roma",
        "Data di nascita: {v}",
        "Data de nascimento: {v}",
        "Nascido em {v}",
    ),
    "{d}-{m:02d}-{y}": ("Geboren op {v}", "Geboortedatum: {v}"),
    "{y}年{m}月{d}日": ("出生日期：{v}", "她出生于{v}"),
    "{y}년 {m}월 {d}일": ("생년월일: {v}",),
    "{y}-{m:02d}-{d}": (
        '"birthDate": "{v}"',
        "BDAY:{v}",
        "<birthdate>{v}</birthdate>",
        "dob\n---\n{v}",
        "date_naissance: {v}",
    ),
    "{d}.{m:02d}.{y}": ("geb. am {v} in Bonn", "Geburtstag {v}", "*{v}"),
    "{d} {mon} {y}": ("Anna Lee, born {v}, is", "D.O.B. {v}", "(born {v})", "Birth: {v}"),
}
_MONTHS = "Jan Feb March April May June July Aug Sept October November Dec".split()  # noqa: SIM905
_CODE = (
    'client = OpenAI(api_key="{v}")', "const token = '{v}';", "apiVersion: v1\nkind: Secret\nstringData:\n  token: {v}\n", "ENV TOKEN={v}", "--token {v}", "Authorization: token {v}",
    "X-Api-Key: {v}", "I rotated {v} yesterday", "密钥是 {v}", "La chiave è {v}", "git remote add o https://x-access-token:{v}@github.com/a/b", "?key={v}&v=1", "| prod | {v} |", "[default]\nkey = {v}\nregion = eu",
)  # fmt: skip
_CALLED = (
    "spring.datasource.password={v}", 'password: "{v}"', "PGPASSWORD={v} psql", "const API_SECRET = '{v}'", "<password>{v}</password>", "your password is: {v}", "--password {v}", "Login: anna / {v}", "mot de passe : {v}", "la contraseña es {v}",
    "密码：{v}", "비밀번호는 {v} 입니다", "wifi password\n{v}", "secret_access_key => '{v}'", "auth: { token: '{v}' }",
)  # fmt: skip


def phone(rng: random.Random) -> tuple[str, str]:
    """Return a text with a number of another six countries, and the number."""
    value = rng.choice([
        f"+39 3{some_digits(rng, 2)} {some_digits(rng, 3)} {some_digits(rng, 4)}", f"3{some_digits(rng, 2)} {some_digits(rng, 7)}", f"06 {some_digits(rng, 8)}", f"+31 6 {some_digits(rng, 8)}", f"06-{some_digits(rng, 8)}",
        f"+55 11 9{some_digits(rng, 4)}-{some_digits(rng, 4)}", f"(11) 9{some_digits(rng, 4)}-{some_digits(rng, 4)}", f"+61 4{some_digits(rng, 2)} {some_digits(rng, 3)} {some_digits(rng, 3)}", f"04{some_digits(rng, 2)} {some_digits(rng, 3)} {some_digits(rng, 3)}",
        f"+82-10-{some_digits(rng, 4)}-{some_digits(rng, 4)}", f"010-{some_digits(rng, 4)}-{some_digits(rng, 4)}", f"138{some_digits(rng, 8)}", f"+351 91{some_digits(rng, 7)}", f"0049 171 {some_digits(rng, 7)}", f"1-800-{rng.randint(200, 999)}-{some_digits(rng, 4)}", f"+1-{rng.randint(201, 989)}-{rng.randint(200, 999)}-{some_digits(rng, 4)} ext. 12",
    ])  # fmt: skip
    return rng.choice(_PHONES).replace("{v}", value), value.removesuffix(" ext. 12")


def date_of_birth(rng: random.Random) -> tuple[str, str]:
    """Return a text with a date of birth in other words, and the date."""
    form = rng.choice(list(_BORN))
    month, day, year = rng.randint(1, 12), rng.randint(13, 28), rng.randint(1930, 2012)
    value = form.format(d=day, m=month, y=year, mon=_MONTHS[month - 1])
    return rng.choice(_BORN[form]).replace("{v}", value), value


def assigned_secret(rng: random.Random) -> tuple[str, str]:
    """Return a text with a password or a random value, and the value."""
    value = rng.choice([
        lambda: some(rng, string.ascii_letters + string.digits, rng.randint(16, 44)), lambda: some(rng, "0123456789abcdef", 64), lambda: f"{some(rng, string.ascii_lowercase, 5)}-{some(rng, string.ascii_letters, 6)}-{some_digits(rng, 4)}", lambda: rng.choice(["Summer", "dragon", "Passw0rd"]) + some_digits(rng, 2) + "!",
        lambda: some(rng, string.ascii_letters + string.digits + "!@#$%^&*", 16),
    ])()  # fmt: skip
    return rng.choice(_CALLED).replace("{v}", value), value


def harmless(rng: random.Random) -> str:
    """Return a piece of a document in which nothing must be found."""
    hexes = "0123456789abcdef"
    return rng.choice([
        f"DOI 10.{rng.randint(1000, 9999)}/s{some_digits(rng, 5)}-0{rng.randint(10, 24)}-{some_digits(rng, 5)}-{rng.randint(0, 9)}", f"arXiv:23{rng.randint(10, 12)}.{some_digits(rng, 5)}v2", f"CAS {rng.randint(50, 9999)}-{some_digits(rng, 2)}-{rng.randint(0, 9)}", f"EAN 40{some_digits(rng, 11)}", f"VIN WVWZZZ1JZ{some_digits(rng, 8)}",
        f"UPS 1Z{some(rng, string.ascii_uppercase + string.digits, 6)}{some_digits(rng, 10)}", f"arn:aws:iam::{some_digits(rng, 12)}:role/deploy", f"image: registry.acme.io/app:2.{rng.randint(0, 40)}.{rng.randint(0, 9)}@sha256:{some(rng, hexes, 64)}", f'"integrity": "sha512-{some(rng, string.ascii_letters + string.digits + "+/", 86)}=="',
        f"* {some(rng, hexes, 7)} (HEAD -> main) Bump lodash from 4.17.{rng.randint(10, 20)} to 4.17.21", f"2024-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T0{rng.randint(0, 9)}:{rng.randint(10, 59)}:{rng.randint(10, 59)}.{some_digits(rng, 6)}Z INFO took {rng.randint(100, 999)} ms", f"42 U.S.C. § {rng.randint(1000, 2000)}", f"netmask 255.255.{rng.choice([0, 240, 255])}.0",
        f"| {rng.randint(10, 99)} | {rng.randint(1000, 9999)} | {rng.randint(100, 999)}.{some_digits(rng, 2)} | {rng.randint(1, 12)}/{rng.randint(1, 28)} |", f"E = {rng.randint(1, 9)}.{some_digits(rng, 12)}e-{rng.randint(10, 34)} J", f"{rng.randint(1, 90)}°{rng.randint(10, 59)}'{rng.randint(10, 59)}.{rng.randint(0, 9)}\"N {rng.randint(1, 170)}°{rng.randint(10, 59)}'W", "π ≈ 3.14159265358979323846",
        f"UUID {uuid.UUID(int=rng.getrandbits(128))}", f"#define MAGIC 0x{some(rng, hexes, 8).upper()}", f"Flight LH{rng.randint(100, 999)} on {rng.randint(1, 28)} May at {rng.randint(10, 23)}:{rng.randint(10, 59)}, gate B{rng.randint(10, 59)}", f"https://acme.io/a/{some_digits(rng, 10)}?ref={some(rng, string.ascii_letters + string.digits, 11)}", f"data:font/woff2;base64,d09GMgABAAAAA{some(rng, string.ascii_letters + string.digits + '+/', 180)}",
        f"The battle of {rng.randint(1400, 1900)} lasted from {rng.randint(1, 28)} June to {rng.randint(1, 28)} July.", f"Mix {rng.randint(100, 900)} g flour, {rng.randint(1, 9)} eggs, {rng.randint(100, 400)} ml milk; bake {rng.randint(20, 60)} min at {rng.randint(160, 220)} °C.", f"Her album came out on {rng.randint(1, 28)} March {rng.randint(1960, 2020)} and sold {rng.randint(1, 9)},{some_digits(rng, 3)},{some_digits(rng, 3)} copies.", f"{rng.randint(1, 38)}. e4 e5 2. Nf3 Nc6 3. Bb5 a6",
        f"SELECT count(*) FROM orders WHERE id BETWEEN {some_digits(rng, 9)} AND {some_digits(rng, 9)};", f"Invoice RE-2024-{some_digits(rng, 6)}, customer {some_digits(rng, 8)}, VAT DE{some_digits(rng, 9)}", f"token count: {rng.randint(1000, 9999)}, secret santa at {rng.randint(4, 9)} pm", f"password reset link sent; code expires in {rng.randint(10, 60)} minutes", f"ticket JIRA-{rng.randint(100, 9999)}: fix 3.{rng.randint(0, 12)}.{rng.randint(0, 9)}.dev{rng.randint(1, 9)}", f"k=v: retries={rng.randint(1, 9)} ttl=86400 max_tokens=4096 seed={some_digits(rng, 10)}",
        f"ISBN-13: 978-{rng.randint(0, 9)}-{some_digits(rng, 3)}-{some_digits(rng, 5)}-{rng.randint(0, 9)}", f"Serial C02{some(rng, string.ascii_uppercase + string.digits, 9)}, firmware 7.{rng.randint(0, 9)}.{rng.randint(0, 9)}.{rng.randint(10, 99)}", f"注文日：2024年{rng.randint(1, 12)}月{rng.randint(1, 28)}日 合計{rng.randint(1, 99)},{some_digits(rng, 3)}円", f"订单号 {some_digits(rng, 18)} 已发货", f"@anna_{some_digits(rng, 2)} thanks! see #{some_digits(rng, 4)}", f"npm i @types/node@{rng.randint(16, 22)}.{rng.randint(0, 9)}.1",
    ])  # fmt: skip


_OTHER: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "phone": phone,
    "date_of_birth": date_of_birth,
    "assigned_secret": assigned_secret,
}


def items(kind: str, count: int, seed: int) -> list[Item]:
    """Return items of one kind, positives and pieces of harmless documents in turn."""
    rng = random.Random(f"held out {seed} {kind}")
    return [
        _positive(kind, rng) if index % 2 == 0 else _negative(kind, rng) for index in range(count)
    ]


def _positive(kind: str, rng: random.Random) -> Item:
    if kind in _OTHER:
        text, value = _OTHER[kind](rng)
        return Item(kind, text, value)
    makers = {make.__name__: make for make in (*personal.KINDS, *credentials.KINDS)}
    value = makers[kind](rng, True).value or ""
    layouts = _CODE if makers[kind] in credentials.KINDS and kind != "private_key" else _LAYOUTS
    return Item(kind, rng.choice(layouts).replace("{v}", value), value)


def _negative(kind: str, rng: random.Random) -> Item:
    text = " ".join(harmless(rng) for _ in range(3))
    return Item(kind, text, None)


KINDS = tuple(make.__name__ for make in (*personal.KINDS, *credentials.KINDS))
