"""The house keeps its own rules: imports point one way, locks are complete, modules stay short."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.verdict.outcomes import Outcome
from tests.support.checkout import CHECKOUT

ROOMS = ("analysis", "replay", "servers")
PURE = (
    "files.request_record",
    "files.run",
    "phase.intervals",
    "phase.rounds",
    "statistics.estimates",
    "verdict.of_phase",
)
LOCKS = ("run", "dev", "engine", "mlx")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def modules(room: str) -> list[Path]:
    return sorted((CHECKOUT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Full dotted names of all that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def offenders(room: str, *forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for path in modules(room)
        for name in imports(path)
        if name.split(".")[0] in forbidden
    ]


def requirements(lock: str) -> list[str]:
    """The logical lines of a lock file, comments dropped."""
    text = (CHECKOUT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [line for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def name_and_version(requirement: str) -> tuple[str, str]:
    name, version = requirement.split()[0].split("==")
    return name, version


def test_the_analysis_knows_nothing_of_how_requests_were_sent() -> None:
    assert offenders("analysis", "replay", "servers", "locust", "gevent") == []


def test_what_the_conductor_calls_between_rounds_loads_no_pandas() -> None:
    """Also not through another module of the analysis."""
    reached = {f"analysis.{name}" for name in PURE}
    todo = list(reached)
    while todo:
        path = path_of(todo.pop())
        assert path is not None
        for name in imports(path):
            assert name.split(".")[0] not in {"pandas", "altair", "vl_convert"}, f"{path}: {name}"
            for module in (name, name.rpartition(".")[0]):
                if module.startswith("analysis.") and module not in reached and path_of(module):
                    reached.add(module)
                    todo.append(module)


def path_of(module: str) -> Path | None:
    """The file of a dotted name; None if it is no module."""
    path = (CHECKOUT / module.replace(".", "/")).with_suffix(".py")
    return path if path.is_file() else None


def test_the_replay_reaches_servers_only_as_a_child_process() -> None:
    assert offenders("replay", "servers") == []


def test_the_replay_needs_no_report() -> None:
    found = [line for line in offenders("replay", "analysis") if " imports analysis.report" in line]
    assert found == []


def test_the_servers_share_no_code_with_what_measures_them_but_errors_and_exit_codes() -> None:
    found = offenders("servers", "replay", "analysis", "locust", "gevent")
    allowed = (" imports analysis.errors", " imports analysis.exit_codes")
    assert [line for line in found if not any(a in line for a in allowed)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_is_pinned_and_has_a_hash(lock: str) -> None:
    lines = requirements(lock)
    assert lines
    for line in lines:
        assert re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line[:80]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host(lock: str) -> None:
    text = (CHECKOUT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, re.MULTILINE)


def test_the_developer_lock_holds_the_versions_that_users_run() -> None:
    run = {name_and_version(line) for line in requirements("run")}
    assert run <= {name_and_version(line) for line in requirements("dev")}


@pytest.mark.parametrize(
    ("extra", "lock"), [(None, "run"), ("dev", "dev"), ("engine", "engine"), ("mlx", "mlx")]
)
def test_every_dependency_is_locked(extra: str | None, lock: str) -> None:
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    names = {re.split(r"[^\w.-]", item)[0] for item in wanted}
    assert names <= {name_and_version(line)[0] for line in requirements(lock)}


def test_the_version_is_the_newest_of_the_changelog() -> None:
    changelog = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest is not None
    assert newest[1] == PROJECT["version"]


def test_a_verdict_is_named_by_its_outcome_and_never_by_a_bare_text() -> None:
    """But where the word means something else: a server policy, a setting of LM Studio, a column."""
    bare = [
        f"{path.relative_to(CHECKOUT)}:{node.lineno}: {node.value}"
        for room in ("analysis", "replay")
        for path in modules(room)
        if path.name not in ("outcomes.py", "lmstudio.py", "own_servers.py", "charts.py", "counters.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in set(Outcome) - {Outcome.GAIN}  # a plain word too
    ]
    assert bare == []


def test_no_module_reaches_itself_through_its_imports() -> None:
    """Imports within a function count too: they only hide a cycle."""
    files = {dotted(path): path for room in ROOMS for path in modules(room)}
    reaches = {
        name: {i if i in files else i.rpartition(".")[0] for i in imports(path)} & set(files)
        for name, path in files.items()
    }
    while leaves := {name for name, needed in reaches.items() if not needed}:
        reaches = {name: needed - leaves for name, needed in reaches.items() if name not in leaves}
    assert reaches == {}


def dotted(path: Path) -> str:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


KINDS = ("replay/server_kinds/", "servers/mock_servers/")  # one file per kind: listed once, in their parents


@pytest.mark.parametrize("room", ROOMS)
def test_every_folder_names_its_files_and_how_to_add_one(room: str) -> None:
    silent = []
    for path in (CHECKOUT / room).rglob("__init__.py"):
        name = str(path.parent.relative_to(CHECKOUT))
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if name.startswith(KINDS):
            continue
        rooms = {p.parent.name for p in path.parent.glob("*/__init__.py")}
        files = {p.stem for p in path.parent.glob("*.py")} - {"__init__", "__main__"}
        silent += [f"{name}/__init__.py: {n}" for n in (*rooms, *files, "To add") if n not in words]
    assert silent == []


def test_no_folder_holds_more_than_nine_files() -> None:
    """Its packages not counted: they are rooms of their own."""
    folders = {path.parent for room in ROOMS for path in modules(room)}
    sizes = {str(f.relative_to(CHECKOUT)): sum(p.is_file() for p in f.iterdir()) for f in folders}
    assert {name: files for name, files in sizes.items() if files > 9} == {}


def test_no_module_is_longer_than_250_lines() -> None:
    paths = [path for room in ROOMS for path in modules(room)] + [CHECKOUT / "locustfile.py"]
    sizes = {str(p.relative_to(CHECKOUT)): len(p.read_text("utf-8").splitlines()) for p in paths}
    assert {name: lines for name, lines in sizes.items() if lines > 250} == {}
