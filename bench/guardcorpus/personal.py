"""All kinds of personal data in the corpus."""

from __future__ import annotations

from bench.guardcorpus.accounts import (
    credit_card,
    de_steuer_id,
    iban,
    jp_my_number,
    uk_nino,
    us_ssn,
)
from bench.guardcorpus.births import date_of_birth
from bench.guardcorpus.contacts import email, ip_address, phone

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
