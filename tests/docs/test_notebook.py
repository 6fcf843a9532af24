"""The notebook runs from its first cell to its last, on the recorded run it names and on any other."""

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.checkout import CHECKOUT
from tests.support.farm import farm
from tests.support.runs import write_run

NOTEBOOK = CHECKOUT / "notebooks" / "compare_phases.ipynb"
RECORDED = CHECKOUT / "tests" / "runs" / "two-ports"

# Said by the notebook machinery itself when a test drives it, not by ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def executed(monkeypatch: pytest.MonkeyPatch, prefix: Path | None = None) -> Any:
    """The notebook after a run of all its cells; `prefix` replaces its parameter."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    if prefix is not None:
        cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
        cell.source = f"PREFIX = {str(prefix)!r}"
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    return client.execute()


def outputs(notebook: Any, kind: str) -> list[str]:
    return [
        "".join(o.data[kind])
        for c in notebook.cells
        for o in c.get("outputs", [])
        if kind in o.get("data", {})
    ]


def test_the_notebook_shows_any_runs_verdict_phases_and_charts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "x", farm("port-serial", jitter=0.02))
    shown = executed(monkeypatch, tmp_path / "x")
    assert any("**ports-parallel**" in text for text in outputs(shown, "text/markdown"))
    assert any("control" in table for table in outputs(shown, "text/html"))
    assert len(outputs(shown, "image/svg+xml")) == 1 + 4  # speedup over users, one round of each phase


@pytest.mark.skipif(not RECORDED.with_name("two-ports_run.json").exists(), reason="no recorded run yet")
def test_the_notebook_runs_as_shipped_on_the_recorded_run(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = executed(monkeypatch)
    assert outputs(shown, "image/svg+xml")


def test_the_notebook_is_shipped_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not c.outputs and c.execution_count is None for c in notebook.cells if c.cell_type == "code")
