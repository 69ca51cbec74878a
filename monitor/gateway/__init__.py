"""The OpenAI-compatible data plane: route, generate or relay, tee."""
