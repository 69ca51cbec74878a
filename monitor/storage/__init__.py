"""Postgres: tables, writers, readers, leader lease; the only importer of SQLAlchemy."""
