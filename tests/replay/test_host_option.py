"""Locust's own -H is never ignored: it is refused with the option that portlap has in its place."""

import subprocess
import sys
from pathlib import Path

from analysis import exit_codes
from tests.support.checkout import CHECKOUT


def test_a_host_is_refused_with_the_right_option(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"
    command = [sys.executable, "-m", "locust", "--headless", "--dry-run", "-H", url, "--csv"]
    ended = subprocess.run(
        [*command, str(tmp_path / "x")], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == exit_codes.BAD_INPUT
    assert f"--target {url}" in ended.stderr + ended.stdout
