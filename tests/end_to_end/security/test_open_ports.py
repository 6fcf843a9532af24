"""The kernel's own table of sockets: no process of portlap listens beyond loopback unless it was asked to."""

import re
import socket
import struct
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.locusts import offspring, phase, rows_of, running, scenario, until

TABLES = tuple(Path("/proc/net", name) for name in ("tcp", "tcp6"))
LISTENS = "0A"  # the kernel's word for LISTEN
pytestmark = pytest.mark.skipif(not TABLES[0].exists(), reason="this system has no /proc/net/tcp")


def open_addresses(pids: Sequence[int]) -> set[str]:
    """The addresses on which these processes listen."""
    listening = {}
    for table in TABLES:
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            cells = line.split()
            if cells[3] == LISTENS:
                listening[cells[9]] = address_of(cells[1].partition(":")[0])
    owned = set()
    for pid in pids:
        with suppress(OSError):  # it has ended
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    owned |= set(re.findall(r"socket:\[(\d+)\]", str(entry.readlink())))
    return {listening[inode] for inode in owned & listening.keys()}


def address_of(word: str) -> str:
    """The kernel writes words of 32 bits in the machine's own order."""
    packed = b"".join(struct.pack("=I", int(word[i : i + 8], 16)) for i in range(0, len(word), 8))
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def family(process: subprocess.Popen[str]) -> list[int]:
    return [process.pid, *(p.pid for p in offspring(process))]


def unused_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def path_of(folder: Path) -> str:
    own = {
        "servers": [{"kind": "simulator", "policy": "serial", "ttft_s": 0.05, "tpot_s": 0.01}],
        "targets": [{"name": "A", "server": 0}],
    }
    return str(scenario(folder, **own, phases=[phase("p", 2, 5)]))


@pytest.mark.parametrize("more", [(), ("--processes", "2")], ids=["one process", "three processes"])
def test_a_run_with_its_own_servers_listens_on_loopback_alone(tmp_path: Path, more: Sequence[str]) -> None:
    prefix = tmp_path / "run"
    arguments = ("--headless", "--csv", str(prefix), "--scenario", path_of(tmp_path), *more)
    with running(*arguments) as process:
        until(lambda: bool(rows_of(prefix)), 60)
        assert open_addresses(family(process)) == {"127.0.0.1"}


@pytest.mark.parametrize("mode", [("--master",), ("--web-port",)], ids=["master", "web UI"])
def test_what_waits_for_others_listens_on_loopback_alone(tmp_path: Path, mode: Sequence[str]) -> None:
    more = ("--headless", "--master-bind-port", unused_port()) if mode == ("--master",) else (unused_port(),)
    with running(*mode, *more, "--scenario", path_of(tmp_path), "--csv", str(tmp_path / "run")) as process:
        until(lambda: len(open_addresses([process.pid])) > 0, 60)
        assert open_addresses(family(process)) == {"127.0.0.1"}


def test_what_is_asked_for_is_in_the_table_too(tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    arguments = (
        "--headless",
        "--master",
        "--master-bind-host",
        "0.0.0.0",
        "--master-bind-port",
        unused_port(),
    )
    with running(*arguments, "--scenario", path_of(tmp_path), "--csv", str(tmp_path / "run")) as process:
        until(lambda: "0.0.0.0" in open_addresses([process.pid]), 60)
        assert process.stderr is not None
        assert "others on the network can reach the workers' port" in process.stderr.readline()
