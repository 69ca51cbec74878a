"""One sender per file behind one port."""
