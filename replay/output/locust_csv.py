"""Locust's own CSV files at its end: it closes them before it ends the greenlet that writes them."""

from locust.stats import StatsCSVFileWriter

from collections.abc import Callable


def ending_with_its_files(
    write: Callable[[StatsCSVFileWriter], None],
) -> Callable[[StatsCSVFileWriter], None]:
    """`write`, which ends quietly where its files have been closed: that is how Locust stops it.

    While the process ends, anything that waits wakes the greenlet once more (Locust's own exit does), and its
    `ValueError` would be printed as an unhandled exception. An error with open files is raised as before.
    """

    def stats_writer(writer: StatsCSVFileWriter) -> None:
        try:
            write(writer)
        except ValueError:
            if not writer.requests_csv_filehandle.closed:
                raise

    return stats_writer


def amend_locust() -> None:
    """From now on, for every writer that Locust makes."""
    StatsCSVFileWriter.stats_writer = ending_with_its_files(StatsCSVFileWriter.stats_writer)  # type: ignore[method-assign, assignment]
