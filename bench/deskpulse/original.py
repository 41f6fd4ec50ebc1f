# SPDX-License-Identifier: MIT
"""The design that DeskPulse replaces, on Flask-SocketIO, as its users tell it:
a camera thread puts frames into one queue, each client's task takes the next
one out of it, in base64. It is here to be measured.

    python original.py --port PORT PICTURE...
"""
import argparse
import base64
import datetime
import pathlib
import queue
import threading
import time

from flask import Flask, request
from flask_socketio import SocketIO

FPS = 10
app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading", ping_interval=25,
                    ping_timeout=10, cors_allowed_origins="*")
frames = queue.Queue(maxsize=10)


def camera(pictures):
    """Waits while the queue is full: who reads slowly holds it up."""
    seq = 0
    due = time.monotonic()
    while True:
        picture = pictures[seq % len(pictures)]
        seq += 1
        frames.put({
            "timestamp": datetime.datetime.now().isoformat(),
            "posture_state": "good", "user_present": True,
            "confidence_score": 0.9,
            "frame_base64": base64.b64encode(picture).decode(),
            "captured_at": time.time(), "seq": seq})
        due = max(due + 1 / FPS, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))


def stream(sid, gone):
    """All of these read the one queue."""
    while not gone.is_set():
        try:
            update = frames.get(timeout=1)
        except queue.Empty:
            continue
        socketio.emit("posture_update", update, to=sid)


clients = {}


@socketio.on("connect")
def on_connect():
    clients[request.sid] = threading.Event()
    socketio.emit("status", {"message": "Connected to DeskPulse",
                             "timestamp": time.time()}, to=request.sid)
    socketio.start_background_task(stream, request.sid, clients[request.sid])


@socketio.on("disconnect")
def on_disconnect(*_):
    clients.pop(request.sid).set()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("pictures", nargs="+")
    args = parser.parse_args()
    pictures = [pathlib.Path(name).read_bytes() for name in args.pictures]
    threading.Thread(target=camera, args=[pictures], daemon=True).start()
    socketio.run(app, host="127.0.0.1", port=args.port,
                 allow_unsafe_werkzeug=True)


main()
