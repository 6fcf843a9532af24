"""Events of one prompt, number of runners and port together: means with their intervals, over events."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from analysis.prompts.stall.events import Alone, Event, Steps, by_size
from analysis.statistics.estimates import Estimate, LogEstimate, mean_estimate
from analysis.thresholds import STALL_IN_PIECES

CUT = (0.01, 0.99)  # a share of 0 or 1 has no logit


@dataclass(frozen=True, slots=True)
class SizeFound:
    """`events` are never runners: these share batches, and stall together."""

    words: int
    tokens: int  # of the prompt; where the server counts none, as guessed from its words
    runners: int
    apart: bool  # the newcomer went to another port
    events: tuple[Event, ...]
    alone_s: Estimate | None  # first token of the newcomer alone
    beside_s: Estimate | None
    price: Estimate | None  # for the newcomer: beside over alone, drift allowed for
    share: Estimate | None  # ρ
    frozen: Estimate | None
    pace_kept: Estimate | None

    @property
    def stall_s(self) -> tuple[float, float]:
        """(median, most)."""
        stalls = [e.stall_s for e in self.events]
        return median(stalls), max(stalls)

    @property
    def standstills(self) -> float:
        return median(e.standstills for e in self.events)

    @property
    def usual_gap_s(self) -> float:
        return median(e.usual_gap_s for e in self.events)

    @property
    def read_at_a_time(self) -> int | None:
        """Tokens of one piece; None where it is read in one."""
        pieces = self.standstills
        return round(self.tokens / pieces) if pieces >= 2 else None


def sizes_of(steps: Steps) -> list[SizeFound]:
    """Smallest prompt first, the runners' own port before another one."""
    prices = _prices(steps)
    return [
        _found(key, events, steps.alone, prices.get(key)) for key, events in by_size(steps.events).items()
    ]


Key = tuple[int, int, bool]


def _found(key: Key, events: Sequence[Event], alone: Sequence[Alone], price: LogEstimate | None) -> SizeFound:
    words, runners, apart = key
    here = [a for a in alone if a.words == words and a.base_url == events[0].base_url]
    counted = [e.tokens for e in events if e.tokens is not None]
    return SizeFound(
        words=words,
        tokens=round(fmean(counted)) if counted else round(1.3 * words),
        runners=runners,
        apart=apart,
        events=tuple(events),
        alone_s=mean_estimate([a.reading_s for a in here]),
        beside_s=mean_estimate([e.reading_s for e in events]),
        price=price.estimate() if price else None,
        share=_share(events, lambda e: e.share),
        frozen=_share(events, lambda e: e.frozen),
        pace_kept=_share(events, lambda e: e.pace_kept),
    )


def _share(events: Sequence[Event], of: Callable[[Event], float]) -> Estimate | None:
    """The mean on the logit with Student's interval, cut to 0.01 … 0.99."""
    shares = [min(max(of(e), CUT[0]), CUT[1]) for e in events]
    logits = [math.log(p / (1 - p)) for p in shares]
    n = len(logits)
    if n == 0:
        return None
    if n == 1:
        return Estimate(shares[0], None, None, 1)
    sd = math.sqrt(sum((x - fmean(logits)) ** 2 for x in logits) / (n - 1))
    spread = LogEstimate(0.0, sd / math.sqrt(n), n - 1, n).half_width()
    low, middle, high = (_expit(fmean(logits) + by) for by in (-spread, 0.0, spread))
    return Estimate(middle, low, high, n)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-max(min(x, 50.0), -50.0)))


def _prices(steps: Steps) -> dict[Key, LogEstimate]:
    """Least squares of ln(first token) on the prompt alone, on each kind of event, and on time.

    Readings of the same prompt minutes apart differ threefold on a busy machine; the ones before and after
    an event, with a slope in time, carry its price.
    """
    kinds = by_size(steps.events)
    prompts = list(dict.fromkeys((a.words, a.base_url) for a in steps.alone))
    keys = [key for key, events in kinds.items() if (key[0], events[0].base_url) in prompts]
    rows, logs = list[list[float]](), list[float]()
    middle = fmean([a.at_s for a in steps.alone]) if steps.alone else 0.0
    for a in steps.alone:
        place = prompts.index((a.words, a.base_url))
        rows.append([float(i == place) for i in range(len(prompts))] + [0.0] * len(keys) + [a.at_s - middle])
        logs.append(math.log(a.reading_s))
    for k, key in enumerate(keys):
        for e in kinds[key]:
            place = prompts.index((e.words, e.base_url))
            of_prompt = [float(i == place) for i in range(len(prompts))]
            rows.append(of_prompt + [float(i == k) for i in range(len(keys))] + [e.at_s - middle])
            logs.append(math.log(e.reading_s))
    design = np.array(rows, dtype=float)
    df = len(rows) - (design.shape[1] if rows else 0)
    if df < 1 or not keys or np.linalg.matrix_rank(design) < design.shape[1]:
        return {}
    solution = np.linalg.lstsq(design, np.array(logs), rcond=None)[0]
    residuals = np.array(logs) - design @ solution
    scatter = math.sqrt(float(residuals @ residuals) / df)
    inverse = np.linalg.inv(design.T @ design)
    found = {}
    for k, key in enumerate(keys):
        at = len(prompts) + k
        se = scatter * math.sqrt(float(inverse[at, at]))
        found[key] = LogEstimate(float(solution[at]), se, df, len(kinds[key]))
    return found


def per_1000_tokens_s(sizes: Sequence[SizeFound]) -> float | None:
    """The slope of the stall over the sizes, for one number of runners on one port; None with one size."""
    own = [s for s in sizes if not s.apart]
    least = min((s.runners for s in own), default=0)
    points = [(s.tokens, s.stall_s[0]) for s in own if s.runners == least]
    if len({tokens for tokens, _ in points}) < 2:
        return None
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    return (
        1e3 * sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    )


def in_pieces(size: SizeFound) -> bool:
    """Whether it is read in pieces, with a token of the others between two of them."""
    return size.share is not None and size.share.value <= STALL_IN_PIECES and size.standstills >= 2
