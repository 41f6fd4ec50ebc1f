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
VENV = ROOT / "build" / "venv"
BUILT = ROOT / "build" / "bench-peers"  # what others' compilers make
PEERS = ROOT / "bench" / "peers"
NAMES = ["floor", "peal", "node"]
# Beside them in the cases that are about them.
OTHERS = ["flask", "python", "rust", "go"]
TITLES = {"flask": "Flask-SocketIO", "python": "python-socketio",
          "rust": "socketioxide", "go": "socket.io for Go"}


class Failed(Exception):
    """A server did not start, or an answer was wrong."""


def command(name, folder, workers=1):
    """The command line of a peer, without its port."""
    if name == "node":
        return ["node", "--expose-gc", str(NODE / "server.js")]
    if name in ("flask", "python"):
        kind = "flask" if name == "flask" else "async"
        return [str(VENV / "bin" / "python"),
                str(PEERS / "python" / "server.py"), kind]
    if name == "rust":
        return [str(BUILT / "rust" / "release" / "peal-bench-peer")]
    if name == "go":
        return [str(BUILT / "go")]
    if name == "floor":
        return [str(folder / "peal-bench-floor")]
    return [str(folder / "peal-bench-server"), "--workers", str(workers)]


def ran(words, what, **options):
    """None, or the end of what it said against us."""
    try:
        done = subprocess.run(words, check=False, capture_output=True,
                              text=True, timeout=900, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{what}: {error}"
    said = (done.stderr or done.stdout).strip().split("\n")
    why = next((line for line in said if "rror" in line), said[-1])
    return None if done.returncode == 0 else f"{what}: {why}"


def python_problem():
    """The packages are those that the tests install."""
    python = str(VENV / "bin" / "python")
    wanted = [python, "-c", "import flask_socketio, uvicorn, websockets"]
    if ran(wanted, "import") is None:
        return None
    return (ran(["python3", "-m", "venv", str(VENV)], "python3 -m venv") or
            ran([python, "-m", "pip", "install", "-q",
                 "--disable-pip-version-check", "-r",
                 str(ROOT / "tests" / "e2e" / "requirements.txt")],
                "pip install") or
            ran(wanted, "import"))


def built_problem(name):
    """Rust's or Go's compiler decides what has changed."""
    tool = "cargo" if name == "rust" else "go"
    if shutil.which(tool) is None:
        return f"{tool} is not installed"
    BUILT.mkdir(parents=True, exist_ok=True)
    if name == "rust":
        words = ["cargo", "build", "--release", "--locked", "--target-dir",
                 str(BUILT / "rust")]
    else:
        words = ["go", "build", "-o", str(BUILT / "go"), "."]
    return ran(words, " ".join(words[:2]), cwd=PEERS / name)


def node_problem(folder="bench/peers/node"):
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node and npm are not installed"
    return ran([ROOT / "tools" / "npm_ci.sh", ROOT / folder], "npm ci")


def problem(name, folder):
    """Why this peer cannot run, or None. Installs what it is made of."""
    if name == "node":
        return node_problem()
    if name in ("flask", "python"):
        return python_problem()
    if name in ("rust", "go"):
        return built_problem(name)
    program = pathlib.Path(command(name, folder)[0])
    return None if program.exists() else f"{program} is not built"


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
