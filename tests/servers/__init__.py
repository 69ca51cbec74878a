"""Servers that behave as the documented contract of an engine's, over real HTTP on loopback.

The one for vLLM is held to the real vLLM by `make test-vllm`, which runs the same tests over both.
"""
