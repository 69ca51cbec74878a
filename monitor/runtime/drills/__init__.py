"""Drills: a version spoilt on purpose is put through all that should catch it, and never serves."""
