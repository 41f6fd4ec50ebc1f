# SPDX-License-Identifier: MIT
"""original_device: what SV30 devices were before: python-socketio's Client
that sends heights and two results, and knows of keys only what its
configuration says.

    original_device.py URL [API_KEY]

Prints each acknowledgement as a line of JSON."""
import json
import sys

import socketio

url = sys.argv[1]
key = sys.argv[2] if len(sys.argv) > 2 else None
client = socketio.Client(reconnection=False)
client.connect(url, auth={"api_key": key} if key else None)


def result(t_min):
    return {
        "testId": "SV30-2026-01-31-001-M",
        "timestamp": "2026-01-31T04:00:00.000Z" if t_min else "2026-01-31T03:30:00.000Z",
        "testType": "morning", "t_min": t_min,
        "sludge_height_mm": 95.5 if t_min else 300.0, "mixture_height_mm": 300.0,
        "sv30_height_mm": 95.5 if t_min else 0.0,
        "velocity_mm_per_min": 6.82 if t_min else 0.0,
        "floc_count": 42 if t_min else 0, "floc_avg_size_mm": 1.35 if t_min else 0.0,
        "rgb_clear_zone": {"r": 181, "g": 190, "b": 172},
        "rgb_sludge_zone": {"r": 94, "g": 70, "b": 41},
    }


def say(answer):
    print(json.dumps(answer), flush=True)


# The first one without waiting for an answer, as it did.
client.emit("sludge-data", result(0))
say(client.call("sludge-data", result(0), timeout=20))
client.emit("sludge-height-update", 287.5)
say(client.call("sludge-height-update", 281.25, timeout=20))
say(client.call("sludge-data", result(30), timeout=20))
client.disconnect()
