"""Starts the monitor of a run: the child `python -m replay.monitor.process`, which reads servers' load."""

from collections import Counter
from collections.abc import Mapping, Sequence

from analysis.files.run import TargetInfo, file_of
from replay.checks.local_ports import on_this_machine
from replay.children import Child
from replay.monitor.process import MODEL, Watch, WatchedPort
from replay.output import log
from replay.output.recorder import Recorder
from replay.scenario.schema import Target
from replay.server_kinds import SERVER_KINDS
from replay.server_kinds.kind import ROLE, ROUTER


def start_monitor(watch: Watch) -> Child | None:
    """The child, which reads until it is ended; None, and a warning, if it cannot be started."""
    try:
        child = Child("replay.monitor.process", watch.to_json(), deaf=True)
    except OSError as error:
        log.warning(f"the monitor of the servers' load did not start: {error}")
        return None
    child.warn_if_it_dies("the monitor", "the servers' own load is no longer recorded")
    return child


def watch_of_run(recorder: Recorder, infos: Sequence[TargetInfo], targets: Mapping[str, Target]) -> Watch:
    """What to read: every port of the run once, with its process where that can be seen."""
    asked = Counter(info.base_url for info in infos)
    ports = {
        info.base_url: WatchedPort(
            base_url=info.base_url,
            kind=info.kind,
            pid=info.pid,
            api_key_env=targets[info.name].api_key_env,
            model=_counted(info) if asked[info.base_url] == 1 else None,
        )
        for info in infos
    }
    return Watch(
        path=str(file_of(recorder.prefix, "witness.csv").resolve()),
        origin_s=recorder.origin_s,
        ports=tuple(ports.values()),
        machine=any(on_this_machine(url) for url in ports),
    )


def _counted(info: TargetInfo) -> str | None:
    """The model whose counters are read: a router counts each model separately, and two models not at all.

    careful: a server behind a proxy is asked only if it ran at the check, or the question would load it.
    """
    behind = any(MODEL in c.path for c in SERVER_KINDS[info.kind].load_counters)
    asks = info.server.get(ROLE) == ROUTER and (info.slots is not None or not behind)
    return info.model if asks else None
