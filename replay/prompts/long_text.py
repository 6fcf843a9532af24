"""Long texts of random words: no two requests have a piece in common."""

import random
from collections.abc import Sequence
from typing import Final

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


TEXT_WORDS: Final = 100  # of a text of which a vector is wanted, if the scenario says nothing: a paragraph


def random_words(source: random.Random, n: int) -> Sequence[str]:
    return source.choices(WORDS, k=n)


def long_text(source: random.Random, words: int, task: str = TASK) -> str:
    """Random words and a short task; the prefix that makes it unique comes with the request."""
    return f"{' '.join(random_words(source, words))}. {task}"
