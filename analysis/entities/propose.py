"""A changed `config-aientities.json` as a proposal: host and port per entity, and the workers worth having.

Only what the run measured is proposed; every other byte of the file stays.
"""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from analysis.entities.entities import ENTITIES, SERVER, WORKERS, EntitiesFile, Entity, host_and_port
from analysis.entities.json_edit import with_value
from analysis.errors import RunError
from analysis.files.run import TargetInfo


@dataclass(frozen=True, slots=True)
class Proposal:
    """The new text, and in words what is proposed and what is left as it was, with the reason."""

    before: str
    after: str
    sentences: tuple[str, ...]

    def diff(self, old: Path, new: Path) -> str:
        """Unified diff; "" if nothing is proposed."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), str(old), str(new), n=2, lineterm=""
        )
        return "".join(f"{line}\n" for line in lines)


def propose(file: EntitiesFile, targets: tuple[TargetInfo, ...], workers: int | None) -> Proposal:
    """The file with the measured targets' addresses and `workers`; None: the run does not show them."""
    text, sentences = file.text, []
    listed = [e for e in file.entities if e.index is not None]
    if not listed:
        text = with_value(text, (ENTITIES,), [_entry(t) for t in targets])
        sentences.append(f"{ENTITIES}: added, one for each of the {len(targets)} targets measured")
    if listed and not any(_measured(e, targets) for e in listed):
        none = "nothing is proposed: no enabled entity of the file was a target of the run"
        return Proposal(text, text, (none,))
    for entity in listed:
        target = _measured(entity, targets)
        if target is None:
            sentences.append(f"{entity.name}: left as it is; no target of the run is its own")
            continue
        host, port = host_and_port(target.base_url)
        place = (ENTITIES, entity.index or 0, SERVER)
        changed = with_value(with_value(text, (*place, "host"), host), (*place, "port"), port)
        state = "already there" if changed == text else "proposed"
        sentences.append(f"{entity.name}: {host} port {port}, as measured; {state}")
        text = changed
    if workers is None:
        sentences.append(
            f"{'.'.join(WORKERS)}: left as it is; no phase of the run has a verdict that shows it"
        )
    else:
        changed = with_value(text, WORKERS, workers)
        was = "" if file.workers in (None, workers) else f" instead of {file.workers}"
        sentences.append(
            f"{'.'.join(WORKERS)}: {workers}{was}, the fewest with 95 % of the most answers per minute"
        )
        text = changed
    return Proposal(file.text, text, tuple(sentences))


def write_new(path: Path, text: str) -> None:
    """Raises RunError if the file exists: a proposal overwrites nothing."""
    try:
        with path.open("xb") as file:
            file.write(text.encode("utf-8"))
    except FileExistsError:
        raise RunError(f"{path}: exists; give --out a new file, nothing is overwritten") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror}") from None


def _measured(entity: Entity, targets: tuple[TargetInfo, ...]) -> TargetInfo | None:
    """The target that stands for the entity: by name, else model, else address; None if not just one."""
    for same in (
        [t for t in targets if t.name == entity.name],
        [t for t in targets if t.model is not None and t.model == entity.model],
        [t for t in targets if t.base_url == entity.base_url and entity.model is None],
    ):
        if len(same) == 1:
            return same[0]
    return None


def _entry(target: TargetInfo) -> dict[str, object]:
    host, port = host_and_port(target.base_url)
    name = re.sub(r"[^a-z0-9]+", "-", target.name.lower()).strip("-")
    model = {} if target.model is None else {"modelName": target.model}
    return {"id": name, "name": target.name, **model, SERVER: {"host": host, "port": port}}
