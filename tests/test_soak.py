"""What `make soak` calls flat; the tool itself takes 42 minutes."""

from scripts.soak.__main__ import is_flat, table
from scripts.soak.watched import Sample, Watched, quarters


def of(memory_mb: list[float]) -> Watched:
    return Watched([Sample(m, 20) for m in memory_mb], [5.0] * 100, [0.1] * 100, 0, 0)


def test_the_last_quarter_is_compared_with_the_second_one() -> None:
    warm_up = [10.0] * 25 + [50.0] * 25
    assert quarters([*warm_up, *[50.0] * 50]) == (50.0, 50.0)
    assert quarters([*warm_up, *[60.0] * 25, *[90.0] * 25]) == (50.0, 90.0)


def test_what_grows_is_not_flat() -> None:
    assert is_flat("memory, MB", 100.0, 114.0) and not is_flat("memory, MB", 100.0, 116.0)
    assert is_flat("descriptors", 20, 25) and not is_flat("descriptors", 20, 26)
    lines = table([(8, 30.0, of([50.0] * 50 + [90.0] * 50)), (256, 10.0, of([50.0] * 100))]).splitlines()
    assert lines[2] == "| 8 users, 30 minutes, 100 answers | memory, MB | 50.0 | 90.0 | no |"
    assert lines[7] == "| 256 users, 10 minutes, 100 answers | memory, MB | 50.0 | 50.0 | yes |"
