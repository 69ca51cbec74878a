"""Shell: everything that touches the world."""
