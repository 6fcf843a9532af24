"""Each graphics processor's load and memory, as the makers' own tools show them, however broken."""

import plistlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.files.server_samples import ServerSample
from replay.monitor import gpus
from replay.monitor.gpus import Gpu, as_rows, busiest, gpus_look, gpus_of
from replay.monitor.process import MachineWatch


@pytest.fixture(autouse=True)
def linux_without_amd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(gpus, "_amd", lambda: None)


def library(**changes: Any) -> SimpleNamespace:
    """NVIDIA's, with two cards: 0 is 40 % busy, 1 is 90 % busy."""
    known = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda i: i,
        "nvmlDeviceGetName": lambda card: "NVIDIA L4",
        "nvmlDeviceGetUtilizationRates": lambda card: SimpleNamespace(gpu=40 + 50 * card),
        "nvmlDeviceGetMemoryInfo": lambda card: SimpleNamespace(used=(20 + card) * 1e9, total=24e9),
    }
    return SimpleNamespace(**(known | changes))


def seen(monkeypatch: pytest.MonkeyPatch, nvidia: SimpleNamespace) -> list[Gpu] | None:
    monkeypatch.setitem(sys.modules, "pynvml", nvidia)
    look = gpus_look()
    return None if look is None else look()


def test_nvidias_library_tells_load_and_memory_of_each_card(monkeypatch: pytest.MonkeyPatch) -> None:
    found = seen(monkeypatch, library())
    assert found == [Gpu("NVIDIA L4", 40.0, 20e3, 24e3), Gpu("NVIDIA L4", 90.0, 21e3, 24e3)]
    assert busiest(found) == 90.0


def fails(card: object) -> Any:
    raise RuntimeError("NVMLError_NotSupported")


def only_second(card: int) -> Any:
    return fails(card) if card == 0 else SimpleNamespace(gpu=7, used=1e9, total=24e9)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # a card that fell off: the other one is still told
        (
            {"nvmlDeviceGetUtilizationRates": only_second, "nvmlDeviceGetMemoryInfo": only_second},
            [Gpu("NVIDIA L4"), Gpu("NVIDIA L4", 7.0, 1e3, 24e3)],
        ),
        # memory that is the machine's: the card tells none
        (
            {"nvmlDeviceGetMemoryInfo": fails, "nvmlDeviceGetCount": lambda: 1},
            [Gpu("NVIDIA L4", 40.0)],
        ),
        # an older library: bytes for a name
        (
            {"nvmlDeviceGetName": lambda card: b"Tesla\n T4", "nvmlDeviceGetCount": lambda: 1},
            [Gpu("Tesla T4", 40.0, 20e3, 24e3)],
        ),
        (
            {"nvmlDeviceGetName": fails, "nvmlDeviceGetCount": lambda: 1},
            [Gpu("NVIDIA", 40.0, 20e3, 24e3)],
        ),
        ({"nvmlDeviceGetCount": lambda: 0}, None),
        ({"nvmlInit": lambda: fails(0)}, None),
    ],
)
def test_what_a_card_does_not_tell_is_missing_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], expected: list[Gpu] | None
) -> None:
    assert seen(monkeypatch, library(**changes)) == expected


def test_without_a_library_there_is_nothing_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, SimpleNamespace()) is None


def amd_card(root: Path, number: int, **files: str) -> None:
    folder = root / f"card{number}" / "device"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_amds_driver_tells_it_in_files(tmp_path: Path) -> None:
    vram = {"mem_info_vram_used": "20000000000\n", "mem_info_vram_total": "24000000000\n"}
    amd_card(tmp_path, 0, gpu_busy_percent="97\n", product_name="Radeon PRO W7900\n", **vram)
    amd_card(tmp_path, 1, gpu_busy_percent="2\n", product_name="")
    amd_card(tmp_path, 2)  # another maker's
    look = ORIGINAL_AMD(tmp_path)
    assert look is not None
    assert look() == [Gpu("Radeon PRO W7900", 97.0, 20e3, 24e3), Gpu("AMD", 2.0)]
    (tmp_path / "card1" / "device" / "gpu_busy_percent").write_text("what?")
    assert look()[1] == Gpu("AMD")
    assert ORIGINAL_AMD(tmp_path / "none") is None


ORIGINAL_AMD = gpus._amd


def test_a_macs_graphics_processor_is_read_from_its_registry() -> None:
    """The shape of `ioreg -r -a -d 1 -c IOAccelerator`: a list of entries with their statistics."""
    statistics = {"Device Utilization %": 93, "In use system memory": 12_000_000_000}
    entry = {"IOClass": "AGXAcceleratorG14X", "model": "Apple M2 Ultra", "PerformanceStatistics": statistics}
    assert gpus_of(plistlib.dumps([{"IOClass": "other"}, entry])) == [Gpu("Apple M2 Ultra", 93.0, 12e3)]
    assert gpus_of(plistlib.dumps([{"IOClass": "other"}])) == []
    assert gpus_of(plistlib.dumps({"a": 1})) == gpus_of(plistlib.dumps(7)) == []
    odd = {"model": 7, "PerformanceStatistics": {"Device Utilization %": "much"}}
    assert gpus_of(plistlib.dumps([odd])) == [Gpu("GPU")]


def test_each_card_is_a_row_beside_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library())
    rows = MachineWatch(()).look()
    samples = [ServerSample(0.0, 0.1, **row) for row in rows]
    assert [s.gpu for s in samples] == ["0 NVIDIA L4", "1 NVIDIA L4", None]
    assert [s.gpu_percent for s in samples] == [40.0, 90.0, 90.0]
    assert [(s.memory_mb, s.memory_total_mb) for s in samples[:2]] == [(20e3, 24e3), (21e3, 24e3)]
    assert [s.of_machine for s in samples] == [False, False, True]
    assert as_rows([Gpu("silent")]) == []
