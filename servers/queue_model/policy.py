"""What limits a machine. Everything is unlimited by default."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from servers.queue_model.pace import STEADY, Pace

POLICIES: Final = ("serial", "port-serial", "model-serial", "time-sliced", "slots", "parallel", "contention")
CONTENTION: Final = (1.0, 0.6)  # two streams together are worth less than one
FIFO, LIFO, RANDOM = "fifo", "lifo", "random"
ORDERS: Final = (FIFO, LIFO, RANDOM)

# Total throughput, in solo streams, of 1, 2, 3 … of something; the last entry holds for all beyond. Empty: no
# limit, n are worth n. (1, 1.6, 2) is a batch that gains 1.6 and 2; (1, 0.6) is contention.
Curve = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """What limits the program behind one port."""

    slots: float = math.inf  # requests worked on at once
    model_slots: float = math.inf  # of these, per model
    prefills: float = (
        math.inf
    )  # requests in prefill at once; 1: prefill is serialised while decode is batched
    decode_beside_prefill: float = 1.0  # pace of decoding while another prefills; 0: it stalls
    # solo seconds of a piece of prefill; between two of them every running stream gets a token
    piece_s: float = math.inf
    throughput: Curve = ()  # over the port's own running streams
    models_in_memory: float = math.inf  # at once; 1 and two models asked for: they swap
    load_s: float = 0.0  # to load a model on its first use
    cached_prompts: int = 0  # past prompts remembered, whose common beginning skips its share of prefill
    slot_choice: str = ""  # in place of that each slot remembers its own; one of SLOT_CHOICES
    similarity: float = 0.1  # of a prompt that a slot must hold to be chosen for it
    host_cache: int = 0  # prompts of slots that were overwritten

    @property
    def shares(self) -> bool:
        """The pace of a request may depend on others of this port."""
        return bool(self.throughput) or math.isfinite(self.prefills) or self.decode_beside_prefill != 1


@dataclass(frozen=True, slots=True)
class Policy:
    """What limits the whole machine, and each of its ports.

    A request goes at the smallest pace that any limit leaves it; what one cannot use is not given to another.
    """

    slots: float = math.inf  # requests worked on at once in all; 1 is a global lock
    compute: float = math.inf  # solo streams that the compute is worth, shared equally
    throughput: Curve = ()  # over all running streams of the machine
    ports_throughput: Curve = ()  # over busy ports: two of 0.6 each get (1, 1.2)
    background: float = 0.0  # streams of other programs that share `compute` and `throughput` all the time
    order: str = FIFO  # who leaves the queue first; one of ORDERS
    seed: int = 7  # of the random order
    pace: Pace = STEADY
    port: Port = Port()
    ports: Mapping[int, Port] = field(default_factory=dict)  # those that differ from `port`

    @property
    def shares(self) -> bool:
        """Someone's pace may depend on others."""
        return (
            math.isfinite(self.compute)
            or bool(self.throughput or self.ports_throughput)
            or any(p.shares for p in (self.port, *self.ports.values()))
        )

    def at(self, port: int) -> Port:
        """The limits behind that port."""
        return self.ports.get(port, self.port)


def named(name: str, slots: int = 1) -> Policy:
    """The policy of that name in POLICIES; `slots` counts for "slots" only."""
    return {
        "serial": Policy(slots=1),
        "port-serial": Policy(port=Port(slots=1)),
        "model-serial": Policy(port=Port(model_slots=1)),
        "time-sliced": Policy(compute=1),
        "slots": Policy(port=Port(slots=slots)),
        "parallel": Policy(),
        "contention": Policy(throughput=CONTENTION),
    }[name]


def worth(curve: Curve, n: float) -> float:
    """Total throughput of n by the curve, linear between its entries; 0 of 0."""
    if not curve or n <= 0:
        return n
    if n <= 1:
        return n * curve[0]
    below = min(int(n), len(curve))
    above = min(below + 1, len(curve))
    return curve[below - 1] + (n - int(n)) * (curve[above - 1] - curve[below - 1])
