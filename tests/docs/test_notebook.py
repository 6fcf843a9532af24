"""The notebooks run from their first cell to their last, on the recorded runs they name and on any other."""

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.checkout import CHECKOUT
from tests.support.closed_loop import rows
from tests.support.farm import farm
from tests.support.locust_csv import write_csv
from tests.support.runs import write_run

NOTEBOOKS = CHECKOUT / "notebooks"
PHASES, SERVERS = NOTEBOOKS / "compare_phases.ipynb", NOTEBOOKS / "compare_servers.ipynb"
ANY_LOCUST = NOTEBOOKS / "any_locust_run.ipynb"
SHIPPED = sorted(NOTEBOOKS.glob("*.ipynb"))

# Said by the notebook machinery itself when a test drives it, not by ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def executed(monkeypatch: pytest.MonkeyPatch, path: Path, parameters: str = "") -> Any:
    """The notebook after a run of all its cells; `parameters` replaces its first code cell."""
    notebook = nbformat.read(path, as_version=4)
    if parameters:
        cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
        cell.source = parameters
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}})
    return client.execute()


def outputs(notebook: Any, kind: str) -> list[str]:
    return [
        "".join(o.data[kind])
        for c in notebook.cells
        for o in c.get("outputs", [])
        if kind in o.get("data", {})
    ]


def test_the_phases_of_any_run_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path / "x", farm("port-serial", jitter=0.02))
    shown = executed(monkeypatch, PHASES, f"PREFIX = {str(tmp_path / 'x')!r}")
    assert any("**ports-parallel**" in text for text in outputs(shown, "text/markdown"))
    assert any("control" in table for table in outputs(shown, "text/html"))
    assert len(outputs(shown, "image/svg+xml")) == 5  # speedup, TTFT, TPOT, wall clocks, lanes


def test_any_two_runs_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefixes = [str(tmp_path / policy) for policy in ("serial", "parallel")]
    for prefix in prefixes:
        write_run(Path(prefix), farm(Path(prefix).name, jitter=0.02))
    shown = executed(monkeypatch, SERVERS, f"PREFIXES = {prefixes!r}")
    assert any("parallel answers more in 4 of 4 phases" in text for text in outputs(shown, "text/markdown"))
    assert len(outputs(shown, "image/svg+xml")) == 5  # speedup, TTFT, TPOT, wall clocks, lanes


def test_any_run_of_locust_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = write_csv(tmp_path / "x", rows("parallel", [0.0, 15.0], 40.0), [0.0, 15.0])
    shown = executed(monkeypatch, ANY_LOCUST, f"RUN = {str(prefix)!r}\nSET = []")
    assert "with 2 users at least" in outputs(shown, "text/markdown")[0]
    assert len(outputs(shown, "image/svg+xml")) == 6


def test_a_wrong_prefix_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"nothing_run\.json: No such file") as caught:
        executed(monkeypatch, PHASES, f"PREFIX = {str(tmp_path / 'nothing')!r}")
    assert "assess.py" not in str(caught.value) and "RunError: " in str(caught.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_notebook_is_shipped_with_the_results_that_it_gives(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = nbformat.read(path, as_version=4)
    assert all(c.execution_count for c in shipped.cells if c.cell_type == "code")
    again = executed(monkeypatch, path)
    for kind in ("text/markdown", "text/html"):
        assert outputs(shipped, kind) == outputs(again, kind), "jupyter execute --inplace notebooks/*.ipynb"
    assert len(outputs(shipped, "image/svg+xml")) == len(outputs(again, "image/svg+xml")) > 0
