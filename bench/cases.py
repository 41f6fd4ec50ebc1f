# SPDX-License-Identifier: MIT
"""What is measured, in which figure, and what Peal may cost."""
import os
from typing import NamedTuple, Optional


class Case(NamedTuple):
    name: str
    title: str
    mode: str
    words: list
    budget: Optional[float] = None
    figure: str = "cpu_us_per_msg"  # of the load generator's answer
    workers: int = 1  # of Peal, if it is not asked for others
    peers: tuple = ("floor", "peal", "node")
    server: tuple = ()  # words for Peal and Node, which understand the same

    def is_traffic(self):
        """Costs CPU per message; its budget is a ratio to the floor."""
        return self.figure == "cpu_us_per_msg"


BYTES = "private_bytes_per_client"
IDLE_PEERS = ("peal", "node")
EVERYONE = ("floor", "peal", "node", "flask", "python", "rust", "go")
CORES = len(os.sched_getaffinity(0))

TRAFFIC = [
    Case("echo", "echo, 100 clients, 1 in flight", "echo", [], 1.07),
    Case("echo16", "echo, 100 clients, 16 in flight", "echo",
         ["--inflight", "16"], 1.60),
    Case("echo1000", "echo, 1000 clients, 128 bytes", "echo",
         ["--clients", "1000", "--bytes", "128"]),
    Case("ack", "acknowledgement, 100 clients", "ack", []),
    Case("broadcast", "broadcast to 1000, per delivery", "broadcast", [], 1.03),
    Case("broadcast4", "the same, 4 in one turn", "broadcast",
         ["--inflight", "4"], 1.10),
    Case("connect", "connection: TCP, upgrade, CONNECT", "connect", [], 1.15),
    Case("polling", "polling echo, 100 clients", "polling", [], 1.20),
    Case("echo_2w", "echo, 2 workers on 2 cores", "echo", [], workers=2,
         peers=("floor", "peal")),
    Case("echo16_2w", "echo, 16 in flight, 2 workers", "echo",
         ["--inflight", "16"], workers=2, peers=("floor", "peal")),
    Case("broadcast_2w", "broadcast to 1000, 2 workers", "broadcast", [],
         workers=2, peers=("floor", "peal")),
]
SILENCE = [
    Case("idle", "idle client, bytes", "idle", [], 750, BYTES,
         peers=IDLE_PEERS),
    Case("idle_chrome", "the same, Chrome's head, cookie", "idle",
         ["--chrome"], 1100, BYTES, peers=IDLE_PEERS),
    Case("churn", "bytes left by 100,000 clients", "churn", [], 1 << 20,
         "left_bytes", peers=IDLE_PEERS),
    # Heartbeats alone: none falls into a window so soon after connecting.
    Case("turns", "turns/s, WebSocket clients idle", "turns", [], 5,
         "turns_per_s", peers=("peal",)),
    Case("waiting", "turns/s, polling clients wait", "waiting", [], 5,
         "turns_per_s", peers=("peal",)),
]
# What a server that does more pays for it; "echo" and "broadcast" are without.
FEATURES = [
    Case("echo_all", f"echo, all workers ({CORES})", "echo", [], workers=CORES,
         peers=("floor", "peal")),
    Case("paced", "echo, 20,000 a second", "paced",
         ["--inflight", "1024", "--rate", "20000"], peers=("floor", "peal")),
    Case("paced_2w", "echo, 40,000 a second, 2 workers", "paced",
         ["--inflight", "1024", "--rate", "40000"], workers=2,
         peers=("floor", "peal")),
    Case("broadcast_room", "broadcast to a room of 1000", "broadcast", [],
         server=("--rooms", "1")),
    Case("broadcast_rooms", "to 10 rooms, each client in two", "broadcast", [],
         server=("--rooms", "10")),
    Case("broadcast_rooms_2w", "the same, 2 workers", "broadcast", [],
         workers=2, peers=("floor", "peal"), server=("--rooms", "10")),
    Case("echo_recovery", "echo, recovery on", "echo", ["--offsets"],
         peers=("peal", "node"), server=("--recovery", "120")),
    Case("broadcast_recovery", "broadcast to 1000, recovery on", "broadcast",
         ["--offsets"], peers=("peal", "node"), server=("--recovery", "120")),
    Case("echo_msgpack", "echo in MessagePack", "echo", ["--msgpack"],
         peers=("peal", "node"), server=("--parser", "msgpack")),
    Case("broadcast_msgpack", "broadcast to 1000 in MessagePack", "broadcast",
         ["--msgpack"], peers=("peal", "node"), server=("--parser", "msgpack")),
]
# A table of its own: Peal beside the servers of other languages. Flask has a
# thread for each client, so there are few.
OTHERS = [
    Case("others_echo", "echo, 100 clients", "echo", [], peers=EVERYONE),
    Case("others_echo16", "echo, 16 in flight", "echo", ["--inflight", "16"],
         peers=EVERYONE),
    Case("others_broadcast", "broadcast to 100, per delivery", "broadcast",
         ["--clients", "100"], peers=EVERYONE),
]
MANY = Case("idle_10k", "idle client, bytes, of 10,000", "idle",
            ["--clients", "10000"], 750, BYTES, peers=IDLE_PEERS)
