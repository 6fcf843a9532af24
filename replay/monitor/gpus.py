"""The load and the memory of each graphics processor of this machine, without special rights.

NVIDIA's by its own library (the extra `gpu`), AMD's by the files of its Linux driver, a Mac's by `ioreg`.
What a card does not tell is None: any of these may fail, none may raise.
"""

import platform
import plistlib
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

MEGA = 1e6
IOREG = ("ioreg", "-r", "-a", "-d", "1", "-w", "0", "-c", "IOAccelerator")
DRM = Path("/sys/class/drm")


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics processor, now."""

    name: str
    percent: float | None = None  # of the time it worked
    used_mb: float | None = None
    total_mb: float | None = None  # None too where it has no memory of its own, as on a Mac

    @property
    def tells(self) -> bool:
        return self.percent is not None or self.used_mb is not None


Look = Callable[[], list[Gpu]]


def gpus_look() -> Look | None:
    """A function that returns the graphics processors, always in the same order; None if none can be seen."""
    if platform.system() == "Darwin":
        return _mac if any(gpu.tells for gpu in _mac()) else None
    looks = [look for look in (_nvidia(), _amd()) if look is not None]
    return (lambda: [gpu for look in looks for gpu in look()]) if looks else None


def as_rows(gpus: list[Gpu]) -> list[dict[str, Any]]:
    """A row of PREFIX_witness.csv for each card; its number tells two of the same name apart."""
    return [
        {
            "gpu": f"{number} {gpu.name}",
            "gpu_percent": gpu.percent,
            "memory_mb": gpu.used_mb,
            "memory_total_mb": gpu.total_mb,
        }
        for number, gpu in enumerate(gpus)
        if gpu.tells
    ]


def busiest(gpus: list[Gpu]) -> float | None:
    """Per cent; None if no card tells it."""
    return max((gpu.percent for gpu in gpus if gpu.percent is not None), default=None)


def _nvidia() -> Look | None:
    try:
        import pynvml  # NVIDIA's library, in the extra `gpu`

        pynvml.nvmlInit()
        cards = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    except Exception:  # no library, no driver, no card: each has an error class of its own
        return None

    names = [_plain(_asked(pynvml.nvmlDeviceGetName, card), "NVIDIA") for card in cards]

    def look() -> list[Gpu]:
        found = []
        for card, name in zip(cards, names, strict=True):
            rates = _asked(pynvml.nvmlDeviceGetUtilizationRates, card)
            memory = _asked(pynvml.nvmlDeviceGetMemoryInfo, card)
            used, total = (memory.used / MEGA, memory.total / MEGA) if memory else (None, None)
            found.append(Gpu(name, float(rates.gpu) if rates else None, used, total))
        return found

    return look if cards else None


def _asked(question: Callable[[Any], Any], card: Any) -> Any:
    with suppress(Exception):  # a card that fell off, or one that does not tell
        return question(card)
    return None


def _amd(root: Path = DRM) -> Look | None:
    cards = sorted(path.parent for path in root.glob("card[0-9]*/device/gpu_busy_percent"))
    names = [_plain(_text(card / "product_name"), "AMD") for card in cards]

    def look() -> list[Gpu]:
        return [
            Gpu(
                name,
                _number(card / "gpu_busy_percent"),
                _number(card / "mem_info_vram_used", MEGA),
                _number(card / "mem_info_vram_total", MEGA),
            )
            for card, name in zip(cards, names, strict=True)
        ]

    return look if cards else None


def _text(path: Path) -> str | None:
    with suppress(OSError, ValueError):
        return path.read_text()
    return None


def _number(path: Path, unit: float = 1.0) -> float | None:
    with suppress(OSError, ValueError):
        return int(path.read_text()) / unit
    return None


def _plain(name: object, other: str) -> str:
    """The name on one line; older libraries tell it as bytes."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    words = [w for w in text.split() if w.isprintable()] if isinstance(text, str) else []
    return " ".join(words) or other


def _mac() -> list[Gpu]:
    try:
        listing = subprocess.run(IOREG, capture_output=True, timeout=5, check=True).stdout
        return gpus_of(listing)
    except (OSError, subprocess.SubprocessError, ValueError, ExpatError):
        return []


def gpus_of(listing: bytes) -> list[Gpu]:
    """The accelerators in ioreg's property list. Raises ValueError or ExpatError if it is none."""
    found, entries = [], plistlib.loads(listing)
    for entry in entries if isinstance(entries, list) else ():
        statistics = entry.get("PerformanceStatistics") if isinstance(entry, dict) else None
        if isinstance(statistics, dict):
            share, used = statistics.get("Device Utilization %"), statistics.get("In use system memory")
            found.append(
                Gpu(
                    _plain(entry.get("model"), "GPU"),
                    float(share) if isinstance(share, int | float) else None,
                    used / MEGA if isinstance(used, int | float) else None,
                )
            )
    return found
