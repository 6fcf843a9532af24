"""`make truth`: farms of known truth by the thousand, judged beside the seed's formula; docs/truth.md.

python -m scripts.truth.page [FARMS SOCKET_FARMS_OF_EACH_MECHANISM]
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from analysis.thresholds import GAIN, LOSS
from analysis.verdict.outcomes import Outcome
from scripts.truth.grid import BAND, CLEAR, JudgedFarm, cases, judge
from scripts.truth.how_many.table import both, how_many_criteria, how_many_page
from scripts.truth.odd_table import judged_odd, odd_criteria, odd_page
from scripts.truth.over_sockets import over_sockets, socket_criteria, socket_page
from scripts.truth.prompts.section import kept_section, with_section
from scripts.truth.right.table import judged_right, right_criteria, right_page
from scripts.truth.scatter.coverage import coverage_criteria, coverage_page, coverages
from scripts.truth.scatter.ramps import judged_ramps, ramps_page
from scripts.truth.words import Criterion, marked, share, table

FARMS, SOCKET_FARMS_EACH = 5500, 4  # in all, and of each mechanism
SWEEPS_EACH = 200  # runs of each server of how_many/
RIGHT_EACH, RIGHT_FAULTLESS = 100, 1000  # of each server of right/, and of the one without a fault
VERDICTS = (
    Outcome.SERIAL,
    Outcome.SLICED,
    Outcome.CONTENTION,
    Outcome.PARTLY,
    Outcome.PARALLEL,
    Outcome.FULLY,
    Outcome.INCONCLUSIVE,
)
PAGE = Path(__file__).parents[2] / "docs" / "truth.md"


def truths(number: int) -> list[JudgedFarm]:
    """All pure farms, in order, on every core."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(judge, cases(number), chunksize=25))


def clear(farms: Iterable[JudgedFarm]) -> list[JudgedFarm]:
    """Outside the band around the border of a gain: here the verdict must be right or inconclusive."""
    return [t for t in farms if t.truth.away(BAND)]


def decidable(farms: Iterable[JudgedFarm]) -> list[JudgedFarm]:
    """Five rounds with at most 5 % scatter, far from the border: here there should be a verdict."""
    return [t for t in farms if t.truth.away(CLEAR) and t.case.jitter == 0.05]


def in_band(farms: Iterable[JudgedFarm]) -> list[JudgedFarm]:
    return [t for t in farms if not t.truth.away(BAND)]


def criteria(farms: Sequence[JudgedFarm]) -> list[Criterion]:
    """What must hold: the claim, its bound, what was found, and whether it holds."""
    away, band, should = clear(farms), in_band(farms), decidable(farms)
    wrong = [t for t in away if t.wrong]
    called = [t for t in away if t.false_gain]
    false = [t for t in band if t.false_gain]
    undecided = [t for t in should if t.verdict == Outcome.INCONCLUSIVE]
    slots = [t for t in farms if t.slots_wrong]
    return [
        (
            f"verdict wrong, true G more than {100 * BAND:g} % from {GAIN}",
            "none",
            share(len(wrong), len(away)),
            not wrong,
        ),
        ("of these: a gain where there is none", "none", share(len(called), len(away)), not called),
        (
            f"a gain where there is none, within {100 * BAND:g} % of {GAIN}",
            "2.5 %",
            share(len(false), len(band)),
            len(false) <= 0.025 * len(band),
        ),
        (
            f"inconclusive, 5 rounds, 5 % scatter, more than {100 * CLEAR:g} % from {GAIN}",
            "5 %",
            share(len(undecided), len(should)),
            len(undecided) < 0.05 * len(should),
        ),
        ("slots exact and wrong, or at least too many", "none", share(len(slots), len(farms)), not slots),
    ]


def truth_name(farms: JudgedFarm) -> str:
    truth = farms.truth
    if truth.peak == 1:
        return "one at a time"
    if not truth.gains:
        slower = truth.gain < LOSS
        return f"slower together (G < {LOSS})" if slower else f"together, no gain ({LOSS} ≤ G ≤ {GAIN})"
    return "some wait, gain" if truth.peak < truth.peak_max else "all together, gain"


def confusion(farms: Sequence[JudgedFarm]) -> list[list[str]]:
    """A row per truth: how often each verdict, and what the naive speedup makes of the same logs."""
    found: dict[str, list[JudgedFarm]] = {}
    for t in sorted(farms, key=truth_name):
        found.setdefault(truth_name(t), []).append(t)
    rows = []
    for name, these in found.items():
        counts = Counter(t.verdict for t in these)
        seed = sum(t.seed_says_parallel for t in these)
        seed_wrong = share(sum(t.seed_wrong for t in these), len(these))
        told_so = [str(counts[v] or "") for v in VERDICTS]
        rows.append([name, str(len(these)), *told_so, share(seed, len(these)), seed_wrong])
    return rows


