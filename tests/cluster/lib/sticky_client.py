# SPDX-License-Identifier: MIT
"""A client of python-socketio behind a balancer: sticky_client.py URL HOW.

HOW is "polling" or "both" (it upgrades). Ends with 0 if all that it said has
come back, in order and once."""
import sys

import socketio

url, how = sys.argv[1:3]
client = socketio.Client(reconnection=False)
heard = []
client.on("echoed", lambda i, data: heard.append((i, len(data), isinstance(data, str))))
client.connect(url, transports=["polling"] if how == "polling" else None)
expected = []
for i in range(10):
    data = b"\x01\x02" * (50 * i + 1) if i % 2 else "é" * (10 * i + 1)
    client.call("echo", (i, data), timeout=20)
    expected.append((i, len(data), isinstance(data, str)))
transport = client.transport()
client.disconnect()
if heard != expected:
    sys.exit(f"{heard} is not {expected}")
if transport != ("polling" if how == "polling" else "websocket"):
    sys.exit(f"it is on {transport}")
