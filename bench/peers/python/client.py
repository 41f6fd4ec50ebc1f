#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What bench/client does, on python-socketio's AsyncClient."""
import argparse
import asyncio
import gc
import json
import os
import re
import sys
import time

import socketio

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--clients", type=int, default=100)
parser.add_argument("--inflight", type=int, default=1)
parser.add_argument("--settle", type=float, default=0.1)
parser.add_argument("--warmup", type=float, default=0.4)
parser.add_argument("--seconds", type=float, default=1.1)
parser.add_argument("--ack", type=int, default=0)
opts = parser.parse_args()
counts = {"next": 0, "answers": 0}
RIGHT = re.compile(r"hello 1\d{7}$")


def say_and_wait(word):
    gc.collect()
    print(word, flush=True)
    sys.stdin.readline()


def answered(text):
    if not RIGHT.match(text):
        sys.exit("a wrong answer")
    counts["answers"] += 1


async def send(client):
    text = f"hello {10000000 + counts['next'] % 10000000}"
    counts["next"] += 1
    if not opts.ack:
        await client.emit("echo", text)
        return

    async def back(value):
        answered(value)
        await send(client)

    await client.emit("echo", text, callback=back)


async def joined():
    client = socketio.AsyncClient(reconnection=False, handle_sigint=False)

    async def echo(text):
        answered(text)
        await send(client)

    client.on("echo", echo)
    await client.connect(f"http://127.0.0.1:{opts.port}",
                         transports=["websocket"], wait_timeout=20)
    return client


def cpu_s():
    used = os.times()
    return used.user + used.system


async def main():
    say_and_wait("begun")
    clients = []
    for start in range(0, opts.clients, 50):
        clients += await asyncio.gather(*(
            joined() for _ in range(min(50, opts.clients - start))))
    await asyncio.sleep(opts.settle)
    say_and_wait("joined")
    for client in clients:
        for _ in range(opts.inflight):
            await send(client)
    await asyncio.sleep(opts.warmup)
    cpu, wall, before = cpu_s(), time.monotonic(), counts["answers"]
    await asyncio.sleep(opts.seconds)
    # Beside others a short window may pass without any: then it is longer.
    while counts["answers"] == before and time.monotonic() - wall < 20:
        await asyncio.sleep(opts.seconds)
    used, messages = cpu_s() - cpu, counts["answers"] - before
    print(json.dumps({
        "messages": messages, "seconds": time.monotonic() - wall,
        "cpu_s": used, "cpu_us_per_msg": used * 1e6 / max(messages, 1)}),
        flush=True)
    os._exit(0)


asyncio.run(main())
