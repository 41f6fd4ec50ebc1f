# SPDX-License-Identifier: MIT
"""The client of before in Python: python-socketio's Client, with the options, the
listeners and the emits of the page. Prints what it heard, a JSON line each.
  original_client.py URL TOKEN ROOM [DEVICE KEY]
"""
import json
import sys
import threading

import socketio

url, token, room = sys.argv[1:4]
lock = threading.Condition()
heard = []


def note(name):
    def handler(data=None):
        with lock:
            heard.append((name, data))
            print(json.dumps([name, data]), flush=True)
            lock.notify_all()
    return handler


def wait(name, test=lambda data: True):
    with lock:
        if not lock.wait_for(lambda: any(n == name and test(d) for n, d in heard), timeout=30):
            sys.exit(f"waited in vain for {name}")


client = socketio.Client(reconnection=True, reconnection_attempts=5, reconnection_delay=1)
for name in ("connect", "disconnect", "connect_error", "status", "error", "message",
             "conversation_history", "conversation_cleared", "vital_update", "device_update"):
    client.on(name, note(name))

client.connect(url, auth={"token": token}, transports=["polling", "websocket"], wait_timeout=20)
client.emit("join_room", {"room": room})
wait("status", lambda data: data.get("room") == room)
client.emit("send_message", {"message": "Hello from Python"})
wait("message", lambda data: data["role"] == "assistant")
client.emit("get_conversation_history")
wait("conversation_history", lambda data: "Hello from Python" in json.dumps(data))
client.emit("clear_conversation")
wait("conversation_cleared")

if len(sys.argv) > 5:
    device = socketio.Client(reconnection=False)
    device.connect(url, auth={"device_id": sys.argv[4], "device_key": sys.argv[5]},
                   transports=["websocket"], wait_timeout=20)
    ack = device.call("vitals", {"metric": "spo2", "value": 93, "unit": "%"}, timeout=20)
    with lock:
        print(json.dumps(["ack", ack]), flush=True)
    wait("vital_update", lambda data: data["value"] == 93)
    wait("device_update", lambda data: data["online"])
    device.disconnect()
client.disconnect()
wait("disconnect")
