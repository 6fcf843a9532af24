"""First token over tokens read: a line through cold prompts, and back from a first token to what was read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.files.request_record import RequestRecord
from analysis.statistics.estimates import student
from analysis.thresholds import REPORT_LEVEL


@dataclass(frozen=True, slots=True)
class Line:
    """first token = fixed_s + per_token_s · tokens; `scatter_s` around it, with `df`."""

    fixed_s: float
    per_token_s: float
    scatter_s: float
    df: int
    n: int
    mean_tokens: float
    square: float  # Σ (tokens − mean)²
    first_s: float  # the longest first token of the line

    def read(self, ttft_s: float) -> tuple[float, float]:
        """(tokens read, half of the 95 % interval) by inverse prediction."""
        tokens = (ttft_s - self.fixed_s) / self.per_token_s
        spread = math.sqrt(1 + 1 / self.n + (tokens - self.mean_tokens) ** 2 / self.square)
        return tokens, student(self.df, REPORT_LEVEL) * self.scatter_s / self.per_token_s * spread

    @property
    def off(self) -> float:
        """The scatter over the longest first token."""
        return self.scatter_s / self.first_s


def line_through(rows: Sequence[RequestRecord]) -> Line | None:
    """None for fewer than three cold prompts, or where longer ones are not slower."""
    timed = [(r, r.ttft_s) for r in rows if r.ttft_s is not None]
    points = [(float(r.prompt_tokens or 1.3 * (r.prompt_words or 0)), ttft_s) for r, ttft_s in timed]
    n = len(points)
    if n < 3 or len({tokens for tokens, _ in points}) < 2:
        return None
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    square = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / square
    if slope <= 0:
        return None
    fixed = mean_y - slope * mean_x
    residual = sum((y - fixed - slope * x) ** 2 for x, y in points)
    return Line(
        fixed, slope, math.sqrt(residual / (n - 2)), n - 2, n, mean_x, square, max(y for _, y in points)
    )
