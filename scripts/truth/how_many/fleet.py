"""The servers of known truth: seventeen of every kind, and nine that the rules were not tuned on."""

import random
from dataclasses import replace

from scripts.truth.how_many.server import RETRY_S, TOKEN_S, Batching, Compute, Request, Server, World

BATCHING = Server("batching", pace=Batching(0.249))
FOUR = Server("4 slots, compute 4", slots=4, pace=Compute(4))
SERVERS = (
    Server("serial", slots=1),
    Server("serial, 2 ports", slots=1, ports=2, one_chip=False),
    FOUR,
    Server("4 slots, compute 2", slots=4, pace=Compute(2)),
    Server("time-sliced, no gain", pace=Compute(1)),
    BATCHING,
    Server("batching, prefill stall", stalls=True, pace=Batching(0.21)),
    Server("4 slots x 2 ports, shared chip", slots=4, ports=2, pace=Batching(0.42)),
    Server("refuses above 6", refuses_above=6, pace=Compute(6)),
    Server("cache for 10, then preemption", cache=10, pace=Batching(0.28)),
    Server("contention above 4", pace=Compute(4, keeps=0.87, hindered_above=4)),
    replace(BATCHING, name="batching, throttles 30 %", throttled=0.7),
    replace(BATCHING, name="batching, 30 % noise", noise=0.3),
    replace(BATCHING, name="batching, common noise 15 %", common=0.15),
    replace(FOUR, name="4 slots, heavy-tailed", heavy=0.1, noise=0.2),
    replace(BATCHING, name="batching, heavy-tailed", heavy=0.1),
    replace(BATCHING, name="hiccups 8 %", hiccups=0.08),
)
HELD_OUT = (
    Server("6 slots, compute 3", slots=6, pace=Compute(3)),
    Server("8 slots that saturate, 15 % noise", slots=8, pace=Batching(0.3), noise=0.15),
    replace(BATCHING, name="batching, 20 % noise", noise=0.2),
    Server("serial, refuses 5 % at random", slots=1, refuses=0.05),
    Server("stall of 0.5 s, half speed", stalls=True, prompt_s=0.5, pace=Batching(0.3)),
    Server("2 slots x 3 ports", slots=2, ports=3, one_chip=False, pace=Compute(2)),
    Server("time-sliced, common noise 10 %", pace=Compute(1), common=0.1),
    Server("cache for 20, then preemption", cache=20, pace=Batching(0.14)),
    replace(BATCHING, name="12 % of all requests hiccup", hiccups=0.12),
)
TARGET_TTFT_S, TARGET_SPEED, SHARE = 2.0, 10.0, 0.9
MOST = 64


def met(request: Request) -> bool:
    """Whether it met the target."""
    if request.refused or request.first_s is None or request.end_s is None:
        return False
    writing_s = max(request.end_s - request.first_s, 1e-9)
    return (
        request.first_s - request.sent_s <= TARGET_TTFT_S and (request.tokens - 1) / writing_s >= TARGET_SPEED
    )


def true_share(server: Server, users: int, answers: int, seed: int = 7) -> float:
    """Share of the answers that meet the target with so many users, the machine as at the end."""
    world = World(server, random.Random(seed), steady=True)
    waiting = [(i * (0.2 + 100 * TOKEN_S) / users, i) for i in range(users)]
    done: list[Request] = []
    while len(done) < answers + 2 * users:
        while waiting and waiting[0][0] <= world.now_s + 1e-12:
            _, user = waiting.pop(0)
            request = world.send(user)
            if request.end_s is not None:
                done.append(request)
                waiting.append((world.now_s + RETRY_S, user))
                waiting.sort()
        ended = world.step(waiting[0][0] if waiting else float("inf"))
        done += ended
        waiting += [(world.now_s, r.user) for r in ended]
        waiting.sort()
    counted = sorted(done, key=lambda r: r.sent_s)[2 * users :][:answers]
    return sum(map(met, counted)) / len(counted)


def true_number(server: Server, answers: int) -> tuple[int, dict[int, float]]:
    """The most users of whose answers nine in ten meet the target, and the shares that show it."""
    shares = {0: 1.0}

    def fine(users: int) -> bool:
        if users not in shares:
            shares[users] = true_share(server, users, answers)
        return shares[users] >= SHARE

    low, high = 0, 1
    while high <= MOST and fine(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fine(middle) else (low, middle)
    fine(low + 1)
    return low, shares
