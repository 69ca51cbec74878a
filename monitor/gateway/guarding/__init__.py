"""Blocking guards on the way of answers: what a caller gets is what the guards have cleared."""
