"""Locust's CSV writer at the end of a process; in one of its own, as Locust patches the one it is in."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import locust.stats
from locust.env import Environment
from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter
import gevent
from replay.output import locust_csv

locust_csv.amend_locust()
locust.stats.CSV_STATS_INTERVAL_SEC = 0.01
writer = StatsCSVFileWriter(Environment(), PERCENTILES_TO_REPORT, {prefix!r})
writing = gevent.spawn(writer.stats_writer)
gevent.sleep(0.03)
{then}
writing.join(5)
print(writing.ready(), writing.successful())
"""


def writers_end(tmp_path: Path, then: str) -> tuple[str, str]:
    script = SCRIPT.format(prefix=str(tmp_path / "x"), then=then)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip(), done.stderr


def test_the_writer_ends_quietly_once_locust_closes_its_files(tmp_path: Path) -> None:
    assert writers_end(tmp_path, "writer.close_files()") == ("True True", "")
    assert (tmp_path / "x_stats.csv").read_text().count("Aggregated") == 1


def test_another_error_of_the_writer_is_still_shown(tmp_path: Path) -> None:
    end, shown = writers_end(tmp_path, "writer._requests_data_rows = lambda _: 1 / int('no number')")
    assert end == "True False"
    assert "ValueError: invalid literal" in shown
