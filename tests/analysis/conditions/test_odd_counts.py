"""Figures that a server counts in another way spoil no verdict; what they would hide still fails."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.conditions.condition import Condition
from analysis.conditions.server_slots import NAME as SLOTS
from analysis.files.request_record import RequestRecord
from analysis.files.run import Run
from analysis.files.server_samples import ServerSample
from analysis.verdict.outcomes import Outcome
from tests.support.farm import farm, phase
from tests.support.runs import changed, watched


def condition(run: Run, name: str) -> Condition:
    (judged,) = assess(run).phases
    return next(c for c in judged.conditions if c.name == name)


def outcome(run: Run) -> Outcome:
    (judged,) = assess(run).phases
    return judged.outcome


# Prompt tokens


def counted(first: int, later: int, words: int = 30, policy: str = "parallel") -> Run:
    """The server counts `first` tokens for the first prompt, and `later` for all that follow."""
    run = farm(policy, [phase(4, ports=1)])
    infos = tuple(replace(t, prompt_words=words) for t in run.manifest.targets)

    def told(r: RequestRecord) -> RequestRecord:
        return replace(r, prompt_tokens=first if r.request_id <= 3 else later, prompt_words=None)

    return changed(replace(run, manifest=replace(run.manifest, targets=infos)), told)


@pytest.mark.parametrize("policy", ["parallel", "serial", "time-sliced"])
def test_an_ollama_that_counts_only_what_it_reads_spoils_no_verdict(policy: str) -> None:
    """Ollama until 0.2: 90 tokens, then 60 for a text as long: the template was cached."""
    odd = counted(90, 60, policy=policy)
    found = condition(odd, "equal prompts")
    assert found.passed is None
    assert "count as 60 to 90 tokens: what is cached is left out" in found.sentence
    assert "report this" not in found.hint
    assert outcome(odd) == outcome(counted(90, 90, policy=policy))


def test_a_count_below_our_own_words_means_that_these_were_cached() -> None:
    odd = counted(90, 5)
    found = condition(odd, "equal prompts")
    assert found.passed is False and "our own words too" in found.sentence
    assert outcome(odd) == Outcome.INCONCLUSIVE


def test_counts_that_differ_by_a_few_tokens_pass() -> None:
    found = condition(counted(62, 60), "equal prompts")
    assert (found.passed, found.sentence) == (True, "prompts of one target differ by at most 2 tokens")


# Counters of one server of several


def replicas(run: Run) -> Run:
    """Two servers behind one address, asked in turn: each works on its half and counts for itself."""
    seen = -1

    def one_of_two(s: ServerSample) -> ServerSample:
        nonlocal seen
        if s.busy is None:
            return s
        seen += 1
        own = (s.decodes or 0) // 2 + 5000 * (seen % 2)
        return replace(s, busy=(s.busy + seen % 2) // 2, waiting=0, slots=1, decodes=own, busy_per_decode=1.0)

    return replace(run, server_samples=tuple(one_of_two(s) for s in run.server_samples))


def test_counters_of_one_of_several_servers_do_not_fail_the_run() -> None:
    plain = watched(farm("parallel", [phase(2, ports=1)]), slots=None)
    found = condition(replicas(plain), SLOTS)
    assert found.passed is None
    assert "several servers answer at http://127.0.0.1:1234" in found.sentence
    assert outcome(replicas(plain)) == outcome(plain) == Outcome.FULLY


def test_a_server_that_was_restarted_once_is_still_compared() -> None:
    """One server whose proxy lets streams overlap that it does not: it counts from 0 once more."""
    lying = watched(farm("slots", [phase(4, ports=1)], slots=4), slots=4)
    middle = len(lying.server_samples) // 2
    restarted = tuple(
        replace(s, busy=min(s.busy, 1), decodes=(s.decodes or 0) - (0 if i < middle else 100))
        if s.busy is not None
        else s
        for i, s in enumerate(lying.server_samples)
    )
    assert condition(replace(lying, server_samples=restarted), SLOTS).passed is False


# Tokens at the limit


@pytest.mark.parametrize(
    ("output", "chunks", "finish", "tokens"),
    [
        (23, 24, "length", 24),  # LM Studio 0.4.22
        (24, 24, "length", 24),
        (23, 24, "stop", 23),  # a chunk without a token of its own, at a natural end
        (20, 24, "length", 20),  # too far off: an empty chunk, or half a character
        (24, 6, "length", 24),  # several tokens in a chunk
        (23, None, "length", 23),
        (None, 24, "length", 24),
    ],
)
def test_one_token_less_at_the_limit_is_the_servers_slip(
    output: int | None, chunks: int | None, finish: str, tokens: int
) -> None:
    run = farm("serial", [phase(2, ports=1)])
    record = replace(run.log.records[-1], output_tokens=output, chunks=chunks, finish_reason=finish)
    assert record.tokens == tokens


# The server's own times


def test_a_proxy_that_delays_small_writes_is_named_with_its_options() -> None:
    """HAProxy as it comes, before a real llama-server: 210 ms apart."""

    def late(r: RequestRecord) -> RequestRecord:
        return replace(r, server_decode_s=(r.decode_s or 0.0) - 0.21)

    found = condition(changed(farm("serial", [phase(2, ports=1)]), late), "server's timings")
    assert found.passed is False and "210.0 ms" in found.sentence
    assert "proxy_buffering off" in found.hint and "option http-no-delay" in found.hint
