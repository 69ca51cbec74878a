"""What needs a real vLLM: `make test-vllm`."""
