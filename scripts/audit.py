"""Known vulnerabilities of what portlap installs: `make audit`. 1 if there are any, 0 without the network.

pip-audit asks a database on the network. Where that cannot be reached nothing is audited, and the last line
says so: no run, no test and no CI of portlap depends on it.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCKS = ("requirements/run.txt", "requirements/engine.txt")
PATIENCE_S = 300.0


def audited(lock: str) -> list[dict[str, Any]] | None:
    """The packages of a lock file with what is known of them; None if the database cannot be reached."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    try:
        done = subprocess.run(
            [*command, "-r", lock], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, subprocess.TimeoutExpired):
        return None
    return packages


def main() -> int:
    known, bad = 0, 0
    for lock in LOCKS:
        packages = audited(lock)
        if packages is None:
            print(f"{lock}: nothing was audited; the database of vulnerabilities cannot be reached")
            continue
        seen = [p for p in packages if "skip_reason" not in p]
        known += len(seen)
        print(f"{lock}: {len(seen)} of {len(packages)} packages are in the database")
        for package in seen:
            for flaw in package["vulns"]:
                bad += 1
                fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
                print(f"  {package['name']} {package['version']}: {flaw['id']}, fixed in {fixed}")
    print(f"{known} packages audited, {bad} known vulnerabilities" if known else "nothing was audited")
    return 1 if bad else 0


if __name__ == "__main__":
    if not Path(LOCKS[0]).exists():
        sys.exit("run it from the checkout: make audit")
    sys.exit(main())
