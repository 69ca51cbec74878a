"""Guards: `python -m bench.guards [--json] [--items N] [--seed N] [--no-peers] [--misses]`.

Precision and recall per kind on a generated corpus (`bench/guardcorpus`), half of each kind hard
negatives, with exact (Clopper-Pearson) 95 % intervals; beside Presidio's and LLM Guard's rules
without their models, and beside flagging always and never. An item is found if a finding of its
kind overlaps the value; a finding of its kind in a negative is a false alarm.

The same on a second corpus, held out at first: other layouts, languages and numbers, and pieces of
harmless documents as negatives. Then what guards add to a streamed answer of 200 tokens, all kinds on and blocking: the sum of the
time in `feed` and `finish`, the share of answers under 1 ms, and the characters held back. Then what
those add to a stream through the relay, and how long it is held by a hostile megabyte. Then what
is found in real answers, where `../shared/data` is there. And the time of each pattern, and of all guards, on a megabyte of text made to be slow.

    make bench-guards ARGS="--items 500"
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from bench import output
from bench.guardcorpus import credentials, delay, held_out, numbers, personal, prompts, real, relay
from bench.guardcorpus.item import Item
from bench.peers import guard_rules
from guards.checks import catalogue

_PEER_NAMES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "presidio": {
        "email": frozenset({"EMAIL_ADDRESS"}),
        "phone": frozenset({"PHONE_NUMBER"}),
        "iban": frozenset({"IBAN_CODE"}),
        "credit_card": frozenset({"CREDIT_CARD"}),
        "us_ssn": frozenset({"US_SSN"}),
        "uk_nino": frozenset({"UK_NINO"}),
        "de_steuer_id": frozenset({"DE_TAX_ID"}),
        "ip_address": frozenset({"IP_ADDRESS"}),
        "date_of_birth": frozenset({"DATE_TIME"}),
    },
    "llm_guard": {
        "email": frozenset({"EMAIL_ADDRESS_RE"}),
        "phone": frozenset({"PHONE_NUMBER_ZH", "PHONE_NUMBER_WITH_EXT"}),
        "credit_card": frozenset({"CREDIT_CARD_RE"}),
        "us_ssn": frozenset({"US_SSN_RE"}),
        **{kind: frozenset({"SECRET"}) for kind in (make.__name__ for make in credentials.KINDS)},
    },
}
_OURS = {
    "llm_key": frozenset({"openai_key", "anthropic_key"}),
    "assigned_secret": frozenset({"assigned_secret", "password"}),
    "slack_token": frozenset({"slack_token"}),
}
_LLM_GUARD_ITEMS = 100  # of a kind: it scans through a file, tens of milliseconds each


@dataclass(frozen=True, slots=True)
class Count:
    """How one system did on the items of one kind."""

    hit: int
    missed: int
    false: int

    @property
    def precision(self) -> str:
        """Precision with its interval."""
        return _share(self.hit, self.hit + self.false)

    @property
    def recall(self) -> str:
        """Recall with its interval."""
        return _share(self.hit, self.hit + self.missed)


def _share(part: int, whole: int) -> str:
    if whole == 0:
        return "-"
    low, high = stats.binomtest(part, whole).proportion_ci(0.95, "exact")
    return f"{part / whole:.3f} [{low:.3f}, {high:.3f}]"


def corpus(items: int, seed: int) -> dict[str, list[Item]]:
    """Return items by kind, positives and hard negatives in turn."""
    made: dict[str, list[Item]] = {}
    for make in (*personal.KINDS, *credentials.KINDS, *prompts.KINDS):
        rng = random.Random(f"{seed} {make.__name__}")
        made[make.__name__] = [make(rng, index % 2 == 0) for index in range(items)]
    return made


def found_by_us(item: Item) -> bool:
    """Return whether the guards find the item's kind in it, at its place if it has one."""
    guards = catalogue.build({name: {} for name in catalogue.CATALOGUE if name != "schema"})
    names = _OURS.get(item.kind, frozenset({item.kind}))
    pieces = [
        (finding.kind, item.text[finding.start : finding.end])
        for each in guards
        for finding in each.guard.check(item.text, item.context)
    ]
    return _found(item, names, pieces)


def _found(item: Item, names: frozenset[str], pieces: Sequence[tuple[str, str]]) -> bool:
    mine = [piece for kind, piece in pieces if kind in names]
    if item.value is None:
        return bool(mine)
    return any(_overlap(piece, item.value) for piece in mine)


def _overlap(piece: str, value: str) -> bool:
    """Return whether a piece is part of a value or has it in it, but for signs around it."""
    inner = piece.strip(" .,;()")
    return bool(inner) and (inner in value or value in piece or inner in value + "日")


