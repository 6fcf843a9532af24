"""The page's part on `right`: which word each server of known truth gets."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from analysis.prompts.right.result import Right
from analysis.prompts.right.words import RightWord
from scripts.truth.right.play import play
from scripts.truth.words import Criterion, marked, share, table
from servers.simulator.texts.keys import TextKeys

ONE_OF_48 = 1 / 48
FAULTLESS = "nothing wrong"
HEADER = ("server", "must get", "runs", *(f"`{word}`" for word in RightWord))
INTRO = """{runs} runs of each simulated server ({faultless} of the one without a fault), without a socket:
the questions, the watch and the analysis of a phase of kind `right`, 48 pairs, 2, 3, 4, 8 at once, churn, ten
codes alone again, eight open questions. The servers tell codes back or slip as models do (a digit changed,
dropped or swapped, any other number, no number)."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server, the word that it must get, and the levels that may be called worse."""

    name: str
    word: RightWord
    keys: TextKeys
    serial: bool = False
    stays_broken: bool = False
    fine_at: tuple[int, ...] = ()  # users at once with which nothing may be called worse


SERVERS = (
    Server(FAULTLESS, RightWord.RIGHT, TextKeys(knows=0.98)),
    Server("one at a time", RightWord.RIGHT, TextKeys(knows=0.98), serial=True),
    Server("mixes up 1 of 48", RightWord.MIXED_UP, TextKeys(knows=0.98, mixes_up=ONE_OF_48)),
    Server("leaves over 1 of 48", RightWord.LEFT_OVER, TextKeys(knows=0.98, leaves_over=ONE_OF_48)),
    Server(
        "tells 60 % back from 3 at once on",
        RightWord.WORSE,
        TextKeys(knows=0.98, knows_together=0.6, wrong_from=3),
        fine_at=(2,),
    ),
    Server("garbles 20 % from 8 on", RightWord.GARBLED, TextKeys(knows=0.98, garbles=0.2, wrong_from=8)),
    Server("tells 20 % back once asked together", RightWord.WORSE, TextKeys(knows=0.98), stays_broken=True),
    Server("tells half back", RightWord.TOO_WEAK, TextKeys(knows=0.5)),
    Server("tells half back, mixes up 1 of 48", RightWord.MIXED_UP, TextKeys(knows=0.5, mixes_up=ONE_OF_48)),
    Server("other words, codes right", RightWord.RIGHT, TextKeys(knows=0.98, text_differs=0.5)),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """All runs of one server."""

    server: Server
    words: tuple[RightWord, ...]
    worse_where_fine: int  # runs with a level called worse at which nothing was wrong

    @property
    def wrong(self) -> int:
        """Runs with another word; where nothing could be settled, none was said."""
        return sum(word not in (self.server.word, RightWord.INCONCLUSIVE) for word in self.words)


def run_once(server: Server, seed: int) -> Right:
    return play(server.keys, seed, serial=server.serial, stays_broken=server.stays_broken)


def judged(server: Server, runs: Sequence[Right]) -> Judged:
    fine = [
        any(level.worse and level.users in server.fine_at and not level.churn for level in r.levels)
        for r in runs
    ]
    return Judged(server, tuple(r.verdict for r in runs), sum(fine))


def judged_right(runs: int, faultless: int) -> list[Judged]:
    """All servers, on every core."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return [
            judged(
                server,
                list(
                    pool.map(
                        partial(run_once, server),
                        range(faultless if server.name == FAULTLESS else runs),
                        chunksize=10,
                    )
                ),
            )
            for server in SERVERS
        ]


def right_criteria(found: Sequence[Judged]) -> list[Criterion]:
    """What must hold: the claim, its bound, what was found, and whether it holds."""
    good = next(j for j in found if j.server.name == FAULTLESS)
    others = [j for j in found if j is not good]
    counts, n = Counter(good.words), len(good.words)
    worse, mixed = counts[RightWord.WORSE] + counts[RightWord.GARBLED], counts[RightWord.MIXED_UP]
    left, open_ = counts[RightWord.LEFT_OVER], counts[RightWord.INCONCLUSIVE]
    runs, wrong = sum(len(j.words) for j in others), sum(j.wrong for j in others)
    level = sum(j.worse_where_fine for j in found)
    return [
        ("right: worse or garbled, nothing wrong", "1 %", share(worse, n), worse < 0.01 * n),
        ("right: mixed-up, nothing wrong", "none", share(mixed, n), mixed == 0),
        ("right: left-over, nothing wrong", "0.5 %", share(left, n), left <= 0.005 * n),
        ("right: inconclusive, nothing wrong", "1 %", share(open_, n), open_ <= 0.01 * n),
        ("right: another word than the true one", "1 %", share(wrong, runs), wrong <= 0.01 * runs),
        ("right: a level called worse at which nothing was", "none", share(level, runs), level == 0),
    ]


def right_page(found: Sequence[Judged]) -> str:
    """The part of docs/truth.md."""
    runs = min(len(j.words) for j in found)
    faultless = max(len(j.words) for j in found)
    return "\n\n".join(
        [
            "## Right",
            INTRO.format(runs=runs, faultless=faultless),
            table(("claim", "at most", "found", "holds"), marked(right_criteria(found))),
            table(HEADER, map(_row, found)),
        ]
    )


def _row(j: Judged) -> list[str]:
    counts = Counter(j.words)
    told = [str(counts[word] or "") for word in RightWord]
    return [j.server.name, f"`{j.server.word}`", str(len(j.words)), *told]
