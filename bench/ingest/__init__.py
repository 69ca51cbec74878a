"""Ingest to Postgres."""