def counted(items: Sequence[Item], found: Sequence[bool]) -> Count:
    """Return how many items were found, missed and falsely found."""
    pairs = list(zip(items, found, strict=True))
    return Count(
        hit=sum(was for item, was in pairs if item.value is not None),
        missed=sum(not was for item, was in pairs if item.value is not None),
        false=sum(was for item, was in pairs if item.value is None),
    )


def by_peer(peer: str, kinds: Mapping[str, Sequence[Item]]) -> dict[str, Count] | str:
    """Return a peer's counts by kind, or why there are none."""
    known = _PEER_NAMES[peer]
    most = _LLM_GUARD_ITEMS if peer == "llm_guard" else None
    asked = [item for kind in known for item in kinds[kind][:most]]
    told = guard_rules.scan(peer, [item.text for item in asked])
    if isinstance(told, str):
        return told
    answers = iter(told.texts)
    counts = {}
    for kind, names in known.items():
        items = kinds[kind][:most]
        counts[kind] = counted(items, [_found(item, names, next(answers)) for item in items])
    return counts


def _row(
    kind: str, items: Sequence[Item], peers: Mapping[str, dict[str, Count] | str], misses: bool
) -> dict[str, Any]:
    found = [found_by_us(item) for item in items]
    if misses:
        _show_misses(items, found)
    ours = counted(items, found)
    positives = sum(item.value is not None for item in items)
    row: dict[str, Any] = {
        "kind": kind,
        "items": len(items),
        "precision": ours.precision,
        "recall": ours.recall,
        "always: precision": f"{positives / len(items):.2f}",
        "never: recall": "0",
    }
    for peer, told in peers.items():
        count = told.get(kind) if isinstance(told, dict) else None
        row[f"{peer} precision"] = count.precision if count else "-"
        row[f"{peer} recall"] = count.recall if count else "-"
    return row


def _show_misses(items: Sequence[Item], found: Sequence[bool]) -> None:
    for item, was in zip(items, found, strict=True):
        if was != (item.value is not None):
            print(f"{'FALSE' if was else 'MISSED'} {item.kind}: {item.text!r} value={item.value!r}")


def _agreement(seed: int) -> str:
    """Return how many of the corpus' own numbers python-stdnum accepts."""
    rng = random.Random(seed)
    makers: Mapping[str, Callable[[random.Random], str]] = {
        "iban": numbers.iban,
        "credit_card": numbers.card,
        "de_steuer_id": numbers.steuer_id,
        "us_ssn": numbers.ssn,
    }
    pairs = [(kind, make(rng)) for kind, make in makers.items() for _ in range(250)]
    told = guard_rules.checked(pairs)
    return f"python-stdnum accepts {told} of the {len(pairs)} numbers the corpus calls valid"


def main() -> None:
    """Measure and print."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--items", type=int, default=500, help="of each kind")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    parser.add_argument(
        "--misses", action="store_true", help="print what was missed or falsely found"
    )
    options = parser.parse_args()
    kinds = corpus(options.items, options.seed)
    names = () if options.no_peers else tuple(_PEER_NAMES)
    peers = {peer: by_peer(peer, kinds) for peer in names}
    rows = [_row(kind, items, peers, options.misses) for kind, items in kinds.items()]
    unseen = {kind: held_out.items(kind, options.items, options.seed) for kind in held_out.KINDS}
    peers_unseen = {peer: by_peer(peer, unseen) for peer in names}
    rows_unseen = [
        _row(kind, items, peers_unseen, options.misses) for kind, items in unseen.items()
    ]
    notes = [f"{peer}: {told}" for peer, told in peers.items() if isinstance(told, str)]
    if names:
        notes.append(_agreement(options.seed))
        notes.append(
            f"LLM Guard saw the first {_LLM_GUARD_ITEMS} items of a kind; it says of a secret only that there is one"
        )
    output.show("Guards on a made-up corpus", rows, notes, options.json)
    output.show("Guards on the second corpus", rows_unseen, [], options.json)
    output.show("Added to a streamed answer of 200 tokens", delay.streams(), [], options.json)
    output.show("Through the relay, 200 tokens", relay.rows(), [], options.json)
    output.show("A hostile answer in the relay", relay.hostile(), [], options.json)
    found = real.rows()
    if found:
        note = "nobody labelled these: a finding may be right; they are places to look at"
        output.show("Real answers (AlpacaEval)", found, [note], options.json)
    slow = delay.slowest()
    worst = statistics.fmean(sorted(row["ms for 1 MB"] for row in slow)[-3:])
    output.show(
        "A megabyte made to be slow",
        slow,
        [f"mean of the three slowest: {worst:.0f} ms"],
        options.json,
    )


if __name__ == "__main__":
    main()
