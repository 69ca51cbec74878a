"""Replay: the service's own scoring, judging and deciding over a log, without engine or database."""
