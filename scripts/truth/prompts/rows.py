"""Every row of known truth about the prompts that people send: a farm, a phase, and what must be said."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

Report = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One truth. `farm`: keys of the machine, `each`: of its ports, drawn anew for each run."""

    name: str
    must: str
    phases: tuple[dict[str, Any], ...]
    each: dict[str, Any]
    said: Callable[[Report], str]  # what the report says of it, to be compared with `must`
    machine: dict[str, Any] = field(default_factory=dict)
    ports: int = 1
    varies: bool = True  # the pace of the ports, from run to run


def farm_of(row: Row, seed: int) -> dict[str, Any]:
    """Servers a little faster or slower in each run, and their scatter drawn anew."""
    chance = random.Random(f"{row.name} {seed}")
    pace = chance.uniform(0.8, 1.25) if row.varies else 1.0
    each = {"jitter": 0.03} | row.each | {"speed": pace}
    return {"machines": [{"each": each, "ports": row.ports, "seed": seed + 1} | row.machine]}


READS: Final = {"ttft_s": 0.05, "tpot_s": 0.01, "prompt_token_s": 0.001, "slots": 4}
STALL: Final = {"name": "stall", "kind": "stall", "prompt_tokens": [400, 800], "runners": [1], "rounds": 3}
APART: Final = STALL | {"targets": ["A"], "newcomer": "B", "prompt_tokens": [600]}
READ_TWO: Final = {"name": "read", "users": 2, "rounds": 5, "prompt_tokens": 600, "max_tokens": 1}
CACHED: Final = {
    **READS,
    **{"tpot_s": 0.002, "ttft_s": 0.02, "slots": 2, "slot_choice": "similarity"},
}
TALK: Final = {"name": "talk", "kind": "talk", "users": [2, 3], "first_words": 200, "order": ["in-turn"]}
ANSWERS: Final = {"ttft_s": 0.05, "tpot_s": 0.002, "knows": 0.98}
RIGHT: Final = {"name": "right", "kind": "right"}
PARALLEL: Final = {"policy": "parallel"}
ONE_OF_48: Final = 1 / 48
PIECE: Final = 450  # tokens


def word(key: str) -> Callable[[Report], str]:
    return lambda report: str((report[key] or {}).get("verdict"))


def newcomer(report: Report) -> str:
    found = report["stall"]
    return f"{found['verdict']}, {(found['newcomer'] or {}).get('verdict')}"


def pieces(report: Report) -> str:
    """The word, and whether the size of a piece is seen within a quarter. A piece lasts 0.36 s at least."""
    largest = report["stall"]["sizes"][-1]
    near = abs((largest["read_at_a_time"] or 0) / PIECE - 1) < 0.25
    return f"{report['stall']['verdict']}, {f'about {PIECE}' if near else largest['read_at_a_time']}"


def share_of_pace(report: Report) -> str:
    """The word, and whether the pace that is kept is seen within a tenth of the true one."""
    kept = report["stall"]["sizes"][-1]["pace_kept"]
    near = kept is not None and 0.2 <= kept["value"] <= 0.4
    return f"{report['stall']['verdict']}, {'about 30 %' if near else kept and kept['value']}"


def as_long_as_reading(report: Report) -> str:
    shares = [s["stall_share"]["value"] for s in report["stall"]["sizes"] if s["stall_share"]]
    near = bool(shares) and all(0.9 <= share <= 1.05 for share in shares)
    return f"{report['stall']['verdict']}, {'as long' if near else shares}"


def reading(report: Report) -> str:
    """Gain within a tenth of 1 or of 1.6, and the order."""
    found = report["prefill"]
    if found is None:
        return "nothing"
    gain = next((g for g in (1.0, 1.6) if abs(found["gain"]["value"] / g - 1) < 0.1), found["gain"]["value"])
    return f"{gain:.2g}, {found['order']}"


def warm(report: Report) -> str:
    found = report["cache"]
    return f"{found['verdict']}, warm {found['warm']}, lost at {found['lost_at']}"


def told_truly(report: Report) -> str:
    found = [c["passed"] for c in report["conditions"] if c["name"] == "cache told truly"]
    return {False: "fails", True: "holds", None: "unknown"}[found[0]] if found else "not there"


def worse_at(report: Report) -> str:
    """The word; and whether 2 at once, where nothing is wrong, are called worse."""
    levels = {level["users"]: level for level in report["right"]["levels"] if not level["churn"]}
    return str(report["right"]["verdict"]) + (", at 2" if levels[2]["p"] <= 0.01 / 4 else "")


