"""Servers that stand in front of other servers: LiteLLM, llama-swap, Open WebUI. One file per kind.

Each file ends with its `KIND`: read that first. To add one: see `replay/server_kinds/__init__.py`.
"""
