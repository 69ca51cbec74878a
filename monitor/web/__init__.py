"""Operator API, dashboard, health, metrics."""
