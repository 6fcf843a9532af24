"""What the simulator is asked to do, and what one request will get: no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.errors import ScenarioError
from servers import wire
from servers.queue_model import Job, Policy


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the servers act. Every Nth request counts over all ports."""

    policy: Policy
    ttft_s: float  # of a request alone at a port of speed 1
    tpot_s: float
    jitter: float = 0.0  # standard deviation of the logarithm of both, drawn once per request
    seed: int = 7
    stream_usage: bool = True
    lump: bool = False  # a stream comes in one piece at its end
    stop_after: int | None = None  # tokens after which an answer ends by itself
    cached: int | None = None  # prompt tokens said to come from a cache
    fail_every: int | None = None
    hang_every: int | None = None
    die_after: int | None = None  # tokens after which the connection is cut …
    die_every: int = 1  # … of each Nth request


@dataclass(frozen=True, slots=True)
class Plan:
    """What one request will get."""

    job: Job
    answer: wire.Answer
    usage: bool
    cut: bool  # the connection breaks after the job's tokens


def plan_reply(does: Behaviour, ask: wire.Ask, number: int, port: int, slowness: float) -> Plan:
    """The job, the answer and its fate; `slowness` multiplies the solo times."""
    tokens = served = min(ask.max_tokens, does.stop_after or ask.max_tokens)
    if does.die_after and is_nth(number, does.die_every):
        served = min(tokens, does.die_after)
    answer = wire.Answer(
        number=number,
        finish_reason="length" if tokens == ask.max_tokens else "stop",
        prompt_tokens=ask.prompt_tokens,
        output_tokens=tokens,
        cached_tokens=does.cached,
    )
    job = Job(port, does.ttft_s * slowness, does.tpot_s * slowness, served)
    return Plan(job, answer, ask.usage and does.stream_usage, cut=served < tokens)


def is_nth(number: int, every: int | None) -> bool:
    """False where nothing was asked for."""
    return every is not None and number % every == 0


def check(behaviour: Behaviour, ports: Sequence[int], speeds: Sequence[float]) -> list[float]:
    """The speed of each port. Raises ScenarioError if an option makes no sense."""
    if len(speeds) not in (1, len(ports)):
        raise ScenarioError(
            f"--speed is given {len(speeds)} times for {len(ports)} ports; give one, or one each"
        )
    positive = {"--ttft-s": behaviour.ttft_s, "--speed": min(speeds)}
    for option in ("stop_after", "fail_every", "hang_every", "die_after", "die_every"):
        positive["--" + option.replace("_", "-")] = getattr(behaviour, option)
    positive["--slots"] = behaviour.policy.port.slots
    for option, value in positive.items():
        if value is not None and value <= 0:
            raise ScenarioError(f"{option} {value:g}: must be more than 0")
    if min(behaviour.tpot_s, behaviour.jitter) < 0:
        raise ScenarioError("--tpot-s and --jitter must not be below 0")
    return list(speeds) * (len(ports) if len(speeds) == 1 else 1)
