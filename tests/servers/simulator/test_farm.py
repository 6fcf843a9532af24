"""Farms: what a file may say, what is refused, and the seed's own figures. Pure."""

import random
from pathlib import Path

import pytest
import yaml

from analysis.errors import ScenarioError
from servers.queue_model import Job, Request, simulate
from servers.simulator.behaviour import plan_reply, policy_of
from servers.simulator.farm import FarmSpec, MachineSpec, PortSpec, make_farm, read_farm
from servers.simulator.request_trace import COLUMNS
from servers.simulator.wire import ChatBody
from tests.support.checkout import CHECKOUT

ROOT = CHECKOUT
FARMS = ROOT / "scenarios" / "farms"
SERVERS = (ROOT / "docs" / "SERVERS.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{machines: []}", "machines: "),
        ("{}", "machines: is missing; add it"),
        (
            "{machines: [{ports: [{tpot: 1}]}]}",
            "machines[0].ports[0].tpot: unknown key; did you mean 'tpot_s'?",
        ),
        ("{machines: [{ports: 0}]}", "machines[0].ports: "),
        ("{machines: [{ports: 1, policy: fast}]}", "machines[0].policy: must be 'serial', "),
        ("{machines: [{ports: 1, each: {slots: true}}]}", "ports[0].slots: must be a number, not true"),
        ("{machines: [{ports: 1, each: {ttft_s: -1}}]}", "ttft_s: must be greater than 0, not '-1'"),
        ("{machines: [{ports: 1, each: {overhead_s: 1}}]}", "overhead_s 1 must be less than ttft_s 0.05"),
        (
            "{machines: [{ports: 1, throughput: [1, 3]}]}",
            "throughput: 2 streams are worth more than 0 and at",
        ),
        ("{machines: [{ports: 1, throughput: [0.5]}]}", "throughput: must begin with 1"),
        ("{machines: [{ports: 1, pace: [[2, 1], [1, 1]]}]}", "pace: must be [[instant in s, speed], …]"),
        ("{machines: [{ports: 1, pace: [[2, 0]]}]}", "pace: a speed must be more than 0"),
        ("{machines: [{ports: 1, pace: [[2, 1]], drift_per_min: 1}]}", "both pace and drift_per_min"),
        ("{time_scale: 0, machines: [{ports: 1}]}", "time_scale: must be greater than 0"),
        ("{machines: [", "not YAML"),
    ],
)
def test_a_farm_without_sense_is_refused_in_one_line_that_says_where(text: str, complaint: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_farm(text)
    assert complaint in str(refused.value)
    assert str(refused.value).startswith("--farm: ")
    assert "\n" not in str(refused.value)


def test_a_farm_s_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no\.yaml: No such file"):
        read_farm(str(tmp_path / "no.yaml"))


def test_a_key_of_each_port_holds_where_the_port_does_not_say_otherwise() -> None:
    farm = read_farm("{machines: [{each: {slots: 2, tpot_s: 1}, ports: [{slots: 4}, {}]}]}")
    assert [(p.slots, p.tpot_s) for p in farm.ports] == [(4, 1), (2, 1)]
    assert len(read_farm("{machines: [{ports: 30}]}").ports) == 30


def test_neighbouring_ports_keep_their_own_limits_on_one_machine() -> None:
    farm = read_farm(
        "{machines: [{compute: 3, policy: port-serial, ports: [{}, {slots: 4}, {prefills: 1}]}]}"
    )
    policy = policy_of(farm.machines[0], 1.0)
    assert [policy.at(i).slots for i in range(3)] == [1, 4, 1]
    assert (policy.compute, policy.at(2).prefills) == (3, 1)


def test_the_time_scale_shrinks_every_time_and_nothing_else() -> None:
    each = "{ttft_s: 2, overhead_s: 1, tpot_s: 0.5, load_s: 8, prompt_token_s: 0.1}"
    farm = read_farm(f"{{machines: [{{pace: [[4, 0.5]], each: {each}, ports: 1}}]}}")
    policy = policy_of(farm.machines[0], 0.1)
    job = job_of(farm, 0, 0, time_scale=0.1)
    assert (job.overhead_s, job.prefill_s, job.tpot_s, job.tokens) == pytest.approx((0.1, 0.2, 0.05, 100))
    assert policy.at(0).load_s == pytest.approx(0.8)
    assert policy.pace.steps[0] == pytest.approx((0.4, 0.5))


def test_drift_is_scaled_like_every_other_time() -> None:
    machine = MachineSpec.model_validate({"drift_per_min": 0.1, "ports": 1})
    plain, scaled = policy_of(machine, 1.0).pace, policy_of(machine, 0.02).pace
    assert scaled.work_s(60 * 0.02) == pytest.approx(plain.work_s(60) * 0.02)


@pytest.mark.parametrize("spec", [FarmSpec, MachineSpec, PortSpec])
def test_every_key_of_a_farm_is_explained(spec: type[FarmSpec | MachineSpec | PortSpec]) -> None:
    assert [key for key in spec.model_fields if f"`{key}`" not in SERVERS] == []


def test_every_column_of_the_truth_is_explained() -> None:
    assert [column for column in COLUMNS if f"`{column}`" not in SERVERS] == []


def job_of(farm: FarmSpec, machine: int, place: int, time_scale: float = 1.0) -> Job:
    spec = farm.machines[machine].ports[place]
    ask = ChatBody(spec.models[0], (), 10, 100, stream=True, usage=True)
    return plan_reply(spec, ask, 1, place, random.Random(1), time_scale).job


def seed(name: str, n: int, spacing_s: float = 0.0, workers: float = float("inf")) -> list[Request]:
    """n messages to the ports of that farm in turn."""
    farm = read_farm(str(FARMS / f"{name}.yaml"))
    ports = len(farm.ports)
    jobs = [(i * spacing_s, job_of(farm, 0, i % ports)) for i in range(n)]
    return simulate(policy_of(farm.machines[0], 1.0), jobs, workers)


def wall_s(served: list[Request]) -> float:
    return max(r.end_s or 0 for r in served)


@pytest.mark.parametrize(("name", "wall"), [("seed-parallel", 11), ("seed-ports", 22), ("seed-serial", 44)])
def test_phase_2_of_the_seed_takes_11_22_or_44_s(name: str, wall: float) -> None:
    assert wall_s(seed(name, 4)) == pytest.approx(wall)


@pytest.mark.parametrize(("name", "wall"), [("seed-parallel", 23), ("seed-ports", 45), ("seed-serial", 88)])
def test_test_4_of_the_seed_takes_23_45_or_88_s(name: str, wall: float) -> None:
    """8 messages 1 s apart through 6 workers; sent at once it is 22, 44 and 88 s."""
    assert wall_s(seed(name, 8, spacing_s=1.0, workers=6)) == pytest.approx(wall)
    assert wall_s(seed(name, 8, workers=6)) == pytest.approx(wall // 11 * 11)


def test_test_3_of_the_seed_takes_88_s_on_one_server_with_two_models() -> None:
    assert wall_s(seed("seed-two-models", 8)) == pytest.approx(88)


@pytest.mark.parametrize(("name", "per_min"), [("seed-parallel", 32.7), ("seed-serial", 5.45)])
def test_six_workers_kept_busy_get_the_seed_s_answers_per_minute(name: str, per_min: float) -> None:
    served = seed(name, 60, workers=6)
    assert 60 * len(served) / wall_s(served) == pytest.approx(per_min, abs=0.05)


def test_the_example_of_a_farm_is_one() -> None:
    section = SERVERS.split("## A farm")[1]
    example = section.split("```yaml\n")[1].split("```")[0]
    assert len(make_farm(yaml.safe_load(example), "example").ports) == 4


def test_the_shipped_farms_are_farms() -> None:
    for path in FARMS.glob("*.yaml"):
        assert read_farm(str(path)).machines
    assert make_farm({"machines": [{"ports": 1}]}).time_scale == 1
