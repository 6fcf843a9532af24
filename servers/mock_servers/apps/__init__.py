"""Mocks of desktop applications: LM Studio, Ollama. Each file has `app(engine)`, its routes."""
