"""The operator API: JSON under `/api`."""
