"""A closed loop of users on a server of known truth, as rows of recipes/request_log.py. No sockets."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from analysis.locust_rows.rows import LocustRow

SERVERS = {"serial": (1, True), "time-sliced": (99, False), "two slots": (2, True), "parallel": (99, True)}


@dataclass
class Job:
    user: int
    name: str
    send_s: float
    work_s: float
    left_s: float = field(init=False)
    first_s: float | None = None

    def __post_init__(self) -> None:
        self.left_s = self.work_s


def rows(
    server: str,
    starts_s: Sequence[float],
    until_s: float,
    *,
    solo_s: float = 1.0,
    wait_s: float = 0.0,
    jitter: float = 0.0,
    cold_s: float = 0.0,
    prefill: float = 1 / 3,
    first_tokens: bool = True,
    stops_s: Sequence[float] = (),
    names: Sequence[tuple[str, float]] = (("chat", 1.0),),
    seed: int = 1,
) -> tuple[LocustRow, ...]:
    """User i starts at starts_s[i] and ends at stops_s[i], or when the run does; an open request has no row.

    The server works on an abandoned request to its end. `names`: how many times `solo_s` each takes;
    `prefill`: the share of an answer's work before its first token.
    """
    slots, full_speed = SERVERS[server]
    chance = random.Random(seed)
    stops = [*stops_s, *(until_s for _ in starts_s)][: len(starts_s)]
    due = {user: at for user, at in enumerate(starts_s)}
    queue: list[Job] = []
    found: list[LocustRow] = []
    now_s = 0.0
    while now_s < until_s:
        for user in [u for u, at in due.items() if at <= now_s]:
            del due[user]
            if now_s < stops[user]:
                name, times = chance.choice(names)
                work_s = solo_s * times * chance.lognormvariate(0.0, jitter) + cold_s
                cold_s = 0.0  # the first request loads the model
                queue.append(Job(user, name, now_s, work_s))
        working = queue[:slots]
        pace = 1.0 if full_speed else 1 / max(len(working), 1)
        waits = [at for at in due.values() if at > now_s]
        waits += [now_s + _to_next(job, prefill) / pace for job in working]
        step_s = min([*waits, until_s]) - now_s
        for job in working:
            job.left_s -= step_s * pace
        now_s += step_s
        for job in working:
            if job.first_s is None and job.left_s <= job.work_s * (1 - prefill) + 1e-9:
                job.first_s = now_s
        for job in [j for j in working if j.left_s <= 1e-9]:
            queue.remove(job)
            if now_s >= stops[job.user]:
                continue
            users = sum(start <= now_s < stop for start, stop in zip(starts_s, stops, strict=True))
            found.append(_row(job, now_s, users, len(found) + 1, first_tokens))
            due[job.user] = now_s + (wait_s * chance.uniform(0.5, 1.5) if wait_s else 0.0)
    return tuple(sorted(found, key=lambda r: r.end_s))


def _to_next(job: Job, prefill: float) -> float:
    to_first_s = job.left_s - job.work_s * (1 - prefill)
    return to_first_s if job.first_s is None and to_first_s > 1e-9 else job.left_s


def _row(job: Job, end_s: float, users: int, number: int, first_tokens: bool) -> LocustRow:
    return LocustRow(
        worker=0, request_id=number, user=job.user, users=users, type="POST", name=job.name,
        send_s=job.send_s, first_token_s=job.first_s if first_tokens else None, end_s=end_s, length=100.0,
    )  # fmt: skip
