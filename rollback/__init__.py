"""Pure: which adapters there are, what the policy says, what to do about it."""
