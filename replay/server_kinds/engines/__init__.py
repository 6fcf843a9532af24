"""Inference engines that are servers themselves: llama.cpp, vLLM, MLX and more. One file per kind.

Each file ends with its `KIND`: read that first. To add one: see `replay/server_kinds/__init__.py`.
"""
