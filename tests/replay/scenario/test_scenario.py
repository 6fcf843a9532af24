"""A scenario is read exactly as written, and every mistake is one line that says what to do."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedPhase
from replay.scenario.load import (
    Rounds,
    Scenario,
    load_scenario,
    normal_base_url,
    planned_phases,
    scenario_of_urls,
)
from replay.scenario.yaml_file import fill
from tests.support.checkout import CHECKOUT

SHIPPED = CHECKOUT / "scenarios"
LOOPBACK = {  # no test reaches for anybody's machines
    **{"SEED_HOST": "127.0.0.1", "LLM_HOST": "127.0.0.1", "OTHER_HOST": "127.0.0.2"},
    **{"MODEL_A": "a", "MODEL_B": "b"},
}
TARGETS = "targets: [{name: A, base_url: 'http://127.0.0.1:1'}, {name: B, base_url: 'http://b:2'}]\n"
PHASES = "phases: [{name: phase1, users: 2, rounds: 5}]\n"
FINE = TARGETS + PHASES
SECRET = "sk-very-secret"


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Scenario:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path, environ or {})


def mistake(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    """The message without the file's directory."""
    with pytest.raises(ScenarioError) as error:
        load(tmp_path, text, environ)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{tmp_path}/x.yaml: ")
    return message.removeprefix(f"{tmp_path}/")


# --- what is shipped


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_scenario_loads_and_begins_with_its_question(path: Path) -> None:
    scenario = load_scenario(path, LOOPBACK)
    assert scenario.name == path.stem
    assert scenario.raw == yaml.safe_load(path.read_text())
    comment = path.read_text().split("\nname:")[0]
    assert comment.startswith("# ")
    assert "?" in comment
    assert "Run it:" in comment
    assert "Predicted" in comment


def test_the_default_starts_two_servers_and_has_the_three_phases_and_the_control() -> None:
    scenario = load_scenario(SHIPPED / "default.yaml", {})
    assert [(s.kind, s.port, s.slots, s.threads) for s in scenario.servers] == [("llamacpp", 0, 1, 1)] * 2
    assert [t.server for t in scenario.targets] == [0, 1]
    a, b = (t.name for t in scenario.targets)
    assert planned_phases(scenario) == (
        PlannedPhase("phase1", 2, (a, b), 5, 8),
        PlannedPhase("control", 2, (a,)),
        PlannedPhase("phase2", 4, (a, b)),
        PlannedPhase("phase3", 8, (a, b)),
        PlannedPhase("control-4", 4, (a,), after="control"),
        PlannedPhase("control-8", 8, (a,), after="control-4"),
    )
    assert scenario.budget_s == 150


def test_the_seed_needs_its_host_from_the_environment() -> None:
    with pytest.raises(ScenarioError, match=r"SEED_HOST is not set; export SEED_HOST=\.\.\."):
        load_scenario(SHIPPED / "seed.yaml", {})
    seed = load_scenario(SHIPPED / "seed.yaml", LOOPBACK)
    assert [(t.name, t.base_url, t.model) for t in seed.targets] == [
        ("Ulysses", "http://127.0.0.1:1234", "tsc-ulysses-by-james-joyce@f16"),
        ("Eternal", "http://127.0.0.1:1235", "the-eternal@f16"),
    ]


def test_lm_studio_is_asked_on_this_machine_unless_a_host_is_given() -> None:
    here = load_scenario(SHIPPED / "lmstudio.yaml", {})
    there = load_scenario(SHIPPED / "lmstudio.yaml", {"LMSTUDIO_HOST": "mac.example"})
    assert [t.base_url for t in here.targets] == ["http://127.0.0.1:1234", "http://127.0.0.1:1235"]
    assert there.targets[0].base_url == "http://mac.example:1234"
    assert {t.model for t in here.targets} == {None}


# --- what may be written


def test_only_an_address_and_a_phase_are_needed(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        "targets: [{base_url: 'http://[::1]:1234/v1/'}, {server: 0}]\n"
        "phases: [{name: p, users: 2, rounds: {min: 3, max: 12}, spacing_s: 1, workers: 6}]\n"
        "servers: [{kind: simulator, policy: serial, ttft_s: 0.1, tpot_s: 0.01, speed: 50}]\n",
    )
    assert scenario.name == "x"
    assert [t.name for t in scenario.targets] == ["[::1]:1234", "server 0"]
    assert scenario.targets[0].base_url == "http://[::1]:1234"
    assert "long" in scenario.targets[0].test_message
    assert scenario.request.max_tokens == "auto"
    assert scenario.request.timeout_s == 600
    assert scenario.budget_s == 150
    assert scenario.phases[0].rounds == Rounds(min=3, max=12)
    assert planned_phases(scenario)[0].workers == 6


