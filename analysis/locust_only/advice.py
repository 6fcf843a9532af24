"""The way to know more with a plain Locust: commands and a shape that work in the reader's own folder."""

import math

from analysis.files.locust_stats import Sums

ANSWERS = 6  # of one user alone, the first of which may load the model
SHORTEST_S, LONGEST_S = 20, 600  # of a stage


def steps_to_know(total: Sums) -> tuple[str, ...]:
    """Commands to type, the most useful first."""
    stage_s = stage_length_s(total)
    return (
        f"Start one user, and the next ones slowly, without wait_time: locust -f YOUR_FILE.py --headless "
        f"--csv again --csv-full-history -u 4 -r {1 / stage_s:.3g} -t {4 * stage_s}s",
        f"Or paste the shape below into YOUR_FILE.py, which gives 1, 2 and 4 users {stage_s} s each, and "
        "type: locust -f YOUR_FILE.py --headless --csv again --csv-full-history",
        "For who waits for whom: put recipes/request_log.py beside your file (docs/ANY_LOCUSTFILE.md).",
    )


def stage_length_s(total: Sums) -> int:
    """Long enough for one user's answers, if each takes as long as the mean of those measured."""
    mean_s = total.latency_s / total.requests if total.requests else 0.0
    return min(max(math.ceil(ANSWERS * mean_s / 10) * 10, SHORTEST_S), LONGEST_S)


def shape(total: Sums) -> str:
    """A LoadTestShape to paste into a locustfile."""
    s = stage_length_s(total)
    return f"""from locust import LoadTestShape

class OneThenMore(LoadTestShape):
    stages = [({s}, 1), ({2 * s}, 2), ({3 * s}, 4)]  # until this second, so many users

    def tick(self):
        for until_s, users in self.stages:
            if self.get_run_time() < until_s:
                return users, 100
        return None"""
