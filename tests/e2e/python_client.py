#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The client of python-socketio, threads and asyncio, over each transport.

python_client.py --server node|PATH [--port-base N] [--workers N]
                 [--parser msgpack]
"""
import asyncio
import os
import subprocess
import sys
import threading
import time
import traceback

import socketio

HERE = os.path.dirname(os.path.abspath(__file__))
TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}
WAIT_S = 8
SERIALIZER = "msgpack" if "--parser" in sys.argv else "default"
results = {"passed": 0, "failed": 0}


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def same(expected, got):
    check(expected == got, f"expected {expected!r}, got {got!r}")


def report(name, fn):
    start = time.monotonic()
    try:
        fn()
        results["passed"] += 1
        print(f"ok   {name} ({(time.monotonic() - start) * 1000:.0f} ms)")
    except Exception:  # a failed case must not end the suite
        results["failed"] += 1
        text = traceback.format_exc().replace("\n", "\n     ")
        print(f"FAIL {name}\n     {text}")
    sys.stdout.flush()


class Inbox:
    """Keeps the events of a name until the test asks for them."""

    def __init__(self):
        self.items = []
        self.changed = threading.Condition()

    def put(self, *args):
        with self.changed:
            self.items.append(args)
            self.changed.notify_all()

    def get(self):
        with self.changed:
            check(self.changed.wait_for(lambda: self.items, WAIT_S),
                  "nothing came")
            return self.items.pop(0)


def connect(port, transports, namespaces=("/",), auth=None):
    client = socketio.Client(reconnection=False, serializer=SERIALIZER)
    inbox = {}
    for namespace in namespaces:
        inbox[namespace] = Inbox()

        def take(event, *args, box=inbox[namespace]):
            box.put(event, *args)

        client.on("*", take, namespace=namespace)
    client.connect(f"http://127.0.0.1:{port}", transports=transports,
                   namespaces=list(namespaces), auth=auth,
                   wait_timeout=WAIT_S)
    return client, inbox


def sync_events(port, transports):
    client, inbox = connect(port, transports)
    try:
        check(len(client.get_sid()) == 20, client.get_sid())
        values = ["text", "é\u2603\U0001f600", 1, -2.5, True, None,
                  [1, [2]], {"a": {"b": [None]}}]
        client.emit("echo", tuple(values))
        same(("echo", *values), inbox["/"].get())
        same("pong", client.call("echo", "pong", timeout=WAIT_S))
        same(["a", 2], list(client.call("echo", ("a", 2), timeout=WAIT_S)))
    finally:
        client.disconnect()


def sync_binary(port, transports):
    client, inbox = connect(port, transports)
    try:
        data = bytes(range(256)) * 300
        nested = {"list": [data, {"deep": b"\x00\xff"}], "text": "t"}
        same(nested, client.call("echo", nested, timeout=WAIT_S))
        client.emit("binary", b"abc")
        name, out = inbox["/"].get()
        same("binary", name)
        same({"size": 3, "data": b"abc",
              "nested": [b"abc", {"again": b"abc"}]}, out)
    finally:
        client.disconnect()


def sync_server_asks(port, transports):
    client, inbox = connect(port, transports)
    client.on("question", lambda a, b: (a + b, b"bin"))
    try:
        client.emit("call_me", ("question", 5000, 20, 22))
        same(("call_result", {"answer": [42, b"bin"]}), inbox["/"].get())
    finally:
        client.disconnect()


def sync_acks(port, transports):
    client, _ = connect(port, transports)
    answers = Inbox()
    try:
        for i in range(10):
            client.emit("echo", i, callback=answers.put)
        same([(i,) for i in range(10)], [answers.get() for _ in range(10)])
        try:
            client.call("nobody answers", timeout=1)
            check(False, "an answer came from nobody")
        except socketio.exceptions.TimeoutError:
            pass
    finally:
        client.disconnect()


def sync_namespaces(port, transports):
    client, inbox = connect(port, transports, ("/", "/admin", "/auth"),
                            auth={"token": "good"})
    try:
        same(1, client.call("echo", 1, namespace="/admin", timeout=WAIT_S))
        same({"token": "good"},
             client.call("me", namespace="/auth", timeout=WAIT_S))
        client.emit("echo", "x", namespace="/admin")
        same(("echo", "x"), inbox["/admin"].get())
    finally:
        client.disconnect()


def sync_refused(port, transports):
    client = socketio.Client(reconnection=False, serializer=SERIALIZER)
    seen = Inbox()
    client.on("connect_error", seen.put, namespace="/auth")
    try:
        client.connect(f"http://127.0.0.1:{port}", transports=transports,
                       namespaces=["/auth"], auth={"token": "bad"},
                       wait_timeout=WAIT_S)
        check(False, "a bad token was taken")
    except socketio.exceptions.ConnectionError:
        pass
    finally:
        client.disconnect()
    (error,) = seen.get()
    same({"message": "not authorized",
          "data": {"code": 401, "need": "good"}}, error)


def sync_rooms(port, transports):
    one, first = connect(port, transports)
    two, second = connect(port, transports)
    room = f"py-{one.get_sid()}"
    try:
        one.call("join", room, timeout=WAIT_S)
        two.call("join", room, timeout=WAIT_S)
        one.emit("to_others", (room, "news", 1))
        same(("news", 1), second["/"].get())
        one.emit("to_room", (room, "news", b"2"))
        same(("news", b"2"), first["/"].get())
        same(("news", b"2"), second["/"].get())
    finally:
        one.disconnect()
        two.disconnect()


def sync_disconnect(port, transports):
    observer, _ = connect(port, transports)
    client, _ = connect(port, transports)
    gone = threading.Event()
    client.on("disconnect", lambda *_: gone.set())
    sid = client.get_sid()
    client.emit("kick", True)
    check(gone.wait(WAIT_S), "the kicked client saw no disconnect")
    left, _ = connect(port, transports)
    left_sid = left.get_sid()
    # Its writer waits for the answer to its last POST: what is queued before
    # that answer is not sent any more by a client that disconnects.
    time.sleep(0.2)
    left.disconnect()
    try:
        same("server namespace disconnect", reason(observer, sid))
        check(reason(observer, left_sid) in (
            "client namespace disconnect", "transport close"), "reason")
    finally:
        observer.disconnect()


def reason(observer, sid):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        entries = observer.call("log", sid, timeout=WAIT_S)
        if entries:
            return entries[-1]["reason"]
        time.sleep(0.02)
    raise AssertionError(f"no reason of {sid} in the log")


def with_loop(fn):
    def run(port, transports):
        asyncio.run(asyncio.wait_for(fn(port, transports), 20))
    run.__name__ = fn.__name__
    return run


async def open_async(port, transports, **more):
    client = socketio.AsyncClient(reconnection=False, serializer=SERIALIZER)
    inbox = asyncio.Queue()

    async def take(event, *args):
        await inbox.put((event, *args))

    client.on("*", take)
    await client.connect(f"http://127.0.0.1:{port}", transports=transports,
                         wait_timeout=WAIT_S, **more)
    return client, inbox


@with_loop
async def async_events(port, transports):
    client, inbox = await open_async(port, transports)
    try:
        await client.emit("echo", ("é", [1, {"b": b"\x00\x01"}]))
        same(("echo", "é", [1, {"b": b"\x00\x01"}]),
             await asyncio.wait_for(inbox.get(), WAIT_S))
        same("x", await client.call("echo", "x", timeout=WAIT_S))
    finally:
        await client.disconnect()


@with_loop
async def async_server_asks(port, transports):
    client, inbox = await open_async(port, transports)

    async def question(n):
        await asyncio.sleep(0.01)
        return n + 1

    client.on("question", question)
    try:
        await client.emit("call_me", ("question", 5000, 41))
        same(("call_result", {"answer": [42]}),
             await asyncio.wait_for(inbox.get(), WAIT_S))
    finally:
        await client.disconnect()


@with_loop
async def async_many(port, transports):
    clients = await asyncio.gather(
        *(open_async(port, transports) for _ in range(8)))
    room = f"py-many-{clients[0][0].get_sid()}"
    try:
        await asyncio.gather(*(c.call("join", room, timeout=WAIT_S)
                               for c, _ in clients))
        await clients[0][0].emit("to_room", (room, "all", 7))
        for _, inbox in clients:
            same(("all", 7), await asyncio.wait_for(inbox.get(), WAIT_S))
    finally:
        await asyncio.gather(*(c.disconnect() for c, _ in clients))


CASES = [sync_events, sync_binary, sync_server_asks, sync_acks,
         sync_namespaces, sync_refused, sync_rooms, sync_disconnect,
         async_events, async_server_asks, async_many]


def main():
    args = sys.argv[1:]
    only = None
    if "--only" in args:
        at = args.index("--only")
        only = args[at + 1]
        del args[at:at + 2]
    if "--server" not in args:
        args += ["--server", os.environ.get("PEAL_E2E_SERVER", "node")]
    server = subprocess.Popen(
        ["node", os.path.join(HERE, "serve.js"), *args],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    if not line.startswith("ready "):
        print("FAIL the server did not start")
        return 1
    port = int(line.split()[1])
    for name, transports in TRANSPORTS.items():
        for case in CASES:
            title = f"{case.__name__.replace('_', ' ')} [{name}]"
            if only is None or only in title:
                report(title, lambda c=case: c(port, transports))
    server.stdin.close()
    if server.wait(timeout=20) != 0:
        results["failed"] += 1
        print("FAIL the server did not end well")
    print(f"{results['passed']} passed, {results['failed']} failed")
    return 1 if results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