def test_the_raw_scenario_can_be_written_as_json_and_holds_no_filled_value(tmp_path: Path) -> None:
    text = FINE + "request: {extra: {stop: '${STOP}', since: 2026-01-01}}\n"
    scenario = load(tmp_path, text, {"STOP": SECRET})
    assert scenario.request.extra == {"stop": SECRET, "since": "2026-01-01"}
    assert SECRET not in json.dumps(scenario.raw)
    assert scenario.raw["request"]["extra"]["stop"] == "${STOP}"


def test_a_placeholder_in_a_number_becomes_the_number(tmp_path: Path) -> None:
    text = TARGETS + (
        "phases: [{name: p, users: '${N}', rounds: '${R:-3}', spacing_s: '${GAP}'}]\n"
        "request: {max_tokens: '${TOKENS:-auto}', timeout_s: '${T:-90}'}\n"
    )
    scenario = load(tmp_path, text, {"N": "5", "GAP": "0.5", "TOKENS": "64"})
    assert planned_phases(scenario) == (PlannedPhase("p", 5, ("A", "B"), 3, 3, 0.5),)
    assert (scenario.request.max_tokens, scenario.request.timeout_s) == (64, 90)


def test_a_scenario_cannot_be_changed_after_loading(tmp_path: Path) -> None:
    scenario = load(tmp_path, FINE)
    with pytest.raises(ValueError, match="frozen"):
        scenario.targets[0].base_url = "http://elsewhere:1"


@pytest.mark.parametrize("names", [("Port A",), {"Port A", "Port B"}, (), None])
def test_chosen_targets_restrict_the_phases_and_empty_phases_are_dropped(names) -> None:
    scenario = load_scenario(SHIPPED / "default.yaml", {})
    for phase in planned_phases(scenario, names):
        assert phase.targets
        assert names is None or set(phase.targets) <= set(names)
    only_b = planned_phases(scenario, ["Port B"])
    assert [p.name for p in only_b] == ["phase1", "phase2", "phase3"]  # the control was A's
    assert planned_phases(scenario, ()) == ()


def test_a_matrix_is_every_pair_across_machines_first_and_never_more_than_twelve(tmp_path: Path) -> None:
    hosts = ("h:1", "h:2", "g:1", "h:3", "h:4", "h:5")
    targets = ", ".join(f"{{name: '{h}', base_url: 'http://{h}'}}" for h in hosts)
    text = f"targets: [{targets}]\nphases: [{{name: m, kind: matrix, rounds: 3}}]\n"
    planned = planned_phases(load(tmp_path, text))
    assert len(planned) == 12  # of 15
    assert {(p.users, p.pair_of, p.max_rounds) for p in planned} == {(2, "m", 3)}
    assert all("g:1" in p.targets for p in planned[:5])
    assert not any("g:1" in p.targets for p in planned[5:])
    assert planned[0].name == "m h:2 + g:1"
    assert len({p.targets for p in planned}) == 12


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ("{name: p, users: 2, rounds: 3, grow_to: 3}", "grow_to 3 must be at least twice the 2 users"),
        ("{name: p, kind: matrix, users: 4, rounds: 3}", "'users' is not for kind: matrix"),
        ("{name: p, kind: matrix, rounds: 3, workers: 2}", "'workers' is not for kind: matrix"),
        ("{name: p, kind: matrix, rounds: 3, targets: [A]}", "kind: a matrix needs two targets"),
        ("{name: p, kind: circle, users: 2, rounds: 3}", "'burst' or 'matrix'"),
    ],
)
def test_a_phase_that_grows_or_pairs_wrongly_is_one_line(tmp_path: Path, phase: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        load(tmp_path, TARGETS + f"phases: [{phase}]\n")


def test_a_phase_grown_into_another_of_its_name_is_refused(tmp_path: Path) -> None:
    text = "phases: [{name: p, users: 2, rounds: 3, grow_to: 4}, {name: p-4, users: 4, rounds: 3}]\n"
    with pytest.raises(ScenarioError, match="grow to a phase p-4, which is there already"):
        load(tmp_path, TARGETS + text)


# --- ${...}

VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["a", "${X}", "-${X}${Y:-}"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["k", "${X}", "l"]), inner),
)


def shape(data: object) -> object:
    if isinstance(data, dict):
        return {key: shape(value) for key, value in data.items()}
    if isinstance(data, list):
        return [shape(value) for value in data]
    return type(data)


