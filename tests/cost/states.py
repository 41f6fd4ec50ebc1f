# SPDX-License-Identifier: MIT
"""Every state a connection can be in: how one client gets there and stays,
what it may cost the server in memory, and the cheapest hostile input that was
found for it.

`enter` brings one client there. `hostile` sends its input to the server, from
few clients, and returns how many bytes that was. Memory is what the process
grew by, for each client, buffers of the allocator and all.
"""
from typing import Callable, NamedTuple, Optional

from kit import Client, ENGINE, expect, frame, http_head, pour, push

# Sizes of hostile inputs: enough to see a cost, little enough to wait for.
MANY = 20000
BODY = 990_000  # just below max_payload_bytes
PLACEHOLDER = '{"_placeholder":true,"num":0}'


class State(NamedTuple):
    name: str
    title: str
    enter: Callable
    hostile: Callable
    bytes_each: int  # ceiling of the memory of one client
    options: dict = {}  # of the server
    receive_bytes: Optional[int] = None  # SO_RCVBUF of the clients
    settle: Optional[Callable] = None  # once all are there
    windows: int = 3  # to look for a quiet one; 1 where the state ends soon
    leave: Optional[Callable] = None  # before the sockets close


# -- HTTP ----------------------------------------------------------------------


def stay(_client):
    pass