def split(farms: Sequence[JudgedFarm], key: Callable[[JudgedFarm], object]) -> list[list[str]]:
    """A row per value of the key: farms, right, inconclusive, wrong, naive speedup wrong."""
    found: dict[object, list[JudgedFarm]] = {}
    for t in farms:
        found.setdefault(key(t), []).append(t)
    rows = []
    for value in sorted(found, key=lambda v: (str(type(v)), v)):
        these = found[value]
        wrong = sum(t.wrong for t in clear(these))
        undecided = sum(t.verdict == Outcome.INCONCLUSIVE for t in these)
        right = len(these) - undecided - sum(t.wrong for t in these)
        seed_wrong = share(sum(t.seed_wrong for t in these), len(these))
        rows.append([str(value), str(len(these)), str(right), str(undecided), str(wrong), seed_wrong])
    return rows


INTRO = """Made by `make truth`: servers whose truth is known, judged by portlap and by the naive speedup (Σ
latency / wall clock above 1.5 is "parallel"). How: [METHODOLOGY.md](METHODOLOGY.md#known-truth)."""
PURE = """{} random farms, one phase of five rounds each, without a socket: queueing model, log, analysis;
{:.0f} s. True G is that of the same farm without scatter, drift and overhead."""
NAIVE = ("naive speedup says parallel", "naive speedup wrong")
WRONG = ("mechanism", "N, ports", "scatter", "overhead", "drift", "true G, K", "found G", "verdict", "why")
SPLIT = ("farms", "right", "inconclusive", "wrong, outside the band", "naive speedup wrong")


def page(farms: Sequence[JudgedFarm], seconds: float, sockets: str, *others: str) -> str:
    bad = [t for t in farms if t.wrong or t.false_gain or t.slots_wrong]
    return (
        "\n\n".join(
            [
                "# Truth",
                INTRO,
                "## Pure farms",
                PURE.format(len(farms), seconds),
                table(("claim", "at most", "found", "holds"), marked(criteria(farms))),
                "Verdicts, by truth:",
                table(("truth", "farms", *(f"`{v}`" for v in VERDICTS), *NAIVE), confusion(farms)),
                "By mechanism:",
                table(("mechanism", *SPLIT), split(farms, lambda t: t.case.mechanism)),
                "By number of requests at once:",
                table(("N", *SPLIT), split(farms, lambda t: t.case.users)),
                "By scatter of a request's time (standard deviation of its logarithm):",
                table(("scatter", *SPLIT), split(farms, lambda t: t.case.jitter)),
                "By share of a solo that uses no compute:",
                table(("overhead", *SPLIT), split(farms, lambda t: t.case.overhead)),
                "Every farm judged wrongly, within the band too:" if bad else "No farm was judged wrongly.",
                *([table(WRONG, [wrong_row(t) for t in bad])] if bad else []),
                *others,
                sockets,
            ]
        )
        + "\n"
    )


def wrong_row(t: JudgedFarm) -> list[str]:
    case, truth, g = t.case, t.truth, t.judged.measured.speedup
    kinds = {"wrong": t.wrong, "false gain": t.false_gain, "slots": t.slots_wrong}
    kinds["in the band"] = not truth.away(BAND)
    why = [name for name, is_so in kinds.items() if is_so]
    found = f"{g.value:.2f} [{g.low():.2f}, {g.high():.2f}]" if g else "–"
    return [
        case.mechanism,
        f"{case.users}, {case.ports}",
        f"{case.jitter:g}",
        f"{case.overhead:g}",
        f"{case.drift_per_min:g}",
        f"{truth.gain:.3f}, {truth.peak} of {truth.peak_max}",
        found,
        t.verdict,
        ", ".join(why),
    ]


def main(arguments: Sequence[str]) -> int:
    number, each = map(int, arguments or (FARMS, SOCKET_FARMS_EACH))
    begun = time.perf_counter()
    farms = truths(number)
    judged = time.perf_counter()
    odd, covered, ramps = judged_odd(), coverages(), ramps_page(judged_ramps())
    levels = both(SWEEPS_EACH)
    right = judged_right(RIGHT_EACH, RIGHT_FAULTLESS)
    begun_sockets = time.perf_counter()
    seen = over_sockets(each)
    seconds = time.perf_counter() - begun_sockets
    others = (odd_page(odd), coverage_page(covered), ramps, how_many_page(*levels), right_page(right))
    written = page(farms, judged - begun, socket_page(seen, seconds), *others)
    if PAGE.exists() and (section := kept_section(PAGE.read_text(encoding="utf-8"))):
        written = with_section(written, section)
    PAGE.write_text(written, encoding="utf-8")
    found = [*criteria(farms), *odd_criteria(odd), *how_many_criteria(*levels), *right_criteria(right)]
    found += [*coverage_criteria(covered), *socket_criteria(seen)]
    for claim, bound, what, holds in found:
        print(f"{'holds' if holds else 'FAILS'}  {claim}: {what} (at most {bound})")
    return 0 if all(holds for *_, holds in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
