"""A search that looks once at each level: doubles, then halves, all users starting together.

The rules of a published tool: a level is max(16, 4·n) answers, or 16 in its quick form; it passes if none
failed and nine in ten of all meet the target.
"""

import random

from scripts.truth.how_many.fleet import MOST, SHARE, met
from scripts.truth.how_many.server import TOKEN_S, Request, Server, World

TOKENS = 100  # of every answer


def one_shot(server: Server, seed: int, quick: bool) -> tuple[int, float]:
    """(the number it says, seconds)."""
    world = World(server, random.Random(seed))

    def passes(users: int) -> bool:
        return _level(world, users, 16 if quick else max(16, 4 * users))

    low, high = 0, 1
    while high <= MOST and passes(high):
        low, high = high, 2 * high
    while high - low > max(round(0.1 * low), 1):
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low, world.now_s


def _level(world: World, users: int, answers: int) -> bool:
    done: list[Request] = []
    left, waiting = answers, list(range(min(users, answers)))
    running = 0
    while len(done) < answers:
        while waiting and left:
            left, running = left - 1, running + 1
            request = world.send(waiting.pop(0))
            request.answer *= TOKENS * TOKEN_S / max(request.tokens * TOKEN_S, 1e-9)
            request.tokens = TOKENS
            if request.end_s is not None:
                done.append(request)
        ended = world.step(float("inf")) if world.running else []
        done += ended
        waiting += [r.user for r in ended]
        waiting += [r.user for r in done[-1:] if r.refused and left]
    return not any(r.refused for r in done) and sum(map(met, done)) >= SHARE * len(done)
