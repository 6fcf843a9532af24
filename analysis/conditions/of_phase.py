"""Conditions of a phase: did rounds leave at one instant, were answers whole and alike, the client idle?"""

import math
from statistics import fmean, median

from analysis.conditions.condition import Condition
from analysis.conditions.lengths import lengths_of
from analysis.conditions.refusals import remedy
from analysis.files.run import ClientHealth
from analysis.phase.measure import PhaseMeasured
from analysis.statistics.estimates import percentile
from analysis.thresholds import (
    EQUAL_LONG_PROMPTS,
    EQUAL_PROMPTS,
    LENGTHS_BAND,
    MAX_CPU_PERCENT,
    MAX_DRIFT,
    MAX_FAULTY,
    MAX_SPREAD,
    MIN_DF,
    MIN_ROUNDS,
    SOLO_SCATTER,
    SURELY,
    TIMINGS_AGREE,
    TIMINGS_AGREE_S,
    TOKENS_AGREE,
    WILD_SCATTER,
)

REPORT_USAGE = "let the server, or the proxy in front of it, report usage in its answers"
REPORT_CACHED = "a server that reports usage.prompt_tokens_details tells them"

COUNTS_ALL = "newer versions of the server count the whole prompt (Ollama from 0.3 on)"


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
    named = f": {phase.not_whole[0]}" if phase.not_whole else ""
    more = f" (and {len(phase.not_whole) - 1} more)" if len(phase.not_whole) > 1 else ""
    return Condition(
        "answers whole",
        passed,
        f"{len(phase.scored)} of {len(phase.rounds)} rounds had only whole answers{named}{more}",
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
    return Condition(
        "drift",
        not change.surely_outside((math.exp(-MAX_DRIFT), math.exp(MAX_DRIFT)), SURELY),
        f"solo times changed by {change.change * 100:+.1f} % over {phase.span_s:.0f} s (allowed for in G)",
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


def token_counts(phase: PhaseMeasured) -> Condition:
    pairs = [
        (r.chunks, r.output_tokens)
        for r in phase.solos
        if r.chunks is not None and r.output_tokens is not None and phase.streams
    ]
    if not pairs:
        sentence = "the server reports no usage: chunks were counted"
        return Condition("token counts", None, sentence, REPORT_USAGE)
    ratio = fmean(chunks / tokens for chunks, tokens in pairs)
    return Condition(
        "token counts",
        True if abs(ratio - 1) <= TOKENS_AGREE else None,
        f"{ratio:.2f} chunks arrive per token the server counts",
    )


def answer_lengths(phase: PhaseMeasured) -> Condition:
    """Times are normalised by tokens where these are counted and stream; elsewhere answers must be alike.

    A chunk is not always a token, and the faster they come the more may share one. Without streams the
    time of a token is unknown.
    """
    lengths = lengths_of(phase)
    if not lengths:
        return Condition("answer lengths", None, "no tokens were counted")
    off = [n for n in lengths if n.ratio.surely_outside(LENGTHS_BAND, SURELY)]
    worst = max(off or lengths, key=lambda n: abs(n.ratio.log))
    counted = phase.streams and all(r.output_tokens is not None for r in phase.counted)
    why = "answers do not stream" if not phase.streams else "chunks were counted, not tokens"
    return Condition(
        "answer lengths",
        counted or not off,
        f"{worst.target}'s answers are {worst.ratio.value:.2f} times as long together as alone "
        f"({'allowed for in all times' if counted else why})",
        "ask for fewer tokens than any answer would have, or measure where tokens stream and are counted",
    )


def client(phase: PhaseMeasured, health: ClientHealth) -> Condition:
    """Is portlap itself the bottleneck? Its processor share, event-loop lag and own timing error."""
    solo_s = min(phase.solo_s.values(), default=None)
    late = [r.clock_error_s for r in phase.counted if r.clock_error_s is not None]
    if solo_s is None or (health.cpu_percent is None and not late):
        return Condition("client", None, "portlap's own load was not recorded")
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
    """All conditions that belong to one phase, in the order they are shown."""
    return [
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
