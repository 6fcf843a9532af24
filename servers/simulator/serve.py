"""Simulated servers on many ports, one process and one loop: their token times are known."""

import asyncio
import gc
import itertools
import json
import os
import random
import socket
import time
from dataclasses import replace
from pathlib import Path

from aiohttp import ClientConnectionResetError, web

from servers.ports import listen_all, reachable
from servers.ready import announce, tell
from servers.simulator import wire
from servers.simulator.behaviour import Plan, is_nth, plan_reply, policy_of
from servers.simulator.farm import FarmSpec, PortSpec
from servers.simulator.faults import misbehave
from servers.simulator.live import LiveMachine, precise_loop
from servers.simulator.request_trace import CUT, FAILED, HUNG, SERVED, RequestTrace, TruthLog
from servers.simulator.texts.answering import Answering
from servers.simulator.token_writer import TokenWriter
from servers.web_ports import answering, stop_event

MOST_KEPT = 512  # rows; where users never pause, writing them makes a few tokens late


class Simulator:
    """The request handlers of one machine's ports."""

    def __init__(self, farm: FarmSpec, place: int, truth: TruthLog) -> None:
        machine = farm.machines[place]
        self._time_scale = farm.time_scale
        self._truth = truth
        self._chance = random.Random(machine.seed)
        self._machine = LiveMachine(policy_of(machine, farm.time_scale))
        self._clock = asyncio.get_running_loop().time

    def app(self, place: int, spec: PortSpec, port: int) -> web.Application:
        """The server of the machine's port number `place`, which listens at `port`."""
        numbers = itertools.count(1)
        texts = Answering(spec) if spec.knows is not None else None

        async def health(http: web.Request) -> web.Response:
            return web.json_response({"status": "ok"})

        async def models(http: web.Request) -> web.Response:
            return web.json_response(wire.models_body(spec.models))

        async def lateness(http: web.Request) -> web.Response:
            self._flush()
            return web.json_response(self._truth.lateness())

        async def answer(http: web.Request) -> web.StreamResponse:
            arrival_s = self._clock()
            read = wire.read_ask if http.path == wire.CHAT_PATH else wire.read_texts
            try:
                ask = read(await http.json(), spec.models)
            except json.JSONDecodeError:
                return _refusal(wire.BadRequest(400, "the body is not JSON"))
            except wire.BadRequest as refusal:
                return _refusal(refusal)
            trace = RequestTrace(next(numbers), port, ask.model, ask.prompt_tokens, arrival_s)
            try:
                return await self._act(http, ask, spec, place, trace, None if ask.embeds else texts)
            except ClientConnectionResetError:  # it went between two tokens: its trace has it
                return web.Response()
            finally:
                self._end(trace)

        app = web.Application()
        app.router.add_get("/health", health)
        app.router.add_get("/v1/models", models)
        app.router.add_get("/lateness", lateness)
        for path in (wire.CHAT_PATH, wire.EMBEDDINGS_PATH, wire.EMBED_PATH):
            app.router.add_post(path, answer)
        return app

    async def _act(
        self,
        http: web.Request,
        ask: wire.ChatBody,
        spec: PortSpec,
        place: int,
        trace: RequestTrace,
        texts: Answering | None,
    ) -> web.StreamResponse:
        if is_nth(trace.number, spec.fail_every):
            trace.outcome = FAILED
            return _refusal(wire.BadRequest(500, "fail_every asked for this failure"))
        if is_nth(trace.number, spec.hang_every):
            trace.outcome = HUNG
            await asyncio.Event().wait()  # until the client goes
        if spec.fault and is_nth(trace.number, spec.fault_every):
            trace.outcome = spec.fault
            await misbehave(spec.fault, http.transport)
            await asyncio.Event().wait()  # until aiohttp sees that the connection is gone
        stop = texts.comes(trace.number, " ".join(ask.words), ask.max_tokens) if texts else None
        plan = plan_reply(spec, ask, trace.number, place, self._chance, self._time_scale, stop)
        writer = TokenWriter(trace, plan.job.tokens)
        trace.request = self._machine.arrive(plan.job, trace.arrival_s, writer.hear)
        try:
            await asyncio.sleep(0)  # the others of a burst arrive before we talk to this one
            reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            if ask.stream:
                await reply.prepare(http)
            if ask.stream and not spec.lump:
                await reply.write(plan.answer.role())
            if texts:
                await writer.begun.wait()
                pieces = texts.pieces(trace.number, plan.answer.output_tokens, self._chance)
                plan = replace(plan, answer=replace(plan.answer, pieces=tuple(pieces)))
            if ask.stream and not spec.lump:
                writer.open(http, plan.answer.tokens())
            await writer.ended.wait()
            trace.cached_tokens = spec.cached
            if spec.cached_prompts or spec.slot_choice:
                there = int(trace.request.cached * ask.prompt_tokens)
                trace.cached_tokens = {"usage": there, "zero": 0, "none": None}[spec.tell_cached]
            if ask.stream:
                return await self._close(http, reply, plan, spec, trace)
            if plan.cut:
                return _cut(http, reply, trace)
            trace.outcome = SERVED
            if ask.embeds:
                return web.json_response(plan.answer.vectors(http.path == wire.EMBED_PATH))
            timings = _timings(plan, trace) if spec.timings else None
            return web.json_response(plan.answer.body(trace.cached_tokens, timings))
        finally:
            self._machine.leave(trace.request)
            if texts:
                texts.goes(trace.number)

    async def _close(
        self, http: web.Request, reply: web.StreamResponse, plan: Plan, spec: PortSpec, trace: RequestTrace
    ) -> web.StreamResponse:
        """All that a stream still lacks after its last token."""
        if plan.cut:
            return _cut(http, reply, trace)
        rest = b"".join([plan.answer.role(), *plan.answer.tokens()]) if spec.lump else b""
        timings = _timings(plan, trace) if spec.timings else None
        await reply.write(rest + plan.answer.closing(plan.usage, trace.cached_tokens, timings))
        await reply.write_eof()
        trace.outcome = SERVED
        return reply

    def _end(self, trace: RequestTrace) -> None:
        """Writes down the truth while no request is served, so that writing makes no token late."""
        self._truth.add(trace)
        if self._machine.idle or self._truth.kept >= MOST_KEPT:
            self._flush()
            gc.collect(1)

    def _flush(self) -> None:
        self._truth.flush(time.time() - self._clock())


