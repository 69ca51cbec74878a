"""Golden sets in other tools' formats: carried over without loss, or refused in a sentence."""
