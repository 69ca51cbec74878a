"""The moving parts: ingest, golden runs, promotion, reconcile, outbox."""
