"""Models that embed texts. Implementations of `ports.embedding.Embedder`."""
