"""Dates of birth, and dates of anything else."""

from __future__ import annotations

import random

from bench.guardcorpus.item import Item, made, wide

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
    return made(rng, "date_of_birth", (frames if positive else other)[tongue], form, positive)
