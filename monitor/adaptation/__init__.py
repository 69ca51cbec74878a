"""Makes adapters: the only place that trains."""
