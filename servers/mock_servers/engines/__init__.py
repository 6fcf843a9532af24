"""Mocks of inference engines: llama.cpp, vLLM, MLX. Each file has `app(engine)`, its routes."""
