# SPDX-License-Identifier: MIT
"""peal emit --redis, at a real Redis: what arrives there, and what is said when
it does not. That servers understand it, tests/cluster has."""
import json
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from kit import FAILED, OK, USAGE, environment, peal


class Redis:
    """A server of the test's own, and one connection to it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        at = pathlib.Path(self.folder.name) / "redis.sock"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(at),
             "--save", "", "--dir", self.folder.name],
            stdout=subprocess.DEVNULL)
        self.url = f"unix:{at}"
        self.socket = socket.socket(socket.AF_UNIX)
        for _ in range(1000):
            try:
                self.socket.connect(str(at))
                break
            except OSError:
                time.sleep(0.01)
        self.socket.settimeout(10)
        self.file = self.socket.makefile("rb")

    def say(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode()
                 for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(
            b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return self.read()

    def read(self):
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        if kind == b"$":
            if rest == b"-1":
                return None
            return self.file.read(int(rest) + 2)[:-2].decode()
        return int(rest) if kind == b":" else rest.decode()

    def entries(self):
        """What stands in the stream, [data of a message]; it is emptied."""
        found = self.say("XRANGE", "socket.io", "-", "+")
        self.say("DEL", "socket.io")
        return [dict(zip(fields[::2], fields[1::2])) for _, fields in found]

    def stop(self):
        self.file.close()
        self.socket.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.folder.cleanup()


class EmitByRedis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = Redis()

    @classmethod
    def tearDownClass(cls):
        cls.redis.stop()

    def stream(self, *words, **more):
        done = peal("emit", "--redis", self.redis.url, "--dialect", "streams",
                    *words, **more)
        self.assertEqual((done.code, done.out, done.err), (OK, "", ""), done)
        return self.redis.entries()

    def data(self, *words, **more):
        return [json.loads(entry["data"])
                for entry in self.stream(*words, **more)]

    def test_it_arrives_as_it_was_said(self):
        entry, = self.stream("news", "1", '{"a": [true]}', "text", "-n",
                             "/chat", "--room", "red", "--room", "blue",
                             "--except", "green")
        self.assertEqual((entry["uid"], entry["nsp"], entry["type"]),
                         ("emitter", "/chat", "3"))
        data = json.loads(entry["data"])
        self.assertEqual(data["packet"]["data"],
                         ["news", 1, {"a": [True]}, "text"])
        self.assertEqual(data["opts"], {
            "rooms": ["red", "blue"], "except": ["green"], "flags": {}})

    def test_values_come_from_files_and_stdin(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write('{"n": 1}')
            file.flush()
            one, = self.data("e", f"@{file.name}", "-", stdin=b"[2]")
        self.assertEqual(one["packet"]["data"], ["e", {"n": 1}, [2]])
        one, = self.data("e", "1", "-s")
        self.assertEqual(one["packet"]["data"], ["e", "1"])

    def test_bytes_are_bytes(self):
        entry, = self.stream("e", "-", "--binary", stdin=b"\x00\xff")
        self.assertFalse(entry["data"].startswith("{"))

    def test_it_is_sent_so_many_times(self):
        self.assertEqual(len(self.data("e", "-c", "25")), 25)

    def test_the_environment_says_where(self):
        done = peal("emit", "--redis", "", "--dialect", "streams", "e",
                    env=environment(PEAL_REDIS_URL=self.redis.url))
        self.assertEqual(done.code, OK, done)
        self.assertEqual(len(self.redis.entries()), 1)
        env = environment()
        env.pop("PEAL_REDIS_URL", None)
        done = peal("emit", "--redis", "", "e", env=env)
        self.assertEqual(done.code, USAGE, done)
        self.assertIn("PEAL_REDIS_URL", done.err)

    def test_that_nobody_listens_is_said(self):
        for dialect in ("node", "sharded", "python"):
            words = ["emit", "--redis", self.redis.url, "--dialect", dialect]
            done = peal(*words, "e")
            self.assertEqual(done.code, OK, done)
            self.assertIn("no server listens", done.err)
            self.assertEqual(peal(*words, "-q", "e").err, "")

    def test_a_redis_that_is_not_there_is_no_long_wait(self):
        began = time.monotonic()
        done = peal("emit", "--redis", "unix:/does/not/exist", "e")
        self.assertEqual(done.code, FAILED, done)
        self.assertIn("/does/not/exist", done.err)
        self.assertEqual(done.err.count("\n"), 1, "it is said once")
        self.assertLess(time.monotonic() - began, 8)
        done = peal("emit", "-q", "--redis", "unix:/does/not/exist", "e")
        self.assertEqual((done.code, done.err), (FAILED, ""))

    def test_with_retry_it_waits_for_as_long_as_it_is_told(self):
        began = time.monotonic()
        done = peal("emit", "--redis", "unix:/does/not/exist", "e", "--retry",
                    "-m", "1s")
        self.assertEqual(done.code, FAILED, done)
        self.assertGreater(time.monotonic() - began, 0.9)

    def test_what_redis_refuses_is_said(self):
        self.redis.say("CONFIG", "SET", "maxmemory", "1")
        done = peal("emit", "--redis", self.redis.url, "--dialect", "streams",
                    "e")
        self.redis.say("CONFIG", "SET", "maxmemory", "0")
        self.assertEqual(done.code, FAILED, done)
        self.assertIn("OOM", done.err)

    def test_the_command_line_is_checked(self):
        url = self.redis.url
        for words, says in (
                ([url], "something is missing"),
                ([url, "e", "--ack"], "nobody answers"),
                ([url, "e", "--dialect", "latin"], "streams"),
                ([url, "connect"], "reserved"),
                ([url, "e", "-n", "a,b"], "wrong argument"),
                (["http://:secret@a", "e"], "--redis"),
                (["redis://:secret@a:b", "e"], "--redis")):
            done = peal("emit", "--redis", *words)
            self.assertEqual(done.code, USAGE, done)
            self.assertIn(says, done.err)
            self.assertNotIn("secret", done.err)
        done = peal("call", "--redis", url, "e")
        self.assertIn("option of other commands", done.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
