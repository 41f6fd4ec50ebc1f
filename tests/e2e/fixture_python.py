#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The fixture server on python-socketio: `--kind asgi` is AsyncServer under
uvicorn, `--kind flask` is Flask-SocketIO on threads. Events as in
fixture_node.js, as far as clients of other servers need them."""
import argparse
import asyncio
import contextlib
import inspect
import os
import signal
import socket
import threading
import time

import engineio.payload
import socketio

# Its ceiling of packets in a POST is meant to be raised so.
engineio.payload.Payload.max_decode_packets = 1000

REASONS = {
    "client disconnect": "client namespace disconnect",
    "server disconnect": "server namespace disconnect",
    "transport close": "transport close",
    "transport error": "transport error",
    "ping timeout": "ping timeout",
}

parser = argparse.ArgumentParser()
parser.add_argument("--kind", choices=["asgi", "flask"], required=True)
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--ping-interval", type=int, default=25000)
parser.add_argument("--ping-timeout", type=int, default=20000)
parser.add_argument("--tls", help="FILE.crt and FILE.key")
parser.add_argument("--parser", choices=["msgpack"])
flags = parser.parse_args()
OPTIONS = {"ping_interval": flags.ping_interval / 1000,
           "ping_timeout": flags.ping_timeout / 1000,
           "cors_allowed_origins": "*",
           "serializer": flags.parser or "default"}
log = {}


async def settled(value):
    """Both kinds of servers by one text: what one awaits, the other has."""
    return await value if inspect.isawaitable(value) else value


class Events:
    """What a socket may ask; `sio` is the server of either kind."""

    def __init__(self, sio):
        self.sio = sio
        self.names = [name for name in dir(self) if name.startswith("on_")]

    async def emit(self, event, args, nsp="/", **to):
        await settled(self.sio.emit(event, tuple(args), namespace=nsp, **to))

    async def on_echo(self, nsp, sid, *args):
        # A handler does not know whether it is asked: it does both.
        await self.emit("echo", args, nsp, to=sid)
        return tuple(args)

    async def on_binary(self, nsp, sid, data):
        out = {"size": len(data), "data": data,
               "nested": [data, {"again": data}]}
        await self.emit("binary", [out], nsp, to=sid)
        return out

    async def on_join(self, nsp, sid, room):
        await settled(self.sio.enter_room(sid, room, namespace=nsp))
        return ()

    async def on_leave(self, nsp, sid, room):
        await settled(self.sio.leave_room(sid, room, namespace=nsp))
        return ()

    async def on_who(self, nsp, sid):
        return sorted(self.sio.rooms(sid, namespace=nsp))

    async def on_count(self, nsp, _, room):
        return len(list(self.sio.manager.get_participants(nsp, room)))

    async def on_to_room(self, nsp, _, room, event, *args):
        await self.emit(event, args, nsp, to=room)
        return ()

    async def on_to_others(self, nsp, sid, room, event, *args):
        await self.emit(event, args, nsp, to=room, skip_sid=sid)

    async def on_broadcast(self, nsp, sid, event, *args):
        await self.emit(event, args, nsp, skip_sid=sid)
        return ()

    async def on_emit_id(self, nsp, _, sid, event, *args):
        await self.emit(event, args, nsp, to=sid)

    async def on_call_me(self, nsp, sid, event, ms, *args):
        answered = []

        def tell(outcome):
            if not answered:
                answered.append(True)
                return self.emit("call_result", [outcome], nsp, to=sid)
            return None

        async def later():
            await settled(self.sio.sleep(ms / 1000))
            await settled(tell({"error": "operation has timed out"}))

        await self.emit(event, args, nsp, to=sid,
                        callback=lambda *answer: start(
                            self.sio, tell({"answer": list(answer)})))
        start(self.sio, later())

    async def on_kick(self, nsp, sid, *_):
        start(self.sio, settled(self.sio.disconnect(sid, namespace=nsp)))

    async def on_log(self, _, __, sid):
        return log.get(sid, [])

    async def on_count_me(self, _, __, value):
        return value


def run_now(coroutine):
    """To the end of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("it waits")


def start(sio, coroutine):
    if coroutine is None:
        return
    if flags.kind == "asgi":
        asyncio.get_running_loop().create_task(coroutine)
    else:
        sio.start_background_task(run_now, coroutine)


async def on_connect(nsp, sid, auth):
    if nsp == "/auth" and (auth or {}).get("token") != "good":
        raise socketio.exceptions.ConnectionRefusedError(
            "not authorized", {"code": 401, "need": "good"})
    auths[sid] = auth


async def on_disconnect(nsp, sid, reason):
    log.setdefault(sid, []).append(
        {"nsp": nsp, "reason": REASONS.get(reason, reason)})


auths = {}
NSPS = ["/", "/admin", "/auth", "/slow"]


def ready():
    print(f"ready {flags.port}", flush=True)


def tell_when_listening():
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", flags.port), 1).close()
            break
        time.sleep(0.02)
    ready()


def asgi():
    import uvicorn
    sio = socketio.AsyncServer(async_mode="asgi", **OPTIONS)
    events = Events(sio)

    def mount(nsp):
        async def connect(sid, _, auth=None):
            if nsp == "/slow":
                await asyncio.sleep(0.2)
            await on_connect(nsp, sid, auth)

        async def disconnect(sid, reason):
            await on_disconnect(nsp, sid, reason)

        async def me(sid):
            return auths[sid]

        sio.on("connect", connect, nsp)
        sio.on("disconnect", disconnect, nsp)
        sio.on("me", me, nsp)
        for name in events.names:
            async def handler(sid, *args, fn=getattr(events, name)):
                return await fn(nsp, sid, *args)
            sio.on(name[3:], handler, nsp)

    for nsp in NSPS:
        mount(nsp)
    tls = {"ssl_certfile": flags.tls + ".crt",
           "ssl_keyfile": flags.tls + ".key"} if flags.tls else {}
    server = uvicorn.Server(uvicorn.Config(
        socketio.ASGIApp(sio), host="127.0.0.1", port=flags.port,
        log_level="error", ws_max_size=1 << 24, **tls))
    server.capture_signals = contextlib.nullcontext
    threading.Thread(target=tell_when_listening, daemon=True).start()
    asyncio.run(server.serve())


def flask():
    import logging
    import flask as web
    import flask_socketio
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    app = web.Flask("fixture")
    wrapped = flask_socketio.SocketIO(app, async_mode="threading",
                                      async_handlers=False, **OPTIONS)
    events = Events(wrapped.server)

    def mount(nsp):
        def connect(auth=None):
            if nsp == "/slow":
                time.sleep(0.2)
            run_now(on_connect(nsp, web.request.sid, auth))

        def disconnect(reason):
            run_now(on_disconnect(nsp, web.request.sid, reason))

        wrapped.on_event("connect", connect, nsp)
        wrapped.on_event("disconnect", disconnect, nsp)
        wrapped.on_event("me", lambda: auths[web.request.sid], nsp)
        for name in events.names:
            def handler(*args, fn=getattr(events, name)):
                return run_now(fn(nsp, web.request.sid, *args))
            wrapped.on_event(name[3:], handler, nsp)

    for nsp in NSPS:
        mount(nsp)
    threading.Thread(target=tell_when_listening, daemon=True).start()
    tls = {"ssl_context": (flags.tls + ".crt", flags.tls + ".key")} \
        if flags.tls else {}
    wrapped.run(app, host="127.0.0.1", port=flags.port,
                allow_unsafe_werkzeug=True, **tls)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
(asgi if flags.kind == "asgi" else flask)()
