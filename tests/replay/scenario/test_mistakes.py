"""Every mistake is one line: the file, the key, what is wrong and what to do."""

from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from replay.scenario.load import load_scenario, scenario_of_urls
from tests.support.scenarios import FINE, PHASES, SHIPPED, TARGETS, mistake

MISTAKES = {
    "": "x.yaml: is empty; copy scenarios/default.yaml to begin",
    "- 1": "x.yaml: is a list; it must be a mapping with targets: and phases:",
    "hello": "x.yaml: is a single value; it must be a mapping with targets: and phases:",
    "a: [1,\nb: }": "x.yaml: line 2, column 4: not YAML: ",
    "\ta: 1": "x.yaml: line 1, column 1: not YAML: found character '\\t'",
    FINE + "budget_s: 1\nbudget_s: 2": "x.yaml: line 4, column 1: key 'budget_s' is written twice"
    " (also line 3); keep one",
    FINE + "request: {extra: {a: 1, a: 2}}": "x.yaml: line 3, column 25: key 'a' is written twice",
    FINE + "1: 2": "x.yaml: line 3, column 1: the key 1 is not text; put it in quotes",
    FINE + "x: !!python/name:os.system ''": "x.yaml: line 3, column 4: no 'python/name:os.system'",
    "a: &a [*a]": "x.yaml: line 1, column 8: an alias may stand for a single value only",
    "a: " + "[" * 3000: "x.yaml: line 1, column 53: lists and mappings nested more than 50 deep",
    FINE + "budgets: 1": "x.yaml: budgets: unknown key; did you mean 'budget_s'?",
    FINE + "raw: {}": "x.yaml: raw: unknown key; known here: name, targets,",
    FINE.replace("name: B", "modle: B"): "x.yaml: targets[1].modle: unknown key; did you mean 'model'?",
    FINE + "budget_s: -1": "x.yaml: budget_s: must be at least 0, not -1; write e.g. `budget_s: 150`",
    FINE + "budget_s:": "x.yaml: budget_s: is empty; write e.g. `budget_s: 150`",
    FINE + "budget_s: .nan": "x.yaml: budget_s: must be a finite number",
    FINE + "budget_s: yes": "x.yaml: budget_s: must be a number, not true",
    FINE + "name: no": "x.yaml: name: must be text, not False; put it in quotes",
    FINE + "request: {timeout_s: 0}": "x.yaml: request.timeout_s: must be more than 0, not 0;",
    FINE + "request: {max_tokens: 1}": "x.yaml: request.max_tokens: must be 'auto' or a whole number",
    FINE + "request: {extra: 3}": "x.yaml: request.extra: must be a mapping of keys, not 3;",
    FINE + "request: {extra: {max_tokens: 3}}": "x.yaml: request.extra: 'max_tokens' is not for extra;",
    FINE + "servers: [{kind: vllm}]": "x.yaml: servers[0].kind: must be 'llamacpp', 'simulator' or 'command'",
    FINE + "servers: [{kind: llamacpp, command: x}]": "x.yaml: servers[0]: command is for kind: command;",
    FINE + "servers: [{kind: command}]": "x.yaml: servers[0]: has no command; write e.g. `command: llama-",
    FINE + "servers: [{kind: command, command: x}]": "x.yaml: servers[0]: its command has no {port}; write",
    FINE + "servers: [{kind: command, command: 'x {port}', slots: 4}]": "x.yaml: servers[0]: slots is not in"
    " its command; write {slots} there, or take it out",
    FINE + "servers: [{kind: command, command: 'x {port}', speed: 2}]": "x.yaml: servers[0]: speed is for",
    FINE
    + "servers: [{kind: command, command: 'x {port}', oversubscribe: true}]": "x.yaml: servers[0]: overs",
    FINE + "servers: [{kind: llamacpp, port: 65536}]": "x.yaml: servers[0].port: must be at most 65,535",
    FINE + "servers: [{kind: llamacpp, policy: serial}]": "x.yaml: servers[0]: policy is for kind:",
    FINE + "servers: [{kind: llamacpp, farm: a.yaml}]": "x.yaml: servers[0]: farm is for kind: simulator",
    FINE + "servers: [{kind: simulator, farm: a.yaml, slots: 2}]": "x.yaml: servers[0]: slots belongs into",
    FINE + "servers: [{kind: llamacpp, port: 5}, {kind: llamacpp, port: 5}]": "x.yaml: servers[1].port:"
    " same port as servers[0]; write port: 0 for a free one",
    PHASES: "x.yaml: targets: is missing; write e.g. `targets: [{base_url: http://127.0.0.1:1234}]`",
    PHASES + "targets: []": "x.yaml: targets: is empty; write e.g. ",
    TARGETS + "phases: {a: 1}": "x.yaml: phases: must be a list; write e.g. ",
    PHASES + "targets: [{name: A}]": "x.yaml: targets[0]: has neither of base_url and server;",
    PHASES + "targets: [{server: 0, base_url: 'http://h'}]": "x.yaml: targets[0]: has both of",
    PHASES + "targets: [{server: 0}]": "x.yaml: targets[0].server: no server 0: `servers` has 0,",
    PHASES + "targets: [h:1]": "x.yaml: targets[0]: must be a mapping of keys, not 'h:1'",
    PHASES + "targets: [{base_url: 'h:1'}]": "x.yaml: targets[0].base_url: 'h:1' has no scheme;"
    " write http://h:1",
    PHASES + "targets: [{name: a/b, base_url: 'http://h'}]": "x.yaml: targets[0].name: must be printable,"
    " without '/'",
    PHASES + "targets: [{name: '', base_url: 'http://h'}]": "x.yaml: targets[0].name: must hold a letter",
    FINE.replace(
        "name: B", "name: A"
    ): "x.yaml: targets[1].name: 'A' is used twice (also targets[0]); give each its own name",
    "targets: [{base_url: 'http://127.0.0.1:1'}, {base_url: 'HTTP://127.0.0.1:1/v1'}]\n"
    + PHASES: "x.yaml: targets[1]: same server and model as targets[0]; take one out,",
    FINE.replace("users: 2", "users: 1"): "x.yaml: phases[0].users: must be at least 2, not 1: one"
    " request cannot overlap; write users: 2",
    FINE.replace(
        "users: 2", "users: two"
    ): "x.yaml: phases[0].users: must be a whole number, not 'two'; write e.g. `users: 2`",
    FINE.replace("users: 2", "users: 2.5"): "x.yaml: phases[0].users: must be a whole number, not 2.5;",
    FINE.replace("users: 2,", ""): "x.yaml: phases[0].users: is missing; write e.g. `users: 2`",
    FINE.replace("rounds: 5", "rounds: 0"): "x.yaml: phases[0].rounds: must be at least 1, not 0;",
    FINE.replace("rounds: 5", "rounds: x"): "x.yaml: phases[0].rounds: must be a whole number, not 'x';"
    " write e.g. `rounds: 5, or {min: 3, max: 12}`",
    FINE.replace("rounds: 5", "rounds: {min: 5, max: 3}"): "x.yaml: phases[0].rounds: min 5 is more",
    FINE.replace("rounds: 5", "rounds: {min: 5, mx: 9}"): "x.yaml: phases[0].rounds.mx: unknown key; did you",
    FINE.replace("rounds: 5", "rounds: 5, workers: 0"): "x.yaml: phases[0].workers: must be at least 1",
    FINE.replace("rounds: 5", "rounds: 5, spacing_s: -1"): "x.yaml: phases[0].spacing_s: must be at least",
    FINE.replace("rounds: 5", "rounds: 5, targets: []"): "x.yaml: phases[0].targets: is empty;",
    FINE.replace("rounds: 5", "rounds: 5, targets: [A, A]"): "x.yaml: phases[0].targets[1]: the same",
    FINE.replace("phase1", "chain"): "x.yaml: phases[0].name: 'chain' is a part of every run; choose",
    FINE.replace("phase1", "warmup"): "x.yaml: phases[0].name: 'warmup' is a part of every run; choose",
    FINE.replace("}]\n", "}, {name: phase1, users: 2, rounds: 5}]\n").replace(
        ", {name: phase1, users: 2, rounds: 5}", "", 1
    ): "x.yaml: phases[1].name: 'phase1' is used twice (also phases[0]);",
    TARGETS.replace("A,", "Ulysses,") + "phases: [{name: p, users: 2, rounds: 5, targets: [Ulyses]}]": (
        "x.yaml: phases[0].targets[0]: no target is named 'Ulyses'; did you mean 'Ulysses'?"
    ),
    FINE + "x: ${lower case}": "x.yaml: x: a '${' that is no placeholder; write ${NAME} or",
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items(), ids=range(len(MISTAKES)))
def test_a_mistake_names_the_file_the_key_and_the_remedy(tmp_path, text, message) -> None:
    assert mistake(tmp_path, text).startswith(message)


