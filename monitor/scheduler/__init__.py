"""The clock that inserts runs; the only importer of APScheduler."""
