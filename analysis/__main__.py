"""`python -m analysis`: reads runs. Results go to stdout, complaints to stderr; exit codes in the help.

Each command imports what it alone needs: a report is waited for.
"""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis import exit_codes
from analysis.console import for_stream, to_stdout
from analysis.errors import PortlapError
from analysis.escapes import visible
from analysis.files.prefix import prefix_of
from analysis.files.run import keep_files_private
from analysis.report.command import FORMS, LONG, judged, print_check, write_report

EXAMPLES = """after `make run` (PREFIX: its run in runs/, as in runs/20251021-073015):
  python -m analysis report PREFIX
  python -m analysis report PREFIX --json | python -m json.tool
  python -m analysis compare PREFIX PREFIX
  python -m analysis card PREFIX --machine "Mac Studio M3 Ultra, 512 GB"
  python -m analysis propose PREFIX --entities config-aientities.json --out NEW.json
"""
EXIT_CODES = "exit codes: 0 a verdict, 2 bad input, 3 inconclusive, 4 invalid, 5 a --fail-if is broken"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    options = _parser().parse_args(arguments)
    keep_files_private()
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except PortlapError as error:
        print(for_stream(visible(str(error)), sys.stderr), file=sys.stderr)
        return exit_codes.BAD_INPUT
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except OSError as error:  # of stdout: files have lines of their own
        _forget_stdout()
        if isinstance(error, BrokenPipeError):  # its reader has gone, as in `| head`
            return exit_codes.OK
        print(f"stdout: cannot be written: {error.strerror}", file=sys.stderr)
        return exit_codes.FAULT
    return code


def _forget_stdout() -> None:
    """What is left in its buffer: else the interpreter fails once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report(options: argparse.Namespace) -> int:
    """Writes report.json, report.md and report.html beside the run and prints one of them."""
    return write_report(prefix_of(options.prefix), options.form)


def check(options: argparse.Namespace) -> int:
    """Prints the verdict and its conditions only; writes nothing."""
    return print_check(prefix_of(options.prefix))


def compare(options: argparse.Namespace) -> int:
    """Prints runs side by side, each over the first; writes nothing."""
    from analysis.comparison.command import compare as compare_runs

    written, code = compare_runs(options.prefixes, options.form, options.anyway, options.fail_if)
    to_stdout(written)
    return code


def card(options: argparse.Namespace) -> int:
    """Writes the card beside the run and prints its lines."""
    from analysis.card.command import card as write_card

    written, code = write_card(prefix_of(options.prefix), options.machine)
    to_stdout(written)
    return code


def cost(options: argparse.Namespace) -> int:
    """Prints what the work of the runs costs; writes nothing."""
    from analysis.costs.command import cost as cost_of_runs

    paths = [prefix_of(prefix) for prefix in options.prefixes]
    written, code = cost_of_runs(
        paths, options.cost, years=options.years, watts=options.watts, per_kwh=options.per_kwh,
        currency=options.currency,
    )  # fmt: skip
    to_stdout(written)
    return code


def propose_entities(options: argparse.Namespace) -> int:
    """Prints what the run proposes for the entities file as a diff, and writes it to a new file."""
    from analysis.entities.entities import read_entities
    from analysis.entities.propose import propose, write_new

    old, new = Path(options.entities), Path(options.out)
    assessment, figures = judged(prefix_of(options.prefix))
    file = read_entities(old)
    code = exit_codes.of_verdict(figures.verdict)
    if code or figures.verdict is None:
        why = f"{figures.verdict or 'the plan free'}: {assessment.answer.sentence}"
        print(for_stream(f"nothing is proposed; {why}", sys.stderr), file=sys.stderr)
        return code
    proposal = propose(file, assessment.run.manifest.targets, figures.machine.recommended_workers)
    print(for_stream("\n".join(proposal.sentences), sys.stderr), file=sys.stderr)
    if proposal.after == proposal.before:
        print("the file stays as it is; nothing is written", file=sys.stderr)
        return exit_codes.OK
    write_new(new, proposal.after)
    to_stdout(proposal.diff(old, new))
    return exit_codes.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Reads the files of a run: what they say, with every condition.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = "a run's prefix, as in runs/20251021-073015, or any of its files; also of a plain Locust's --csv"
    add = commands.add_parser("report", help="print the report; write PREFIX_report.json, .md and .html")
    add.add_argument("prefix", metavar="PREFIX", help=one)
    form = add.add_mutually_exclusive_group()
    for name, words in FORMS.items():
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=words)
    add.set_defaults(command=report, form=LONG)
    add = commands.add_parser("check", help="print the verdict and its conditions")
    add.add_argument("prefix", metavar="PREFIX", help=one)
    add.set_defaults(command=check)
    add = commands.add_parser(
        "compare", help="print runs side by side, each over the first; of plain Locusts: over users"
    )
    add.add_argument("prefixes", metavar="PREFIX", nargs="+", help=one)
    form = add.add_mutually_exclusive_group()
    for name in ("json", "markdown", "html"):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=f"as {name}")
    add.set_defaults(form="text")
    add.add_argument("--anyway", action="store_true", help="even where the phases ask different questions")
    add.add_argument(
        "--fail-if", metavar="LIMIT", action="append", default=[],
        help='as in "speedup<0.9*base" or "phase2.ttft_s>1.5": exit code 5 where a run surely breaks it',
    )  # fmt: skip
    add.set_defaults(command=compare)
    add = commands.add_parser("card", help="a picture and three lines to share; nothing private on them")
    add.add_argument("prefix", metavar="PREFIX", help=one)
    add.add_argument(
        "--machine",
        metavar="TEXT",
        default="",
        help='what the machine is, as in "Mac Studio M3 Ultra, 512 GB"',
    )
    add.set_defaults(command=card)
    add = commands.add_parser("cost", help="what the work costs, and how many smaller machines do the same")
    add.add_argument("prefixes", metavar="PREFIX", nargs="+", help=one)
    add.add_argument(
        "--cost", metavar="PRICE", type=float, action="append", default=[],
        help="of a machine, one for each run",
    )  # fmt: skip
    add.add_argument("--years", type=float, metavar="N", help="over which its price is spread (default 3)")
    add.add_argument("--watts", type=float, metavar="W", help="that it draws while it works")
    add.add_argument("--per-kwh", type=float, metavar="PRICE", help="of a kilowatt-hour")
    add.add_argument("--currency", metavar="TEXT", help="as in € or CHF (default $)")
    add.set_defaults(command=cost)
    add = commands.add_parser("propose", help="propose ports and workers for a config-aientities.json")
    add.add_argument("prefix", metavar="PREFIX", help=one)
    add.add_argument("--entities", metavar="FILE", required=True, help="the file as it is; stays as it is")
    add.add_argument("--out", metavar="NEW", required=True, help="where the proposal goes, a new file")
    add.set_defaults(command=propose_entities)
    return parser


if __name__ == "__main__":
    gc.disable()  # what is read stays to the end; looking through it again and again is a tenth of the time
    sys.exit(main())
