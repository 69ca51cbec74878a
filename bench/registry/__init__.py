"""Attacks on the registry: each is refused before anything is loaded, in its own words, at once."""
