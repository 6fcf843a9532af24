"""Writes a small Llama of random weights with a word tokenizer into a folder: run by the Python of mlx.

Four layers of 128: a second to write, 0.3 s for 48 tokens on a processor. Its words mean nothing.
"""

import json
import sys
from pathlib import Path

NUMBERS, WORDS = 1000, 2000  # words that are three digits, as in our prefixes, and words in all
CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "vocab_size": WORDS,
    "tie_word_embeddings": True,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
TEMPLATE = "{% for m in messages %}{{ m['content'] }} {% endfor %}"


def write(folder: Path) -> None:
    """The files that mlx_lm.server wants of a model."""
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.models.llama import Model, ModelArgs

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    mx.random.seed(7)
    model = Model(ModelArgs.from_dict(CONFIG))
    weights = dict(tree_flatten(model.parameters()))
    mx.save_safetensors(str(folder / "model.safetensors"), weights, metadata={"format": "mlx"})
    write_tokenizer(folder)


def write_tokenizer(folder: Path) -> None:
    """Words of three digits, and others."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2} | {f"{i:03d}": i + 3 for i in range(NUMBERS)}
    vocabulary |= {f"w{i}": i for i in range(NUMBERS + 3, WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        chat_template=TEMPLATE,
    ).save_pretrained(folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
