"""What a user wants of one answer, and by how much an answer met or missed it."""

import math
from dataclasses import dataclass, replace

from analysis.files.request_record import STOPPED, RequestRecord
from analysis.thresholds import MOST_RETRY_S, RELATIVE_SPEED, RELATIVE_TTFT, RETRY_S

REFUSALS = (429, 503)
NO_MARGIN = -1.0  # of an answer that failed: e times too slow, so that means and spreads stay finite


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """First token within `ttft_s`, then `speed` tokens per second, in at least `share` of the answers."""

    ttft_s: float = 2.0
    speed: float = 10.0
    share: float = 0.9
    relative: bool = False  # made from what one answer alone reaches

    def latest_s(self, tokens: int) -> float:
        """The most seconds that an answer of so many tokens may take, from its sending to its end."""
        return self.ttft_s + tokens / self.speed


@dataclass(frozen=True, slots=True)
class Answer:
    """One request of a level. Instants are seconds of the run."""

    server: str  # its base_url
    sent_s: float
    end_s: float
    first_s: float | None
    last_s: float | None
    tokens: int
    gap_s: float | None
    failed: bool
    refused: bool
    margin: float  # logarithm of how many times better than wanted; below 0 is a miss
    retry_s: float = 0.0  # how long its user waits before it asks again

    @property
    def met(self) -> bool:
        return self.margin >= 0

    @property
    def cut(self) -> bool:
        return math.isinf(self.end_s)

    @property
    def duration_s(self) -> float:
        return self.end_s - self.sent_s

    @property
    def ttft_s(self) -> float | None:
        return None if self.first_s is None else self.first_s - self.sent_s

    @property
    def tpot_s(self) -> float | None:
        if self.first_s is None or self.last_s is None or self.tokens < 2 or self.last_s <= self.first_s:
            return None
        return (self.last_s - self.first_s) / (self.tokens - 1)


def answer_of(row: RequestRecord, target: ServiceTarget) -> Answer | None:
    """The row as an answer; None if it was never sent or never ended.

    One that was cut short stays open for ever: what it would have been is unknown.
    """
    if row.send_s is None or row.end_s is None:
        return None
    failed = row.not_whole_because(None) is not None
    answer = Answer(
        server=row.base_url,
        sent_s=row.send_s,
        end_s=math.inf if row.error == STOPPED else row.end_s,
        first_s=row.first_token_s,
        last_s=row.last_token_s,
        tokens=0 if failed else row.tokens or 0,
        gap_s=row.longest_gap_s,
        failed=failed,
        refused=row.http_status in REFUSALS,
        margin=NO_MARGIN,
        retry_s=min(max(row.retry_after_s or 0.0, RETRY_S), MOST_RETRY_S) if failed else 0.0,
    )
    return answer if failed else with_target(answer, target)


def with_target(answer: Answer, target: ServiceTarget) -> Answer:
    """The answer judged by this target. Where it came in one piece, by its whole duration."""
    if answer.failed:
        return answer
    ttft_s, tpot_s = answer.ttft_s, answer.tpot_s
    if ttft_s is None or tpot_s is None:
        margin = math.log(target.latest_s(answer.tokens) / max(answer.duration_s, 1e-9))
    else:
        margin = math.log(min(target.ttft_s / max(ttft_s, 1e-9), 1 / tpot_s / target.speed))
    return replace(answer, margin=margin)


def relative_target(alone: list[Answer], wanted: ServiceTarget) -> ServiceTarget | None:
    """A target from the answers alone: half their speed, twice their first token. None if they show none."""
    ttfts = sorted(a.ttft_s for a in alone if a.ttft_s is not None)
    tpots = sorted(a.tpot_s for a in alone if a.tpot_s is not None)
    if not ttfts or not tpots:
        return None
    return ServiceTarget(
        ttft_s=max(ttfts[len(ttfts) // 2] * RELATIVE_TTFT, wanted.ttft_s),
        speed=min(RELATIVE_SPEED / tpots[len(tpots) // 2], wanted.speed),
        share=wanted.share,
        relative=True,
    )
