"""The decision table: each finding has its steps for each kind of server, the seed's question its answer."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.advice import next_steps as table
from analysis.advice.answer import answer
from analysis.advice.next_steps import (
    LOCKS,
    MACHINES_PARALLEL,
    OTHER,
    SERIAL_PORTS,
    findings,
    hardware,
    kinds_with_words,
    next_steps,
)
from analysis.assess import Assessment, assess
from analysis.files.plan import PlannedPhase
from analysis.files.run import Run
from analysis.report.figures.run import run_figures
from analysis.report.sections.machines.machine import hardware_sentences
from tests.support.farm import farm, phase, targets_on
from tests.support.farm_log import FarmTarget

DATA: dict[str, Any] = yaml.safe_load(Path(table.__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
KINDS_WITH_WORDS = kinds_with_words()
ENTRIES = [(finding, kind) for finding in DATA["findings"] for kind in (*KINDS_WITH_WORDS, OTHER)]

# What the first step of each entry must hold: the command of today, or the words where there is none.
FIRST = {
    "ports-parallel": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "one model per port"),
    "pairs-differ": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "targets whose pair gains"),
    "machines-parallel": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "--target URL --target URL"),
    "one-port-suffices": {
        "llamacpp": "llama-server -np N",
        "lmstudio": "lms load MODEL --parallel N",
        "ollama": "OLLAMA_NUM_PARALLEL=N",
        "mlx": "--decode-concurrency",
        "vllm": "--max-num-seqs",
        "llama-swap": "-np N in the cmd",
        "litellm": "before one server",
        OTHER: "Stay with one port",
    },
    "shared-compute": {
        "llamacpp": "-np 4",
        "lmstudio": "lms unload --all",
        "ollama": "OLLAMA_NUM_PARALLEL=4 ollama serve",
        "mlx": "mlx_lm.server --model MODEL --decode-concurrency 8",
        "vllm": "vllm serve MODEL --max-num-seqs 8",
        "llama-swap": "one server that batches",
        "litellm": "one server that batches",
        OTHER: "one server that batches",
    },
    "contention": {
        "llamacpp": "llama-server -t N",
        "lmstudio": "lms unload MODEL",
        "ollama": "OLLAMA_MAX_LOADED_MODELS=1",
        "mlx": "fewer mlx_lm.server",
        "vllm": "CUDA_VISIBLE_DEVICES=1",
        "llama-swap": "fewer servers",
        "litellm": "fewer servers",
        OTHER: "fewer servers",
    },
    "serial": {
        "llamacpp": "llama-server -m MODEL.gguf --port 8080 -np 4 -c 16384",
        "lmstudio": "lms load MODEL --parallel 4",
        "ollama": "OLLAMA_NUM_PARALLEL=4 ollama serve",
        "mlx": "--decode-concurrency 8",
        "vllm": "--max-num-seqs 8",
        "llama-swap": "-np 4 -c 16384 in its cmd",
        "litellm": "raise the slots of the server itself",
        OTHER: "slots",
    },
    "serial-ports": {
        "llamacpp": "llama-server -m MODEL.gguf --port 8081",
        "lmstudio": "one LM Studio has one HTTP server",
        "ollama": "OLLAMA_HOST=127.0.0.1:11435 ollama serve",
        "mlx": "mlx_lm.server --model MODEL --port 8081",
        "vllm": "vllm serve MODEL --port 8001",
        "llama-swap": "/running",
        "litellm": "api_base",
        OTHER: "a server of its own",
    },
    "lock-model": {
        "llamacpp": "-np 4",
        "lmstudio": "lms load MODEL --parallel 4",
        "ollama": "OLLAMA_NUM_PARALLEL=4 ollama serve",
        "mlx": "--decode-concurrency 8",
        "vllm": "--max-num-seqs 8",
        "llama-swap": "-np 4 -c 16384 in its cmd",
        "litellm": "OLLAMA_NUM_PARALLEL=4",
        OTHER: "slots",
    },
    "lock-program": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "Keep both programs"),
    "lock-machine": {
        "llamacpp": "llama-server -m MODEL.gguf --host 0.0.0.0 --port 8080",
        "lmstudio": "lms server start --port 1234 --bind 0.0.0.0",
        "ollama": "OLLAMA_HOST=0.0.0.0:11434 ollama serve",
        "mlx": "--host 0.0.0.0",
        "vllm": "--host 0.0.0.0",
        "llama-swap": "second machine",
        "litellm": "second machine",
        OTHER: "second machine",
    },
    "model-swap": {
        "llamacpp": "--models-max N",
        "lmstudio": "Only Keep Last JIT Loaded Model",
        "ollama": "OLLAMA_MAX_LOADED_MODELS=N",
        "mlx": "one mlx_lm.server per model",
        "vllm": "one vllm serve per model",
        "llama-swap": "swap: false",
        "litellm": "no eviction",
        OTHER: "no eviction",
    },
    "partly-parallel": {
        "llamacpp": "-np 4",
        "lmstudio": "Max Concurrent Predictions",
        "ollama": "OLLAMA_NUM_PARALLEL=4 ollama serve",
        "mlx": "--decode-concurrency 8",
        "vllm": "--max-num-seqs 8",
        "llama-swap": "-np 4 -c 16384 in its cmd",
        "litellm": "OLLAMA_NUM_PARALLEL=4",
        OTHER: "slots",
    },
    "time-sliced": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "smaller or more strongly quantised"),
    "parallel": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "control"),
    "fully-parallel": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "4, 8, 16 users"),
    "inconclusive": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "rounds: {min: 5, max: 12}"),
    "invalid": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "Run again"),
    "gain": dict.fromkeys((*KINDS_WITH_WORDS, OTHER), "recipes/request_log.py"),
}
FIRST["no-gain"] = FIRST["serial"]

# The options that these programs have; another one in the table is a slip of the pen.
OPTIONS = {
    "lms load": {"--parallel", "--identifier"},
    "lms unload": {"--all"},
    "lms server start": {"--port", "--bind"},
    "llama-server": {
        "-m",
        "-np",
        "-c",
        "-t",
        "-b",
        "-ub",
        "--host",
        "--port",
        "--cache-ram",
        "--embeddings",
        "--slot-prompt-similarity",
        *("-md", "--model-draft", "--spec-type"),
    },
    "mlx_lm.server": {
        *("--model", "--port", "--host", "--decode-concurrency", "--prefill-step-size"),
        *("--prompt-cache-size", "--prompt-cache-bytes", "--draft-model"),
    },
    "vllm serve": {
        *("--port", "--host", "--max-num-seqs", "--gpu-memory-utilization"),
        *("--max-num-batched-tokens", "--no-enable-prefix-caching", "--runner"),
        "--speculative-config",
    },
}
VARIABLES = {
    *("LLAMACPP_PARALLEL", "LOCALAI_ADDRESS", "LOCALAI_MAX_ACTIVE_BACKENDS", "LOCALAI_PARALLEL_REQUESTS"),
    "OLLAMA_BASE_URLS",
    "OLLAMA_NUM_PARALLEL",
    "OLLAMA_CONTEXT_LENGTH",
    "OLLAMA_MAX_LOADED_MODELS",
    "OLLAMA_KEEP_ALIVE",
    "OLLAMA_HOST",
    "OLLAMA_MAX_QUEUE",
    "OLLAMA_KV_CACHE_TYPE",
    "OLLAMA_FLASH_ATTENTION",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
}


def of_kind(run: Run, *kinds: str) -> Run:
    """The same run, its targets served by these kinds of programs in turn."""
    targets = [replace(t, kind=kinds[i % len(kinds)]) for i, t in enumerate(run.manifest.targets)]
    return replace(run, manifest=replace(run.manifest, targets=tuple(targets)))


def told(found: Assessment) -> list[str]:
    return hardware_sentences(run_figures(found).hardware)


def seeds(policy: str, phases: Sequence[PlannedPhase] | None = None, ports: int = 2) -> Assessment:
    """The seed's servers: 11 s per message alone."""
    targets = targets_on(ports, prefill_s=0.2, tpot_s=0.3)
    return assess(farm(policy, phases, targets=targets))


