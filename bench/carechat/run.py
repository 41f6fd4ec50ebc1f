#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py PROGRAM SIMULATOR [--patients N] [--seconds S]: how much of one core
PATIENTS take, each of whom has a device that sends one reading a second, with
every reading on disk before it is acknowledged.

The program runs on one core with all of its threads (worker, writer, readers);
the devices, on the others. Figures are of the whole span; the first seconds, in
which the devices connect, are left out. Prints them as JSON."""
import argparse
import hashlib
import json
import os
import re
import resource
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

WARM_UP_S = 8


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A program that ends with the block it was opened for, however that ends."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def __init__(self, program, folder, core, connections):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            ["taskset", "-c", str(core), program, "--host", "127.0.0.1",
             "--port", str(self.port), "--data-dir", folder, "--log-level", "warn",
             "--max-connections", str(connections)],
            stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.figures()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        sys.exit("the program does not answer")

    def figures(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=5) as answer:
            text = answer.read().decode()
        out = {name: float(value) for name, value in
               re.findall(r"^(carechat_\w+) ([\d.e+]+)$", text, re.M)}
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        out["cpu_s"] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        out["at"] = time.monotonic()
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            out["rss_mib"] = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        return out

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def seed(folder, patients):
    """Accounts that nobody signs in to, and a device with a key for each."""
    keys = os.path.join(folder, "keys")
    store = sqlite3.connect(os.path.join(folder, "carechat.db"))
    with store, open(keys, "w", encoding="ascii") as out:
        for i in range(1, patients + 1):
            key = secrets.token_hex(24)
            store.execute("INSERT INTO people (id, folded, name, hash, role, made_ms)"
                          " VALUES (?, ?, ?, 'none', 'user', 0)", (i, f"p{i}", f"p{i}"))
            store.execute("INSERT INTO devices (device_id, user_id, hash, changed)"
                          " VALUES (?, ?, ?, 1)",
                          (f"d-{i}", i, hashlib.sha256(key.encode()).digest()))
            out.write(f"d-{i} {key}\n")
    store.close()
    return keys


def measure(opts, server, keys):
    others = [c for c in os.sched_getaffinity(0) if c != opts.core] or [opts.core]
    devices = subprocess.Popen(
        ["taskset", "-c", ",".join(map(str, others)), opts.simulator, "--url", server.url,
         "--keys", keys, "--interval", "1s", "--single", "--quiet",
         "--duration", f"{opts.seconds + WARM_UP_S + 1}s"], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(WARM_UP_S)
        first = server.figures()
        queued = 0
        for _ in range(opts.seconds):
            time.sleep(1)
            last = server.figures()
            queued = max(queued, last["carechat_store_queued"])
        said = json.loads(devices.communicate(timeout=60)[0].strip().split("\n")[-1])
        return first, last, server.figures(), queued, said
    finally:
        devices.kill()
        devices.wait()


def main():
    args = argparse.ArgumentParser()
    args.add_argument("program")
    args.add_argument("simulator")
    args.add_argument("--patients", type=int, default=1000)
    args.add_argument("--seconds", type=int, default=60)
    args.add_argument("--core", type=int, default=0)
    args.add_argument("--folder", help="on the disk that is to be measured")
    opts = args.parse_args()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    # One address, which all of them have here, gets three quarters.
    connections = opts.patients * 3 // 2 + 200
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before it was measured"))
    with tempfile.TemporaryDirectory(dir=opts.folder) as folder:
        Server(opts.program, folder, opts.core, connections).stop()  # makes the tables
        keys = seed(folder, opts.patients)
        with Server(opts.program, folder, opts.core, connections) as server:
            first, last, final, queued, said = measure(opts, server, keys)
        size = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)
                   if "carechat.db" in name)
    span = last["at"] - first["at"]

    def rate(name):
        return round((last[name] - first[name]) / span, 1)
    print(json.dumps({
        "patients": opts.patients, "seconds": round(span, 1),
        "cpu_percent_of_one_core": round(100 * (last["cpu_s"] - first["cpu_s"]) / span, 1),
        "readings_per_s": rate("carechat_readings_total"),
        "commits_per_s": rate("carechat_store_commits_total"),
        "store_queued_max": int(queued), "ack_ms": said["ack_ms"],
        "measured": said["measured"], "acknowledged": said["acknowledged"],
        "stored": int(final["carechat_readings_total"]), "lost": said["lost"],
        "rss_mib": round(last["rss_mib"], 1),
        "bytes_per_reading": round(size / final["carechat_readings_total"])}))


main()
