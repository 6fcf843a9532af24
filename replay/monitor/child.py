"""The run's side of the witness: starts `python -m replay.monitor.process` beside it, and ends it."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from analysis.files.run import TargetInfo, file_of
from replay.checks.local_process import on_this_machine
from replay.monitor.process import Port, Watch
from replay.output import log
from replay.output.recorder import Recorder
from replay.own_servers import CHECKOUT
from replay.scenario.load import Target
from replay.server_kinds.engines.llamacpp import ROUTER

STOP_PATIENCE_S = 2.0


class Sampler:
    """A child that samples until `stop`, or until this process is gone: it holds our pipe as stdin."""

    def __init__(self, watch: Watch) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "replay.monitor.process", watch.to_json()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                cwd=CHECKOUT,
                start_new_session=True,  # Ctrl-C is for us
            )
        except OSError as error:
            log.warning(f"the servers' own load is not sampled: {error}")

    def stop(self) -> None:
        """It asks nothing any more. Does not wait; called twice is fine."""
        if self._child is not None and self._child.stdin:
            self._child.stdin.close()

    def end(self) -> None:
        """Its file is complete afterwards. Called twice is fine."""
        self.stop()
        child, self._child = self._child, None
        if child is None:
            return
        try:
            child.wait(STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def watch_of_run(recorder: Recorder, infos: Sequence[TargetInfo], targets: Mapping[str, Target]) -> Watch:
    """Every port of the run once; a program that hides its process is still asked for its counters."""
    asked = Counter(info.base_url for info in infos)
    ports = {
        info.base_url: Port(
            base_url=info.base_url,
            kind=info.kind,
            pid=info.pid,
            api_key_env=targets[info.name].api_key_env,
            # a router counts for each model apart: of two models it is asked in vain, and that is told
            model=info.model if info.server.get("role") == ROUTER and asked[info.base_url] == 1 else None,
        )
        for info in infos
    }
    return Watch(
        path=str(file_of(recorder.prefix, "witness.csv").resolve()),
        origin_s=recorder.origin_s,
        ports=tuple(ports.values()),
        machine=any(on_this_machine(url) for url in ports),
    )
