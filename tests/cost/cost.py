#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What every state of a connection costs: the six questions, asked of 1,000
clients in it (PEAL_COST_CLIENTS). A row of figures is printed for each state:

  turns/s, CPU %   of the worker while nothing happens
  bytes            the process grew by, for each client
  CPU s, MB        that the hostile input took, for so many KB sent
  echo ms          of an honest neighbour meanwhile, median and worst

and the budgets are held: no turns but those of timers, memory below the
state's ceiling, a neighbour that is answered, and every descriptor and
session given back when the clients have gone. Times are asked only for what
would be wrong on the slowest machine.

Faults that were found once are cases of their own (faults.py). What is known
to fail stands in expected_to_fail.txt; a case that is listed there and passes
is an error, too, unless its name has a question mark: what spins only a little
may look quiet on a busy machine.

usage: cost.py --list | all | NAME...      environment: PEAL_BIN, the folder of
       peal-cost-server (build/release/bin)
"""
import os
import pathlib
import sys
import time
import traceback

from faults import FAULTS
from kit import Client, Neighbour, Server, Wrong, expect, raise_descriptors
from kit import until
from states import STATES

CLIENTS = int(os.environ.get("PEAL_COST_CLIENTS", "1000"))
WARM = 10  # clients that are there before memory is measured
WINDOW_S = 2.0
TURNS_PER_S = 50
CPU_SHARE = 0.05
HOSTILE_CPU_S = 3.0
HOSTILE_BYTES = 96 << 20
ECHO_MEDIAN_MS = 2000
ECHO_WORST_MS = 15000
KNOWN = pathlib.Path(__file__).resolve().parent / "expected_to_fail.txt"
HEAD = (f"{'state':33}{'turns/s':>9}{'CPU %':>7}{'bytes':>8}"
        f"{'CPU s':>8}{'MB':>6}{'of KB':>8}{'echo ms':>16}")


def enter(state, server, numbers):
    clients = []
    for number in numbers:
        client = Client(server, number, state.receive_bytes)
        clients.append(client)
        state.enter(client)
    return clients


def quietest_window(server, windows):
    """(turns per second, share of a CPU) while nothing happens. The quietest
    counts: a heartbeat may fall into the others."""
    best = None
    for _ in range(windows):
        turns, cpu = server.figures()["turns"], server.cpu_s()
        began = time.monotonic()
        time.sleep(WINDOW_S)
        took = time.monotonic() - began
        window = ((server.figures()["turns"] - turns) / took,
                  (server.cpu_s() - cpu) / took)
        best = min(best or window, window)
        if best[0] < TURNS_PER_S and best[1] < CPU_SHARE:
            break
    return best


def hostile(state, server, neighbour):
    """(CPU seconds, bytes the process grew by at most, bytes sent)."""
    server.settle()
    server.forget_peak()
    before, cpu = server.memory(), server.cpu_s()
    with neighbour:
        sent = state.hostile(server)
        server.settle(HOSTILE_CPU_S)
    return (server.cpu_s() - cpu, server.memory("VmHWM") - before, sent)


def given_back(server, descriptors):
    def all_of_it():
        figures = server.figures()
        return (server.descriptors() == descriptors and
                figures["clients"] == 1 and figures["sockets"] == 1)
    try:
        until(all_of_it, "everything to be given back")
    except Wrong as error:
        raise Wrong(f"{error}: {server.descriptors()} descriptors instead of "
                    f"{descriptors}, {server.figures()}") from None


def judge(state, idle, each, cost, neighbour):
    """All that is wrong, not only the first of it."""
    checks = [
        (idle[0] < TURNS_PER_S, f"{idle[0]:.0f} turns a second when idle"),
        (idle[1] < CPU_SHARE, f"{idle[1] * 100:.0f} % CPU when idle"),
        (each < state.bytes_each,
         f"{each:.0f} bytes a client, ceiling {state.bytes_each}"),
        (cost[0] < HOSTILE_CPU_S, f"hostile input took {cost[0]:.1f} s CPU"),
        (cost[1] < HOSTILE_BYTES, f"hostile input took {cost[1] >> 20} MB"),
        (neighbour.median_ms() < ECHO_MEDIAN_MS,
         f"a neighbour's echo took {neighbour.median_ms():.0f} ms"),
        (neighbour.worst_ms() < ECHO_WORST_MS,
         f"one echo of a neighbour took {neighbour.worst_ms():.0f} ms"),
    ]
    wrong = [text for right, text in checks if not right]
    expect(not wrong, "; ".join(wrong))


def measure(state, server):
    neighbour = Neighbour(server)
    neighbour.echo()
    server.figures()
    descriptors = server.descriptors()
    clients = enter(state, server, range(WARM))
    server.settle(1)
    before = server.memory()
    clients += enter(state, server, range(WARM, WARM + CLIENTS))
    if state.settle:
        state.settle(server)
    idle = quietest_window(server, state.windows)
    each = (server.memory() - before) / CLIENTS
    cost = hostile(state, server, neighbour)
    print(f"{state.title:33}{idle[0]:9.1f}{idle[1] * 100:7.1f}{each:8.0f}"
          f"{cost[0]:8.2f}{cost[1] / (1 << 20):6.0f}{cost[2] / 1000:8.0f}"
          f"{neighbour.median_ms():8.1f}{neighbour.worst_ms():8.0f}",
          flush=True)
    if state.leave:
        state.leave(server, clients)
    for client in clients:
        client.close()
    judge(state, idle, each, cost, neighbour)
    given_back(server, descriptors)


def run_state(state):
    with Server(**state.options) as server:
        measure(state, server)


def cases():
    found = {state.name: lambda state=state: run_state(state)
             for state in STATES}
    found.update({f"fault_{name}": fn for name, fn in FAULTS.items()})
    return found


def known_to_fail():
    """{name: whether it may pass}"""
    lines = KNOWN.read_text().splitlines() if KNOWN.exists() else []
    names = {line.split("#")[0].strip() for line in lines}
    return {n.rstrip("?"): n.endswith("?") for n in names - {""}}


def run(name, fn, known):
    """Returns whether all is as it should be."""
    try:
        fn()
    except (Wrong, EOFError, OSError, ValueError) as error:
        print(f"{'expected' if name in known else 'FAIL'} {name}\n     {error}")
        if name not in known and not isinstance(error, Wrong):
            traceback.print_exc(file=sys.stdout)
        return name in known
    if name in known and not known[name]:
        print(f"FAIL {name}\n     it passes: take it out of {KNOWN.name}")
        return False
    print(f"ok   {name}")
    return True


def main():
    every = cases()
    if sys.argv[1:] == ["--list"]:
        print(";".join(every), end="")
        return 0
    names = list(every) if sys.argv[1:] == ["all"] else sys.argv[1:]
    known = known_to_fail()
    unknown = [n for n in [*names, *known] if n not in every]
    if not names or unknown:
        print(__doc__ if not names else f"no such case: {' '.join(unknown)}")
        return 2
    most = raise_descriptors()
    if most < 2 * CLIENTS + 200:
        print(f"expected {2 * CLIENTS + 200} open files, may have {most}")
        return 77
    print(HEAD)
    return 0 if all([run(n, every[n], known) for n in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