@given(PLAIN, VALUES)
def test_a_filled_value_never_changes_the_structure(data: object, value: str) -> None:
    filled, problems = fill(data, {"X": value})
    assert problems == []
    assert shape(filled) == shape(data)


@given(VALUES.filter(str.strip))
def test_a_filled_text_arrives_as_it_is_and_is_not_filled_again(value: str) -> None:
    written = {"a": [{"test_message": "say ${X} twice: ${X}"}], "b": 1}
    filled, _ = fill(written, {"X": value, "Y": "never"})
    assert filled == {"a": [{"test_message": f"say {value} twice: {value}"}], "b": 1}


def test_a_value_that_looks_like_yaml_stays_a_text(tmp_path: Path) -> None:
    evil = "x'}]\nbudget_s: 0\ntargets: [{base_url: http://evil:1}] # ${HOME}"
    text = FINE.replace("name: A,", "name: A, test_message: '${EVIL}',")
    scenario = load(tmp_path, text, {"EVIL": evil})
    assert scenario.targets[0].test_message == evil
    assert (len(scenario.targets), scenario.budget_s) == (2, 150)


def test_a_default_stands_in_for_a_missing_and_for_an_empty_variable() -> None:
    for environ in ({}, {"H": ""}):
        assert fill("${H:-b}:${P:-}", environ) == ("b:", [])
        assert fill({"k": "${H}"}, environ)[1][0][0] == ("k",)


# --- mistakes

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
    "a: " + "[" * 3000: "x.yaml: not YAML: ",
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
    FINE + "servers: [{kind: vllm}]": "x.yaml: servers[0].kind: must be 'llamacpp' or 'simulator'",
    FINE + "servers: [{kind: llamacpp, port: 65536}]": "x.yaml: servers[0].port: must be at most 65535",
    FINE + "servers: [{kind: llamacpp, policy: serial}]": "x.yaml: servers[0]: policy is for kind:",
    FINE + "servers: [{kind: llamacpp, farm: a.yaml}]": "x.yaml: servers[0]: farm is for kind: simulator",
    FINE
    + "servers: [{kind: simulator, farm: a.yaml, slots: 2}]": "x.yaml: servers[0]: slots is for the farm",
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
    FINE.replace(
        "http://b:2", "HTTP://127.0.0.1:1/v1"
    ): "x.yaml: targets[1]: same server and model as targets[0]; take one out,",
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
    with pytest.raises(ScenarioError, match=r"phse1\.yaml: no such file; did you mean .*/phase1\.yaml"):
        load_scenario(SHIPPED / "phse1.yaml", {})
    with pytest.raises(ScenarioError, match="no such file; give --scenario the path"):
        load_scenario(tmp_path / "x.yaml", {})
    with pytest.raises(ScenarioError, match=r"directory; give a file|denied; give a file"):
        load_scenario(tmp_path, {})


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ScenarioError, match="byte 3 is not UTF-8"):
        load_scenario(tmp_path / "x.yaml", {})


# --- secrets


@pytest.mark.parametrize("key", ["api_key", "API-Key", "Authorization", "token", "x-api-key", "password"])
@pytest.mark.parametrize(
    "text",
    [
        FINE.replace("name: A,", f"name: A, KEY: {SECRET},"),
        FINE + f"request: {{extra: {{headers: [{{KEY: {SECRET}}}]}}}}",
        FINE + f"KEY: {SECRET}",
    ],
)
def test_a_key_in_the_file_is_refused_and_not_repeated(tmp_path, text, key) -> None:
    message = mistake(tmp_path, text.replace("KEY", key))
    assert SECRET not in message
    assert "no secrets in a file; put it into the environment and write `api_key_env:" in message


def test_a_key_comes_by_the_name_of_its_variable_which_must_be_set(tmp_path: Path) -> None:
    text = FINE.replace("name: A,", "name: A, api_key_env: A_KEY,")
    assert load(tmp_path, text, {"A_KEY": SECRET}).targets[0].api_key_env == "A_KEY"
    assert "targets[0].api_key_env: the environment variable it names is not set" in mistake(tmp_path, text)
    message = mistake(tmp_path, text.replace("A_KEY", SECRET))
    assert "must be the NAME" in message
    assert SECRET not in message


@pytest.mark.parametrize("key", ["users", "rounds", "spacing_s"])
def test_a_wrong_value_from_the_environment_is_shown_as_written_in_the_file(tmp_path, key) -> None:
    phase = {"name": "p", "users": 2, "rounds": 5} | {key: "${MY_VALUE}"}
    text = TARGETS + f"phases: {json.dumps([phase])}"
    message = mistake(tmp_path, text, {"MY_VALUE": SECRET})
    assert SECRET not in message
    assert "not '${MY_VALUE}'" in message