CASES = TRAFFIC + FEATURES + OTHERS + SILENCE + [MANY]
# Programs of their own, with tables of their own, and their words for a glance.
COMPANIONS = {
    "tls": (["tls/run", "--only", "echo"], ["--quick", "--rounds", "1"]),
    "deflate": (["deflate.js"], ["--seconds", "0.2", "--clients", "10"]),
}
# What each extra worker on a core of its own must add, in workers. At a pace
# that is the same for each worker no turn serves more messages because the
# others are behind, as it does where the load takes a share of a worker's core.
WORKER_BUDGET = 0.85
SCALING = {"paced": ("paced_2w",), "echo": ("echo_2w", "echo_all"),
           "echo16": ("echo16_2w",)}
FEATURE_NAMES = [c.name for c in [*FEATURES, *OTHERS, MANY]]
GROUPS = {
    "features": FEATURE_NAMES,
    # With what they are compared to, and the programs of their own.
    "new": ["echo", "echo_2w", "broadcast", "broadcast_2w", *FEATURE_NAMES,
            *COMPANIONS],
}
# At a share of the most that a peer can echo, one message in flight: what the
# others do at that rate. Node cannot keep the rate of the others.
LATENCY = {
    "latency_node": ("node", ("floor", "peal", "node")),
    "latency_peal": ("peal", ("floor", "peal")),
}
LATENCY_SHARE = 0.7
INSTRUCTIONS_BUDGET = {"echo16": 1500}  # bench/count


def names():
    return [c.name for c in CASES] + list(LATENCY) + list(COMPANIONS)


def figure(case, result):
    """The one number of a result that counts."""
    return result[case.figure]


def ratio(row, name, base):
    if not row.get(name) or not row.get(base):
        return None
    return row[name] / row[base]


def added_by_worker(one, more, workers):
    """What each worker beside the first adds, in workers, by the CPU time of a
    message with one and with so many: a core that is busy with messages of c
    microseconds does 1 / c."""
    return (workers * one / more - 1) / (workers - 1)


def verdict(case, row):
    """What Peal may cost, and whether it does; "" if there is no budget."""
    if case.budget is None or "peal" not in row:
        return ""
    if not case.is_traffic():
        missed = row["peal"] > case.budget
        return f"<= {case.budget:.0f}" + ("  missed" if missed else "")
    to_floor = ratio(row, "peal", "floor")
    if to_floor is None:
        return ""
    return f"{case.budget:.2f}" + ("" if to_floor <= case.budget else "  missed")
