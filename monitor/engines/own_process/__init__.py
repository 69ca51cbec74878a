"""A local engine in a process of its own, for work that must not touch the one that serves."""
