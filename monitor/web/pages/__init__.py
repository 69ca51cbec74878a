"""The dashboard: pages and fragments of HTML."""
