"""Graders that need more than an answer's text: a sandbox, a judge, embeddings, likelihoods."""