ROWS: Final = (
    Row(
        "a batch as long as the prompt",
        "frozen",
        (STALL,),
        READS | {"decode_beside_prefill": 0},
        word("stall"),
    ),
    Row(
        f"{PIECE} tokens read at a time",
        f"in-pieces, about {PIECE}",
        (STALL | {"prompt_tokens": [900, 1800]},),
        READS | {"decode_beside_prefill": 0, "prefill_batch": PIECE},
        pieces,
    ),
    Row(
        "chunks mixed, pace 0.3",
        "slowed, about 30 %",
        (STALL,),
        READS | {"decode_beside_prefill": 0.3},
        share_of_pace,
    ),
    Row("chunks mixed, pace 0.9", "hardly", (STALL,), READS | {"decode_beside_prefill": 0.9}, word("stall")),
    Row("one slot", "queued", (STALL,), READS | {"slots": 1}, word("stall")),
    Row(
        "frozen, 15 % scatter, the machine gets three times as slow",
        "frozen, as long",
        (STALL,),
        READS | {"decode_beside_prefill": 0, "jitter": 0.15},
        as_long_as_reading,
        {"pace": [[0, 1], [5, 0.8], [12, 0.6], [20, 0.45], [30, 0.34]]},
    ),
    Row(
        "a port with compute of its own",
        "frozen, costs-nothing",
        (APART,),
        READS | {"decode_beside_prefill": 0},
        newcomer,
        ports=2,
    ),
    Row(
        "a port that shares the compute",
        "frozen, helps",
        (APART,),
        READS | {"decode_beside_prefill": 0},
        newcomer,
        {"compute": 1},
        ports=2,
    ),
    Row("two prompts read in turn", "1, in-turn", (READ_TWO,), READS | {"prefills": 1}, reading),
    Row("two prompts read together, no gain", "1, together", (READ_TWO,), READS, reading, {"compute": 1}),
    Row(
        "two prompts read together, gain 1.6",
        "1.6, together",
        (READ_TWO,),
        READS,
        reading,
        {"throughput": [1, 1.6]},
    ),
    Row("two slots, 2 and 3 people", "kept, warm 2, lost at 3", (TALK,), CACHED, warm),
    Row("one slot, two people", "lost", (TALK | {"users": [2]},), CACHED | {"slots": 1}, word("cache")),
    Row(
        "one slot, six histories in the host's memory",
        "kept, warm 6, lost at 8",
        (TALK | {"users": [2, 6, 8], "turns": 3},),
        CACHED | {"slots": 1, "host_cache": 6},
        warm,
    ),
    Row(
        "a common system message, similarity 0.1",
        "taken-over",
        (TALK | {"users": [2], "system_words": 150},),
        CACHED,
        word("cache"),
    ),
    Row(
        "nothing told of the cache",
        "kept, warm 2, lost at 3",
        (TALK,),
        CACHED | {"tell_cached": "none"},
        warm,
    ),
    Row("0 cached tokens told", "fails", (TALK,), CACHED | {"tell_cached": "zero"}, told_truly),
    Row(
        "one slot, host's memory, people at once",
        "kept",
        (TALK | {"users": [2], "order": ["together"]},),
        CACHED | {"slots": 1, "host_cache": 6},
        word("cache"),
    ),
    Row("codes: nothing wrong", "right", (RIGHT,), ANSWERS, word("right"), PARALLEL),
    Row(
        "codes: mixes up 1 of 48",
        "mixed-up",
        (RIGHT,),
        ANSWERS | {"mixes_up": ONE_OF_48},
        word("right"),
        PARALLEL,
    ),
    Row(
        "codes: leaves over 1 of 48",
        "left-over",
        (RIGHT,),
        ANSWERS | {"leaves_over": ONE_OF_48},
        word("right"),
        PARALLEL,
    ),
    Row(
        "codes: tells 60 % back from 3 at once on",
        "worse",
        (RIGHT,),
        ANSWERS | {"knows_together": 0.6, "wrong_from": 3},
        worse_at,
        PARALLEL,
    ),
    Row(
        "codes: garbles 20 % from 8 at once on",
        "garbled",
        (RIGHT,),
        ANSWERS | {"garbles": 0.2, "wrong_from": 8},
        word("right"),
        PARALLEL,
    ),
    Row(
        "codes: tells half back, mixes up 1 of 48",
        "mixed-up",
        (RIGHT,),
        ANSWERS | {"knows": 0.5, "mixes_up": ONE_OF_48},
        word("right"),
        PARALLEL,
    ),
    Row(
        "codes: other words around them",
        "right",
        (RIGHT,),
        ANSWERS | {"text_differs": 0.5},
        word("right"),
        PARALLEL,
    ),
)
