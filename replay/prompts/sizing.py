"""Prompts of about so many tokens, without a tokenizer: tokens = a + b · words, as two prompts show."""

import random
from dataclasses import dataclass
from typing import Final

from analysis.files.request_record import WARMUP, WARMUP_PHASE
from replay.plan.run_state import RunState
from replay.prompts.long_text import long_text
from replay.prompts.send import Wanted, ask

UNTOLD_TOKENS_PER_WORD: Final = 1.3  # where the server counts no prompt: safe for the context
PROBES: Final = (50, 450)  # words


@dataclass(frozen=True, slots=True)
class Sizing:
    """tokens = fixed + per_word · words; `told`: as the server counts, else a guess."""

    fixed: float
    per_word: float
    told: bool
    word_s: float = 0.0  # to read one, as the two prompts show

    def words_for(self, tokens: int) -> int:
        """How many words make a prompt of so many tokens; at least one."""
        return max(round((tokens - self.fixed) / self.per_word), 1)


def size(run: RunState, target: str) -> Sizing:
    """From two prompts with one token asked for; a guess where the server counts no prompt."""
    counted, firsts_s = [], []
    for i, words in enumerate(PROBES):
        text = long_text(random.Random(run.seed + i), words)
        wanted = Wanted(target, WARMUP, WARMUP_PHASE, i, text, max_tokens=1, prompt_words=words)
        (row,) = ask(run, [wanted])
        counted.append(row.prompt_tokens)
        firsts_s.append(row.ttft_s or row.latency_s or 0.0)
    few, many = counted
    word_s = max(firsts_s[1] - firsts_s[0], 0.0) / (PROBES[1] - PROBES[0])
    if few is None or many is None or many <= few:
        return Sizing(0.0, UNTOLD_TOKENS_PER_WORD, told=False, word_s=word_s)
    per_word = (many - few) / (PROBES[1] - PROBES[0])
    return Sizing(few - per_word * PROBES[0], per_word, told=True, word_s=word_s)
