"""Simulated servers on several ports, one process and one loop: their token times are known."""

import asyncio
import gc
import itertools
import json
import math
import os
import random
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from aiohttp import ClientConnectionResetError, web

from servers import wire
from servers.behaviour import Behaviour, Plan, check, is_nth, plan_reply
from servers.live import Inbox, LiveMachine, precise_loop
from servers.ports import listen_all, reachable
from servers.ready import announce, stop_signals, tell, when_stdin_closes
from servers.truth import CUT, FAILED, HUNG, SERVED, Story, TruthLog


class Simulator:
    """The request handlers of all ports, before one machine."""

    def __init__(self, behaviour: Behaviour, truth: TruthLog) -> None:
        self._behaviour = behaviour
        self._truth = truth
        self._chance = random.Random(behaviour.seed)
        self._numbers = itertools.count(1)
        self._machine = LiveMachine(behaviour.policy)
        self._clock = asyncio.get_running_loop().time

    def app(self, port: int, speed: float) -> web.Application:
        """The server of one port."""

        async def health(http: web.Request) -> web.Response:
            return web.json_response({"status": "ok"})

        async def models(http: web.Request) -> web.Response:
            return web.json_response(wire.models_body())

        async def chat(http: web.Request) -> web.StreamResponse:
            return await self._chat(http, port, speed)

        app = web.Application()
        app.router.add_get("/health", health)
        app.router.add_get("/v1/models", models)
        app.router.add_post("/v1/chat/completions", chat)
        return app

    async def _chat(self, http: web.Request, port: int, speed: float) -> web.StreamResponse:
        """Answers, and writes down the truth about it whatever happens."""
        try:
            ask = wire.read_ask(await http.json())
        except json.JSONDecodeError:
            return _refusal(wire.BadRequest(400, "the body is not JSON"))
        except wire.BadRequest as refusal:
            return _refusal(refusal)
        story = Story(next(self._numbers), port, self._clock())
        try:
            return await self._act(http, ask, speed, story)
        except ClientConnectionResetError:  # it went between two tokens: its story says so
            return web.Response()
        finally:
            self._truth.write(story, time.time() - self._clock())

    async def _act(self, http: web.Request, ask: wire.Ask, speed: float, story: Story) -> web.StreamResponse:
        does = self._behaviour
        if is_nth(story.number, does.fail_every):
            story.outcome = FAILED
            return _refusal(wire.BadRequest(500, "--fail-every asked for this failure"))
        if is_nth(story.number, does.hang_every):
            story.outcome = HUNG
            await asyncio.Event().wait()  # until the client goes
        scatter = self._chance.lognormvariate(0.0, does.jitter)
        plan = plan_reply(does, ask, story.number, story.port, scatter / speed)
        story.request, inbox = self._machine.arrive(plan.job, story.arrival_s)
        try:
            if ask.stream:
                return await self._stream(http, plan, inbox, story)
            return await self._whole(http, plan, inbox, story)
        finally:
            self._machine.leave(story.request)

    async def _stream(self, http: web.Request, plan: Plan, inbox: Inbox, story: Story) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(http)
        unsent = plan.answer.role()
        if not self._behaviour.lump:
            await reply.write(unsent)
            unsent = b""
        for index in range(plan.job.tokens):
            unsent += plan.answer.token(index)  # before its instant, so that it takes no time then
            await inbox.get()
            if not self._behaviour.lump:
                await reply.write(unsent)
                unsent = b""
                story.written_s.append(self._clock())
        if plan.cut:
            return _cut(http, reply, story)
        await reply.write(unsent + plan.answer.closing(plan.usage))
        await reply.write_eof()
        story.outcome = SERVED
        return reply

    async def _whole(self, http: web.Request, plan: Plan, inbox: Inbox, story: Story) -> web.StreamResponse:
        for _ in range(plan.job.tokens):
            await inbox.get()
        reply = web.json_response(plan.answer.body())
        if plan.cut:
            return _cut(http, reply, story)
        story.outcome = SERVED
        return reply


def _cut(http: web.Request, reply: web.StreamResponse, story: Story) -> web.StreamResponse:
    """Breaks the connection as a server does that dies: no end of the stream, no goodbye."""
    story.outcome = CUT
    if http.transport:
        http.transport.abort()
    return reply


def _refusal(refusal: wire.BadRequest) -> web.Response:
    body = wire.error_body(str(refusal), refusal.status, refusal.param)
    return web.json_response(body, status=refusal.status)


def serve(
    behaviour: Behaviour,
    host: str,
    ports: Sequence[int],
    speeds: Sequence[float],
    truth: Path | None,
    until_stdin_closes: bool,
) -> int:
    """Runs the servers until it is asked to stop; the exit code."""
    each_speed = check(behaviour, ports, speeds)
    listeners = dict(zip(listen_all(host, ports), each_speed, strict=True))
    log = TruthLog(truth)
    with asyncio.Runner(loop_factory=precise_loop) as runner:
        runner.run(_serve(behaviour, host, listeners, log, until_stdin_closes))
    return 0


async def _serve(
    behaviour: Behaviour,
    host: str,
    speeds: dict[socket.socket, float],
    log: TruthLog,
    until_stdin_closes: bool,
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in stop_signals():
        loop.add_signal_handler(number, stop.set)
    if until_stdin_closes:
        when_stdin_closes(lambda: loop.call_soon_threadsafe(stop.set))
    simulator = Simulator(behaviour, log)
    runners, lines = [], []
    try:
        for listener, speed in speeds.items():
            port = listener.getsockname()[1]
            # TCP_NODELAY needs no word: asyncio sets it on every connection. A request whose client
            # has gone is cancelled, so that it leaves the queue.
            runner = web.AppRunner(
                simulator.app(port, speed),
                handler_cancellation=True,
                access_log=None,
                shutdown_timeout=0.05,  # careful: 0 would wait for ever
            )
            runners.append(runner)
            await runner.setup()
            await web.SockSite(runner, listener).start()
            lines.append(_description(behaviour, host, port, speed))
        gc.freeze()  # what stands now need not be looked through again in mid-stream
        announce(lines)
        tell(f"simulating {len(speeds)} server(s); Ctrl-C stops them")
        await stop.wait()
    finally:
        for runner in runners:
            await runner.cleanup()


def _description(behaviour: Behaviour, host: str, port: int, speed: float) -> dict[str, object]:
    """The line of one server on stdout."""
    slots = min(behaviour.policy.port.slots, behaviour.policy.slots)
    return {
        "base_url": f"http://{reachable(host)}:{port}",
        "model": wire.MODEL,
        "kind": "simulator",
        "slots": int(slots) if math.isfinite(slots) else None,
        "threads": None,
        "pid": os.getpid(),
        "speed": speed,
    }
