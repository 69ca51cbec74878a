"""Engines that are servers of their own: vLLM, SGLang, LoRAX and llama.cpp, reached over HTTP."""