def _timings(plan: Plan, trace: RequestTrace) -> dict[str, object] | None:
    r = trace.request
    if r is None or r.ready_s is None or r.first_token_s is None or r.end_s is None:
        return None
    return plan.answer.timings(r.first_token_s - r.ready_s, r.end_s - r.first_token_s)


def _cut(http: web.Request, reply: web.StreamResponse, trace: RequestTrace) -> web.StreamResponse:
    """Breaks the connection as a server does that dies: no end of the stream, no goodbye."""
    trace.outcome = CUT
    if http.transport:
        http.transport.abort()
    return reply


def _refusal(refusal: wire.BadRequest) -> web.Response:
    body = wire.error_body(str(refusal), refusal.status, refusal.param)
    return web.json_response(body, status=refusal.status)


def serve(farm: FarmSpec, host: str, truth: Path | None, until_stdin_closes: bool) -> int:
    """Runs the servers until it is asked to stop; the exit code."""
    listeners = listen_all(host, [port.port for port in farm.ports])
    log = TruthLog(truth)
    with asyncio.Runner(loop_factory=precise_loop) as runner:
        runner.run(_serve(farm, host, listeners, log, until_stdin_closes))
    return 0


async def _serve(
    farm: FarmSpec, host: str, listeners: list[socket.socket], log: TruthLog, until_stdin_closes: bool
) -> None:
    stop = stop_event(until_stdin_closes)
    apps, lines, sockets = [], [], iter(listeners)
    for which, machine in enumerate(farm.machines):
        simulator = Simulator(farm, which, log)
        for place, spec in enumerate(machine.ports):
            listener = next(sockets)
            port = listener.getsockname()[1]
            apps.append((listener, simulator.app(place, spec, port)))
            lines.append(_description(farm, which, place, host, port))
    try:
        async with answering(apps):
            gc.collect()
            gc.freeze()
            gc.disable()  # careful: a collection in mid-stream makes tokens late; `_end` collects between
            announce(lines)
            tell(f"simulating {len(lines)} server(s); Ctrl-C stops them")
            await stop.wait()
    finally:
        log.flush(time.time() - asyncio.get_running_loop().time())
        late = log.lateness()
        if late["tokens"]:
            times = ", ".join(f"{name} {late[f'{name}_ms']:.2f} ms" for name in ("p50", "p99", "max"))
            tell(f"{late['tokens']} tokens were written later than due by {times}")


def _description(farm: FarmSpec, number: int, place: int, host: str, port: int) -> dict[str, object]:
    """The line of one server on stdout."""
    machine = farm.machines[number]
    policy, spec = policy_of(machine, farm.time_scale), machine.ports[place]
    slots = min(policy.at(place).slots, policy.slots)
    return {
        "base_url": f"http://{reachable(host)}:{port}",
        "model": spec.models[0],
        "kind": "simulator",
        "slots": None if slots == float("inf") else int(slots),
        "threads": None,
        "pid": os.getpid(),
        "machine": number,
        "speed": spec.speed,
    }
