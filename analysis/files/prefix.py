"""The prefix that the files of a run share, from what a user types."""

from pathlib import Path

from analysis.errors import RunError

SUFFIXES = (
    "_requests.csv", "_run.json", "_report.json", "_report.md", "_report.html", "_stats.csv",
    "_stats_history.csv", "_failures.csv", "_exceptions.csv", "_witness.csv", "_card.svg", "_card.png",
    "_card.md",
)  # fmt: skip


def prefix_of(given: str) -> Path:
    """The prefix, also from the name of any file of the run: `runs/x_report.json`, `runs/x_`, `runs/x`.

    Raises RunError: a folder, or nothing.
    """
    for suffix in SUFFIXES:
        if given.endswith(suffix) and given != suffix:
            return Path(given.removesuffix(suffix))
    bare = given.removesuffix("_") if not given.endswith(("/", "/_")) else given
    if not Path(bare).name:
        raise RunError(f"{given or 'an empty prefix'}: is no prefix; give one as in runs/20251021-073015")
    return Path(bare)
