"""Pages of real engines (tests/runs/engines, GET…): what the check makes of each, what the monitor reads.

A page that an engine does not have is its recorded 404. Every recorded page is asked for by a test here.
"""

import json
import re

import pytest

from replay.checks.check import choose
from replay.server_kinds import SERVER_KINDS, Get, GetReply, identify
from replay.server_kinds.engines import llamacpp
from replay.server_kinds.kind import LOADING, refused
from tests.support.checkout import RUNS

ENGINES = RUNS / "engines"
PAGES = sorted(
    path.relative_to(ENGINES).as_posix() for path in ENGINES.glob("*/*") if "POST" not in path.name
)
PAGES = [name for name in PAGES if not name.startswith("proxies/")]

CUT = {"open-webui/GET_api_config.txt": ',"features"'}  # recorded to 4,000 bytes: where it can be closed
UNREADABLE = ("docker-model-runner/GETROOT_models.txt",)  # recorded to 1,500 bytes; it is asked by nobody


def page(name: str) -> GetReply:
    text = (RUNS / "replies" / name if name.endswith(".http") else ENGINES / name).read_text(encoding="utf-8")
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    if name in CUT:
        body = body[: body.index(CUT[name])] + "}"
    first, *lines = head.splitlines()
    pairs = (line.partition(":") for line in lines)
    return GetReply(int(first.split()[1]), {k.lower(): v.strip() for k, _, v in pairs}, body)


def pages(engine: str, prefix: str = "GET", suffix: str = "") -> Get:
    """GET as the recorded engine answers it; `suffix`: of a request that is recorded twice."""

    def get(path: str) -> GetReply:
        stem = prefix + re.sub("[/?&=]", "_", path)
        found = [
            f"{engine}/{stem}{s}.txt" for s in (suffix, "") if (ENGINES / engine / f"{stem}{s}.txt").exists()
        ]
        missing = ENGINES / engine / "GET_404.txt"
        return (
            page(found[0]) if found else page(f"{engine}/GET_404.txt") if missing.exists() else GetReply(404)
        )

    return get


def router(path: str) -> GetReply:
    """Its files have one blank more; the list of `/models` is that of `/v1/models`."""
    name = "/v1/models" if path == "/models" else path
    return pages("llama-server-router", "GET_")(name)


def loaded(path: str) -> GetReply:
    """llama-server once it has loaded; nothing else was recorded then."""
    return page("llama-server-loading/first_v1_models.txt") if path == "/v1/models" else GetReply(404)


DOCKERS = "docker.io/ai/smol:latest"
BOTH: dict[str, bool | None] = {"small": None, "viaopenai": None}
SWAPPED: dict[str, bool | None] = {"other": False, "small": True}
KNOWN: dict[str, tuple[Get, str, dict[str, bool | None]]] = {  # kind, and each model: is it in memory?
    "docker at its root": (pages("docker-model-runner", "GETROOT"), "docker-model-runner", {DOCKERS: True}),
    "docker below an engine": (pages("docker-model-runner"), "docker-model-runner", {DOCKERS: None}),
    "litellm": (pages("litellm-1.108.7"), "litellm", BOTH),
    "litellm, any key": (pages("litellm-1.108.7", suffix="_wrong_key"), "litellm", BOTH),
    "llama-cpp-python": (pages("llama-cpp-python"), "llama-cpp-python", {"tiny": None}),
    "llama-server as router": (router, "llamacpp", {"tiny-a": False, "tiny-b": True}),
    "llama-server after loading": (loaded, "openai", {"models/tiny-a.gguf": None}),
    "llama-swap": (pages("llama-swap"), "llama-swap", SWAPPED),
    "llama-swap, any key": (pages("llama-swap", suffix="_wrong_key"), "llama-swap", SWAPPED),
    "ollama 0.24": (pages("ollama-0.24.0"), "ollama", {"smol:latest": True}),
    "ollama 0.24, any key": (pages("ollama-0.24.0", suffix="_wrong_key"), "ollama", {"smol:latest": True}),
    "ollama 0.33": (pages("ollama-0.33.0-rc"), "ollama", {"smol:latest": True}),
    "ollama 0.33, any key": (pages("ollama-0.33.0-rc", suffix="_wrong_key"), "ollama", {"smol:latest": True}),
    "open-webui": (pages("open-webui"), "open-webui", {"smol:latest": None}),
    "ollama behind open-webui": (pages("open-webui", "GET_ollama"), "ollama", {"smol:latest": False}),
    "transformers": (pages("transformers"), "transformers", {"acme/tiny": None}),
    "transformers 5.24": (pages("transformers-5.24"), "transformers", {"/models/tiny": True}),
    "vllm": (pages("vllm"), "vllm", {"m": True}),
}


@pytest.mark.parametrize(("get", "kind", "models"), KNOWN.values(), ids=KNOWN)
def test_a_recorded_engine_is_known_with_its_models(
    get: Get, kind: str, models: dict[str, bool | None]
) -> None:
    found = identify(get)
    assert found is not None
    assert (found[0].name, {m.id: m.loaded for m in found[1].models}) == (kind, models)
    found[0].request_counter(get)


def test_what_a_recorded_engine_shows_of_itself() -> None:
    vllm, ollama, webui = (identify(pages(e)) for e in ("vllm", "ollama-0.24.0", "open-webui"))
    assert vllm and ollama and webui
    assert (vllm[1].facts["version"], vllm[1].models[0].context) == ("0.32.0", 2048)
    assert ollama[1].facts["version"] == "0.0.0", "as it was built"
    assert "100 % of smol:latest runs on the processor" in ollama[1].notes[0], "its size_vram is 0"
    assert "front end" in webui[1].notes[0]


