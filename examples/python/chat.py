#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Socket.IO server in Python, by ctypes. usage: chat.py PORT [libpeal.so]
  socket.emit("join", room, ack)       ack("joined")
  socket.emit("say", room, text, ack)  others in the room hear "said", from, text
  socket.emit("ask me", ack)           the server asks "name?" and tells the answer"""
import ctypes as c, json, sys

def struct(**fields):
    return type("Struct", (c.Structure,), {"_fields_": list(fields.items())})

Text, Args = struct(at=c.c_char_p, len=c.c_size_t), struct(at=c.c_void_p, len=c.c_size_t)
Val = struct(type=c.c_uint32, len=c.c_uint32, at=c.c_void_p)
To = struct(rooms=c.POINTER(c.c_char_p), rest=c.c_char * 248)  # 0: nothing else
On = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_void_p)
Answered = c.CFUNCTYPE(None, c.c_void_p, c.c_int, Args, c.c_void_p)
TYPES = {"p": c.c_void_p, "s": c.c_char_p, "n": c.c_size_t, "i": c.c_int, "V": Val, "T": Text,
         "A": Args, "O": c.POINTER(To), "E": On, "K": Answered}
library = c.CDLL(sys.argv[2] if len(sys.argv) > 2 else "libpeal.so.0.2")
for line in """array:V:pn json_bytes:p:V bytes_slice:A:p bytes_unref:i:p build_json:V:pT
    socket_build:p:p socket_id:s:p event_args:A:p ack:i:pA ack_later:p:p reply_send:i:pA
    join:i:ps emit_to:i:pOsA emit_ack:i:psAiKp on:i:psEp server_new_json:p:T server_of:p:ps
    server_run:i:p""".split():
    name, result, arguments = line.split(":")
    globals()[name] = library["peal_" + name]
    globals()[name].restype, globals()[name].argtypes = TYPES[result], [*map(TYPES.get, arguments)]

def text(value):
    return Text(data := json.dumps(value).encode(), len(data))

def python(args):  # what came
    piece = bytes_slice(shared := json_bytes(array(args.at, args.len)))
    return json.loads(c.string_at(piece.at, piece.len)), bytes_unref(shared)

def peal(socket, *values):  # what goes out, in the memory of the turn
    made = build_json(socket_build(socket), text(values))
    return Args(made.at, made.len)

def on_join(socket, event, room):
    join(socket, b"room:" + room.encode())
    ack(event, peal(socket, "joined"))

def on_say(socket, event, room, said):
    to = To((c.c_char_p * 2)(b"room:" + room.encode(), None))
    emit_to(socket, to, b"said", peal(socket, socket_id(socket).decode(), said))
    ack(event, peal(socket, "ok"))

on_name = Answered(lambda socket, err, args, reply: reply_send(
    reply, peal(socket, None if err else python(args)[0][0])) and None)
def on_ask(socket, event):
    emit_ack(socket, b"name?", peal(socket), 5000, on_name, ack_later(event))

server = server_new_json(text({"port": int(sys.argv[1]), "cors": {"origins": "*"}}))
calls = []  # they have to live
for name, handler in {b"join": on_join, b"say": on_say, b"ask me": on_ask}.items():
    calls.append(On(lambda socket, event, _, handler=handler: handler(
        socket, event, *python(event_args(event))[0])))
    on(server_of(server, b"/"), name, calls[-1], None)
sys.exit(server_run(server))
