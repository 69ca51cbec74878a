"""Real clients against a model server directly, and through Backstop: they must not see the difference."""
