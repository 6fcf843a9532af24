"""What a stranger must know of a run before he reads a number: what was measured, where, when and how."""

import shlex
from collections.abc import Iterable

from analysis.console import plural
from analysis.files.run import Run, TargetInfo
from analysis.report.words import number


def facts(run: Run) -> tuple[tuple[str, str], ...]:
    """(name, value), without those that the run does not hold."""
    manifest = run.manifest
    targets = manifest.targets
    ends = [r.end_s for r in run.log.records if r.end_s is not None]
    answers = [r for r in run.log.records if r.error is None]
    lengths = sorted({t.max_tokens for t in targets if t.max_tokens})
    answers_of = f"{' or '.join(map(str, lengths))} tokens" if lengths else _each(t.asked for t in targets)
    found = (
        ("model", _each(t.model for t in targets)),
        ("server", _each(f"{t.kind} {_version(t)}" for t in targets)),
        ("ports", plural(len({t.base_url for t in targets}), "port") if targets else ""),
        ("answers", answers_of),
        ("machine", _machine(manifest.host)),
        ("scenario", manifest.scenario_name),
        ("started", manifest.started_at),
        ("took", f"{number(max(ends))} s, {plural(len(answers), 'answer')}" if ends else ""),
        ("command", f"locust {shlex.join(manifest.arguments)}" if manifest.arguments else ""),
        ("versions", ", ".join(f"{name} {version}" for name, version in manifest.versions.items())),
    )
    return tuple((name, value.strip()) for name, value in found if value.strip())


def _version(t: TargetInfo) -> str:
    return str(t.server.get("build_info") or t.server.get("version") or "")


def _each(values: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(v.strip() for v in values if v and v.strip()))


def _machine(host: dict[str, object]) -> str:
    """The one that measures; the servers may run elsewhere."""
    parts = [str(host[key]) for key in ("system", "machine") if host.get(key)]
    parts += [f"{host['cpus']} CPUs"] if host.get("cpus") else []
    parts += [f"{host['memory_gb']} GB"] if host.get("memory_gb") else []
    return ", ".join(parts)
