"""Guards over one answer."""
