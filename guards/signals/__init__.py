"""Signals: named numbers computed from one exchange, one file per family."""
