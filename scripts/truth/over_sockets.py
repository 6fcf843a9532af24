"""The part of `make truth` over real sockets: some dozens of farms, what must hold of them, their page."""

import math
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from analysis.thresholds import GAIN
from analysis.verdict.outcomes import Outcome
from scripts.truth.grid import BAND, MECHANISMS
from scripts.truth.sockets import NEAR, ROUNDS, Seen, see, socket_cases
from scripts.truth.words import Criterion, marked, share, table

SOCKETS = """{} farms of the same mechanisms without added scatter or drift: simulated servers in a process of
their own, a real `locust` process, phases of 2, 4 and 8 users with {} rounds each; {:.0f} min."""
SOCKET_HEADER = (
    "mechanism", "N, ports", "G true, found", "slots true, found", "wall clock, predicted against measured",
    "verdict", "naive speedup",
)  # fmt: skip


def over_sockets(each: int) -> list[Seen]:
    """Two at a time: they wait for their servers most of the time."""
    seen: list[Seen] = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for number, found in enumerate(pool.map(see, socket_cases(each)), start=1):
            seen += found
            line = ", ".join(f"{s.verdict}{' WRONG' * s.wrong} {s.gain_off:+.1%}" for s in found)
            print(f"socket farm {number} of {each * len(MECHANISMS)}: {line}", file=sys.stderr)
    return seen


def socket_criteria(seen: Sequence[Seen]) -> list[Criterion]:
    away = [s for s in seen if s.truth.away(BAND)]
    decided = [s for s in seen if s.verdict != Outcome.INCONCLUSIVE]
    predicted = [s.predicted_off for s in decided if s.predicted_off is not None and s.machine_known]
    return [
        _none(f"verdict wrong, true G more than {100 * BAND:g} % from {GAIN}", [s.wrong for s in away]),
        _none("of these: a gain where there is none", [s.false_gain for s in away]),
        _none("slots exact and wrong, or at least too many", [s.slots_wrong for s in seen]),
        _none(
            "G more than 5 % off, of phases with a verdict", [not abs(s.gain_off) <= NEAR for s in decided]
        ),
        _none(
            "wall clock predicted from the other phases more than 5 % off, where the condition holds",
            [abs(p) > NEAR for p in predicted],
        ),
    ]


def _none(claim: str, bad: Sequence[bool]) -> Criterion:
    return claim, "none", share(sum(bad), len(bad)), not any(bad)


def socket_row(s: Seen) -> list[str]:
    found, slots = s.found, "∞" if s.truth.slots == math.inf else f"{s.truth.slots:g}"
    peak = found["decode_peak"]
    seen_slots = "–" if peak is None else f"{'' if found['decode_peak_exact'] else '≥ '}{peak}"
    predicted = "–" if s.predicted_off is None else f"{s.predicted_off:+.1%}"
    predicted += "" if s.machine_known else " (not stated)"
    why = f": {found['sentence'].split(':')[0]}" if s.verdict == Outcome.INCONCLUSIVE else ""
    gain = f"{s.truth.wall_gain:.2f}, {found['speedup']['value']:.2f}" if found["speedup"] else "–"
    return [
        f"{s.case.mechanism}",
        f"{s.case.users}, {s.case.ports}",
        gain,
        f"{slots}, {seen_slots}",
        predicted,
        f"`{s.verdict}`" + (" **wrong**" if s.wrong else "") + why,
        f"{found['naive_speedup']:.2f}" + (" wrong" if s.seed_wrong else ""),
    ]


def socket_page(seen: Sequence[Seen], seconds: float) -> str:
    farms = len({s.case.seed for s in seen})
    undecided = sum(s.verdict == Outcome.INCONCLUSIVE for s in seen)
    seed_wrong = sum(s.seed_wrong for s in seen)
    return "\n\n".join(
        [
            "## Over real sockets",
            SOCKETS.format(farms, ROUNDS, seconds / 60),
            table(("claim", "at most", "found", "holds"), marked(socket_criteria(seen))),
            f"Inconclusive: {undecided} of {len(seen)} phases. "
            f"Naive speedup wrong: {share(seed_wrong, len(seen))}.",
            table(SOCKET_HEADER, map(socket_row, seen)),
        ]
    )
