"""Prompts of about so many tokens, without a tokenizer: tokens = a + b · words, as two prompts show."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analysis.files.request_record import WARMUP, WARMUP_PHASE
from replay.plan.run_state import RunState
from replay.prompts.send import Wanted, ask

UNTOLD_TOKENS_PER_WORD: Final = 1.3  # where the server counts no prompt: safe for the context
PROBES: Final = (50, 450)  # words
TASK: Final = "Now write about the sea."
# Common English words; drawn at random, because a text that stands in two prompts may be taken from a cache
# wherever it stands.
_TEXT: Final = """
time year people way day man thing woman life child world school state family student group country
problem hand part place case week company system program question work government number night point
home water room mother area money story fact month lot right study book eye job word business issue
side kind head house service friend father power hour game line end member law car city community
name president team minute idea kid body information back parent face others level office door
health person art war history party result change morning reason research girl guy moment air
teacher force education foot boy age policy music market sense nation plan college interest death
experience effect use class control care field role effort rate heart drug show leader light voice
wife police mind price report decision son view town road form event building action model season
society tax director position player record paper space ground rule note table tree summer winter
river garden window letter color animal food bird fish stone glass bread milk rain snow wind fire
gold iron wood cloth chair horse ship train sun moon star sea island bridge street corner wall roof
floor key box bag cup plate
"""
WORDS: Final = tuple(_TEXT.split())


@dataclass(frozen=True, slots=True)
class Sizing:
    """tokens = fixed + per_word · words; `told`: as the server counts, else a guess."""

    fixed: float
    per_word: float
    told: bool

    def words_for(self, tokens: int) -> int:
        """How many words make a prompt of so many tokens; at least one."""
        return max(round((tokens - self.fixed) / self.per_word), 1)

    def tokens_of(self, words: int) -> int:
        return round(self.fixed + self.per_word * words)


def size(run: RunState, target: str) -> Sizing:
    """From two prompts with one token asked for; a guess where the server counts no prompt."""
    counted = []
    for i, words in enumerate(PROBES):
        text = long_text(random.Random(run.seed + i), words)
        wanted = Wanted(target, WARMUP, WARMUP_PHASE, i, text, max_tokens=1, prompt_words=words)
        (row,) = ask(run, [wanted])
        counted.append(row.prompt_tokens)
    few, many = counted
    if few is None or many is None or many <= few:
        return Sizing(0.0, UNTOLD_TOKENS_PER_WORD, told=False)
    per_word = (many - few) / (PROBES[1] - PROBES[0])
    return Sizing(few - per_word * PROBES[0], per_word, told=True)


def random_words(source: random.Random, n: int) -> Sequence[str]:
    return source.choices(WORDS, k=n)


def long_text(source: random.Random, words: int, task: str = TASK) -> str:
    """Random words and a short task; the prefix that makes it unique comes with the request."""
    return f"{' '.join(random_words(source, words))}. {task}"
