import os

from flask import Flask, jsonify, request, session
from flask_socketio import (ConnectionRefusedError, SocketIO, emit, join_room,
                            leave_room)

app = Flask(__name__)
app.secret_key = "of this example"
socketio = SocketIO(app, async_mode="threading")


@app.route("/health")
def health():
    return jsonify(ok=True)


@socketio.on("connect")
def on_connect(auth):
    if not auth or auth.get("token") != "open sesame":
        raise ConnectionRefusedError("who are you?")
    session["name"] = auth["name"]
    emit("welcome", {"name": session["name"]})


@socketio.on("enter")
def on_enter(room):
    join_room(room)
    emit("entered", {"name": session["name"]}, to=room, include_self=False)
    return "ok"


@socketio.on("leave")
def on_leave(room):
    leave_room(room)
    return "ok"


@socketio.on("say")
def on_say(room, text):
    emit("said", {"name": session["name"], "text": text}, to=room)
    return "ok"


@socketio.on("shout")
def on_shout(text):
    emit("shouted", text, broadcast=True, include_self=False)


@socketio.on("picture")
def on_picture(data):
    return {"size": len(data), "data": data}


@socketio.on("ask me")
def on_ask_me():
    sid = request.sid

    def on_answer(answer):
        socketio.emit("thanks", answer, to=sid)

    emit("question", "tea or coffee?", callback=on_answer)


@socketio.on("disconnect")
def on_disconnect(reason):
    emit("gone", {"name": session["name"]}, broadcast=True,
         include_self=False)


def clock():
    n = 0
    while True:
        n += 1
        socketio.emit("tick", n, namespace="/clock")
        socketio.sleep(0.5)


@socketio.on("connect", namespace="/clock")
def on_clock():
    pass


if __name__ == "__main__":
    socketio.start_background_task(clock)
    socketio.run(app, host="127.0.0.1", port=int(os.environ["PORT"]),
                 allow_unsafe_werkzeug=True)
