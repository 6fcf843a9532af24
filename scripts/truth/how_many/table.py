"""The page's part on `--how-many`: what was said against what is true, over many runs of each server."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from multiprocessing import get_context

from analysis.capacity.answers import ServiceTarget
from analysis.capacity.result import how_many
from analysis.capacity.why import Why
from analysis.statistics.estimates import percentile
from scripts.truth.how_many.fleet import HELD_OUT, SERVERS, true_number
from scripts.truth.how_many.one_shot import one_shot
from scripts.truth.how_many.play import play
from scripts.truth.how_many.server import Server
from scripts.truth.words import Criterion, marked, share, table

BUDGET_S, ANSWERS = 180.0, 8000  # of a run; of each level of the truth
HEADER = (
    "server", "true number (share there / one more)", "exact", "within a step", "too much",
    "by more than a step", "not settled", "no number", "seconds p50 / p90", "reason, where one was seen",
    "people, about",
    "looks once: too much / by more than a step", "its quick form",
)  # fmt: skip
INTRO = """{runs} runs of each simulated server, without a socket: the same search, loop and analysis as in
`--how-many`, against servers written for this page alone; answers of 70 to 130 tokens, about 2.2 s alone, a
first token within 2 s and 10 tokens/s wanted, a budget of 180 s. Per cent of the runs. *True*: the most
users of whose answers nine in ten meet the target, over 8,000 answers. A step is a tenth, at least 1.
*Too much*: the number said is above the true one, in runs that are not marked as not settled (the
server's own pace changed). Last: a search that looks once at each level, as published tools do."""


@dataclass(frozen=True)
class Said:
    """What one run said."""

    number: int | None
    settled: bool
    why: Why
    people: int | None
    seconds: float
    once: int
    quick: int


@dataclass(frozen=True)
class Judged:
    """All runs of one server beside its truth."""

    server: Server
    true: int
    shares: tuple[float, float]
    said: tuple[Said, ...]

    @property
    def step(self) -> int:
        return max(round(0.1 * self.true), 1)

    def above(self, by: int = 0) -> int:
        return sum(s.number is not None and s.settled and s.number > self.true + by for s in self.said)

    @property
    def within(self) -> int:
        return sum(abs((s.number or 0) - self.true) <= self.step for s in self.said)


def run_once(server: Server, seed: int) -> Said:
    """One run of ours and two of the search that looks once."""
    played = play(server, seed, BUDGET_S)
    found = how_many(played.rows, played.visits, ServiceTarget(), ports=server.ports)
    assert found is not None
    return Said(
        number=found.carries,
        settled=found.settled,
        why=found.why,
        people=found.people.about if found.people else None,
        seconds=played.seconds,
        once=one_shot(server, seed, quick=False)[0],
        quick=one_shot(server, seed, quick=True)[0],
    )


def judged(servers: Sequence[Server], runs: int, answers: int = ANSWERS) -> list[Judged]:
    """All runs of these servers, on every core."""
    found = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        truths = pool.map(true_number, servers, repeat(answers))
        for server, (number, shares) in zip(servers, truths, strict=True):
            said = tuple(pool.map(partial(run_once, server), range(runs), chunksize=10))
            found.append(Judged(server, number, (shares[number], shares[number + 1]), said))
    return found


def how_many_criteria(tuned: Sequence[Judged], held_out: Sequence[Judged]) -> list[Criterion]:
    """What must hold: the claim, its bound, what was found, and whether it holds."""
    rows: list[Criterion] = []
    for name, servers in (("how many", tuned), ("how many, servers not tuned on", held_out)):
        runs = sum(len(j.said) for j in servers)
        above = sum(j.above() for j in servers)
        worst = max(servers, key=lambda j: j.above() / len(j.said))
        rows.append((f"{name}: promised too much", "1 %", share(above, runs), above <= 0.01 * runs))
        rows.append(
            (
                f"{name}: the same for the worst server ({worst.server.name})",
                "5 %",
                share(worst.above(), len(worst.said)),
                worst.above() <= 0.05 * len(worst.said),
            )
        )
    runs, within = sum(len(j.said) for j in tuned), sum(j.within for j in tuned)
    seconds = percentile([s.seconds for j in tuned for s in j.said], 0.5)
    rows.append(("how many: more than a step off", "31 %", share(runs - within, runs), within >= 0.69 * runs))
    rows.append(("how many: median run", f"{BUDGET_S:.0f} s", f"{seconds:.0f} s", seconds <= BUDGET_S))
    return rows


def how_many_page(tuned: Sequence[Judged], held_out: Sequence[Judged]) -> str:
    """The part of docs/truth.md."""
    return "\n\n".join(
        [
            "## How many",
            INTRO.format(runs=len(tuned[0].said)),
            table(("claim", "at most", "found", "holds"), marked(how_many_criteria(tuned, held_out))),
            table(HEADER, [*map(_row, tuned), _all(tuned)]),
            "Servers that the rules were not tuned on:",
            table(HEADER, [*map(_row, held_out), _all(held_out)]),
        ]
    )


def _row(j: Judged) -> list[str]:
    n = len(j.said)
    seconds = [s.seconds for s in j.said]
    reasons = Counter(s.why.value for s in j.said if s.why is not Why.OPEN)
    people = sorted(s.people for s in j.said if s.people is not None)
    return [
        j.server.name,
        f"{j.true} ({j.shares[0]:.2f} / {j.shares[1]:.2f})",
        _percent(sum((s.number or 0) == j.true for s in j.said), n),
        _percent(j.within, n),
        _percent(j.above(), n),
        _percent(j.above(j.step), n),
        _percent(sum(not s.settled for s in j.said), n),
        _percent(sum(s.number is None for s in j.said), n),
        f"{percentile(seconds, 0.5):.0f} / {percentile(seconds, 0.9):.0f}",
        ", ".join(f"{why} {_percent(k, sum(reasons.values()))}" for why, k in reasons.most_common(2)),
        f"{people[len(people) // 2]}" if people else "",
        _rival(j, [s.once for s in j.said]),
        _rival(j, [s.quick for s in j.said]),
    ]


def _all(servers: Sequence[Judged]) -> list[str]:
    n = sum(len(j.said) for j in servers)
    sums = [
        sum(j.within for j in servers),
        sum(j.above() for j in servers),
        sum(j.above(j.step) for j in servers),
    ]
    rivals = []
    once = [(j, s.once) for j in servers for s in j.said]
    for said in (once, [(j, s.quick) for j in servers for s in j.said]):
        above, far = sum(v > j.true for j, v in said), sum(v > j.true + j.step for j, v in said)
        rivals.append(f"{_percent(above, n)} / {_percent(far, n)}")
    return ["**all**", "", "", *(_percent(k, n) for k in sums), "", "", "", "", "", *rivals]


def _rival(j: Judged, said: Sequence[int]) -> str:
    above, far = sum(v > j.true for v in said), sum(v > j.true + j.step for v in said)
    return f"{_percent(above, len(said))} / {_percent(far, len(said))}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g}" if whole else "0"


def both(runs: int) -> tuple[list[Judged], list[Judged]]:
    """The seventeen servers, and the nine that the rules were not tuned on."""
    return judged(SERVERS, runs), judged(HELD_OUT, runs)