def half_head(client):
    client.send(b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: peal\r\nX-Half: y")


def keep_alive(client):
    expect(client.request("GET", "/nothing")[0] == 404, "expected 404")


def refused_request(client):
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    client.head()


def connect_and_go(server):
    for number in range(2000):
        Client(server, 11000 + number % 100).close()
    return 0


def head_in_single_bytes(server):
    sent = 0
    for number in range(20):
        client = Client(server, 11000 + number)
        client.send(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(500):
            client.send(b"y")
        sent += 519
        client.close()
    return sent


def in_one_go(data, before=None):
    """A client that gets somewhere, then sends all of `data`."""
    def hostile(server):
        client = Client(server, 11000)
        if before:
            before(client)
        sent = pour(client, data() if callable(data) else data)
        client.close()
        return sent
    return hostile


SMALL_REQUESTS = http_head("GET", "/nothing") * 5000
REFUSED = http_head("GET", ENGINE + "carrier-pigeon") * 5000


# -- polling ---------------------------------------------------------------------


def handshake_polling(client):
    client.polling()


def refused_handshake(client):
    status, _ = client.request("GET", ENGINE + "carrier-pigeon")
    expect(status == 400, f"expected 400, got {status}")


def waiting_poll(client):
    client.polling_namespace()
    client.send(http_head("GET", client.session()))


def half_a_post(client):
    client.polling_namespace()
    client.send(http_head("POST", client.session(),
                          "Content-Length: 1000\r\n") + b'42["half')


def half_a_probe(client):
    client.polling_namespace()
    client.probe = Client(client.server, client.number)
    client.probe.begin_websocket(client.sid)
    expect(b" 101 " in client.probe.head(), "no upgrade")
    client.probe.say("2probe")
    expect(client.probe.hear() == "3probe", "no answer to the probe")


def end_sessions(server, clients):
    """Polling sessions do not end with their connections: end them."""
    control = Client(server)
    for client in clients:
        if hasattr(client, "probe"):
            client.probe.close()
        client.close()
        control.sid = client.sid
        control.post("1")
    control.close()


def many_packets(packet):
    count = BODY // (len(packet) + 1)
    return "\x1e".join([packet] * count).encode()


def posts(body):
    def hostile(server):
        client = Client(server, 11000).polling_namespace()
        for _ in range(2):
            client.post(body)
        client.close()
        return 2 * len(body)
    return hostile


def many_handshakes():
    fields = "".join(f"X-{i}: {'y' * 1900}\r\n" for i in range(4))
    return http_head("GET", f"{ENGINE}polling", fields) * 2000


def chunks_of_one_byte():
    return b"1\r\n4\r\n" * 100_000


def into_a_chunked_post(client):
    client.polling_namespace()
    client.send(http_head("POST", client.session(),
                          "Transfer-Encoding: chunked\r\n"))


# -- WebSocket ---------------------------------------------------------------------


def handshake_websocket(client):
    client.begin_websocket()
    client.opened()


def in_namespace(client):
    client.websocket()


def half_a_frame(client):
    client.websocket()
    client.send(frame("x" * 1000)[:30])


def open_message(client):
    client.websocket()
    client.say('42["echo","', fin=False)


def announced(client):
    client.websocket()
    client.say(f'452-["echo",{PLACEHOLDER},'
               '{"_placeholder":true,"num":1}]')


def in_middleware(client):
    handshake_websocket(client)
    client.say("40/slow,")


def middleware_and_go(server):
    for number in range(1000):
        client = Client(server, 11000 + number)
        in_middleware(client)
        client.close()
    return 0


def refused_namespace(client):
    handshake_websocket(client)
    client.say("40/refused,")
    expect(client.hear().startswith("44/refused"), "expected a refusal")


def after_probe(client):
    half_a_probe(client)
    client.socket, client.probe.socket = client.probe.socket, client.socket


def attachment_many_times():
    count = BODY // (len(PLACEHOLDER) + 1)
    text = f'451-["relay",{",".join([PLACEHOLDER] * count)}]'
    return frame(text) + frame(b"m" * 10_000, op=2)


def broadcast_unread(server):
    server.ask("/broadcast?count=100&bytes=1000")


def relay_to_the_unread(server):
    return in_one_go(frame('42["relay","x"]') * 500, in_namespace)(server)


def server_closes(server):
    server.ask("/close")


def go_on_after_the_close(server):
    """The server has closed, the client goes on as if nothing was."""
    client = Client(server, 11000).websocket()
    server.ask("/close")
    sent = pour(client, frame('42["echo","x"]') * 400_000)
    client.close()
    return sent


def go_on_after_the_refusal(server):
    client = Client(server, 11000)
    refused_request(client)
    sent = push(client, b"x" * (128 << 20))
    client.close()
    expect(sent < 32 << 20, f"{sent >> 20} MB were read after a refusal")
    return sent


def release(server, _clients):
    server.ask("/release")


QUEUE = 65536  # the ceiling of a send queue where nobody reads

STATES = [
    State("tcp_silent", "TCP open and silent", stay, connect_and_go, 1024),
    State("half_head", "half a head", half_head, head_in_single_bytes, 1536),
    State("keep_alive", "keep-alive, idle", keep_alive,
          in_one_go(SMALL_REQUESTS), 1024),
    State("refused_request", "after a refused request", refused_request,
          go_on_after_the_refusal, 1024),
    State("refused_handshake", "after a refused handshake", refused_handshake,
          in_one_go(REFUSED), 1024),
    State("handshake_polling", "handshake, polling", handshake_polling,
          in_one_go(many_handshakes), 1536, leave=end_sessions,
          options={"connect_timeout": 20000}),
    State("waiting_poll", "waiting poll", waiting_poll,
          posts(many_packets('42["a"]')), 3072, leave=end_sessions),
    State("half_post", "half of a POST", half_a_post,
          in_one_go(chunks_of_one_byte, into_a_chunked_post), 4096,
          leave=end_sessions),
    State("half_probe", "probe half done", half_a_probe,
          in_one_go(frame("2probe") * MANY, after_probe), 3072,
          leave=end_sessions),
    State("handshake_websocket", "handshake, WebSocket", handshake_websocket,
          in_one_go(frame("40/none,") * MANY, handshake_websocket), 1536),
    State("in_namespace", "in a namespace, idle", in_namespace,
          in_one_go(frame('42["a"]') * (4 * MANY), in_namespace), 1536),
    State("half_frame", "half a frame", half_a_frame,
          in_one_go(frame("", op=9) * MANY, in_namespace), 3072),
    State("open_message", "a message in fragments", open_message,
          in_one_go(frame("", op=0, fin=False) * MANY, open_message), 3072),
    State("attachments", "attachments announced", announced,
          in_one_go(attachment_many_times, in_namespace), 3072),
    State("unread", "reads nothing, 100 KB sent to it", in_namespace,
          relay_to_the_unread, 8192, receive_bytes=4096,
          options={"queue": QUEUE, "policy": 2}, settle=broadcast_unread),
    State("closing", "closed by the server, silent", in_namespace,
          go_on_after_the_close, 3072, settle=server_closes, windows=1),
    State("middleware", "in a middleware", in_middleware, middleware_and_go,
          2048, leave=release),
    State("refused_namespace", "after a refused CONNECT", refused_namespace,
          in_one_go(frame("40/refused,") * MANY, handshake_websocket), 1536),
]
