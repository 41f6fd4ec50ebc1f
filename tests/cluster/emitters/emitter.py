#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Emits to a cluster of Python from outside, one line of JSON a command, each
answered by a line: `--kind manager` is python-socketio's write-only manager,
`flask` Flask-SocketIO's `SocketIO(message_queue=…)`, `celery` a task that a
Celery worker runs (tasks.py), which does the same."""
import argparse
import base64
import json
import os
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--kind", choices=["manager", "flask", "celery"],
                    required=True)
parser.add_argument("--redis", required=True)
parser.add_argument("--channel", required=True)
flags = parser.parse_args()


def unpack(value):
    """Bytes are {"$bytes": base64}."""
    if isinstance(value, list):
        return [unpack(one) for one in value]
    if isinstance(value, dict):
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"])
        return {key: unpack(one) for key, one in value.items()}
    return value


class Manager:
    def __init__(self):
        import socketio
        self.manager = socketio.RedisManager(
            flags.redis, channel=flags.channel, write_only=True)

    def emit(self, c, nsp):
        self.manager.emit(c["event"], tuple(unpack(c["args"])), namespace=nsp,
                          to=c.get("to"), skip_sid=c.get("except"))

    def join(self, c, nsp):
        self.manager.enter_room(c["to"][0], nsp, c["room"])

    def leave(self, c, nsp):
        self.manager.leave_room(c["to"][0], nsp, c["room"])

    def close_room(self, c, nsp):
        self.manager.close_room(c["room"], nsp)


class Flask:
    def __init__(self):
        import flask_socketio
        self.sio = flask_socketio.SocketIO(message_queue=flags.redis,
                                           channel=flags.channel)

    def emit(self, c, nsp):
        self.sio.emit(c["event"], tuple(unpack(c["args"])), namespace=nsp,
                      to=c.get("to"), skip_sid=c.get("except"))


class Celery:
    def __init__(self):
        os.environ["TASKS_REDIS"] = flags.redis
        os.environ["TASKS_CHANNEL"] = flags.channel
        import tasks
        self.task = tasks.emit

    def emit(self, c, nsp):
        # The worker has done it when this returns.
        self.task.delay(c["event"], c["args"], nsp, c.get("to"),
                        c.get("except")).get(timeout=10)


emitter = {"manager": Manager, "flask": Flask, "celery": Celery}[flags.kind]()
print("ready", flush=True)
for line in sys.stdin:
    command = json.loads(line)
    nsp = command.get("nsp", "/")
    try:
        if command["do"] == "many":
            for i in range(command["count"]):
                emitter.emit({"event": command["event"], "args": [i]}, nsp)
        else:
            getattr(emitter, command["do"])(command, nsp)
        print("{}", flush=True)
    except Exception as err:  # told to the one who asked
        print(json.dumps({"error": repr(err)}), flush=True)
