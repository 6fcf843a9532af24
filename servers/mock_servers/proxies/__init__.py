"""Mocks of proxies: LiteLLM, llama-swap. Each file has `app(engine)`, its routes."""
