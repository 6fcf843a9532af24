"""Writes a small Llama of random weights: `python -m scripts.engines.tiny_model mlx|transformers FOLDER`.

Run by the Python of that engine.
"""

import sys
from pathlib import Path

from tests.support import mlx_model


def write_torch(folder: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(7)
    shape = {k: v for k, v in mlx_model.CONFIG.items() if k not in ("model_type", "architectures")}
    LlamaForCausalLM(LlamaConfig(**shape)).save_pretrained(folder)
    mlx_model.write_tokenizer(folder)


if __name__ == "__main__":
    engine, folder = sys.argv[1], Path(sys.argv[2])
    mlx_model.write(folder) if engine == "mlx" else write_torch(folder)
