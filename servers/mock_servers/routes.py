"""The routes of every mock server: models, chat completions, embeddings, JSON documents, a refusal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from servers.mock_servers.mock_engine import Ask, Broken, MockEngine, Refusal
from servers.mock_servers.openai_chat import Style, as_refused, chat


def server(
    engine: MockEngine,
    style: Style,
    listed: Callable[[str], dict[str, Any]],
    documents: Mapping[str, Callable[[], Any]],
    *,
    routes: Sequence[web.RouteDef] = (),
    completions: Handler | None = None,
    refuse: Callable[[web.Request], web.Response | None] = lambda request: None,
    unknown: Callable[[web.Request], web.Response] | None = None,
    headers: Mapping[str, str] | None = None,
    beside: Callable[[], dict[str, Any]] = dict,
    no_models: Sequence[Any] | None = (),
) -> web.Application:
    """The application of one mock server.

    `listed`: a model's entry in `/v1/models`; `documents`: JSON of further paths; `routes`: all else.
    `refuse` is asked first: what it returns is the reply. `unknown`: the reply at all other paths.
    `beside`: what stands beside the entries of the list. `no_models`: a list without any.
    """

    def get(path: str, document: Callable[[], Any]) -> web.RouteDef:
        async def reply(http: web.Request) -> web.Response:
            return web.json_response(document(), headers=headers)

        return web.get(path, reply)

    async def chats(http: web.Request) -> web.StreamResponse:
        if engine.does("embeddings"):
            words = "This server does not support completions. Start it without `--embeddings`"
            return as_refused(Refusal(501, words), style)
        return await chat(http, engine, style)

    async def embeddings(http: web.Request) -> web.Response:
        return await embed(http, engine, style)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = refuse(request)
        return await handler(request) if refusal is None else refusal

    async def others(http: web.Request) -> web.StreamResponse:
        if unknown is None:
            raise web.HTTPNotFound
        return unknown(http)

    models = () if engine.does("empty") else engine.setup.models
    application = web.Application(middlewares=[guard])
    application.add_routes(
        [
            get(
                "/v1/models",
                lambda: beside() | {"object": "list", "data": [listed(m) for m in models] or no_models},
            ),
            web.post("/v1/chat/completions", completions or chats),
            web.post("/v1/embeddings", embeddings),
            *(get(path, document) for path, document in documents.items()),
            *routes,
            web.route("*", "/{path:.*}", others),
        ]
    )
    return application


async def embed(http: web.Request, engine: MockEngine, style: Style, native: bool = False) -> web.Response:
    """A vector for each text of `input`, all in one answer; `native`: as Ollama words it."""
    body = await http.json()
    texts = body.get("input") if isinstance(body, dict) else None
    texts = [texts] if isinstance(texts, str) else texts
    try:
        if not isinstance(texts, list) or not texts:
            raise Refusal(400, "invalid input type")
        words = tuple(word for text in texts for word in str(text).split())
        model = style.model(engine, str(body.get("model", "")))
        served = engine.admit(Ask(model, max(len(words), 1), len(texts), stream=False, words=words))
        vectors = [[index + 0.5, -1.0, 0.25] async for index in engine.tokens(served)]
    except Refusal as refusal:
        return as_refused(refusal, style)
    except Broken as broken:
        return web.json_response(style.broken(str(broken)), status=500)
    if native:
        load_ns = round(served.load_s * 1e9)
        read = {"load_duration": load_ns, "prompt_eval_count": len(words)}
        return web.json_response({"model": model, "embeddings": vectors} | read)
    data = [{"object": "embedding", "embedding": v, "index": i} for i, v in enumerate(vectors)]
    usage = {"prompt_tokens": len(words), "total_tokens": len(words)}
    answer = {"object": "list", "data": data, "model": style.answers_as(model), "usage": usage}
    return web.json_response(answer, headers=style.headers)


def lacks_key(engine: MockEngine, request: web.Request) -> bool:
    """Whether a key is needed and this request does not carry it."""
    key = engine.setup.key
    return key is not None and request.headers.get("Authorization") != f"Bearer {key}"
