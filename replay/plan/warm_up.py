"""Before the first phase: warm-up answers, and from them the length of all later ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.advice.by_status import ACCESS
from analysis.errors import TargetError
from analysis.files.plan import PlannedPhase
from analysis.files.request_record import (
    AFTER_END,
    WARMUP,
    WARMUP_PHASE,
    RequestRecord,
    same_model,
    under_asked_name,
)
from analysis.phase.overlap import streams_known
from replay.output import log
from replay.plan import progress
from replay.plan.budget import AIM_S, LEAST_TOKENS, Speed, tokens_for_budget, warm_up_turns
from replay.plan.one_phase import ask_alone
from replay.plan.run_state import RunState
from replay.prompts.long_text import TEXT_WORDS
from replay.prompts.prefix import prompt, texts_of
from replay.scenario.schema import Target

FIRST_TOKENS = 16  # of the first warm-up answer: it is there to load the model
# Statuses of a server that does not know the path or a field; 200 too, LM Studio's answer to everything
REFUSED = (200, 400, 404, 405, 415, 422, 500, 501)

Answers = Mapping[str, list[RequestRecord]]  # by target, in the order they were asked for


def warm_up(run: RunState, targets: Sequence[str]) -> tuple[RunState, Answers]:
    """The answers that load the models, and the run with the way in which each target can be asked.

    Raises TargetError where a target's last answer shows that no round would count.
    """
    asked = run.scenario.request.length
    tokens = LEAST_TOKENS if asked == "auto" else asked
    answers: dict[str, list[RequestRecord]] = {t: [] for t in targets}
    echoes: dict[str, list[set[str]]] = {t: [] for t in targets}
    for index, (target, short) in enumerate(warm_up_turns(targets)):
        n = min(FIRST_TOKENS, tokens) if short else tokens
        before = run.answered_at()
        record = ask_alone(run, target, WARMUP_PHASE, index, WARMUP, n)
        while not answers[target] and _refuses(record) and len(run.endpoints[target]) > 1:
            progress.refused(record)
            run = replace(run, endpoints={**run.endpoints, target: run.endpoints[target][1:]})
            record = ask_alone(run, target, WARMUP_PHASE, index, WARMUP, n)
        now, own = run.answered_at(), run.infos[target].base_url
        echoes[target].append({url for url in now if url != own and now[url] != before.get(url, now[url])})
        answers[target].append(record)
        progress.warmed_up(record)
    _note_habits(answers)
    run = _with_servers_behind(_with_aliases(_with_echoes(run, echoes), answers), answers)
    _check(run, answers)
    return run, answers


def _check(run: RunState, answers: Answers) -> None:
    """Raises TargetError for a target whose last answer shows that no round would ever count."""
    for target, records in answers.items():
        info = run.infos[target]
        last = under_asked_name(records[-1], info.answers_as)
        if last.error is not None:
            helps = ACCESS.get(last.http_status or 0)
            raise TargetError(
                f"target {target}: its warm-up failed: {last.error}" + (f"; {helps}" if helps else "")
            )
        if not same_model(last.model, last.answered_model):
            raise TargetError(
                f"target {target}: {last.answered_model!r} answered in place of {last.model!r}; "
                "load that model, or name the one that is loaded; if both are one, write answers_as"
            )
        faults = [under_asked_name(r, info.answers_as).not_whole_because(None) for r in records]
        if all(faults):
            raise TargetError(f"target {target}: none of its warm-up answers is whole: {faults[-1]}")


def _note_habits(answers: Answers) -> None:
    """What connections do behind their answers, once: it costs nothing, and explains what is closed."""
    for target, records in answers.items():
        for habit in dict.fromkeys(r.after_end for r in records if r.after_end is not None):
            log.info(f"{target}: {AFTER_END[habit]}")


def _with_aliases(run: RunState, answers: Answers) -> RunState:
    """A name that is steady through the warm-up, and that the server does not list, is an alias."""
    for target, records in answers.items():
        names = {r.answered_model for r in records if r.error is None}
        info = run.infos[target]
        other = next(iter(names), None)
        if len(names) != 1 or other is None or info.model is None or same_model(info.model, other):
            continue
        if info.answers_as is not None:
            continue  # the scenario names it
        if other not in info.server.get("listed", ()):
            log.info(f"{target}: {info.model!r} answers as {other!r}: taken for an alias")
            run = run.with_target(replace(info, server=info.server | {"answers_as": other}))
    return run


def _with_servers_behind(run: RunState, answers: Answers) -> RunState:
    """The address that a proxy names, where it is the same with every answer."""
    for target, records in answers.items():
        named = {r.behind for r in records if r.error is None}
        if len(named) == 1 and (behind := named.pop()) is not None:
            info = run.infos[target]
            run = run.with_target(replace(info, server=info.server | {"behind": behind}))
    return run


def _with_echoes(run: RunState, echoes: Mapping[str, Sequence[set[str]]]) -> RunState:
    """Ports that were not asked and yet answered, each time: the same server. Once may be a late counter."""
    for target, urls in echoes.items():
        for url in set.intersection(*urls):
            progress.echoed(target, url)
            info = run.infos[target]
            run = run.with_target(replace(info, server=info.server | {"also_counted_at": url}))
    return run


def _refuses(record: RequestRecord) -> bool:
    """Whether the server may answer if asked another way: it refused this one, or sent nothing."""
    return record.error is not None and record.http_status in REFUSED and not record.units


def choose_tokens(run: RunState, phases: Sequence[PlannedPhase], answers: Answers) -> RunState:
    """The run with max_tokens fixed for each target, and the time that a solo is expected to take."""
    asked, texts = run.scenario.request.length, run.scenario.request.embeddings
    speeds = {t: _speed(records) for t, records in answers.items()}
    known = {t: s for t, s in speeds.items() if s is not None}
    tokens = dict.fromkeys(answers, LEAST_TOKENS if asked == "auto" else asked)
    if asked == "auto" and len(known) == len(speeds):
        tokens = tokens_for_budget(phases, known, run.left_s())
    solo_s = {}
    for target, n in tokens.items():
        info, speed = run.infos[target], speeds[target]
        server = info.server | {"endpoint": run.endpoints[target][0].path}
        words, asks = _words_sent(run.targets[target], texts), n if texts is None else None
        run = run.with_target(replace(info, max_tokens=asks, texts=texts, prompt_words=words, server=server))
        solo_s[target] = speed.solo_s(n) if speed else (answers[target][-1].latency_s or AIM_S)
    run.recorder.update(targets=tuple(run.infos.values()))
    return replace(run, solo_s=solo_s)


def _words_sent(target: Target, texts: int | None) -> int:
    """Of our own text in a request: none of them may come from a cache."""
    if texts is not None:
        own = target.own_message
        words = len(texts_of([own or ""], 0, 0)[0].split())
        return texts * (words if own else words + TEXT_WORDS)
    sent = (*(m["content"] for m in target.before), target.test_message)
    return len(prompt(" ".join(sent), 0, 0).split())


def _speed(answers: Sequence[RequestRecord]) -> Speed | None:
    """Of a warm target at its least disturbed; None if an answer failed or its tokens are unknown."""
    if answers[-1].error is not None:
        return None
    warm = answers[1:] or answers  # the first may have loaded the model
    if not streams_known(warm):
        shares = [r.latency_s / r.tokens for r in warm if r.latency_s is not None and r.tokens]
        return Speed(min(shares), min(shares)) if shares else None
    ttfts = [r.ttft_s for r in warm if r.ttft_s is not None]
    tpots = [r.tpot_s for r in answers if r.tpot_s]
    return Speed(min(ttfts), min(tpots)) if ttfts and tpots else None