@pytest.mark.parametrize(
    "url",
    [
        "http://user:very-secret@h:1",
        "user:very-secret@h:1",
        "http://very-secret@h",
        "http://h:1/v1?api_key=very-secret",
        "http://h:1#very-secret",
        "http://user:very-secret",
        "very-secret://h",
    ],
)
def test_a_url_with_a_secret_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(ScenarioError) as error:
        normal_base_url(url)
    assert "very-secret" not in str(error.value)
    assert "very-secret" not in mistake(tmp_path, FINE.replace("http://b:2", "${U}"), {"U": url})
    with pytest.raises(ScenarioError) as error:
        scenario_of_urls([url])
    assert "very-secret" not in str(error.value)


def test_a_url_in_the_wrong_place_does_not_show_its_password(tmp_path: Path) -> None:
    for text in (
        PHASES + "targets: [URL]",
        FINE + "budget_s: URL",
        FINE + "servers: [{kind: URL}]",
    ):
        assert SECRET not in mistake(tmp_path, text.replace("URL", f"'http://u:{SECRET}@h'"))


# --- addresses


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("http://127.0.0.1:1234", "http://127.0.0.1:1234"),
        ("http://127.0.0.1:1234/", "http://127.0.0.1:1234"),
        ("http://127.0.0.1:1234/v1", "http://127.0.0.1:1234"),
        (" HTTP://Mac.local:1234/v1/ ", "http://mac.local:1234"),
        ("https://h:443/llm/v1", "https://h/llm"),
        ("http://h:80", "http://h"),
        ("http://[::1]:1234/v1", "http://[::1]:1234"),
    ],
)
def test_an_address_has_one_way_to_be_written(written: str, normal: str) -> None:
    assert normal_base_url(written) == normal
    assert normal_base_url(normal) == normal


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("10.0.0.5:1234", "'10.0.0.5:1234' has no scheme; write http://10.0.0.5:1234"),
        ("localhost:1234/v1", "'localhost:1234/v1' has no scheme; write http://localhost:1234"),
        ("ftp://h:1", "neither with http:// nor with https://"),
        ("http:h:1", "names no host"),
        ("http://", "names no host"),
        ("", "neither with http://"),
        ("http://h:0", "port 0"),
        ("http://h:65536", "cannot be read"),
        ("http://h:x", "cannot be read"),
        ("http://[::1", "cannot be read"),
        ("http://h:1\r\nX-Evil: 1", "control characters"),
        ("http://h:1/v1/chat/completions", "up to the port"),
        ("http://h:1?", "no '\\?' or '#'"),
    ],
)
def test_an_address_that_cannot_be_used_says_what_to_write(url: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message) as error:
        normal_base_url(url)
    assert "\n" not in str(error.value)


# --- targets on the command line


def test_urls_on_the_command_line_become_the_three_phases_and_the_control() -> None:
    scenario = scenario_of_urls(["http://a:1/v1", "http://b:2=org/model@f16"])
    assert [(t.name, t.base_url, t.model) for t in scenario.targets] == [
        ("a:1", "http://a:1", None),
        ("b:2", "http://b:2", "org/model@f16"),
    ]
    assert [(p.name, p.users, p.targets) for p in planned_phases(scenario)] == [
        ("phase1", 2, ("a:1", "b:2")),
        ("control", 2, ("a:1",)),
        ("phase2", 4, ("a:1", "b:2")),
        ("phase3", 8, ("a:1", "b:2")),
        ("control-4", 4, ("a:1",)),
        ("control-8", 8, ("a:1",)),
    ]
    assert json.loads(json.dumps(scenario.raw))["targets"][1]["base_url"] == "http://b:2"


def test_one_url_needs_no_control_and_three_get_a_phase_with_a_user_each() -> None:
    one, three = (scenario_of_urls([f"http://h{i}:1" for i in range(n)]) for n in (1, 3))
    assert [p.users for p in planned_phases(one)] == [2, 4, 8]
    assert next((p.name, p.users) for p in planned_phases(three)) == ("ports", 3)


def test_two_models_on_one_port_have_names_of_their_own() -> None:
    scenario = scenario_of_urls(["http://h:1=a/x", "http://h:1=a/y", "http://g:1=a/x"])
    assert [t.name for t in scenario.targets] == ["h:1 a-x", "h:1 a-y", "g:1"]


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
