"""What to do after each outcome, most useful first: plain data, no logic."""

from analysis.verdict import CONTENTION, FULLY, INCONCLUSIVE, INVALID, PARALLEL, PARTLY, SERIAL, SLICED

# outcomes of a run, beside those of a phase
PORTS_PARALLEL, ONE_PORT, SHARED = "ports-parallel", "one-port-suffices", "shared-compute"
MODEL_SWAP = "model-swap"

NEXT_STEPS: dict[str, tuple[str, ...]] = {
    PORTS_PARALLEL: (
        "Keep one model per port and spread requests over the ports; more requests per port only wait.",
        "Raise the slots of one port (llama-server -np N, LM Studio 0.4 Max Concurrent Predictions, "
        "OLLAMA_NUM_PARALLEL) and run again: does one port then do as well?",
    ),
    ONE_PORT: ("Stay with one port: its slots already give what several ports give.",),
    SHARED: (
        "More ports on this machine will not answer faster: use one server with batching for one model, "
        "a smaller model, or a second machine.",
    ),
    CONTENTION: (
        "Run fewer servers at once, or give each its own cores or chip (threads in all no more than cores); "
        "one server with batching is the usual cure.",
    ),
    SERIAL: (
        "Raise the slots and run again: LM Studio 0.4 or newer Max Concurrent Predictions, "
        "OLLAMA_NUM_PARALLEL=4, llama-server -np 4.",
        "If slots are set and it stays serial, start a second server process on a port of its own "
        "and run again.",
    ),
    MODEL_SWAP: (
        "Keep all models loaded: switch auto-evict off, raise the number of loaded models, "
        "or use less memory.",
    ),
    INVALID: ("Run again; the report names what the files lack.",),
    PARTLY: ("The slots are the limit: raise them, or add a port, and run again.",),
    SLICED: (
        "Slots will not help: the compute is shared. A smaller model, batching, or a second machine will.",
    ),
    PARALLEL: ("It gains; add the one-port control to learn whether ports or slots bring it.",),
    FULLY: ("Nothing holds these requests back; try more users (phases with 4 and 8).",),
    INCONCLUSIVE: ("Run again with more rounds (rounds: {min: 5, max: 12}) and a larger --budget.",),
}
