"""`python -m analysis card PREFIX`: the card as files beside the run, and its lines to paste."""

from pathlib import Path

from analysis.card.content import card_of, markdown_lines
from analysis.card.picture import draw
from analysis.errors import RunError
from analysis.escapes import for_markdown
from analysis.files.run import file_of, write_whole
from analysis.report.command import judged

WITHOUT_PNG = (
    "No PNG: vl-convert-python is not installed (.venv/bin/python -m pip install vl-convert-python)."
)


def card(prefix: Path, machine: str = "") -> tuple[str, int]:
    """(three lines of Markdown and the names of the files, the run's exit code). Raises RunError."""
    assessment, figures = judged(prefix)
    shown = card_of(assessment, figures, machine)
    verdict, *others = markdown_lines(shown)
    lines = "".join(f"{line}\n" for line in (verdict, *map(for_markdown, others)))
    picture = draw(shown)
    files = {file_of(prefix, "card.md"): lines, file_of(prefix, "card.svg"): picture}
    png = file_of(prefix, "card.png")
    try:
        for path, text in files.items():
            write_whole(path, text)
        drawn = _write_png(png, picture)
    except OSError as error:
        raise RunError(f"{error.filename or prefix}: cannot be written: {error.strerror}") from None
    named = [str(path) for path in (*files, *([png] if drawn else []))]
    note = "" if drawn else f"{WITHOUT_PNG}\n"
    return f"{lines}\n{', '.join(named)}\n{note}", figures.exit_code


def _write_png(path: Path, picture: str) -> bool:
    """False where nothing here turns SVG into PNG. Raises OSError."""
    try:
        from vl_convert import svg_to_png
    except ImportError:
        return False
    path.write_bytes(svg_to_png(picture, scale=1))
    return True
