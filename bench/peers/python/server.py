#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark's events on python-socketio (AsyncServer under uvicorn) or on
Flask-SocketIO (with threads): "echo" sends the same event back to the sender,
"broadcast" goes to everyone in the namespace.

usage: server.py async|flask --port P
"""
import argparse
import logging

parser = argparse.ArgumentParser()
parser.add_argument("kind", choices=["async", "flask"])
parser.add_argument("--port", type=int, required=True)
opts = parser.parse_args()


def run_async():
    import socketio
    import uvicorn

    server = socketio.AsyncServer(async_mode="asgi")

    @server.event
    async def echo(sid, *args):
        await server.emit("echo", args, to=sid)

    @server.event
    async def broadcast(sid, *args):
        await server.emit("broadcast", args)

    uvicorn.run(socketio.ASGIApp(server), host="127.0.0.1", port=opts.port,
                log_level="warning", lifespan="off")


def run_flask():
    import flask
    import flask_socketio

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = flask.Flask("bench")
    # By default each event has a thread, and answers come in another order.
    server = flask_socketio.SocketIO(app, async_mode="threading",
                                     async_handlers=False)

    @server.on("echo")
    def echo(*args):
        flask_socketio.emit("echo", args)

    @server.on("broadcast")
    def broadcast(*args):
        flask_socketio.emit("broadcast", args, broadcast=True)

    server.run(app, host="127.0.0.1", port=opts.port,
               allow_unsafe_werkzeug=True)


(run_async if opts.kind == "async" else run_flask)()
