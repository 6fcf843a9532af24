"""Where the checkout is: tests read its scenarios, documents and recorded runs."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
RUNS = CHECKOUT / "tests" / "runs"
