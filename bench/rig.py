# SPDX-License-Identifier: MIT
"""The servers under test, started and stopped one way; the load generator,
whose one line of JSON becomes a dict."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NODE = ROOT / "bench" / "peers" / "node"
NAMES = ["floor", "peal", "node"]


class Failed(Exception):
    """A server did not start, or an answer was wrong."""


def command(name, folder, workers=1):
    """The command line of a peer, without its port."""
    if name == "node":
        return ["node", "--expose-gc", str(NODE / "server.js")]
    if name == "floor":
        return [str(folder / "peal-bench-floor")]
    return [str(folder / "peal-bench-server"), "--workers", str(workers)]


def problem(name, folder):
    """Why this peer cannot run, or None. Installs Node's packages."""
    if name != "node":
        program = pathlib.Path(command(name, folder)[0])
        return None if program.exists() else f"{program} is not built"
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node and npm are not installed"
    done = subprocess.run([ROOT / "tools" / "npm_ci.sh", NODE], check=False,
                          capture_output=True, text=True)
    return None if done.returncode == 0 else f"npm ci: {done.stderr.strip()}"


def cores():
    """One core for the server and one for the load, if there are two."""
    allowed = sorted(os.sched_getaffinity(0))
    return {allowed[0]}, {allowed[-1]}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(process, port, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Failed(f"the server ended with status {process.returncode}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.02)
    raise Failed(f"no server on port {port} after {seconds} s")


class Server:
    """A running server; `with Server(…) as server`."""

    def __init__(self, words, env=None, patience=10, every_core=False):
        self.patience = patience
        self.port = free_port()
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*words, "--port", str(self.port)], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env={**os.environ, **(env or {})},
            preexec_fn=None if every_core else
            lambda: os.sched_setaffinity(0, cores()[0]))
        self.pid = self.process.pid

    def __enter__(self):
        try:
            wait_for_port(self.process, self.port, self.patience)
        except Failed as error:
            self.stop()
            self.log.seek(0)
            raise Failed(f"{error}\n{self.log.read()}") from None
        return self

    def __exit__(self, *_):
        self.stop()
        self.log.close()

    def stop(self):
        """Ask it to end, and make it end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def load(folder, port, mode, words, pid=None, timeout=60):
    """Run the load generator on the other core; its result as a dict."""
    line = [str(folder / "peal-bench-load"), mode, "--port", str(port), *words]
    if pid:
        line += ["--pid", str(pid)]
    done = subprocess.run(
        line, check=False, capture_output=True, text=True, timeout=timeout,
        preexec_fn=lambda: os.sched_setaffinity(0, cores()[1]))
    if done.returncode != 0:
        raise Failed(f"{mode} {' '.join(words)}: {done.stderr.strip()}")
    return json.loads(done.stdout)
