"""Guards: checks of one answer, whole or streamed, with a verdict (pass, flag or block)."""
