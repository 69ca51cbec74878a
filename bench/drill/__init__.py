"""Versions spoilt on purpose, on the demo's model: what catches them, and after how many answers."""
