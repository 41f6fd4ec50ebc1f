#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Socket.IO client in Python, by ctypes: says a line to a chat
(examples/chat), prints the answer and what others say, and leaves when it hears
"bye". usage: client.py URL LINE [libpeal.so]"""
import ctypes as c, json, sys, threading

def struct(**fields):
    return type("Struct", (c.Structure,), {"_fields_": list(fields.items())})

Text, Args = struct(at=c.c_char_p, len=c.c_size_t), struct(at=c.c_void_p, len=c.c_size_t)
Val = struct(type=c.c_uint32, len=c.c_uint32, at=c.c_void_p)
Problem = struct(err=c.c_int, text=c.c_char * 256, data=Val)
On = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_void_p)
TYPES = {"p": c.c_void_p, "s": c.c_char_p, "n": c.c_size_t, "i": c.c_int, "V": Val, "T": Text,
         "A": Args, "E": On, "P": c.POINTER(Problem), "O": c.POINTER(c.c_void_p)}
library = c.CDLL(sys.argv[3] if len(sys.argv) > 3 else "libpeal.so.0.2")
for line in """array:V:pn json_bytes:p:V bytes_slice:A:p bytes_unref:i:p doc_val:V:p doc_free:i:p
    doc_from_json:i:OTp event_args:A:p client_new_json:i:OTP client_of:p:ps client_on:i:psEp
    client_start:i:p client_call:i:psAiO client_stop:i:p client_free:i:p""".split():
    name, result, arguments = line.split(":")
    globals()[name] = library["peal_" + name]
    globals()[name].restype, globals()[name].argtypes = TYPES[result], [*map(TYPES.get, arguments)]

def text(value):
    return Text(data := json.dumps(value).encode(), len(data))

def python(value):  # what came
    piece = bytes_slice(shared := json_bytes(value))
    return json.loads(c.string_at(piece.at, piece.len)), bytes_unref(shared)

def call(nsp, event, *values):  # waits for the answer, as a list
    given, answer = c.c_void_p(), c.c_void_p()
    doc_from_json(given, text(values), None)
    made = doc_val(given)
    err = client_call(nsp, event, Args(made.at, made.len), 5000, answer)
    got = None if err else python(doc_val(answer))[0]
    doc_free(answer), doc_free(given)
    return got

over = threading.Event()
def on_chat(nsp, event, _):
    args = event_args(event)
    said = python(array(args.at, args.len))[0][0]["text"]
    print(said, flush=True)
    if said == "bye":
        over.set()

client, why, heard = c.c_void_p(), Problem(), On(on_chat)
if client_new_json(client, text({"url": sys.argv[1]}), why):
    sys.exit(why.text.decode())
nsp = client_of(client, None)
client_on(nsp, b"chat", heard, None)
client_start(client)
print("answer", *call(nsp, b"chat", sys.argv[2]), flush=True)
over.wait()
client_stop(client)
client_free(client)
