"""Model checking of promotion and rollback."""
