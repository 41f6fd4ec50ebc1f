# SPDX-License-Identifier: MIT
"""What the cost suite is made of: the server as a process that is watched,
and clients on raw sockets that can stop at any byte.

Nothing here waits for a time: what is awaited is a condition, with a deadline
that only a machine at a standstill would miss.
"""
import contextlib
import json
import os
import re
import resource
import select
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time

PATIENCE_S = 60
BIN = os.environ.get("PEAL_BIN") or os.path.join(
    os.path.dirname(__file__), "../../build/release/bin")
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ENGINE = "/socket.io/?EIO=4&transport="


class Wrong(Exception):
    """A budget that was missed, or an answer that did not come."""


def expect(truth, text):
    if not truth:
        raise Wrong(text)


def until(condition, what, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < end, f"waited {seconds} s for {what}")
        time.sleep(0.02)


def raise_descriptors():
    """As many open files as the system allows; returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


# -- the server ----------------------------------------------------------------


class Server:
    """peal-cost-server in a process of its own; `with Server(...) as server`.
    `hold`: the time limits of HTTP are so long that no state ends by itself."""

    def __init__(self, hold=True, unread=False, **options):
        words = [os.path.join(BIN, "peal-cost-server")]
        if hold:
            words += ["--hold", "300000"]
        for name, value in options.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        # Unread: a pipe that nobody empties, as of a supervisor that hangs.
        self.log = os.fdopen(os.pipe()[1], "w") if unread else \
            tempfile.TemporaryFile("w+")
        self.unread = unread
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        line = self.process.stdout.readline().split()
        expect(line[:1] == ["port"], "the server did not start")
        self.pid, self.port = self.process.pid, int(line[1])
        self.control = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.control:
            self.control.close()
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        lines = [] if self.unread else self.log_lines()
        self.log.close()
        if kind is not None or code != 0:
            print("\n".join([f"     the server, {code}; its log ends:",
                             *lines[-5:]]))
        expect(kind is not None or code == 0, f"the server ended with {code}")

    def log_lines(self):
        self.log.seek(0)
        return self.log.read().splitlines()

    def ask(self, target):
        if self.control is None:
            self.control = Client(self)
        _, body = self.control.request("GET", target)
        return json.loads(body)

    def figures(self):
        return self.ask("/figures")

    def alive(self):
        return self.process.poll() is None

    def cpu_s(self):
        """CPU time of the process, in fine steps."""
        return time.clock_gettime((~self.pid) << 3 | 2)

    def memory(self, name="VmRSS"):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            found = re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.M)
        return int(found[1]) * 1024

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as f:
            f.write("5")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def settle(self, most_cpu_s=float("inf")):
        """Wait until it computes nothing for a while, or has taken so much."""
        began = last = self.cpu_s()
        still, end = 0, time.monotonic() + PATIENCE_S
        while still < 3 and time.monotonic() < end:
            time.sleep(0.1)
            now = self.cpu_s()
            still = still + 1 if now - last < 0.003 else 0
            last = now
            if now - began > most_cpu_s:
                break
        return last - began


# -- clients -------------------------------------------------------------------


def frame(data, op=1, fin=True):
    """A client's frame; the mask is zero, so the payload stands as it is."""
    data = data.encode() if isinstance(data, str) else data
    head = bytes([(0x80 if fin else 0) | op])
    if len(data) < 126:
        head += bytes([0x80 | len(data)])
    elif len(data) < 65536:
        head += bytes([0xfe]) + struct.pack(">H", len(data))
    else:
        head += bytes([0xff]) + struct.pack(">Q", len(data))
    return head + b"\0\0\0\0" + data


def http_head(method, target, fields=""):
    return (f"{method} {target} HTTP/1.1\r\nHost: peal\r\n"
            f"{fields}\r\n").encode()