# Every entry


@pytest.mark.parametrize(("finding", "kind"), [(f, kind) for f, kinds in FIRST.items() for kind in kinds])
def test_an_entry_begins_with_what_helps_most(finding: str, kind: str) -> None:
    assert FIRST[finding][kind] in next_steps(finding, [kind])[0].partition(" Expect: ")[0]


@pytest.mark.parametrize(("finding", "kind"), ENTRIES)
def test_every_entry_says_what_to_expect(finding: str, kind: str) -> None:
    steps = next_steps(finding, [kind])
    assert steps
    assert all(re.fullmatch(r"[A-Z].+[.] Expect: .+[.]", step) for step in steps)


@pytest.mark.parametrize("finding", DATA["embeddings"])
@pytest.mark.parametrize("kind", [*KINDS_WITH_WORDS, OTHER])
def test_embeddings_have_steps_of_their_own_for_findings_that_exist(finding: str, kind: str) -> None:
    assert finding in findings()
    steps = next_steps(finding, [kind], embeds=True)
    assert steps and all(re.fullmatch(r"[A-Z].+[.] Expect: .+[.]", step) for step in steps)
    assert next_steps("fully-parallel", [kind], embeds=True) == next_steps("fully-parallel", [kind])


def test_ollama_gives_an_embedding_model_one_slot() -> None:
    assert "one slot, whatever OLLAMA_NUM_PARALLEL says" in next_steps("serial", ["ollama"], embeds=True)[0]


