"""Pilots: small trials that compare adapters with prompts and full fine-tuning, to decide by."""