def upgrade(sid=None, fields=""):
    more = f"&sid={sid}" if sid else ""
    return http_head("GET", f"{ENGINE}websocket{more}",
                     "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     f"Sec-WebSocket-Key: {KEY}\r\n{fields}")


def address(number):
    """Each client has an address of its own: limits per address are not
    what the states are about."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


class Client:
    """One TCP connection."""

    def __init__(self, server, number=None, receive_bytes=None):
        self.server = server
        self.number = number
        self.sid = None
        self.buffer = b""
        self.socket = socket.socket()
        if number is not None:
            self.socket.setsockopt(socket.IPPROTO_IP, 24, 1)  # port at connect
            self.socket.bind((address(number), 0))
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_bytes)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.socket.sendall(data)

    def say(self, data, op=1, fin=True):
        self.send(frame(data, op, fin))

    def more(self, most=1 << 18):
        data = self.socket.recv(most)
        if not data:
            raise EOFError("the server has closed")
        self.buffer += data

    def need(self, count):
        while len(self.buffer) < count:
            self.more()

    def take(self, count):
        self.need(count)
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return head

    def answer(self):
        """(status, body) of one answer."""
        head = self.head()
        length = re.search(rb"content-length: *(\d+)", head, re.I)
        return int(head.split()[1]), self.take(int(length[1]) if length else 0)

    def request(self, method, target, body=b""):
        fields = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
        self.send(http_head(method, target, fields) + body)
        return self.answer()

    def next_frame(self):
        """(opcode, payload) of what the server sends."""
        self.need(2)
        op, length, at = self.buffer[0] & 15, self.buffer[1] & 127, 2
        if length > 125:
            at = 4 if length == 126 else 10
            self.need(at)
            length = int.from_bytes(self.buffer[2:at], "big")
        return op, self.take(at + length)[at:]

    def hear(self):
        """The next text; pings are answered."""
        while True:
            op, data = self.next_frame()
            if op == 8:
                raise EOFError(f"close frame {data!r}")
            if data == b"2":
                self.say("3")
            elif op == 1:
                return data.decode()

    def hear_until(self, begin):
        while True:
            text = self.hear()
            if text.startswith(begin):
                return text

    def close(self):
        """By a reset, which leaves no port in TIME_WAIT."""
        if self.socket.fileno() >= 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
            self.socket.close()

    # -- the steps of the protocol

    def begin_websocket(self, sid=None):
        self.send(upgrade(sid))

    def opened(self):
        head = self.head()
        expect(b" 101 " in head, f"expected 101, got {head[:60]!r}")
        self.sid = json.loads(self.hear()[1:])["sid"]

    def websocket(self, namespace=""):
        """All steps at once, up to the namespace."""
        self.begin_websocket()
        self.opened()
        self.say("40" + namespace)
        expect(self.hear().startswith("40"), "CONNECT was not accepted")
        return self

    def polling(self):
        status, body = self.request("GET", f"{ENGINE}polling")
        expect(status == 200, f"handshake: {status} {body[:80]!r}")
        self.sid = json.loads(body[1:])["sid"]
        return self

    def session(self):
        return f"{ENGINE}polling&sid={self.sid}"

    def post(self, body):
        body = body.encode() if isinstance(body, str) else body
        return self.request("POST", self.session(), body)

    def poll(self):
        return self.request("GET", self.session())[1].decode()

    def polling_namespace(self):
        self.polling()
        self.post("40")
        self.poll()
        return self


def pour(client, data, stall_s=5):
    """Send all of `data` and drop what comes back, until the server has closed,
    has taken nothing for `stall_s`, or has worked off all of it. Returns the
    bytes sent."""
    sent, view = 0, memoryview(data)
    poll = select.poll()
    client.socket.setblocking(False)
    with ignoring_the_end():
        while sent < len(view):
            poll.register(client.socket, select.POLLIN | select.POLLOUT)
            ready = poll.poll(stall_s * 1000)
            if not ready or not drop_input(client, ready[0][1]):
                break
            if ready[0][1] & select.POLLOUT:
                sent += client.socket.send(view[sent:sent + (1 << 18)])
        if sent == len(view):
            drop_until_quiet(client, poll)
    client.socket.settimeout(PATIENCE_S)
    return sent


def push(client, data, stall_s=3):
    """Send and never read, also to a server that has closed its side. Returns
    the bytes that it took."""
    sent, view = 0, memoryview(data)
    client.socket.settimeout(stall_s)
    with ignoring_the_end():
        while sent < len(view):
            sent += client.socket.send(view[sent:sent + (1 << 18)])
    client.socket.settimeout(PATIENCE_S)
    return sent


def drop_input(client, ready):
    """False when the server has closed."""
    return not ready & select.POLLIN or client.socket.recv(1 << 18) != b""


def drop_until_quiet(client, poll, most_s=10):
    poll.register(client.socket, select.POLLIN)
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        before = client.server.cpu_s()
        ready = poll.poll(250)
        if ready and not drop_input(client, ready[0][1]):
            return
        if not ready and client.server.cpu_s() - before < 0.003:
            return


@contextlib.contextmanager
def ignoring_the_end():
    """A hostile client that is thrown out has found nothing."""
    try:
        yield
    except (EOFError, OSError):
        pass


class Neighbour:
    """An honest client that asks for an echo again and again."""

    def __init__(self, server):
        self.client = Client(server, number=15000).websocket("/near,")
        self.times_ms = []
        self.thread = None
        self.going = False

    def echo(self):
        began = time.monotonic()
        self.client.say('42/near,["echo","still there?"]')
        self.client.hear_until('42/near,["echo"')
        self.times_ms.append((time.monotonic() - began) * 1000)

    def _run(self):
        with ignoring_the_end():
            while self.going:
                self.echo()
                time.sleep(0.002)

    def __enter__(self):
        self.times_ms, self.going = [], True
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        self.thread.join()

    def median_ms(self):
        return statistics.median(self.times_ms or [float("inf")])

    def worst_ms(self):
        return max(self.times_ms or [float("inf")])
