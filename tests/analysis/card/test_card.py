"""The card: three lines and a picture that tell the verdict and nothing of where it was measured."""

import re
import struct
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analysis.__main__ import main
from analysis.card.public import WITHHELD, public
from analysis.files.plan import PlannedSweep, Visit
from analysis.files.run import Run, file_of
from tests.analysis.capacity.test_levels import row
from tests.support.checkout import CHECKOUT
from tests.support.farm import farm, free_farm, phase, targets_on
from tests.support.runs import failing, write_run

SECRET = "grandmothers-attic"


def card(prefix: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    main(["card", str(prefix), *options])
    lines: list[str] = capsys.readouterr().out.splitlines()
    return lines


def with_secrets(run: Run) -> Run:
    """The same run where every text that its user or a server chose holds SECRET."""
    targets = tuple(
        replace(
            t,
            base_url=f"http://{SECRET}.example:{4711 + i}",
            model=f"/home/{SECRET}/models/phi-{i}.gguf",
            server={"address": "10.0.0.7", "version": f"1.0 on {SECRET}.example", "listed": [SECRET]},
        )
        for i, t in enumerate(run.manifest.targets)
    )
    where = {t.name: t.base_url for t in targets}
    rows = tuple(replace(r, base_url=where[r.target], error=r.error and SECRET) for r in run.log.records)
    manifest = replace(
        run.manifest, targets=targets, scenario_name=SECRET, arguments=("--csv", SECRET),
        scenario={"a": SECRET},
        interrupted=SECRET, started_at="2026-11-27T01:24:22+05:30",
    )  # fmt: skip
    return replace(run, manifest=manifest, log=replace(run.log, records=rows))


def test_three_lines_name_what_was_measured_and_what_is_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "x", farm("port-serial"))
    verdict, what, figures, *rest = card(tmp_path / "x", capsys)
    assert verdict.startswith("**ports-parallel**: the ports work in parallel")
    assert "2 ports" in what and "portlap" in what
    assert re.search(r"8 requests at once on 2 ports: tokens/s of one answer [\d.]+ → [\d.]+", figures)
    assert "claims 5.00" in figures and "true speedup 2.00" in figures  # 4 at a time wait on each port
    assert rest == ["", *rest[1:]] and "x_card.svg" in rest[1] and "x_card.png" in rest[1]
    assert file_of(tmp_path / "x", "card.md").read_text("utf-8").splitlines() == [verdict, what, figures]


def test_the_pictures_have_the_size_that_sites_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "x", farm("serial"))
    card(tmp_path / "x", capsys)
    png = file_of(tmp_path / "x", "card.png").read_bytes()
    assert struct.unpack(">II", png[16:24]) == (1200, 630)
    root = ElementTree.parse(file_of(tmp_path / "x", "card.svg")).getroot()
    assert (root.get("width"), root.get("height"), root.get("role")) == ("1200", "630", "img")
    assert "serial" in (root.get("aria-label") or "")


@pytest.mark.parametrize("failed", [False, True])
def test_nothing_private_is_on_it(failed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = farm("port-serial")
    write_run(tmp_path / "x", with_secrets(failing(run, ("phase1", 0, 0)) if failed else run))
    shown = "\n".join(card(tmp_path / "x", capsys)[:3])
    for text in (shown, file_of(tmp_path / "x", "card.svg").read_text("utf-8")):
        assert "phi-0.gguf" in text and "2026-11-27" in text
        for private in (SECRET, "4711", "10.0.0.7", "/home", str(tmp_path), "05:30"):
            assert private not in text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("phi-4", "phi-4"),
        ("org/phi-4:8b", "phi-4:8b"),
        ("tsc-ulysses@f16", "tsc-ulysses@f16"),
        (r"C:\Users\me\phi.gguf", "phi.gguf"),
        ("http://192.168.1.7:8080", WITHHELD),
        ("[fe80::1ff:fe23:4567:890a]", WITHHELD),
        ("phi at Kitchen-Mac", WITHHELD),
        ("host:8080", WITHHELD),
    ],
)
def test_a_name_is_shown_without_its_place(written: str, shown: str) -> None:
    assert public(written, {"kitchen-mac"}) == shown


def test_every_run_has_one_however_odd(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Thirty-two lanes, failures, no scored round, and words of its owner for the machine."""
    many = farm("port-serial", [phase(32, ports=8)], targets=targets_on(8))
    none = failing(farm("serial", [phase(2, rounds=1)]), ("phase1", 0, 0))
    for name, run in {"many": many, "none": none}.items():
        write_run(tmp_path / name, run)
        lines = card(tmp_path / name, capsys, "--machine", "A <Mac> & more")
        assert "A \\<Mac> & more" in lines[1]
        ElementTree.parse(file_of(tmp_path / name, "card.svg"))
    assert lines[2] == "No speedup was measured."


def test_a_sweep_shows_its_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One user whose 30 answers are all in time; two were not tried."""
    run = farm("serial", [phase(2, rounds=1)])
    rows = tuple(row(i, 3.0 * i, 2.0, phase="level-1") for i in range(1, 31))
    manifest = replace(
        run.manifest, plan="how-many", phases_planned=(), sweep=PlannedSweep(), visits=(Visit(1, 0.0, 95.0),)
    )
    write_run(tmp_path / "x", replace(run, manifest=manifest, log=replace(run.log, records=rows)))
    verdict, what, figures, *_ = card(tmp_path / "x", capsys)
    assert verdict.startswith("**carries at least 1**: Carries at least 1 at a time.")
    assert "2 ports" in what and "Shown" in figures
    svg = file_of(tmp_path / "x", "card.svg").read_text("utf-8")
    assert "How many users" in svg and "CARRIES AT LEAST 1" in svg and "Shown" in svg


def test_the_plan_free_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "x", free_farm("parallel"))
    assert main(["card", str(tmp_path / "x")]) == 2
    assert "run the phases for a card" in capsys.readouterr().err


def test_without_a_renderer_the_svg_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    write_run(tmp_path / "x", farm("serial"))
    assert "No PNG: vl-convert-python is not installed" in card(tmp_path / "x", capsys)[-1]
    assert file_of(tmp_path / "x", "card.svg").exists() and not file_of(tmp_path / "x", "card.png").exists()


def test_what_a_verdict_means_is_what_the_readme_says() -> None:
    from analysis.verdict.outcomes import Outcome

    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    cells = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", readme, re.M))
    assert {o for o in Outcome if not cells[o].endswith(o.meaning)} == set()
