"""The scorer's half: from what was handed over to the record."""
