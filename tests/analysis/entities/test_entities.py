"""config-aientities.json: read as targets, and written back as a proposal that touches nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.__main__ import main
from analysis.entities.entities import read_entities
from analysis.entities.json_edit import with_value
from analysis.entities.propose import propose
from analysis.errors import ScenarioError
from analysis.files.run import TargetInfo
from replay.scenario.schema import Scenario
from replay.sources import scenario_of_entities
from tests.support.farm import farm
from tests.support.locusts import locust
from tests.support.runs import write_run
from tests.support.serving import servers

OLD = """{
  "lmStudioServers": [
    {"name": "Mac Studio 2", "baseUrl": "http://10.0.0.100:1234", "enabled": true},
    {"name": "Mac Studio 1", "baseUrl": "http://10.0.0.99:1234/v1/", "enabled": false}
  ],
  "pollIntervalMs": 3000
}
"""
# Tabs, CRLF, a comment key, numbers that Python writes otherwise, an entity that is not enabled, no line end.
NEW = (
    "{\r\n"
    '\t"_comment": "ask Anna \\u00fc before touching",\r\n'
    '\t"aiEntities": [\r\n'
    '\t\t{"id": "tsc-ulysses", "name": "Ulysses", "modelName": "ulysses", "temperature": 0.70,\r\n'
    '\t\t\t"lmStudioServer": { "port": 1234 , "host": "10.0.0.100", "tls": false }},\r\n'
    '\t\t{"id": "the-eternal", "name": "TheEternal", "modelName": "eternal"},\r\n'
    '\t\t{"id": "off", "enabled": false, "lmStudioServer": {"host": "10.0.0.7", "port": 1}},\r\n'
    '\t\t{"id": "fear", "name": "Fear", "modelName": "fear_and_loathing@f16",\r\n'
    '\t\t\t"lmStudioServer": {"host": "10.0.0.102", "port": 1234}}\r\n'
    "\t],\r\n"
    '\t"lmStudioServers": [{"name": "all", "baseUrl": "http://10.0.0.100:1234"}],\r\n'
    '\t"queueSettings": {"maxConcurrentWorkers": 6, "retryMs": 1e3}\r\n'
    "}"
)
PARTIAL = json.dumps(
    {
        "aiEntities": [
            {"id": "tsc-ulysses", "lmStudioServer": {"host": "10.0.0.100", "port": 1234}},
            {"id": "the-eternal", "lmStudioServer": {"host": "10.0.0.100", "port": 1235}},
        ],
        "queueSettings": {"maxConcurrentWorkers": 6},
    },
    indent=2,
)
ULYSSES = TargetInfo("Ulysses", "http://10.0.0.100:1234", "ulysses", "lmstudio")
ETERNAL = TargetInfo("Eternal", "http://10.0.0.100:1235", "eternal", "lmstudio")  # found by its model


def entities_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config-aientities.json"
    path.write_bytes(text.encode("utf-8"))
    return path


def scenario(tmp_path: Path, text: str) -> Scenario:
    return scenario_of_entities(entities_file(tmp_path, text))


def proposed(tmp_path: Path, text: str, *targets: TargetInfo, workers: int | None = 2) -> str:
    return propose(read_entities(entities_file(tmp_path, text)), targets, workers).after


# Read


def test_the_seeds_three_entities_are_three_targets_and_a_queue_of_its_workers(tmp_path: Path) -> None:
    found = scenario(tmp_path, NEW)
    assert [(t.name, t.base_url, t.model) for t in found.targets] == [
        ("Ulysses", "http://10.0.0.100:1234", "ulysses"),
        ("TheEternal", "http://10.0.0.100:1234", "eternal"),  # no server of its own: the enabled one
        ("Fear", "http://10.0.0.102:1234", "fear_and_loathing@f16"),
    ]
    queue = found.bursts[-1]
    assert (queue.name, queue.users, queue.spacing_s, queue.workers) == ("queue", 8, 1, 6)


def test_of_the_older_form_the_enabled_servers_are_the_targets(tmp_path: Path) -> None:
    found = scenario(tmp_path, OLD)
    assert [(t.name, t.base_url, t.model) for t in found.targets] == [
        ("Mac Studio 2", "http://10.0.0.100:1234", None)
    ]
    assert [p.name for p in found.phases] == ["phase1", "phase2", "phase3"]


def test_entities_without_names_go_by_their_id_and_ask_the_loaded_model(tmp_path: Path) -> None:
    found = scenario(tmp_path, PARTIAL)
    assert [(t.name, t.base_url, t.model) for t in found.targets] == [
        ("tsc-ulysses", "http://10.0.0.100:1234", None),
        ("the-eternal", "http://10.0.0.100:1235", None),
    ]


def test_nothing_of_the_file_but_the_targets_reaches_the_manifest(tmp_path: Path) -> None:
    secret = NEW.replace('"retryMs": 1e3', '"token": "s3cret"')
    assert "s3cret" not in json.dumps(scenario(tmp_path, secret).raw)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "neither aiEntities nor lmStudioServers"),
        ('{"aiEntities": {}}', "aiEntities: must be a list of mappings"),
        ('{"aiEntities": [{"id": "a"}]}', "a: has no lmStudioServer"),
        ('{"aiEntities": [{"id": "a", "enabled": false}]}', "every entry is disabled"),
        ('{"aiEntities": [{"lmStudioServer": 1}]}', "aiEntities[0].lmStudioServer: must be"),
        (
            PARTIAL.replace('"port": 1235', '"port": "1235"'),
            "aiEntities[1].lmStudioServer.port: must be a number",
        ),
        (
            PARTIAL.replace("10.0.0.100", "http://10.0.0.100"),
            "aiEntities[0].lmStudioServer.host: must be a name",
        ),
        (PARTIAL.replace("6", '"six"'), "queueSettings.maxConcurrentWorkers: must be a whole number"),
        (OLD.replace('"baseUrl"', '"url"'), "lmStudioServers[0].baseUrl: is missing"),
        (OLD.replace("false", '"false"'), "lmStudioServers[1].enabled: must be true or false"),
        (PARTIAL.replace('"id"', '"enabled": 0, "id"'), "aiEntities[0].enabled: must be true or false"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(tmp_path, text)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_locust_plans_the_entities_without_sending_anything(tmp_path: Path) -> None:
    with servers("simulate", "--port", "0", "--port", "0") as started:
        ports = [int(url.rpartition(":")[2]) for url in started.urls]
        own = [{"id": f"e{p}", "lmStudioServer": {"host": "127.0.0.1", "port": p}} for p in ports]
        text = json.dumps({"aiEntities": own, "queueSettings": {"maxConcurrentWorkers": 6}})
        run = locust(tmp_path, "--scenario", str(entities_file(tmp_path, text)), "--dry-run")
    assert run.code == 0, run.err
    assert "queue: 8 users over 2 targets" in run.err
    assert not run.rows


# Propose


def test_only_what_is_proposed_changes_byte_for_byte(tmp_path: Path) -> None:
    after = proposed(tmp_path, NEW, ULYSSES, ETERNAL, workers=2)
    undone = after.replace('"maxConcurrentWorkers": 2', '"maxConcurrentWorkers": 6')
    added = ', "lmStudioServer": {"host": "10.0.0.100", "port": 1235}'
    assert undone.count(added) == 1
    assert undone.replace(added, "") == NEW


def test_a_file_that_already_says_so_stays_the_same_to_the_byte(tmp_path: Path) -> None:
    there = NEW.replace(
        '"modelName": "eternal"', '"modelName": "eternal", "lmStudioServer":{"host":"10.0.0.100","port":1235}'
    )
    assert proposed(tmp_path, there, ULYSSES, ETERNAL, workers=6) == there


def test_the_older_form_gets_entities_and_keeps_its_servers(tmp_path: Path) -> None:
    after = json.loads(proposed(tmp_path, OLD, ULYSSES, ETERNAL, workers=4))
    assert after["aiEntities"] == [
        {
            "id": "ulysses",
            "name": "Ulysses",
            "modelName": "ulysses",
            "lmStudioServer": {"host": "10.0.0.100", "port": 1234},
        },
        {
            "id": "eternal",
            "name": "Eternal",
            "modelName": "eternal",
            "lmStudioServer": {"host": "10.0.0.100", "port": 1235},
        },
    ]
    assert after.pop("queueSettings") == {"maxConcurrentWorkers": 4}
    assert after | {"aiEntities": None} == json.loads(OLD) | {"aiEntities": None}


def test_without_a_number_of_workers_from_the_run_none_is_proposed(tmp_path: Path) -> None:
    file = read_entities(entities_file(tmp_path, PARTIAL))
    made = propose(file, (ULYSSES,), None)
    assert json.loads(made.after)["queueSettings"] == {"maxConcurrentWorkers": 6}
    assert any("maxConcurrentWorkers: left as it is; no phase" in line for line in made.sentences)
    assert any(line.startswith("the-eternal: left as it is") for line in made.sentences)


def test_a_file_whose_entities_were_not_measured_stays_as_it_is(tmp_path: Path) -> None:
    stranger = TargetInfo("Port A", "http://127.0.0.1:9", "tiny", "llamacpp")
    made = propose(read_entities(entities_file(tmp_path, NEW)), (stranger,), 2)
    assert made.after == made.before
    assert made.sentences == ("nothing is proposed: no enabled entity of the file was a target of the run",)


def test_of_a_key_that_stands_there_twice_the_last_is_changed_because_it_counts(tmp_path: Path) -> None:
    server = '"lmStudioServer": {"host": "10.0.0.1", "port": 1}'
    text = (
        f'{{"aiEntities": [{{"name": "Fear", {server}}}, {{"name": "Ulysses", {server}}}], '
        '"queueSettings": {"maxConcurrentWorkers": 9}, '
        f'"aiEntities": [{{"name": "Ulysses", {server}, "lmStudioServer": {{}}}}], '
        '"queueSettings": {"retryMs": 5}}'
    )
    with pytest.raises(ScenarioError, match="host: must be a name"):
        proposed(tmp_path, text, ULYSSES)
    text = text.replace("{}", '{"port": 7, "host": "10.0.0.7"}')
    data = json.loads(proposed(tmp_path, text, ULYSSES, workers=2))
    assert data["queueSettings"] == {"retryMs": 5, "maxConcurrentWorkers": 2}
    assert data["aiEntities"][0]["lmStudioServer"] == {"port": 1234, "host": "10.0.0.100"}


def test_an_empty_list_of_entities_says_no_more_than_none(tmp_path: Path) -> None:
    text = OLD.replace('"pollIntervalMs"', '"aiEntities": [], "pollIntervalMs"')
    assert [t.base_url for t in scenario(tmp_path, text).targets] == ["http://10.0.0.100:1234"]
    after = proposed(tmp_path, text, ULYSSES, workers=None)
    assert json.loads(after)["aiEntities"][0]["name"] == "Ulysses"
    assert after.count('"aiEntities"') == 1


def test_a_byte_order_mark_and_a_null_server_are_survived(tmp_path: Path) -> None:
    text = '\ufeff{"aiEntities": [{"id": "Ulysses", "lmStudioServer": null}], "queueSettings": null}'
    after = proposed(tmp_path, text, ULYSSES)
    assert after.startswith("\ufeff{")
    data = json.loads(after.removeprefix("\ufeff"))
    assert data["aiEntities"][0]["lmStudioServer"] == {"host": "10.0.0.100", "port": 1234}
    assert data["queueSettings"] == {"maxConcurrentWorkers": 2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(
    data=st.dictionaries(st.text(), JSON, max_size=4),
    indent=st.sampled_from([None, 2, 4, "\t"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    value=JSON,
)
def test_any_json_with_a_value_set_is_the_same_json_with_that_value(
    data: dict[str, Any], indent: int | str | None, newline: str, value: Any
) -> None:
    data.pop("queueSettings", None)
    text = json.dumps(data, indent=indent, ensure_ascii=False).replace("\n", newline)
    once = with_value(text, ("queueSettings", "workers"), value)
    assert json.loads(once) == data | {"queueSettings": {"workers": value}}
    twice = with_value(once, ("queueSettings", "workers"), 6)
    assert json.loads(twice) == data | {"queueSettings": {"workers": 6}}
    assert with_value(twice, ("queueSettings", "workers"), 6) == twice


# The command


def run_of(tmp_path: Path, policy: str = "port-serial") -> str:
    run = farm(policy)
    targets = tuple(
        replace(t, base_url=u.base_url) for t, u in zip(run.manifest.targets, (ULYSSES, ETERNAL), strict=True)
    )
    moved = {a.base_url: b.base_url for a, b in zip(run.manifest.targets, targets, strict=True)}
    records = tuple(replace(r, base_url=moved[r.base_url]) for r in run.log.records)
    run = replace(run, manifest=replace(run.manifest, targets=targets), log=replace(run.log, records=records))
    write_run(tmp_path / "x", run)
    return str(tmp_path / "x")


def test_the_command_writes_a_new_file_and_shows_the_diff(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = entities_file(tmp_path, NEW), tmp_path / "proposal.json"
    assert main(["propose", run_of(tmp_path), "--entities", str(old), "--out", str(new)]) == 0
    out, err = capsys.readouterr()
    assert '-\t"queueSettings": {"maxConcurrentWorkers": 6, "retryMs": 1e3}' in out
    assert '+\t"queueSettings": {"maxConcurrentWorkers": 2, "retryMs": 1e3}' in out
    assert "Fear: left as it is" in err
    assert "maxConcurrentWorkers: 2 instead of 6" in err
    assert old.read_bytes().decode() == NEW
    assert json.loads(new.read_bytes())["queueSettings"]["maxConcurrentWorkers"] == 2


def test_no_file_is_overwritten_not_even_the_entities_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = entities_file(tmp_path, NEW)
    assert main(["propose", run_of(tmp_path), "--entities", str(old), "--out", str(old)]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert old.read_bytes().decode() == NEW


def test_a_run_that_decides_nothing_proposes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix, old, new = run_of(tmp_path), entities_file(tmp_path, NEW), tmp_path / "proposal.json"
    log = Path(f"{prefix}_requests.csv")
    log.write_text("\n".join(log.read_text().splitlines()[:20]) + "\n")
    assert main(["propose", prefix, "--entities", str(old), "--out", str(new)]) in (3, 4)
    assert "nothing is proposed" in capsys.readouterr().err
    assert not new.exists()
