# SPDX-License-Identifier: MIT
"""permessage-deflate with the clients of Python: websockets with all its
parameters, and aiohttp, against deflate/main.c.

usage: deflate_client.py PORT"""
import asyncio
import itertools
import sys

import aiohttp
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory)

SIZES = [16, 1024, 16384, 1024]


def text(size):
    line = '{"ward": 3, "patient": "Ann", "value": %d}\n'
    out = ""
    while len(out) < size:
        out += line % len(out)
    return out[:size]


async def echo(send, recv, sizes=SIZES):
    for size in sizes:
        await send(text(size))
        assert await recv() == text(size), size


async def with_websockets(url, **params):
    factory = ClientPerMessageDeflateFactory(**params)
    async with connect(url, extensions=[factory], max_size=1 << 22,
                       compression=None) as ws:
        assert ws.protocol.extensions, (url, params)
        await echo(ws.send, ws.recv)


async def with_aiohttp(url, bits):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, compress=bits,
                                      max_msg_size=1 << 22) as ws:
            assert ws.compress, (url, bits)
            await echo(ws.send_str, ws.receive_str, [16, 131072, 1024])


async def main(port):
    for takeover in ("none", "s", "c", "sc"):
        for bits in (9, 15):
            url = f"ws://127.0.0.1:{port}/ws/{takeover}/{bits}/15"
            for server, client, window, own in itertools.product(
                    (False, True), (False, True), (None, 9),
                    (None, True, 9)):
                await with_websockets(
                    url, server_no_context_takeover=server,
                    client_no_context_takeover=client,
                    server_max_window_bits=window,
                    client_max_window_bits=own)
        for own in (9, 15):
            await with_aiohttp(url, own)
    print("ok")


asyncio.run(main(int(sys.argv[1])))
