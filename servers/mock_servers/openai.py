"""A server that speaks OpenAI's chat completions and nothing else."""

from aiohttp import web
from aiohttp.typedefs import Handler

from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.openai_chat import Style, chat, openai_error


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    async def models(http: web.Request) -> web.Response:
        data = [{"id": m, "object": "model", "created": 0, "owned_by": "owner"} for m in engine.setup.models]
        return web.json_response({"object": "list", "data": data})

    async def completions(http: web.Request) -> web.StreamResponse:
        return await chat(http, engine, STYLE)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        key = engine.setup.key
        if key and request.headers.get("Authorization") != f"Bearer {key}":
            words = "Incorrect API key provided"
            refusal = {"message": words, "type": "invalid_request_error", "param": None}
            return web.json_response({"error": refusal | {"code": "invalid_api_key"}}, status=401)
        return await handler(request)

    application = web.Application(middlewares=[guard])
    application.add_routes([web.get("/v1/models", models), web.post("/v1/chat/completions", completions)])
    return application


STYLE = Style(error=openai_error, broken=lambda words: {"error": {"message": words, "type": "server_error"}})
