"""Conditions of a phase: did rounds leave at one instant, were answers whole and alike, the client idle?"""

import math
from statistics import median

from analysis.conditions.condition import NOT_SURELY, Condition, surely_within
from analysis.conditions.lengths import REPORT_USAGE, answer_lengths, token_counts
from analysis.conditions.refusals import remedy
from analysis.files.run import ClientHealth
from analysis.phase.measure import PhaseMeasured
from analysis.statistics.estimates import percentile
from analysis.thresholds import (
    EQUAL_LONG_PROMPTS,
    EQUAL_PROMPTS,
    MAX_CPU_PERCENT,
    MAX_DRIFT,
    MAX_FAULTY,
    MAX_SPREAD,
    MIN_DF,
    MIN_ROUNDS,
    SOLO_SCATTER,
    TIMINGS_AGREE,
    TIMINGS_AGREE_S,
    WILD_SCATTER,
)

REPORT_CACHED = "a server that reports usage.prompt_tokens_details tells them"

COUNTS_ALL = "newer versions of the server count the whole prompt (Ollama from 0.3 on)"
NO_ROUND = "the run ended before a round did"


def release_spread(phase: PhaseMeasured) -> Condition:
    queues = {name for name, target in phase.targets.items() if target.takes_one_connection}
    spreads = [s for r in phase.scored if (s := r.release_spread_s(but=queues)) is not None]
    solo_s = min(phase.solo_s.values(), default=None)
    if not spreads and queues:
        waits = (
            f"requests to {', '.join(sorted(queues))} waited for a connection: its server takes one at a time"
        )
        return Condition("release spread", None, waits)
    if not spreads or solo_s is None:
        return Condition("release spread", None, "no scored round records when its requests left")
    worst, share = max(spreads), median(spreads) / solo_s
    return Condition(
        "release spread",
        share <= MAX_SPREAD,
        f"a round's requests left within {median(spreads) * 1e3:.1f} ms (worst {worst * 1e3:.1f} ms), "
        f"{share * 100:.1f} % of a solo",
        "longer answers, or a less busy client machine",
    )


def answers_whole(phase: PhaseMeasured) -> Condition:
    faulty = len(phase.rounds) - len(phase.scored)
    passed = faulty <= MAX_FAULTY * len(phase.rounds) if phase.rounds else None
    first, *others = phase.not_whole or [""]
    more = f"; and {len(others)} more" if others else ""
    named = f" ({first.replace(': ', ', ', 1)}{more})" if first else ""
    return Condition(
        "answers whole",
        passed,
        f"{len(phase.scored)} of {len(phase.rounds)} rounds had only whole answers{named}",
        remedy(phase),
    )


def no_cache(phase: PhaseMeasured) -> Condition:
    """Cached tokens may be the chat template's at most: our own words are never the same twice."""
    requests = phase.counted
    counted = [
        (r, words)
        for r in requests
        if r.cached_tokens is not None and r.prompt_tokens is not None
        for words in [phase.targets[r.target].prompt_words if r.prompt_words is None else r.prompt_words]
        if words is not None
    ]
    if not counted:
        return Condition("no cache", None, "no server reports cached prompt tokens", REPORT_CACHED)
    hits = [r for r, words in counted if (r.cached_tokens or 0) > (r.prompt_tokens or 0) - words]
    most = max(r.cached_tokens or 0 for r, _ in counted)
    return Condition(
        "no cache",
        not hits,
        f"at most {most} cached prompt tokens in {len(counted)} answers"
        + (f"; {len(hits)} reused our own words" if hits else ", none of our own words"),
        "switch the server's prompt cache off",
    )


def equal_prompts(phase: PhaseMeasured) -> Condition:
    """Within a few tokens; long ones of as many random words within a hundredth.

    All prompts of a target are equally long. A server that counts fewer for some leaves out what it had
    cached: a template, unless it counts fewer tokens than our own text has words.
    """
    if all(s.prompt_tokens is None for s in phase.solos):
        return Condition("equal prompts", None, "no server reports prompt tokens", REPORT_USAGE)
    worst, off = (0, 0, 0), ""
    for target in phase.alone:
        told = [r for r in phase.counted if r.target == target and r.prompt_tokens is not None]
        sizes = {r.prompt_tokens or 0 for r in told}
        least, most = min(sizes, default=0), max(sizes, default=0)
        worst = max(worst, (most - least, least, most))
        if most - least > max(EQUAL_PROMPTS, EQUAL_LONG_PROMPTS * most):
            words = [
                phase.targets[target].prompt_words if r.prompt_words is None else r.prompt_words for r in told
            ]
            ours = min((w for w in words if w is not None), default=0)
            off = "our own words" if least < ours else off or "some"
    sentence = f"prompts of one target differ by at most {worst[0]} tokens"
    if not off:
        return Condition("equal prompts", True, sentence)
    cached = f"prompts of equal length count as {worst[1]} to {worst[2]} tokens: what is cached is left out"
    if off == "some":
        return Condition("equal prompts", None, cached, COUNTS_ALL)
    return Condition("equal prompts", False, f"{cached}, {off} too", "switch the server's prompt cache off")


