# SPDX-License-Identifier: MIT
"""A viewer on python-socketio, as its documentation has one.

    python viewer.py URL FORM     FORM: base64 or binary

Says what it got as lines of JSON; pauses and resumes; ends."""
import base64
import json
import sys
import threading

import socketio

url, form = sys.argv[1:]
client = socketio.Client()
seen = threading.Event()


def say(event, **what):
    print(json.dumps({"event": event, **what}), flush=True)


@client.on("status")
def on_status(data):
    say("status", **data)


@client.on("posture_update")
def on_update(data):
    if not seen.is_set():
        picture = base64.b64decode(data["frame_base64"], validate=True)
        say("posture_update", size=len(picture), seq=data["seq"])
    seen.set()


@client.on("posture_frame")
def on_frame(data):
    if not seen.is_set():
        say("posture_frame", size=len(data["frame"]), seq=data["seq"])
    seen.set()


client.connect(url, auth={"frames": form})
if not seen.wait(60):
    sys.exit("no picture came")
for event in ("pause_monitoring", "resume_monitoring"):
    say(event, **client.call(event, timeout=30))
say("set_threshold", **client.call("set_threshold", {"minutes": 0}, timeout=30))
client.disconnect()
