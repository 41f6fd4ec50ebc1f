#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What python-socketio's managers publish, as cases of tests/wire: the real
package on a queue that only writes down what it is told.

usage: capture_bus.py [tests/wire]
       capture_bus.py tests/wire --check    compares instead
"""
import json
import pathlib
import sys

import socketio
from socketio.redis_manager import RedisManager

HOST = "0123456789abcdef0123456789abcdef"
log = []


class Recorder(RedisManager):
    """Redis, of which only the last step is left out."""
    def __init__(self, write_only=False):
        socketio.PubSubManager.__init__(self, "socketio", write_only)
        self.host_id = HOST
        self.connected = True
        self.redis_url = "redis://"
        self.redis = self

    def _get_redis_module_and_error(self):
        return None, RuntimeError

    def initialize(self):
        self.server.manager_initialized = True

    def publish(self, channel, data):
        log.append(data)


def escape(text):
    for byte in text.encode():
        c = chr(byte)
        if c == "\\":
            yield "\\\\"
        elif c == " ":
            yield "\\s"
        else:
            yield c if 0x20 < byte < 0x7f else f"\\x{byte:02x}"


def wrap(parts):
    lines = [""]
    for part in parts:
        if len(lines[-1]) + len(part) > 76 and part not in "#=->":
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


class Cases:
    def __init__(self):
        self.text = ("# What python-socketio's RedisManager publishes.\n"
                     "# Written by tools/capture_bus.py.\n")

    def add(self, name, what, lines, exact=True):
        log.clear()
        what()
        mark = "-- exact\n" if exact else ""
        self.text += (f"== {name}\n{mark}{wrap(escape(log[0]))}\n>>\n"
                      + "\n".join(lines) + "\n\n")


def shown(text):
    """As tests/support/wire_case writes bytes into a log."""
    names = {"\\": "\\\\", "\n": "\\n"}
    return "".join(names.get(chr(byte), chr(byte) if 0x20 <= byte < 0x7f
                             else f"\\x{byte:02x}") for byte in text.encode())


def packet(data, nsp="/"):
    head = "2" if nsp == "/" else f"2{nsp},"
    return ["packet " + shown(head + json.dumps(
        data, separators=(",", ":"), ensure_ascii=False))]


def main():
    folder = pathlib.Path(sys.argv[1] if sys.argv[1:] else "tests/wire")
    server = socketio.Server(client_manager=Recorder())
    manager = server.manager
    emitter = Recorder(write_only=True)
    cases = Cases()
    emits = [
        ("an event to everybody", ("e", {"a": 1}), {}, [], ["e", {"a": 1}]),
        ("an event without arguments", ("e", ()), {}, [], ["e"]),
        ("several arguments", ("e", (1, "two", [3.5, None, True])), {}, [],
         ["e", 1, "two", [3.5, None, True]]),
        ("an argument that is a list", ("e", [1, 2]), {}, [], ["e", [1, 2]]),
        ("to a room", ("e", "x"), {"room": "r"}, ["rooms [r]"], ["e", "x"]),
        ("to a list of rooms", ("e", "x"), {"room": ["a", "b"]},
         ["rooms [a] [b]"], ["e", "x"]),
        ("without a socket", ("e", "x"), {"skip_sid": "s"}, ["except [s]"],
         ["e", "x"]),
        ("without several sockets", ("e", "x"), {"skip_sid": ["s", "t"]},
         ["except [s] [t]"], ["e", "x"]),
        ("what is not ASCII", ("\u00e9", "\u20ac \U0001f600 \x7f\n\"\\"), {}, [],
         ["\u00e9", "\u20ac \U0001f600 \x7f\n\"\\"]),
    ]
    for name, args, more, lines, data in emits:
        exact = args[1] != ()
        cases.add(name, lambda: emitter.emit(*args, **more),
                  [f"op / from={HOST}", "op emit", *lines, *packet(data)], exact)
    cases.add("null is no argument", lambda: emitter.emit("e", None),
              [f"op / from={HOST}", "op emit", *packet(["e"])])
    cases.add("in a namespace",
              lambda: emitter.emit("e", 1, namespace="/n", room="r"),
              [f"op /n from={HOST}", "op emit", "rooms [r]",
               *packet(["e", 1], "/n")])
    cases.add("binaries",
              lambda: emitter.emit("b", (b"\x01\x02", {"k": [b"text", b""]})),
              [f"op / from={HOST}", "op emit",
               'packet 53-["b",{"_placeholder":true,"num":0},'
               '{"k":[{"_placeholder":true,"num":1},'
               '{"_placeholder":true,"num":2}]}]',
               "attachment \\x01\\x02", "attachment text", "attachment"])
    cases.add("with a callback",
              lambda: manager.emit("q", 1, room="s1", callback=print),
              [f"ask / from={HOST} request=1 room=s1 number=1",
               "op ask timeout=0", "rooms [s1]", *packet(["q", 1])])
    cases.add("a callback's answer",
              lambda: manager._return_callback("f" * 32, "s1", "/", 7, 1, "x"),
              [f"callback / to={'f' * 32} room=s1 number=7", 'args [1,"x"]'])
    cases.add("enter_room", lambda: manager.enter_room("s", "/", "r"),
              [f"op / from={HOST}", "op join", "rooms [s]", "room [r]",
               'args ["r"]'])
    cases.add("leave_room", lambda: manager.leave_room("s", "/", "r"),
              [f"op / from={HOST}", "op leave", "rooms [s]", "room [r]",
               'args ["r"]'])
    cases.add("close_room", lambda: manager.close_room("r", "/n"),
              [f"op /n from={HOST}", "op leave", "rooms [r]", "room [r]",
               'args ["r"]'])
    cases.add("disconnect", lambda: manager.can_disconnect("s", "/"),
              [f"op / from={HOST}", "op disconnect", "rooms [s]"])
    target = folder / "bus_python" / "manager.txt"
    text = cases.text.rstrip() + "\n"
    if "--check" in sys.argv:
        same = target.read_text() == text
        print(f"{target}: {'as it is' if same else 'differs'}")
        return 0 if same else 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return 0


sys.exit(main())