def test_the_recorded_counters_are_read() -> None:
    vllm = SERVER_KINDS["vllm"].load_counters[0].load(page("vllm/GET_metrics.txt").text)
    assert (vllm.busy, vllm.waiting) == (0, 0)
    assert SERVER_KINDS["vllm"].request_counter(pages("vllm")) is not None
    path = SERVER_KINDS["docker-model-runner"].load_counters[0]
    assert path.load(page("docker-model-runner/GETROOT_engines_ps.txt").text).loaded == 1
    ps = page("ollama-0.33.0-rc/GET_api_ps.txt").text
    assert SERVER_KINDS["ollama"].load_counters[0].load(ps).loaded == 1


REFUSALS = {  # the words that reach the user
    "llama-server-key/GET_slots.txt": "HTTP 501: This server does not support slots endpoint. Start it",
    "llama-server-key/GET_v1_models_wrong_key.txt": "HTTP 401: Invalid API Key; a key is needed, or another",
    "llama-server-loading/GET_health.txt": "HTTP 503: Loading model",
    "llama-server-loading/GET_props.txt": "HTTP 503: Loading model",
    "llama-server-loading/GET_v1_models.txt": "HTTP 503: Loading model",
    "llama-server-router/GET__metrics_model_tiny-b_autoload_false.txt": "HTTP 501: This server does not",
    "llama-server-router/GET__props_model_tiny-a_autoload_false.txt": "HTTP 400: model is not loaded",
    "vllm-key/GET_v1_models_wrong_key.txt": "HTTP 401: Unauthorized; a key is needed, or another",
    "open-webui/GET_openai_models.txt": "HTTP 503: OpenAI API is disabled",
    "docker-model-runner/GET_404.txt": "HTTP 404: 404 page not found",
    "litellm-1.108.7/GET_404.txt": "HTTP 404: Not Found",
    "llama-cpp-python/GET_404.txt": "HTTP 404: Not Found",
    "llama-swap/GET_404.txt": "HTTP 404: 404 page not found",
    "ollama-0.24.0/GET_404.txt": "HTTP 404: 404 page not found",
    "ollama-0.33.0-rc/GET_404.txt": "HTTP 404: 404 page not found",
    "transformers/GET_404.txt": "HTTP 404: Not Found",
    "vllm/GET_404.txt": "HTTP 404: Not Found",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_a_document_or_a_refusal_in_words(name: str) -> None:
    reply = page(name)
    if reply.status >= 400:
        assert refused(reply).startswith(REFUSALS[name])
    elif reply.document is None:  # a page for people, words, or a redirect
        assert name in UNREADABLE or "json" not in reply.headers.get("content-type", "")
    else:
        json.dumps(reply.document)


def test_a_server_that_loads_is_waited_for_and_one_that_wants_a_key_says_so() -> None:
    assert page("llama-server-loading/GET_v1_models.txt").loads
    loading = llamacpp.identify(pages("llama-server-loading"))
    assert loading is not None and loading.unusable == LOADING
    shut = llamacpp.identify(lambda path: page("llama-server-key/GET_v1_models_wrong_key.txt"))
    assert shut is not None and "HTTP 401: Invalid API Key; a key is needed" in shut.unusable


SAMPLES = {  # of public reports: the pages of a small server, and what the check makes of them
    "mlx, an empty cache": (
        {"/health": "GET-health-mlx", "/v1/models": "GET-models-empty-list"},
        ("mlx", ["default_model"], ""),
    ),
    "mlx, another model in its cache": (
        {"/health": "GET-health-mlx", "/v1/models": "GET-models-foreign-only"},
        ("mlx", ["default_model", "mlx-community/Other-4bit"], ""),
    ),
    "mlx, no cache folder": (
        {"/health": "GET-health-mlx", "/v1/models": "GET-models-empty-body"},
        ("mlx", ["default_model"], ""),
    ),
    "llama-swap": ({"/v1/models": "GET-models-alias-only"}, ("llama-swap", ["smollm2"], "")),
    "a list that is null": ({"/v1/models": "GET-models-data-null"}, ("openai", [], "")),
    "ollama without models": (
        {
            "/api/version": "ollama-0.24.0/GET_api_version.txt",
            "/api/tags": "GET-tags-models-null",
            "/v1/models": "GET-models-data-null",
        },
        ("ollama", [], "it has no model; pull one: ollama pull MODEL"),
    ),
}


@pytest.mark.parametrize(("files", "right"), SAMPLES.values(), ids=SAMPLES)
def test_a_list_of_a_report_is_read(files: dict[str, str], right: tuple[str, list[str], str]) -> None:
    def get(path: str) -> GetReply:
        name = files.get(path)
        return GetReply(404) if name is None else page(name if "/" in name else f"{name}.http")

    found = identify(get)
    assert found is not None
    assert (found[0].name, [m.id for m in found[1].models], found[1].unusable) == right
    if found[0].name == "mlx":
        assert choose(None, found[1].models, "http://a")[0].id == "default_model", "no other one is loaded"


def test_a_403_without_a_body_says_both_causes() -> None:
    words = refused(page("GET-403-empty-body.http"))
    assert words.startswith("HTTP 403: Forbidden; ") and "name of its host" in words and "key" in words


def test_every_page_of_a_report_is_read_by_a_test() -> None:
    used = {name for files, _ in SAMPLES.values() for name in files.values()} | {"GET-403-empty-body"}
    assert {path.stem for path in (RUNS / "replies").glob("GET-*.http")} <= used
