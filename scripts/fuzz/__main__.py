"""`python -m scripts.fuzz [EXAMPLES]`: every reader in turn, and the smallest example that broke one."""

import sys
import time
import traceback
from collections.abc import Callable
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from scripts.fuzz.files import READERS_OF_FILES
from scripts.fuzz.servers import READERS_OF_SERVERS

READERS: Final = (*READERS_OF_SERVERS, *READERS_OF_FILES)
EXAMPLES: Final = 100_000
BATCH: Final = 500  # examples between two looks at the clock
LIMIT_S: Final = 1200.0  # of all readers together
SLOWEST_S: Final = 5.0  # one example may not take longer: a reader that hangs is a finding


def fuzz(reader: Callable[[st.DataObject], None], examples: int, number: int) -> None:
    """Runs `reader` on so many examples of its own; the seed is `number`. Raises what the reader raises."""
    options = settings(
        max_examples=examples,
        deadline=SLOWEST_S * 1e3,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(options(given(st.data())(reader)))()


def main(arguments: list[str]) -> int:
    """0, or 1 if a reader broke."""
    each = (int(arguments[0]) if arguments else EXAMPLES) // len(READERS) + 1
    broken = 0
    for place, reader in enumerate(READERS):
        began_s, done = time.monotonic(), 0
        try:
            while done < each and time.monotonic() - began_s < LIMIT_S / len(READERS):
                fuzz(reader, min(BATCH, each - done), done)
                done += min(BATCH, each - done)
        except Exception:
            broken += 1
            traceback.print_exc()
        outcome = f"{done:,} examples in {time.monotonic() - began_s:.0f} s"
        print(f"{place + 1}/{len(READERS)} {reader.__name__}: {outcome}", flush=True)
    print("nothing broke" if not broken else f"{broken} readers broke: see the examples above")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
