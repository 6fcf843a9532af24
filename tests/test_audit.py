"""The audit says what it knows: flaws are a failure, a missing network is none and is not called clean."""

import json
import subprocess

import pytest

from scripts import audit
from tests.support.checkout import CHECKOUT

FLAW = {"id": "CVE-1", "fix_versions": ["2.0"]}


def of(**package: object) -> str:
    return json.dumps({"dependencies": [{"name": "a", "version": "1", **package}]})


@pytest.mark.parametrize(
    ("answer", "code", "last"),
    [
        ("", 0, "nothing was audited"),
        (of(skip_reason="not found"), 0, "nothing was audited"),
        (of(vulns=[]), 0, "2 packages audited, 0 "),
        (of(vulns=[FLAW]), 1, "2 packages audited, 2 "),
    ],
)
def test_an_audit_says_what_it_knows(
    answer: str, code: int, last: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.CompletedProcess([], 1, answer, "no network")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert audit.main() == code
    assert capsys.readouterr().out.splitlines()[-1].startswith(last)


def test_each_lock_file_that_is_audited_is_there() -> None:
    assert all((CHECKOUT / lock).exists() for lock in audit.LOCKS)
