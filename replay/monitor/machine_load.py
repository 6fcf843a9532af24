"""This machine's load, without special rights: processes, memory, heat.

What a system does not show is None: any of these may fail, none may raise.
"""

import ctypes
import platform
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

MEGA = 1e6
RELATIVES_EVERY = 20  # looks: whom a server has started changes seldom, and finding out costs milliseconds
PRESSURES = {1: "normal", 2: "warning", 4: "critical"}
THERMALS = ("nominal", "moderate", "heavy", "trapping", "sleeping")  # kOSThermalPressureLevel… of macOS
NOT_WORKING = ("idle", "iowait", "guest", "guest_nice")  # guests are counted as user time already


class ProcessLoad:
    """The process behind a port with all it has started: model runners are often children of it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._family: list[psutil.Process] = []
        self._looks = 0

    def look(self) -> dict[str, float]:
        """`cpu_s` (total) and `memory_mb`; {} if the process is gone or hidden."""
        try:
            if self._looks % RELATIVES_EVERY == 0:
                head = psutil.Process(self._pid)
                self._family = [head, *head.children(recursive=True)]
            self._looks += 1
            spent_s = resident = 0.0
            for member in self._family:
                # a child that has ended counts no more
                with suppress(psutil.NoSuchProcess), member.oneshot():
                    times = member.cpu_times()
                    spent_s += times.user + times.system
                    resident += member.memory_info().rss
            return {"cpu_s": spent_s, "memory_mb": resident / MEGA} if resident else {}
        except (psutil.Error, OSError):
            return {}


def machine_load() -> dict[str, Any]:
    """Processor time (total), free and swapped memory of the machine, and what only one system shows."""
    seen: dict[str, Any] = {
        "cpu_s": _or_none(_working_s),
        "memory_mb": _or_none(lambda: psutil.virtual_memory().available / MEGA),
        "swapped_mb": _or_none(lambda: psutil.swap_memory().sout / MEGA),
    }
    if platform.system() == "Darwin":
        return seen | {"pressure": _or_none(_mac_pressure), "thermal": _or_none(_mac_thermal)}
    return seen | {"stalled_s": _or_none(_linux_stalled_s)}


def _working_s() -> float:
    return float(sum(t for name, t in psutil.cpu_times()._asdict().items() if name not in NOT_WORKING))


def _or_none(look: Callable[[], Any]) -> Any:
    # what this machine does not show is an empty cell, as AttributeError is on another system
    with suppress(OSError, AttributeError, LookupError, ValueError, RuntimeWarning):
        return look()
    return None


def _linux_stalled_s(path: Path = Path("/proc/pressure/memory")) -> float:
    """Time in which at least one program waited for memory (`some … total=` in microseconds)."""
    some = path.read_text().splitlines()[0]
    return int(some.rpartition("total=")[2]) / 1e6


class LinuxThrottling:
    """`throttled` if a processor was slowed by heat since the last look, else `nominal`; None if untold."""

    def __init__(self, root: Path = Path("/sys/devices/system/cpu")) -> None:
        self._files = sorted(root.glob("cpu[0-9]*/thermal_throttle/*_throttle_count"))
        self._before: int | None = None

    def look(self) -> str | None:
        count = _or_none(lambda: sum(int(f.read_text()) for f in self._files)) if self._files else None
        before, self._before = self._before, count
        if count is None:
            return None
        return "throttled" if before is not None and count > before else "nominal"


def _mac_pressure() -> str:
    """Level of memory pressure as macOS itself tells programs."""
    level, size = ctypes.c_int(), ctypes.c_size_t(ctypes.sizeof(ctypes.c_int))
    name = b"kern.memorystatus_vm_pressure_level"
    if (
        ctypes.CDLL(None).sysctlbyname(
            name, ctypes.byref(level), ctypes.byref(size), None, ctypes.c_size_t(0)
        )
        != 0
    ):
        raise OSError("sysctl does not know it")
    return PRESSURES[level.value]


def _mac_thermal() -> str:
    """The last thermal pressure that macOS announced (OSThermalNotification.h)."""
    system, token, state = ctypes.CDLL(None), ctypes.c_int(), ctypes.c_uint64()
    name = b"com.apple.system.thermalpressurelevel"
    if system.notify_register_check(name, ctypes.byref(token)) != 0:
        raise OSError("no such notification")
    failed = system.notify_get_state(token, ctypes.byref(state)) != 0
    system.notify_cancel(token)
    if failed:
        raise OSError("no state")
    return THERMALS[state.value]
