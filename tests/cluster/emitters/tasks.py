# SPDX-License-Identifier: MIT
"""A Celery worker's task that tells browsers something:
    celery -A tasks worker
with TASKS_REDIS, which is also its broker, and TASKS_CHANNEL."""
import base64
import os

import flask_socketio
from celery import Celery

url = os.environ["TASKS_REDIS"]
app = Celery("tasks", broker=url, backend=url)
app.conf.broker_connection_retry_on_startup = True
sio = flask_socketio.SocketIO(message_queue=url,
                              channel=os.environ["TASKS_CHANNEL"])


def unpack(value):
    """Bytes are {"$bytes": base64}."""
    if isinstance(value, list):
        return [unpack(one) for one in value]
    if isinstance(value, dict):
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"])
        return {key: unpack(one) for key, one in value.items()}
    return value


@app.task
def emit(event, args, nsp="/", to=None, skip=None):
    sio.emit(event, tuple(unpack(args)), namespace=nsp, to=to, skip_sid=skip)