def test_several_mistakes_are_counted(tmp_path: Path) -> None:
    text = TARGETS + "phases: [{name: p, users: 1, rounds: x}]\nbudgets: 3\n"
    assert mistake(tmp_path, text).endswith("; and 2 more problems")
    assert mistake(tmp_path, FINE + "a: 1\nb: 2").endswith("; and 1 more problem")
    assert "more problem" not in mistake(tmp_path, FINE + "a: 1")


def test_a_missing_variable_is_named_with_its_key(tmp_path: Path) -> None:
    text = FINE.replace("127.0.0.1:1", "${MY_HOST}:1")
    assert mistake(tmp_path, text) == (
        "x.yaml: targets[0].base_url: the environment variable MY_HOST is not set; export MY_HOST=..."
    )


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"slotz\.yaml: no such file; did you mean .*/slots\.yaml"):
        load_scenario(SHIPPED / "slotz.yaml", {})
    with pytest.raises(ScenarioError, match="no such file; give --scenario the path"):
        load_scenario(tmp_path / "x.yaml", {})
    with pytest.raises(ScenarioError, match=r"directory; give a file|denied; give a file"):
        load_scenario(tmp_path, {})


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ScenarioError, match="line 1: byte 3 is not UTF-8"):
        load_scenario(tmp_path / "x.yaml", {})


@pytest.mark.parametrize(
    ("urls", "message"),
    [
        ([], "--target: targets: is empty"),
        (["http://a:1", "b:2"], r"--target \(2\): 'b:2' has no scheme; write http://b:2"),
        (["http://a:1="], "--target http://a:1=: no model after '='"),
        (["http://a:1", "http://a:1/v1"], r"--target: targets\[1\]: same server and model as"),
    ],
)
def test_a_wrong_target_on_the_command_line_is_one_line(urls: list[str], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        scenario_of_urls(urls)
