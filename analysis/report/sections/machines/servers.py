"""The servers' own view in words: rows beside the client's figures, and how it was come by."""

from collections.abc import Callable, Sequence
from statistics import median

from analysis.files.server_samples import ServerSample
from analysis.phase.server_load import GpuLoad, MachineLoad, PortLoad
from analysis.report.figures.phase import PhaseFigures
from analysis.report.sections.section import MEASURED, Section, section
from analysis.report.sections.section import sentences as sentences_part
from analysis.report.words import NONE, SUMMED_PORTS

SHOWN_ERRORS = 3


def rows(phases: Sequence[PhaseFigures]) -> list[tuple[str, list[str]]]:
    """(label with unit, a text per phase) of what servers and machine report; [] without any."""
    servers = [
        ("busy slots", [_each(p, _busy) for p in phases]),
        ("waiting there", [_each(p, lambda load: _whole(load.waiting_peak)) for p in phases]),
        ("busy per decode", [_each(p, lambda load: _one(load.busy_per_decode)) for p in phases]),
        ("models in memory", [_each(p, _loaded) for p in phases]),
        (
            "cores (alone)",
            [_of_machine(p, lambda m: _beside(m.server_cores, m.server_cores_alone)) for p in phases],
        ),
        ("memory, MB", [_memory(p) for p in phases]),
    ]
    machine = [
        ("cores busy", [_of_machine(p, lambda m: _one(m.cores)) for p in phases]),
        *_gpu_rows(phases),
    ]
    return [*_labelled("servers", servers), *_labelled("machine", machine)]


def _gpu_rows(phases: Sequence[PhaseFigures]) -> list[tuple[str, list[str]]]:
    """Load and memory of each graphics processor by its number, which one card does without."""
    cards = dict.fromkeys(g.name for p in phases if p.machine for g in p.machine.gpus)
    if len(cards) < 2:
        label, cells = (
            "GPU, % (alone)",
            [_of_machine(p, lambda m: _beside(m.gpu_percent, m.gpu_percent_alone, 0)) for p in phases],
        )
        return [(label, cells), *(("GPU memory, MB", _of_card(phases, name, _in_use)) for name in cards)]
    rows = []
    for name in cards:
        short = f"GPU {name.partition(' ')[0]}"
        load = _of_card(phases, name, lambda g: _beside(g.percent, g.percent_alone, 0))
        rows += [(f"{short}, % (alone)", load), (f"{short} memory, MB", _of_card(phases, name, _in_use))]
    return rows


def _of_card(phases: Sequence[PhaseFigures], name: str, text: Callable[[GpuLoad], str]) -> list[str]:
    of_each = [{g.name: text(g) for g in p.machine.gpus} if p.machine else {} for p in phases]
    return [cells.get(name, NONE) for cells in of_each]


def _in_use(gpu: GpuLoad) -> str:
    total = f" of {gpu.memory_total_mb:.0f}" if gpu.memory_total_mb is not None else ""
    return NONE if gpu.memory_mb is None else f"{gpu.memory_mb:.0f}{total}"


def _labelled(whose: str, rows: Sequence[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """The rows with a value; the label of the first names the owner."""
    known = [(label, cells) for label, cells in rows if any(cell != NONE for cell in cells)]
    return [(f"  {label}" if i else f"{whose}: {label}", cells) for i, (label, cells) in enumerate(known)]


def server_sections(samples: Sequence[ServerSample]) -> list[Section]:
    return section("Servers", MEASURED, sentences_part(sampling(samples)))


def sampling(samples: Sequence[ServerSample]) -> list[str]:
    """How often was asked, what it cost, and who did not answer; [] if nothing was sampled."""
    if not samples:
        return []
    lines = []
    asked = [s for s in samples if s.busy is not None or s.loaded is not None or s.error is not None]
    took = [s.at_s - s.asked_s for s in asked if s.error is None]
    if took:
        lines.append(
            f"{len(took)} answers of servers about their own load, each after {median(took) * 1e3:.1f} ms "
            "(median)"
        )
    spent = [(s.at_s, s.sampler_cpu_s) for s in samples if s.sampler_cpu_s is not None]
    if len(spent) > 1 and spent[-1][0] > spent[0][0]:
        share = (spent[-1][1] - spent[0][1]) / (spent[-1][0] - spent[0][0])
        lines.append(f"asking and looking took {share:.1%} of one core".replace("%", " %"))
    if cards := dict.fromkeys(s.gpu for s in samples if s.gpu is not None):
        lines.append(f"graphics processors: {', '.join(cards)}")
    failed = dict.fromkeys((s.base_url, s.error) for s in asked if s.error is not None)
    for base_url, error in list(failed)[:SHOWN_ERRORS]:
        lines.append(f"{base_url} gave no load: {error}")
    return lines


def _each(p: PhaseFigures, text: Callable[[PortLoad], str]) -> str:
    """One text per port, in the order they were dealt, once if many are alike; one dash if none is known."""
    each = [text(load) for load in p.servers.values()]
    if len(each) > SUMMED_PORTS and len(set(each)) == 1 and each[0] != NONE:
        return f"{each[0]} each"
    return " + ".join(each) if any(t != NONE for t in each) else NONE


def _memory(p: PhaseFigures) -> str:
    """Of each process once: the first of its ports holds it."""
    known = [_whole(load.memory_mb) for load in p.servers.values() if load.memory_mb is not None]
    if len(known) > SUMMED_PORTS:
        return f"{sum(load.memory_mb or 0.0 for load in p.servers.values()):.0f} in {len(known)} processes"
    return " + ".join(known) or NONE


def _of_machine(p: PhaseFigures, text: Callable[[MachineLoad], str]) -> str:
    return text(p.machine) if p.machine else NONE


def _busy(load: PortLoad) -> str:
    if load.slots is None:
        return _whole(load.busy_peak)
    return f"{_whole(load.busy_peak)} of {load.slots}"


def _loaded(load: PortLoad) -> str:
    return "/".join(str(n) for n in load.loaded) or NONE


def _beside(value: float | None, alone: float | None, digits: int = 1) -> str:
    if value is None:
        return NONE
    return f"{value:.{digits}f}" + (f" ({alone:.{digits}f})" if alone is not None else "")


def _one(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def _whole(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f}"
