"""Models that will hardly fit into memory are warned of before the run; what is unknown stays silent."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.files.run import TargetInfo
from replay.checks import capacity
from replay.checks.capacity import Memory, ToLoad, beyond_memory, free_memory, memory_hazards, own_hazard
from replay.checks.hazards import Checked
from replay.monitor.gpus import Gpu
from replay.scenario.schema import OwnServer
from replay.server_kinds import Model, Server
from replay.server_kinds.apps import lmstudio, ollama
from replay.server_kinds.kind import GetReply
from tests.support.checkout import CHECKOUT

GB = 10**9
HERE, FAR = "http://127.0.0.1:11434", "http://192.0.2.7:11434"
BIG, SMALL = Model("big", False, size=18 * GB), Model("small", False, size=2 * GB)


def target(model: Model, url: str = HERE, name: str = "", others: tuple[Model, ...] = ()) -> Checked:
    info = TargetInfo(name or model.id, url, model.id, "ollama")
    return Checked(info, (), Server((model, *others)), model)


def warned(*checked: Checked, machine: int | None, cards: int | None = None) -> str:
    found = memory_hazards(checked, Memory(machine, cards))
    return " | ".join(f"{h.target}: {h.sentence}" for h in found)


def test_what_does_not_fit_together_is_named_with_every_size() -> None:
    assert warned(target(BIG), target(SMALL), machine=19 * GB) == (
        "small: the models to be loaded need 20.0 GB (big 18.0, small 2.0) and more for their caches, and "
        "19.0 GB of memory are free"
    )
    assert warned(target(BIG), target(SMALL), machine=21 * GB) == ""


def test_cards_that_are_too_small_leave_a_part_to_the_processor() -> None:
    assert "12.0 GB are free on graphics processors: a part may run" in warned(
        target(BIG), machine=64 * GB, cards=12 * GB
    )
    assert warned(target(BIG), machine=64 * GB, cards=24 * GB) == ""
    assert "4.0 GB of memory and 12.0 GB on graphics processors are free" in warned(
        target(BIG), machine=4 * GB, cards=12 * GB
    )


@pytest.mark.parametrize(
    "checked",
    [
        [target(replace(BIG, loaded=True))],  # it is there already
        [target(replace(BIG, loaded=None))],  # nothing says whether it is there
        [target(replace(BIG, size=None))],
        [target(BIG, FAR)],  # another machine's memory is not seen
        [],
    ],
)
def test_what_is_loaded_or_unknown_or_elsewhere_stays_silent(checked: list[Checked]) -> None:
    assert warned(*checked, machine=1 * GB, cards=0) == ""


def test_a_machine_that_does_not_show_its_memory_warns_of_nothing() -> None:
    assert warned(target(BIG), machine=None) == ""


def test_two_targets_with_one_model_load_it_once_and_two_servers_twice() -> None:
    twice = (target(BIG, name="A"), target(BIG, name="B"))
    assert warned(*twice, machine=20 * GB) == ""
    assert "need 36.0 GB" in warned(target(BIG), target(BIG, "http://127.0.0.1:11435"), machine=20 * GB)


def test_what_a_server_holds_and_nobody_asks_for_makes_room() -> None:
    idle = Model("idle", True, size=17 * GB)
    assert warned(target(BIG, others=(idle,)), machine=2 * GB) == ""
    # the same model is asked for by another target: it has to stay
    kept = target(idle, others=(BIG,))
    assert "need 18.0 GB" in warned(target(BIG, others=(idle,)), kept, machine=2 * GB)


def test_a_name_that_a_server_gives_is_one_line_without_escapes() -> None:
    said = beyond_memory([ToLoad("A", "a\x1b[31m\nb", 9 * GB)], Memory(GB))
    assert said is not None and "\x1b" not in said and "\n" not in said


# What a model needs, from what its server or its file shows


def test_ollama_shows_the_size_of_files_and_of_what_is_in_memory() -> None:
    models = [{"name": "a", "size": 5 * GB}, {"name": "b", "size": 7 * GB}, {"name": "c", "size": "big"}]
    pages = {
        "/api/version": {"version": "0.24.0"},
        "/api/tags": {"models": models},
        "/api/ps": {"models": [{"name": "b", "size": 9 * GB, "size_vram": 9 * GB}]},
    }
    server = ollama.identify(lambda path: GetReply(200, {}, json.dumps(pages[path])))
    assert server is not None
    assert [(m.id, m.loaded, m.size) for m in server.models] == [
        ("a", False, 5 * GB),
        ("b", True, 9 * GB),
        ("c", False, None),
    ]


def test_a_real_ollamas_sizes_are_read() -> None:
    recorded = CHECKOUT / "tests/runs/engines/ollama-0.24.0"
    pages = {
        f"/api/{name}": (recorded / f"GET_api_{name}.txt").read_text("utf-8").partition("{")
        for name in ("version", "tags", "ps")
    }
    server = ollama.identify(lambda path: GetReply(200, {}, "".join(pages[path][1:])))
    assert server is not None
    assert [(m.loaded, m.size) for m in server.models] == [(True, 190948608)]


def test_lm_studio_shows_the_size_of_each_model() -> None:
    models = [
        {"key": "a", "type": "llm", "size_bytes": 5 * GB, "loaded_instances": []},
        {"key": "b", "type": "llm", "size_bytes": 7 * GB, "loaded_instances": [{"id": "b"}, {"id": "b:2"}]},
        {"key": "c", "type": "llm", "loaded_instances": []},
    ]
    server = lmstudio.identify(lambda path: GetReply(200, {}, json.dumps({"models": models})))
    assert server is not None
    sizes = [(m.id, m.size) for m in server.models]
    assert sizes == [("a", 5 * GB), ("b", 7 * GB), ("b:2", 7 * GB), ("c", None)]


def test_a_figure_that_no_model_has_is_not_believed() -> None:
    assert warned(target(replace(BIG, size=10**30)), machine=GB) == ""


def gguf(folder: Path, name: str, size: int) -> Path:
    with (folder / name).open("wb") as file:
        file.truncate(size)  # sparse: nothing is written
    return folder / name


def test_files_of_the_scenarios_own_servers_are_added_up(tmp_path: Path) -> None:
    one = gguf(tmp_path, "a b.gguf", 5 * GB)
    first = gguf(tmp_path, "c-00001-of-00002.gguf", 3 * GB)
    gguf(tmp_path, "c-00002-of-00002.gguf", 4 * GB)
    gguf(tmp_path, "cc-00001-of-00002.gguf", 9 * GB)
    servers = [
        OwnServer(kind="llamacpp", model=str(one)),
        OwnServer(kind="command", command=f"llama-server -m '{one}' -md {first} --port {{port}}"),
        OwnServer(kind="command", command="llama-server -m {model} --port {port}", model=str(first)),
        OwnServer(kind="llamacpp"),  # the one that comes with portlap
        OwnServer(kind="command", command="vllm serve acme/tiny --port {port}"),
        OwnServer(kind="command", command="llama-server -m 'gone.gguf --port {port}"),
        OwnServer(kind="llamacpp", model=str(tmp_path / "gone.gguf")),
    ]
    once = own_hazard(servers, Memory(11 * GB))
    assert once is not None and "need 12.0 GB (a b.gguf 5.0, c-00001-of-00002.gguf 7.0)" in once
    assert own_hazard(servers, Memory(13 * GB)) is None
    on_cards = own_hazard(servers, Memory(13 * GB, 8 * GB))  # each has its own weights there
    assert on_cards is not None and "need 24.0 GB (a b.gguf 5.0, a b.gguf 5.0, c-00001" in on_cards
    assert own_hazard(servers[3:], Memory(0, 0)) is None


# Free memory


@pytest.mark.parametrize(
    ("cards", "free"),
    [
        ([], None),
        ([Gpu("NVIDIA L4", 5.0, 20_000.0, 24_000.0), Gpu("NVIDIA L4", 5.0, 1_000.0, 24_000.0)], 27 * GB),
        ([Gpu("AMD", 5.0, 100.0, 512.0)], None),  # carved out of the machine's: it takes more as it needs
        ([Gpu("Apple M2 Ultra", 5.0, 12_000.0)], None),  # the machine's own
        ([Gpu("NVIDIA L4", 5.0)], None),
    ],
)
def test_free_memory_of_cards_is_what_is_their_own(
    monkeypatch: pytest.MonkeyPatch, cards: list[Gpu], free: int | None
) -> None:
    monkeypatch.setattr(capacity, "gpus_look", lambda: (lambda: cards) if cards else None)
    monkeypatch.setattr(capacity, "_free_bytes", lambda: 64 * GB)
    assert free_memory() == Memory(64 * GB, free)