def enough_measured(phase: PhaseMeasured) -> Condition:
    if phase.fit is None:
        return Condition("enough measured", None, "nothing was fitted")
    spare, n = int(phase.fit.df), len(phase.fit.residuals)
    return Condition(
        "enough measured",
        spare >= MIN_DF,
        f"{n} solos and rounds for {n - spare} unknowns",
        "more rounds, or fewer targets in this phase",
    )


def drift(phase: PhaseMeasured) -> Condition:
    change = phase.drift
    if change is None:
        return Condition("drift", None, "too few measurements to see a drift", "more rounds")
    band = (math.exp(-MAX_DRIFT), math.exp(MAX_DRIFT))
    passed = surely_within(change, band)
    how = {True: "allowed for in G", False: "too much to be allowed for", None: NOT_SURELY}[passed]
    return Condition(
        "drift",
        passed,
        f"solo times changed by {change.change * 100:+.1f} % over {phase.span_s:.0f} s ({how})",
        "let the machine cool down, stop other programs, run again",
    )


def solos_alike(phase: PhaseMeasured) -> Condition:
    """Answers alone that scatter far wider than rounds were not alone: something else slowed some of them."""
    fit = phase.fit
    if fit is None or len(phase.scored) < MIN_ROUNDS or fit.round_scatter <= 0:
        return Condition("solos alike", None, "too few measurements to compare their scatter", "more rounds")
    wild = fit.solo_scatter > max(SOLO_SCATTER, WILD_SCATTER * fit.round_scatter)
    return Condition(
        "solos alike",
        not wild,
        f"answers alone scatter by {fit.solo_scatter * 100:.0f} %, rounds by {fit.round_scatter * 100:.0f} %",
        "something slowed some of the answers that were sent alone: stop other users and programs, run again",
    )


def server_timings(phase: PhaseMeasured) -> Condition:
    """llama.cpp and Ollama say themselves how long they decoded; it must be what we saw arrive."""
    pairs = [
        (r.decode_s, r.server_decode_s)
        for r in phase.counted
        if r.decode_s is not None and r.server_decode_s is not None
    ]
    if not pairs:
        return Condition("server's timings", None, "no server reports its own timings")
    off = [abs(a - b) > max(TIMINGS_AGREE * b, TIMINGS_AGREE_S) for a, b in pairs]
    gap = median(abs(a - b) for a, b in pairs)
    return Condition(
        "server's timings",
        sum(off) <= MAX_FAULTY * len(off),
        f"decode times seen here and by the server differ by {gap * 1e3:.1f} ms (median of {len(pairs)})",
        "a proxy may hold tokens back (nginx: proxy_buffering off; HAProxy: option http-no-delay), or a busy "
        "client read them late: measure at the server itself",
    )


def client(phase: PhaseMeasured, health: ClientHealth) -> Condition:
    """Is portlap itself the bottleneck? Its processor share, event-loop lag and own timing error."""
    solo_s = min(phase.solo_s.values(), default=None)
    late = [r.clock_error_s for r in phase.counted if r.clock_error_s is not None]
    if health.cpu_percent is None and not late:
        return Condition("client", None, "portlap's own load was not recorded")
    if solo_s is None:
        return Condition("client", None, "no time of an answer alone to compare portlap's own times with")
    cpu, lag = health.cpu_percent or 0.0, health.loop_lag_p99_s or 0.0
    error_s = percentile(late, 0.99) if late else lag  # a loop that lags is an error only where it shows
    own_error = f", its times are sure to {error_s * 1e3:.1f} ms at p99" if late else ""
    return Condition(
        "client",
        cpu <= MAX_CPU_PERCENT and error_s <= MAX_SPREAD * solo_s,
        f"portlap used {cpu:.0f} % of one core, its loop lagged {lag * 1e3:.1f} ms at p99{own_error}",
        "measure from another machine, or with fewer users",
    )


def phase_conditions(phase: PhaseMeasured, health: ClientHealth) -> list[Condition]:
    """All conditions of one phase, in the order they are shown; before a round none is decided."""
    found = [
        release_spread(phase),
        answers_whole(phase),
        no_cache(phase),
        equal_prompts(phase),
        enough_measured(phase),
        drift(phase),
        solos_alike(phase),
        client(phase, health),
        server_timings(phase),
        token_counts(phase),
        answer_lengths(phase),
    ]
    return found if phase.rounds else [Condition(c.name, None, NO_ROUND) for c in found]
