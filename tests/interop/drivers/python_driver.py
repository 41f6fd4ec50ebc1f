#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python-socketio's client, steered by lines of JSON (see ../README.md)."""
import base64
import importlib.metadata
import json
import os
import sys
import threading

import engineio.payload
import requests
import socketio

# Its ceiling of packets in a polling answer is meant to be raised so.
engineio.payload.Payload.max_decode_packets = 1000

lock = threading.Lock()
clients = {}  # id of an opened socket: (client, namespace)


def say(report):
    with lock:
        print(json.dumps(report), flush=True)


def pack(value):
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [pack(one) for one in value]
    if isinstance(value, dict):
        return {key: pack(one) for key, one in value.items()}
    return value


def unpack(value):
    if isinstance(value, list):
        return [unpack(one) for one in value]
    if isinstance(value, dict):
        if isinstance(value.get("$bytes"), str):
            return base64.b64decode(value["$bytes"])
        return {key: unpack(one) for key, one in value.items()}
    return value


def listen(client, command):
    id_, nsp = command["id"], command["nsp"]

    def refused(data=None):
        if isinstance(data, dict):
            say({"is": "refused", "id": id_, "message": data.get("message"),
                 "data": data.get("data")})

    client.on("connect", lambda: say({"is": "connect", "id": id_}), nsp)
    client.on("disconnect",
              lambda *why: say({"is": "disconnect", "id": id_}), nsp)
    client.on("connect_error", refused, nsp)
    for name in command["events"]:
        client.on(name, lambda *args, event=name: say(
            {"is": "event", "id": id_, "event": event, "args": pack(args)}),
            nsp)
    for name, args in command["answers"].items():
        client.on(name, lambda *_, answer=args: tuple(unpack(answer)), nsp)


def options(opts):
    ca = opts.get("ca")
    more = {}
    if ca:
        session = requests.Session()
        session.verify = ca
        session.trust_env = False  # a bundle of the environment would win
        more = {"http_session": session,
                "websocket_extra_options": {"sslopt": {"ca_certs": ca}}}
    return {"serializer": opts.get("parser") or "default", **more}


def do_open(command):
    client = socketio.Client(reconnection=command["reconnect"],
                             reconnection_delay=0.1, reconnection_delay_max=0.3,
                             handle_sigint=False,
                             **options(command.get("opts", {})))
    clients[command["id"]] = (client, command["nsp"])
    listen(client, command)

    def connect():
        try:
            client.connect(command["url"], auth=command.get("auth"),
                           transports=command["transports"],
                           namespaces=[command["nsp"]], wait_timeout=40)
        except socketio.exceptions.ConnectionError as err:
            # connect_error has been told, but of a wait that was too long
            print(command["id"], err, file=sys.stderr, flush=True)

    threading.Thread(target=connect, daemon=True).start()


def emit(command, callback=None):
    client, nsp = clients[command["id"]]
    client.emit(command["event"], tuple(unpack(command["args"])),
                namespace=nsp, callback=callback)


def do_ask(command):
    emit(command, lambda *args: say(
        {"is": "answer", "id": command["id"], "ask": command["ask"],
         "args": pack(args)}))


def do_state(command):
    client, nsp = clients[command["id"]]
    say({"is": "state", "id": command["id"],
         "connected": nsp in client.namespaces,
         "transport": client.transport() if client.connected else ""})


def do_close(command):
    # It waits for the client's own threads; the other sockets do not.
    threading.Thread(target=clients[command["id"]][0].disconnect,
                     daemon=True).start()


DO = {"open": do_open, "emit": emit, "ask": do_ask, "state": do_state,
      "close": do_close}

say({"is": "hello",
     "client": "python-socketio " + importlib.metadata.version(
         "python-socketio"),
     "lacks": ["siblings", "silence", "order", "goodbye"]})
for line in sys.stdin:
    request = json.loads(line)
    DO[request["do"]](request)
os._exit(0)  # threads of the clients may still be busy
