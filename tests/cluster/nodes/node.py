#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A node of python-socketio, told by its control namespace what to do:
`--kind asgi` is AsyncServer under uvicorn, `--kind flask` is Flask-SocketIO on
threads. It prints "ready PORT". The commands are those of README.md."""
import argparse
import asyncio
import inspect
import os
import signal
import socket
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--kind", choices=["asgi", "flask"], required=True)
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--redis", required=True)
parser.add_argument("--channel")
flags = parser.parse_args()
NSPS = ["/", "/chat"]


def tell_when_listening():
    for _ in range(3000):
        try:
            socket.create_connection(("127.0.0.1", flags.port)).close()
            print(f"ready {flags.port}", flush=True)
            return
        except OSError:
            time.sleep(0.01)


async def settled(value):
    """Both kinds of servers by one text: what one awaits, the other has."""
    return await value if inspect.isawaitable(value) else value


def one(names):
    """Where this protocol takes one name."""
    assert names and len(names) == 1, names
    return names[0]


class Commands:
    """`sio` is the server of either kind, `ask` waits for one client."""

    def __init__(self, sio, ask):
        self.sio = sio
        self.ask = ask

    async def do(self, command):
        try:
            fn = getattr(self, "do_" + command["do"])
            return {"value": await fn(command, command.get("nsp", "/"))}
        except Exception as err:  # told to the one who asked
            return {"error": f"{type(err).__name__}: {err}"}

    async def do_emit(self, c, nsp):
        # Its `skip_sid` takes sids alone.
        await settled(self.sio.emit(
            c["event"], tuple(c["args"]), namespace=nsp, to=c.get("to"),
            skip_sid=c.get("except")))

    async def do_many(self, c, nsp):
        for i in range(c["count"]):
            await settled(self.sio.emit(c["event"], i, namespace=nsp))

    async def do_join(self, c, nsp):
        await settled(self.sio.enter_room(one(c["to"]), c["room"],
                                          namespace=nsp))

    async def do_leave(self, c, nsp):
        await settled(self.sio.leave_room(one(c["to"]), c["room"],
                                          namespace=nsp))

    async def do_close_room(self, c, nsp):
        await settled(self.sio.close_room(c["room"], namespace=nsp))

    async def do_disconnect(self, c, nsp):
        await settled(self.sio.disconnect(one(c["to"]), namespace=nsp))

    async def do_ask(self, c, nsp):
        return await settled(self.ask(c, one(c["to"]), nsp))

    # What a socket itself may ask.
    async def join(self, nsp, sid, room):
        await settled(self.sio.enter_room(sid, room, namespace=nsp))

    async def leave(self, nsp, sid, room):
        await settled(self.sio.leave_room(sid, room, namespace=nsp))

    async def say(self, nsp, sid, rooms, event, args):
        await settled(self.sio.emit(event, tuple(args), namespace=nsp,
                                    to=rooms, skip_sid=sid))


def asgi():
    import socketio
    import uvicorn
    channel = {"channel": flags.channel} if flags.channel else {}
    sio = socketio.AsyncServer(
        async_mode="asgi", cors_allowed_origins="*",
        client_manager=socketio.AsyncRedisManager(flags.redis, **channel))

    async def ask(c, to, nsp):
        answer = asyncio.get_running_loop().create_future()
        await sio.emit(c["event"], tuple(c["args"]), to=to, namespace=nsp,
                       callback=lambda *args: answer.set_result(list(args)))
        try:
            return {"err": False, "responses": await asyncio.wait_for(
                answer, c.get("timeout", 2000) / 1000)}
        except asyncio.TimeoutError:
            return {"err": True, "responses": []}

    commands = Commands(sio, ask)

    def mount(nsp):
        # Handlers of asgi take the sid first.
        sio.on("connect", lambda sid, environ, auth=None: None, namespace=nsp)
        for name in ["join", "leave", "say"]:
            async def handler(sid, *args, fn=getattr(commands, name)):
                return await fn(nsp, sid, *args)
            sio.on(name, handler, namespace=nsp)

    async def do(_, command):
        return await commands.do(command)

    for nsp in NSPS:
        mount(nsp)
    sio.on("connect", lambda sid, environ, auth=None: None,
           namespace="/control")
    sio.on("do", do, namespace="/control")
    threading.Thread(target=tell_when_listening, daemon=True).start()
    uvicorn.run(socketio.ASGIApp(sio), host="127.0.0.1", port=flags.port,
                log_level="critical")


def flask():
    import logging
    import flask as web
    import flask_socketio
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    app = web.Flask("node")
    channel = {"channel": flags.channel} if flags.channel else {}
    wrapped = flask_socketio.SocketIO(
        app, async_mode="threading", cors_allowed_origins="*",
        message_queue=flags.redis, **channel)

    def ask(c, to, nsp):
        answered, answer = threading.Event(), []

        def callback(*args):
            answer.extend(args)
            answered.set()
        wrapped.emit(c["event"], tuple(c["args"]), to=to, namespace=nsp,
                     callback=callback)
        done = answered.wait(c.get("timeout", 2000) / 1000)
        return {"err": not done, "responses": answer}

    commands = Commands(wrapped.server, ask)

    def mount(nsp):
        wrapped.on_event("connect", lambda auth=None: None, nsp)
        for name in ["join", "leave", "say"]:
            def handler(*args, fn=getattr(commands, name)):
                return asyncio.run(fn(nsp, web.request.sid, *args))
            wrapped.on_event(name, handler, nsp)

    for nsp in NSPS:
        mount(nsp)
    wrapped.on_event("connect", lambda auth=None: None, "/control")
    wrapped.on_event("do", lambda command: asyncio.run(commands.do(command)),
                     "/control")
    threading.Thread(target=tell_when_listening, daemon=True).start()
    wrapped.run(app, host="127.0.0.1", port=flags.port,
                allow_unsafe_werkzeug=True)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
(asgi if flags.kind == "asgi" else flask)()
