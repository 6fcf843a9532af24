"""What differs between runs besides their figures: a reader must know it before he believes a ratio."""

from collections.abc import Callable, Sequence

from analysis.comparison.figures import ComparedRun
from analysis.files.run import Manifest, TargetInfo

UNKNOWN = "unknown"


def _each(of: Callable[[TargetInfo], object]) -> Callable[[Manifest], str]:
    return lambda m: ", ".join(dict.fromkeys(str(of(t) or UNKNOWN) for t in m.targets)) or UNKNOWN


ASPECTS: tuple[tuple[str, Callable[[Manifest], str]], ...] = (
    ("scenario", lambda m: m.scenario_name),
    ("model", _each(lambda t: t.model)),
    ("kind of server", _each(lambda t: t.kind)),
    ("version of the server", _each(lambda t: t.server.get("build_info") or t.server.get("version"))),
    ("slots as the server says", _each(lambda t: t.slots)),
    ("tokens asked", _each(lambda t: t.max_tokens)),
    ("texts asked", _each(lambda t: t.texts)),
    ("words of the prompt", _each(lambda t: t.prompt_words)),
    ("number of ports", lambda m: str(len({t.base_url for t in m.targets}))),
    ("machine that measured", lambda m: f"{m.host.get('system') or UNKNOWN}, {m.host.get('cpus')} CPUs"),
    ("version of portlap", lambda m: m.versions.get("portlap", UNKNOWN)),
)


def differences(runs: Sequence[ComparedRun]) -> list[str]:
    """`model: phi-4 in before, qwen3 in after`, one sentence for each aspect that is not the same."""
    found = []
    for name, of in ASPECTS:
        values = [of(run.assessment.run.manifest) for run in runs]
        if len(set(values)) > 1:
            each = ", ".join(f"{v} in {run.name}" for v, run in zip(values, runs, strict=True))
            found.append(f"{name}: {each}")
    return found
