"""Locust's tables saved by other programs."""

from pathlib import Path

import pytest

from analysis.files.locust_stats import read_table


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
def test_separators_line_ends_and_a_byte_order_mark_are_read(
    tmp_path: Path, separator: str, end: str
) -> None:
    lines = [["Type", "Name", "Request Count"], ["GET", "a\u2028b\x0cc", "3"]]
    path = tmp_path / "x_stats.csv"
    path.write_bytes(("\ufeff" + end.join(separator.join(line) for line in lines) + end).encode())
    assert [line for line, _ in read_table(path)] == [dict(zip(*lines, strict=True))]
