"""The command line: `python -m servers llamacpp …`, `command …`, `simulate …`, `mock …` and `find`."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis import exit_codes
from analysis.errors import PortlapError
from servers.command import fleet as commands
from servers.llamacpp import fleet
from servers.mock_servers import options as mocks
from servers.ready import tell
from servers.simulator import serve as simulator
from servers.simulator.options import add_simulate_options, farm_of

EMBEDDED = "embedded"
CHECKOUT = Path(__file__).resolve().parent.parent
EXAMPLES = """\
Once all servers answer, stdout holds a JSON line for each, then {"ready": true}; Ctrl-C stops them:
  python -m servers llamacpp --port 0
  python -m servers simulate --port 0 --port 0 --policy port-serial
  python -m servers simulate --port 0 --policy slots --slots 4 --ttft-s 0.2 --tpot-s 0.02
  python -m servers simulate --farm scenarios/farms/seed-serial.yaml --time-scale 0.02 --truth truth.csv
  python -m servers mock --kind ollama --port 0
  python -m servers command --server '{"command": "llama-server -m X.gguf --port {port}"}'
And what runs here already, with its models and slots (GET only):
  python -m servers find"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 stopped as asked, 1 a server failed, 2 bad input (nothing was started)."""
    parser = _parser()
    options, more = parser.parse_known_args(arguments)
    if options.run == _run_find:
        return _run_find(more)
    if more:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    try:
        return int(options.run(options))
    except PortlapError as error:
        tell(str(error))
        return exit_codes.BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m servers",
        description="LLM servers to measure: real ones, or ones whose truth is known.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXAMPLES,
    )
    kinds = parser.add_subparsers(required=True, metavar="llamacpp | command | simulate | mock | find")
    _add_llamacpp(kinds.add_parser("llamacpp", help="real llama.cpp servers, one process per port"))
    _add_command(kinds.add_parser("command", help="servers that a command of your own starts"))
    _add_simulate(kinds.add_parser("simulate", help="simulated servers with exact token times"))
    mock = kinds.add_parser("mock", help="servers that answer as LM Studio, Ollama and others do")
    _add_common(mock)
    mocks.add_options(mock)
    found = kinds.add_parser("find", help="the LLM servers that run on this host", add_help=False)
    found.set_defaults(run=_run_find)
    return parser


def _run_find(arguments: Sequence[str]) -> int:
    """In a child process: servers/ shares no code with replay/, which recognises kinds of servers."""
    command = [sys.executable, "-m", "replay.checks.find.command", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode


def _add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--port",
        type=int,
        action="append",
        metavar="P",
        help="repeatable; 0 = a free one (default)",
    )
    add("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    _add_until_stdin_closes(parser)


def _add_until_stdin_closes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end when stdin closes, so with a parent"
    )


def _add_llamacpp(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    add = parser.add_argument
    add(
        "--slots",
        type=int,
        action="append",
        metavar="K",
        help="for all, or one per port (default: 1)",
    )
    add(
        "--threads",
        type=int,
        action="append",
        metavar="N",
        help="for all, or one per port (default: 1)",
    )
    add(
        "--model",
        action="append",
        metavar="PATH.gguf",
        help="for all, or one per port; `embedded` (default): the wheel's SmolLM2-135M-Instruct",
    )
    add(
        "--ctx",
        type=int,
        default=2048,
        metavar="TOKENS",
        help="context per slot (default: %(default)s)",
    )
    add(
        "--batch",
        type=int,
        metavar="TOKENS",
        help="prompt tokens read at a time (default: the engine's own, 2048)",
    )
    add(
        "--cache-ram",
        type=int,
        default=0,
        metavar="MIB",
        help="memory for prompts that a slot has lost (default: none)",
    )
    add("--embeddings", action="store_true", help="make vectors of texts at /v1/embeddings")
    add("--oversubscribe", action="store_true", help="allow more threads in all than cores")
    parser.set_defaults(run=_run_llamacpp)


def _run_llamacpp(options: argparse.Namespace) -> int:
    specs = fleet.plan(
        options.port or [0],
        options.slots or [1],
        options.threads or [1],
        models=[None if m == EMBEDDED else Path(m) for m in options.model or [EMBEDDED]],
        host=options.host,
        ctx=options.ctx,
        oversubscribe=options.oversubscribe,
        batch=options.batch,
        cache_ram_mib=max(options.cache_ram, 0),
        embeddings=options.embeddings,
    )
    return fleet.serve(specs, options.until_stdin_closes)


def _add_command(parser: argparse.ArgumentParser) -> None:
    keys = "command, port, slots, threads, model, within_s, log, folder"
    parser.add_argument(
        "--server", action="append", required=True, metavar="JSON", help=f"repeatable; its keys: {keys}"
    )
    _add_until_stdin_closes(parser)
    parser.set_defaults(run=_run_command)


def _run_command(options: argparse.Namespace) -> int:
    launches = commands.plan([commands.spec_of(text) for text in options.server])
    return commands.serve(launches, options.until_stdin_closes)


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    add_simulate_options(parser)
    parser.set_defaults(run=_run_simulate)


def _run_simulate(options: argparse.Namespace) -> int:
    return simulator.serve(farm_of(options), options.host, options.truth, options.until_stdin_closes)


if __name__ == "__main__":
    sys.exit(main())
