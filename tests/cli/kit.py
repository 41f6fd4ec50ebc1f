# SPDX-License-Identifier: MIT
"""What the tests of the command share: the program, piped and on a terminal,
servers to talk to, certificates. Standard library only."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(os.environ.get(
    "PEAL_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("PEAL_BIN", ROOT / "build/dev/bin"))
PEAL = str(BIN / "peal")
HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 60  # seconds; only a broken program takes as long

OK, FAILED, USAGE = range(3)


def environment(**more):
    """Without what could change the outcome: proxies, colours, history."""
    kept = {k: v for k, v in os.environ.items()
            if not k.lower().endswith("_proxy") and k != "NO_COLOR"}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return f"code {self.code}\n-- out\n{self.out}\n-- err\n{self.err}"


def peal(*words, stdin=b"", env=None, binary=False):
    done = subprocess.run([PEAL, *words], input=stdin, capture_output=True,
                          timeout=PATIENCE, env=env or environment())
    out = done.stdout if binary else done.stdout.decode()
    return Result(done.returncode, out, done.stderr.decode())


class Program:
    """A program whose lines of stdout are waited for."""

    def __init__(self, words, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen(
            words, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=env or environment(), cwd=cwd)
        self.out, self.err = [], []
        self.news = threading.Condition()
        self.readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out),
                         (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            with self.news:
                lines.append(line.decode(errors="replace").rstrip("\n"))
                self.news.notify_all()
        with self.news:
            lines.append(None)
            self.news.notify_all()
        stream.close()

    def wait_for(self, is_it, lines=None):
        """The first line that is_it says yes to."""
        lines = self.out if lines is None else lines
        until = time.monotonic() + PATIENCE
        with self.news:
            at = 0
            while True:
                for line in lines[at:]:
                    if line is not None and is_it(line):
                        return line
                at = len(lines)
                if lines and lines[-1] is None:
                    raise AssertionError(f"it ended: {self.out} {self.err}")
                if not self.news.wait(until - time.monotonic()):
                    raise AssertionError(f"not said: {self.out} {self.err}")

    def wait_err(self, text):
        return self.wait_for(lambda line: text in line, self.err)

    def end(self):
        """Its exit code, when it has ended and all it said is here."""
        code = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        return code

    def stop(self, number=signal.SIGTERM):
        if self.process.stdin:
            self.process.stdin.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.end()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


class Served(Program):
    """peal serve on a port that is free."""

    def __init__(self, *flags):
        super().__init__([PEAL, "serve", "--port", "0", *flags])
        self.url = json.loads(self.wait_for(lambda l: "serving" in l))[
            "serving"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def heard(self, **wanted):
        def is_it(line):
            said = json.loads(line)
            return all(said.get(k) == v for k, v in wanted.items())
        return json.loads(self.wait_for(is_it))


class NodeServer(Program):
    """tests/cli/node_server.js: the reference, in several versions."""

    def __init__(self, *flags):
        super().__init__(["node", str(HERE / "node_server.js"), *flags])
        self.port = int(self.wait_for(lambda l: l.startswith("port "))[5:])
        self.url = f"http://127.0.0.1:{self.port}"


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *words, env=None, program=PEAL):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(program, [program, *words],
                      env or environment(TERM="xterm", COLUMNS="100"))
        self.text = ""

    def read_until(self, pattern):
        """Everything up to a match; it is taken away."""
        until = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.text)
            if found:
                seen = self.text[:found.end()]
                self.text = self.text[found.end():]
                return seen
            left = until - time.monotonic()
            ready, _, _ = select.select([self.fd], [], [], max(left, 0))
            if not ready:
                raise AssertionError(f"no {pattern!r} in {self.text!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"ended without {pattern!r}: "
                                     f"{self.text!r}")
            self.text += data.decode(errors="replace")

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Its exit code, when it has ended."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            ready, _, _ = select.select([self.fd], [], [], 0.02)
            if ready:
                try:
                    self.text += os.read(self.fd, 65536).decode(
                        errors="replace")
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError(f"it did not end: {self.text!r}")


class Line(threading.Thread):
    """A TCP proxy: each connection goes to the next of the ports."""

    def __init__(self, *ports):
        super().__init__(daemon=True)
        self.ports, self.turn = ports, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            port = self.ports[self.turn % len(self.ports)]
            self.turn += 1
            server = socket.create_connection(("127.0.0.1", port))
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(a, b),
                                 daemon=True).start()

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class Answerer(threading.Thread):
    """A server of HTTP that always says the same bytes."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                try:
                    client.recv(65536)
                    client.sendall(self.answer)
                except OSError:
                    pass

    def close(self):
        self.listener.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


class Certificates:
    """An authority, and what it signs, in a folder that goes."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-cli-"))
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
                     "-out", "ca.crt", "-days", "30", "-subj", "/CN=authority")
        (self.folder / "index").write_text("")
        (self.folder / "serial").write_text("01\n")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndir=.\nnew_certs_dir=.\n"
            "database=index\nserial=serial\nprivate_key=ca.key\n"
            "certificate=ca.crt\ndefault_md=sha256\npolicy=p\n"
            "unique_subject=no\n[p]\ncommonName=supplied\n")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True,
                       capture_output=True, timeout=PATIENCE)

    def at(self, name):
        return str(self.folder / name)

    def make(self, name, names="DNS:localhost,IP:127.0.0.1", usage=None,
             start=None, end="301231235959Z"):
        """Files name.crt and name.key."""
        self.openssl("req", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                     f"{name}.key", "-out", f"{name}.csr", "-subj",
                     f"/CN={name}")
        (self.folder / f"{name}.ext").write_text(
            f"subjectAltName={names}\n"
            + (f"extendedKeyUsage={usage}\n" if usage else ""))
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-in",
                     f"{name}.csr", "-out", f"{name}.crt", "-notext",
                     "-startdate", start or "200101000000Z", "-enddate", end,
                     "-extfile", f"{name}.ext")
        return self.at(f"{name}.crt"), self.at(f"{name}.key")

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
