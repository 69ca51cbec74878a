"""Runs inside the peers' environment: `python guard_rules_scan.py PEER < work.json`."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.metadata
import json
import logging
import re
import sys
import time
import types
from pathlib import Path


def presidio():
    """Return a function from a text to kinds and pieces."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer import predefined_recognizers as known
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR

    class Blank(SpacyNlpEngine):
        """A pipeline that only cuts into words: the context words of recognisers need them."""

        def __init__(self):
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.nlp = {"en": spacy.blank("en")}

        def load(self):
            """Load nothing."""

        def is_loaded(self):
            """Return that all is there."""
            return True

    recognizers = [
        known.EmailRecognizer(),
        known.PhoneRecognizer(supported_regions=("US", "GB", "DE", "FR", "JP", "ES", "CN", "IN")),
        known.IbanRecognizer(),
        known.CreditCardRecognizer(),
        known.UsSsnRecognizer(),
        known.UkNinoRecognizer(),
        known.DeTaxIdRecognizer(supported_language="en"),
        known.IpRecognizer(),
        known.DateRecognizer(),
    ]
    engine = AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=recognizers),
        nlp_engine=Blank(),
        supported_languages=["en"],
    )
    return lambda text: [
        (each.entity_type, text[each.start : each.end])
        for each in engine.analyze(text, language="en", score_threshold=0.35)
    ]


def llm_guard():
    """Return a function from a text to kinds and pieces."""
    for name in (
        "llm_guard",
        "llm_guard.input_scanners",
        "llm_guard.input_scanners.anonymize_helpers",
    ):
        _open_package(name)
    regex_patterns = importlib.import_module(
        "llm_guard.input_scanners.anonymize_helpers.regex_patterns"
    )
    secrets = importlib.import_module("llm_guard.input_scanners.secrets")
    patterns = [
        (each["name"], re.compile(expression))
        for each in regex_patterns.get_regex_patterns()
        for expression in each["expressions"]
    ]
    scanner = secrets.Secrets(redact_mode=secrets.REDACT_ALL)

    def scan(text):
        found = [(name, hit.group()) for name, each in patterns for hit in each.finditer(text)]
        _, valid, _ = scanner.scan(text)
        return found if valid else [*found, ("SECRET", text)]

    return scan


def _open_package(name):
    """Let modules of a package be imported without what the package itself imports."""
    root = importlib.metadata.distribution("llm-guard").locate_file("")
    package = types.ModuleType(name)
    package.__path__ = [str(Path(root).joinpath(*name.split(".")))]
    package.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    sys.modules[name] = package


def stdnum(pairs):
    """Return how many numbers the library accepts."""
    from stdnum import iban, luhn
    from stdnum.de import idnr
    from stdnum.us import ssn

    tests = {"iban": iban, "credit_card": luhn, "de_steuer_id": idnr, "us_ssn": ssn}
    # Digits that a country's banks check beside the IBAN's own are no part of ISO 13616.
    options = {"iban": {"check_country": False}}
    return sum(tests[kind].is_valid(number, **options.get(kind, {})) for kind, number in pairs)


def main():
    """Do the work that standard input asks for."""
    logging.disable(logging.CRITICAL)
    peer, work = sys.argv[1], json.load(sys.stdin)
    if peer == "stdnum":
        print(json.dumps({"accepted": stdnum(work)}))
        return
    scan = {"presidio": presidio, "llm_guard": llm_guard}[peer]()
    package = {"presidio": "presidio-analyzer", "llm_guard": "llm-guard"}[peer]
    started = time.perf_counter()
    found = [scan(text) for text in work]
    took = time.perf_counter() - started
    version = importlib.metadata.version(package)
    print(json.dumps({"found": found, "version": version, "took_s": took}))


main()