def test_every_finding_is_tested() -> None:
    assert set(FIRST) == set(findings())


def test_a_step_named_by_a_finding_exists_and_none_is_left_over() -> None:
    named = {name for finding in DATA["findings"].values() for name in finding["steps"]}
    parts = [DATA[part] for part in ("how_many", "prompts", "embeddings")]
    named |= {name for part in parts for names in part.values() for name in names}
    assert named == set(DATA["steps"])


def test_a_kind_without_words_of_its_own_gets_the_general_ones() -> None:
    assert next_steps("serial", ["tabby"]) == next_steps("serial", [OTHER]) == next_steps("serial", [])


def test_two_kinds_of_servers_get_both_commands_and_common_words_once() -> None:
    steps = next_steps("partly-parallel", ["lmstudio", "ollama"])
    assert "lms load" in steps[0]
    assert "OLLAMA_NUM_PARALLEL" in steps[1]
    assert len([s for s in steps if "one model per port" in s]) == 1


def test_no_step_repeats_what_the_run_has_just_measured() -> None:
    swept = assess(farm("parallel", [phase(n, 1) for n in (2, 4, 8)])).answer
    assert swept.finding == "fully-parallel"
    assert [s.split(":")[0] for s in swept.next_steps] == ["Add a port and run again"]
    plans = [PlannedPhase(f"port{i}", 8, (t.name,), 5, 5) for i, t in enumerate(targets_on(3))]
    apart = assess(farm("port-serial", plans, targets=targets_on(3))).answer
    assert apart.finding == "serial"
    assert not any("port of its own" in step for step in apart.next_steps)
    assert any("more slots" in step for step in apart.next_steps)  # their slots were alike


def test_a_run_that_lacks_the_control_gets_the_step_to_add_it() -> None:
    found = assess(farm("parallel", [phase(2, 2)])).answer
    assert any(step.startswith("Add the control") for step in found.next_steps)


# The commands are those of today


def words() -> list[str]:
    return [text for step in DATA["steps"].values() for text in (*step["do"].values(), step["expect"])]


def test_no_command_has_an_option_that_its_program_does_not_know() -> None:
    for text in words():
        for program, known in OPTIONS.items():
            for command in re.findall(
                rf"{re.escape(program)}((?: -{{1,2}}[a-z-]+(?: [\w.:@]+)?| [A-Z][\w.]+)*)", text
            ):
                assert set(re.findall(r"(?<= )-{1,2}[a-z-]+", command)) <= known, text


def test_only_known_variables_are_set() -> None:
    found = {name for text in words() for name in re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)\b", text)}
    assert found == VARIABLES


def test_the_command_that_does_not_exist_is_named_nowhere() -> None:
    assert [text for text in words() if "lmstudio server" in text] == []


def test_no_step_takes_a_second_port_of_lm_studio_for_a_second_server() -> None:
    told = [text for text in words() if "lms server start --port 1235" in text]
    assert told
    assert all("one LM Studio has one HTTP server" in text for text in told)


# A run finds its entry


@pytest.mark.parametrize(
    ("policy", "kind", "finding"),
    [
        ("serial", "lmstudio", SERIAL_PORTS),
        ("port-serial", "lmstudio", "ports-parallel"),
        ("port-serial", "ollama", "ports-parallel"),
        ("slots", "llamacpp", "one-port-suffices"),
        ("time-sliced", "mlx", "shared-compute"),
        ("contention", "vllm", "contention"),
    ],
)
def test_a_run_over_ports_ends_in_its_entry(policy: str, kind: str, finding: str) -> None:
    found = assess(of_kind(farm(policy), kind))
    assert found.answer.finding == finding
    assert found.answer.next_steps == next_steps(finding, [kind])


def test_one_serial_port_is_not_yet_a_lock_of_the_whole_machine() -> None:
    found = assess(of_kind(farm("serial", [phase(2, ports=1)]), "ollama"))
    assert found.answer.next_steps == next_steps("serial", ["ollama"])
    assert hardware(found.answer.finding).validated is None


