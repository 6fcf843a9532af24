"""Readers of files: what is wrong in one ends in a PortlapError of one line that names the file."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from analysis.entities.entities import read_entities
from analysis.errors import PortlapError
from analysis.files.run import read_run
from analysis.locust_only.read import read_locust_run
from replay.scenario.load import load_scenario
from replay.scenario.phases import planned_phases
from replay.scenario.schema import KEYS
from replay.sources import scenario_of_entities
from scripts.fuzz import inputs

CHECKOUT: Final = Path(__file__).parents[2]
RECORDED: Final = next((CHECKOUT / "tests" / "runs").rglob("*_run.json"))
PREFIX: Final = RECORDED.with_name(RECORDED.name.removesuffix("_run.json"))
FOUND: Final = sorted(PREFIX.parent.glob(f"{PREFIX.name}_*.*"))
FILES: Final = {path.name.removeprefix(PREFIX.name): path.read_bytes() for path in FOUND}
OURS: Final = tuple(s for s in ("_run.json", "_requests.csv", "_witness.csv") if s in FILES)
WORDS: Final = ("burst", "matrix", "simulator", "http://h:1", "A", "${X}", "auto")
CSVS: Final = tuple(suffix for suffix in FILES if suffix.endswith(".csv"))
YAML_KEYS: Final = tuple(dict.fromkeys(key for keys in KEYS.values() for key in keys))
YAML_TEXT: Final = (CHECKOUT / "scenarios" / "default.yaml").read_bytes()
ODD_YAML: Final = (
    *(
        b"&a [*a]",
        b"*a",
        b"!!python/object:os.system {}",
        b"!!binary aGk=",
        b"!<x> 1",
        b"!!set {a}",
        b"? [1]",
    ),
    *(b'"\\ud800"', b'"\\UFFFFFFFF"', b"%YAML 9.9", b"---", b"<<: {a: 1}", b"0x" + b"f" * 5000, b"1:60:60"),
    *(
        b"${X}",
        b"${",
        b"${X:-${X}}",
        b"1e999",
        b".inf",
        b"2026-01-01",
        b"\t",
        b"\x85",
        b"\xe2\x80\xa8",
        b"\x00",
    ),
)
ENTITY_KEYS: Final = (
    *("aiEntities", "lmStudioServers", "lmStudioServer", "queueSettings", "maxConcurrentWorkers", "host"),
    *("port", "name", "id", "modelName", "baseUrl", "enabled"),
)


def _ends_well(read: Callable[[], object], name: str) -> None:
    """Either it is read, or one writable line says which file is wrong."""
    try:
        read()
    except PortlapError as error:
        line = str(error)
        line.encode()
        assert "\n" not in line, line
        assert name in line, line


def _write(folder: str, name: str, content: bytes) -> Path:
    path = Path(folder, name)
    path.write_bytes(content)
    return path


def _yaml_bytes() -> st.SearchStrategy[bytes]:
    document = inputs.documents(
        YAML_KEYS, ("burst", "matrix", "simulator", "http://h:1", "A", "${X}", "auto")
    )
    whole = st.fixed_dictionaries(
        {"targets": st.one_of(document, st.just([{"base_url": "http://h:1"}])),
         "phases": st.one_of(document, st.just([{"name": "p", "users": 2, "rounds": 3}]))},
        optional={key: document for key in YAML_KEYS if key not in ("targets", "phases")},
    )  # fmt: skip
    spliced = st.tuples(st.integers(0, len(YAML_TEXT)), st.sampled_from(ODD_YAML)).map(
        lambda t: YAML_TEXT[: t[0]] + t[1] + YAML_TEXT[t[0] :]
    )
    return st.one_of(
        whole.map(lambda d: json.dumps(d).encode()),
        document.map(lambda d: yaml.safe_dump(d).encode("utf-8", "surrogatepass")),
        inputs.changed_bytes(YAML_TEXT),
        spliced,
        st.binary(max_size=60),
    )


def scenario(data: st.DataObject) -> None:
    """Any file is a scenario with a plan, or one line."""
    environ = data.draw(st.dictionaries(st.just("X"), st.sampled_from(("1", "a", "", "\udc80")), max_size=1))
    with tempfile.TemporaryDirectory() as folder:
        path = _write(folder, "x.yaml", data.draw(_yaml_bytes()))
        _ends_well(lambda: json.dumps(_planned(path, environ)), "x.yaml")


def _planned(path: Path, environ: dict[str, str]) -> Any:
    found = load_scenario(path, environ)
    planned_phases(found)
    return found.raw


def entities(data: st.DataObject) -> None:
    """Any JSON is a list of targets, or one line."""
    document = inputs.documents(ENTITY_KEYS, ("h", "http://h:1", "m", "\ud800", ""))
    whole = st.dictionaries(st.sampled_from(ENTITY_KEYS), document, max_size=4)
    text = data.draw(inputs.texts(st.one_of(whole, document)))
    with tempfile.TemporaryDirectory() as folder:
        path = _write(folder, "x.json", text.encode("utf-8", "surrogatepass"))
        _ends_well(lambda: read_entities(path), "x.json")
        _ends_well(lambda: scenario_of_entities(path), "x.json")


def run_files(data: st.DataObject) -> None:
    """A run with one file damaged is read as far as it goes, or one line names that file."""
    suffix = data.draw(st.sampled_from(OURS))
    content = data.draw(inputs.changed_bytes(FILES[suffix]))
    if suffix == "_run.json" and data.draw(st.booleans()):
        manifest = json.loads(FILES[suffix])
        manifest[data.draw(st.sampled_from(sorted(manifest)))] = data.draw(inputs.documents(tuple(manifest)))
        content = json.dumps(manifest).encode()
    with tempfile.TemporaryDirectory() as folder:
        for other in OURS:
            _write(folder, f"x{other}", content if other == suffix else FILES[other])
        _ends_well(lambda: read_run(Path(folder, "x")), f"x{suffix}")


def locust_files(data: st.DataObject) -> None:
    """The CSV of another locustfile's run, damaged: bounds, or one line."""
    names = [s for s in CSVS if "stats" in s]
    suffix = data.draw(st.sampled_from(names))
    with tempfile.TemporaryDirectory() as folder:
        for other in names:
            changed = data.draw(inputs.changed_bytes(FILES[other])) if other == suffix else FILES[other]
            _write(folder, f"x{other}", changed)
        _ends_well(lambda: read_locust_run(Path(folder, "x")), "x_stats")


READERS_OF_FILES: Final[tuple[Callable[[st.DataObject], None], ...]] = (
    scenario,
    entities,
    run_files,
    locust_files,
)
