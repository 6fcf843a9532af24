"""A shape to put beside a locustfile: one user alone, then four."""

from locust import LoadTestShape


class OneThenFour(LoadTestShape):
    def tick(self) -> tuple[int, float] | None:
        seconds = self.get_run_time()
        return (1, 1) if seconds < 8 else (4, 4) if seconds < 20 else None