def test_where_the_run_shows_whose_lock_it_is_its_remedy_comes_first() -> None:
    found = assess(farm("serial"))
    for limit in LOCKS:
        told_apart = answer(found.phases, swapped=False, limits=(limit,))
        assert (told_apart.outcome, told_apart.finding) == ("serial", f"lock-{limit}")
        assert told_apart.next_steps == next_steps(f"lock-{limit}", ["llamacpp"])
    unknown = answer(found.phases, swapped=False, limits=("program", "machine"))
    assert unknown.finding == SERIAL_PORTS


def test_a_gain_of_two_machines_validates_neither_of_them() -> None:
    run = farm("parallel")
    far = replace(run.manifest.targets[1], base_url="http://10.0.0.102:1234")
    found = assess(replace(run, manifest=replace(run.manifest, targets=(run.manifest.targets[0], far))))
    assert found.answer.finding == MACHINES_PARALLEL
    assert told(found)[0].startswith("The machine, for parallel work: open")
    assert not any("second machine" in line for line in told(found))


# The seed's question, in its terms


def test_a_lock_per_port_validates_the_machine_and_two_ports_bring_eleven_answers_a_minute() -> None:
    found = told(seeds("port-serial"))
    assert found[0] == "The machine, for parallel work: validated; the ports work in parallel."
    assert "5.45 one after another, 5.45 from one port (2 users), 10.9 from 2 ports (2 users)" in found[1]
    assert found[2].startswith("The 2 ports are 2.00 [")
    assert "about 21.8 per minute (computed" in found[3]


def test_a_lock_of_the_program_does_not_validate_it_and_five_answers_a_minute_is_all() -> None:
    found = told(seeds("serial"))
    assert found[0].startswith("The machine, for parallel work: not validated; with this software")
    assert "5.45 one after another, 5.45 from one port (2 users), 5.45 from 2 ports (2 users)" in found[1]
    assert "about 10.9 per minute" in found[3]


def test_a_shared_chip_does_not_validate_it_whatever_the_overlap() -> None:
    found = told(seeds("time-sliced"))
    assert "not validated; the ports only share the machine's compute" in found[0]
    assert found[2].startswith("The 2 ports are 1.00 [")


def test_six_parallel_workers_reach_the_seeds_thirty_two_answers_a_minute() -> None:
    six = [PlannedPhase("six", 6, tuple(t.name for t in targets_on(6)), 5, 5)]
    found = seeds("parallel", six, ports=6)
    most = run_figures(found).hardware.most
    assert most is not None and most.responses_per_min is not None
    assert round(most.responses_per_min, 1) == 32.7


def test_of_several_numbers_of_ports_the_most_are_reported() -> None:
    phases = [PlannedPhase(f"p{n}", n, tuple(t.name for t in targets_on(n)), 5, 5) for n in (2, 4)]
    found = told(seeds("port-serial", phases, ports=4))
    assert "5.45 one after another, 21.8 from 4 ports (4 users)" in found[1]
    assert found[2].startswith("The 4 ports are 4.00 [")


def test_without_a_usable_round_no_number_is_given() -> None:
    run = farm("port-serial")
    kept = tuple(r for r in run.log.records if (r.phase, r.round, r.user) != ("phase1", 0, 0))
    broken = assess(replace(run, log=replace(run.log, records=kept)))
    found = run_figures(broken).hardware
    assert found.finding.validated is None
    assert (found.most, found.one_after_another, found.second_machine) == (None, None, None)


def test_targets_of_the_farm_take_eleven_seconds() -> None:
    t = FarmTarget("Ulysses", prefill_s=0.2, tpot_s=0.3)
    assert t.prefill_s + t.tpot_s * (t.tokens - 1) == pytest.approx(11.0)


def test_a_server_that_was_seen_to_take_requests_together_is_not_told_to() -> None:
    """One Ollama with four slots, time-sliced: OLLAMA_NUM_PARALLEL=4 is what was set."""
    one = answer_of(of_kind(farm("time-sliced", [phase(4, ports=1)]), "ollama"))
    assert not any("OLLAMA_NUM_PARALLEL=4" in step for step in one)
    two = answer_of(of_kind(farm("time-sliced", [phase(4)]), "ollama"))
    assert any("OLLAMA_NUM_PARALLEL=4" in step for step in two)


def answer_of(run: Run) -> tuple[str, ...]:
    return assess(run).answer.next_steps
