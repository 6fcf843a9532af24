"""What a farm means: limits for the queueing model, and what one request gets. No I/O."""

import math
import random
from dataclasses import dataclass

from servers.queue_model import Job, Pace, Policy, Port, drifting, named
from servers.simulator import wire
from servers.simulator.farm import MachineSpec, PortSpec

DRIFT_LASTS_S = 3600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What one request will get."""

    job: Job
    answer: wire.AnswerBytes
    usage: bool
    cut: bool  # the connection breaks after the job's tokens


def policy_of(machine: MachineSpec, time_scale: float) -> Policy:
    """The machine's limits, its ports numbered from 0. What it leaves out is as in its `policy`."""
    base = named(machine.policy or "parallel")
    pace = Pace(tuple((at_s * time_scale, speed) for at_s, speed in machine.pace))
    if machine.drift_per_min:
        pace = drifting(machine.drift_per_min / time_scale, DRIFT_LASTS_S * time_scale, 0.5 * time_scale)
    return Policy(
        slots=machine.slots or base.slots,
        compute=machine.compute or base.compute,
        throughput=machine.throughput or base.throughput,
        ports_throughput=machine.ports_throughput,
        background=machine.background,
        order=machine.order,
        seed=machine.seed,
        pace=pace,
        ports={i: _limits(p, base.port, time_scale) for i, p in enumerate(machine.ports)},
    )


def _limits(spec: PortSpec, base: Port, time_scale: float) -> Port:
    return Port(
        # careful: of the named policies only `slots` has a number of its own; the others' word is their name
        slots=spec.slots or base.slots,
        model_slots=spec.model_slots or base.model_slots,
        prefills=spec.prefills or math.inf,
        decode_beside_prefill=spec.decode_beside_prefill,
        piece_s=spec.prefill_batch * spec.prompt_token_s * time_scale / spec.speed
        if spec.prefill_batch
        else math.inf,
        throughput=spec.throughput,
        models_in_memory=spec.models_in_memory or math.inf,
        load_s=spec.load_s * time_scale,
        cached_prompts=spec.cached_prompts,
        slot_choice=spec.slot_choice or "",
        similarity=spec.similarity,
        host_cache=spec.host_cache,
    )


def plan_reply(
    does: PortSpec,
    ask: wire.ChatBody,
    number: int,
    place: int,
    chance: random.Random,
    time_scale: float,
    stop: int | None = None,
) -> Plan:
    """The job, the answer and its fate of request `number` at the machine's port `place`.

    `stop`: tokens after which its text has ended, in place of the port's own `stop_after`.
    """
    slowness = chance.lognormvariate(0.0, does.jitter) * time_scale / does.speed
    after = stop or does.stop_after
    if isinstance(after, tuple):
        after = chance.randint(min(after), max(after))
    tokens = served = min(ask.max_tokens, after or ask.max_tokens)
    if does.die_after and is_nth(number, does.die_every):
        served = min(tokens, does.die_after)
    answer = wire.AnswerBytes(
        number=number,
        model=ask.model,
        finish_reason="length" if tokens == ask.max_tokens else "stop",
        prompt_tokens=ask.prompt_tokens,
        output_tokens=tokens,
    )
    job = Job(
        port=place,
        prefill_s=(does.ttft_s - does.overhead_s + does.prompt_token_s * ask.prompt_tokens) * slowness,
        tpot_s=does.tpot_s * slowness,
        tokens=served,
        overhead_s=does.overhead_s * slowness,
        model=ask.model,
        prompt=ask.words if does.cached_prompts or does.slot_choice else (),
    )
    return Plan(job, answer, ask.usage and does.stream_usage, cut=served < tokens)


def is_nth(number: int, every: int | None) -> bool:
    """False where nothing was asked for."""
    return every is not None and number % every == 0
