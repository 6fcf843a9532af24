"""The routes of every mock server: the list of models, chat completions, JSON documents, a refusal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.openai_chat import Style, chat


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
        return await chat(http, engine, style)

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
            *(get(path, document) for path, document in documents.items()),
            *routes,
            web.route("*", "/{path:.*}", others),
        ]
    )
    return application


def lacks_key(engine: MockEngine, request: web.Request) -> bool:
    """Whether a key is needed and this request does not carry it."""
    key = engine.setup.key
    return key is not None and request.headers.get("Authorization") != f"Bearer {key}"
