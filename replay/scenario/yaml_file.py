"""A scenario file as plain data: YAML without its traps, no secrets, `${NAME:-default}` filled in.

Filling comes after parsing, so that a value can never become a key, a list or another value.
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from analysis.errors import ScenarioError
from replay.scenario.limits import DEPTH, FILE_BYTES, is_writable
from replay.scenario.messages import Loc, Problem, nearest

PLACEHOLDER: Final = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?P<default>:-[^}]*)?\}", re.ASCII)
KEY_NAME: Final = "api_key_env"
VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# Compared in lower case and without separators, so that API-Key and x_api_key are found too.
SECRET_KEYS: Final = {
    *("apikey", "xapikey", "authorization", "proxyauthorization", "bearer", "bearertoken"),
    *("token", "apitoken", "authtoken", "accesstoken", "secret", "clientsecret"),
    *("password", "passwd", "cookie", "credentials"),
}
PLAIN_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map")
)
TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
MOST_NUMBER: Final = 2**64


class _Refused(yaml.MarkedYAMLError):
    """Good YAML that a scenario does not take; the problem names its remedy."""

    def __init__(self, problem: str, mark: yaml.Mark) -> None:
        super().__init__(problem=problem, problem_mark=mark)


def _refuse_tag(loader: yaml.SafeLoader, node: yaml.Node) -> None:
    tag = node.tag.removeprefix("tag:yaml.org,2002:")
    raise _Refused(f"no {tag!r} values in a scenario; write text, numbers or lists", node.start_mark)


class _Loader(yaml.SafeLoader):
    """Plain values, each key once, no alias of a list or mapping: those can grow without end."""

    yaml_constructors = {  # noqa: RUF012
        **{tag: yaml.SafeLoader.yaml_constructors[tag] for tag in PLAIN_TAGS},
        None: _refuse_tag,  # every other tag
    }
    yaml_implicit_resolvers = {  # noqa: RUF012  dates stay text, because JSON has none
        first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        alias = self.check_event(yaml.AliasEvent)
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self.depth += 1
        if self.depth > DEPTH:
            raise _Refused(f"lists and mappings nested more than {DEPTH} deep; write it flatter", mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if alias and not isinstance(node, yaml.ScalarNode):
            raise _Refused("an alias may stand for a single value only; write it out", mark)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, OverflowError):  # as of `!!int x`, or 5,000 digits
            raise _Refused("a value that cannot be read; put it in quotes", node.start_mark) from None
        if isinstance(value, str) and not is_writable(value):
            problem = "a character that UTF-8 cannot write (a lone surrogate); take it out"
            raise _Refused(problem, node.start_mark)
        if isinstance(value, int) and abs(value) > MOST_NUMBER:
            raise _Refused("a number of more than 64 bits; put it in quotes", node.start_mark)
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key_node, _ in node.value:
            key, mark = self.construct_object(key_node, deep=True), key_node.start_mark
            if not isinstance(key, str):
                raise _Refused(f"the key {key!r} is not text; put it in quotes", mark)
            if key in lines:
                text = f"key {key!r} is written twice (also line {lines[key]}); keep one"
                raise _Refused(text, mark)
            lines[key] = mark.line + 1
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The file's mapping, nothing filled in. Raises ScenarioError."""
    text = _text_of(path)
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"line {line}: the character {chr(error.character)!a} is not for YAML; take it out"
        raise ScenarioError(f"{path}: {problem}") from None
    try:
        data = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        raise ScenarioError(f"{path}: {_yaml_words(error)}") from None
    except (yaml.YAMLError, ValueError, LookupError, OverflowError, RecursionError):
        line = loader.line + 1
        raise ScenarioError(f"{path}: line {line}: not YAML; see scenarios/default.yaml") from None
    if data is None:
        raise ScenarioError(f"{path}: is empty; copy scenarios/default.yaml to begin")
    if not isinstance(data, dict):
        found = "a list" if isinstance(data, list) else "a single value"
        raise ScenarioError(f"{path}: is {found}; it must be a mapping with targets: and phases:")
    return data


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)  # careful: it may be a device that has no end
        if len(data) > FILE_BYTES:
            raise ScenarioError(f"{path}: more than {FILE_BYTES:,} bytes; a scenario is a page or two")
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        known = [str(p) for p in sorted(path.parent.glob("[!.]*.yaml"))]
        remedy = nearest(str(path), known) if known else "give --scenario the path of a YAML file"
        raise ScenarioError(f"{path}: no such file; {remedy}") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"line {line}: byte {error.start} is not UTF-8; save it as UTF-8"
        raise ScenarioError(f"{path}: {problem}") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        why = getattr(error, "strerror", None) or "not a path"
        raise ScenarioError(f"{path}: {why}; give a file that can be read") from None


def _yaml_words(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    if isinstance(error, _Refused):
        return f"{at}{error.problem}"
    # a tab, a missing blank after a colon or a character that YAML reserves are the usual reasons
    return f"{at}not YAML: {error.problem or error.context}; indent with blanks, quote the text"


def misplaced(data: Any, loc: Loc = ()) -> Iterator[Problem]:
    """What no scenario may hold: keys meant for secrets, and numbers that JSON cannot write."""
    if isinstance(data, dict):
        for key, value in data.items():
            if re.sub(r"[^a-z]", "", key.lower()) in SECRET_KEYS:
                remedy = "put it into the environment and write `api_key_env: ITS_NAME` in the target"
                yield (*loc, key), f"no secrets in a file; {remedy}"
            else:
                yield from misplaced(value, (*loc, key))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from misplaced(value, (*loc, i))
    elif isinstance(data, float) and not math.isfinite(data):
        yield loc, "must be a finite number"


def unset(data: Any, environ: Mapping[str, str], loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Where a variable is needed that the environment lacks, and its name; "" for that of a key.

    careful: the value of `api_key_env` is not named, because somebody may have written the key itself there.
    """
    if isinstance(data, dict | list):
        for step, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from unset(value, environ, (*loc, step))
    elif isinstance(data, str) and loc and loc[-1] == KEY_NAME and VARIABLE.fullmatch(data):
        if not environ.get(data):
            yield loc, ""
    elif isinstance(data, str):
        for found in PLACEHOLDER.finditer(data):
            if found["default"] is None and not environ.get(found["name"]):
                yield loc, found["name"]


def fill(data: Any, environ: Mapping[str, str], loc: Loc = ()) -> tuple[Any, list[Problem]]:
    """The same structure with `${NAME}` filled in its text values, and what could not be filled."""
    if isinstance(data, dict):
        parts = {key: fill(value, environ, (*loc, key)) for key, value in data.items()}
        return {k: v for k, (v, _) in parts.items()}, [p for _, ps in parts.values() for p in ps]
    if isinstance(data, list):
        items = [fill(value, environ, (*loc, i)) for i, value in enumerate(data)]
        return [v for v, _ in items], [p for _, ps in items for p in ps]
    if not isinstance(data, str) or "${" not in data:
        return data, []
    problems: list[Problem] = []
    if "${" in PLACEHOLDER.sub("", data):
        problems.append((loc, "a '${' that is no placeholder; write ${NAME} or ${NAME:-default}"))

    def value_of(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if (value := environ.get(name)) and is_writable(value):
            return value
        if value:
            problems.append((loc, f"the environment variable {name} is not UTF-8; set it anew"))
            return ""
        return str(default or "").removeprefix(":-")  # without a default: `unset` names it

    return PLACEHOLDER.sub(value_of, data), problems
