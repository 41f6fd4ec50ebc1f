# SPDX-License-Identifier: MIT
"""peal serve: rooms, relay, tokens, what it prints; against the official
client and the command itself."""
import base64
import json
import pathlib
import signal
import subprocess
import unittest
import urllib.error
import urllib.request

from kit import (FAILED, OK, PEAL, USAGE, HERE, Program, Served, free_port,
                 peal)


class Client(Program):
    """The official client, told line by line what to do."""

    def __init__(self, url, *more):
        super().__init__(["node", str(HERE / "node_client.js"), url, *more],
                         stdin=subprocess.PIPE)
        self.id = json.loads(self.wait_for(lambda l: "connected" in l))[
            "connected"]

    def call(self, event, *args):
        self.number = getattr(self, "number", 0) + 1
        line = json.dumps([self.number, event, *args]) + "\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        answer = self.wait_for(
            lambda l: json.loads(l).get("ack") == self.number)
        return json.loads(answer)["args"]

    def heard(self, event):
        line = self.wait_for(lambda l: json.loads(l).get("event") == event)
        return json.loads(line)["args"]


class Serving(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Served("-n", "/other")
        cls.url = cls.server.url
        cls.one, cls.two = Client(cls.url), Client(cls.url)

    @classmethod
    def tearDownClass(cls):
        cls.one.stop()
        cls.two.stop()
        cls.server.stop()

    def test_echo(self):
        self.assertEqual(self.one.call("echo", 1, {"a": None}),
                         [1, {"a": None}])
        self.assertEqual(self.one.heard("echo"), [1, {"a": None}])

    def test_relay_reaches_all_others(self):
        self.assertEqual(self.one.call("news", "x"), [{"relayed": 1}])
        self.assertEqual(self.two.heard("news"), ["x"])

    def test_rooms(self):
        self.assertEqual(self.one.call("join", "lobby"), [{"members": 1}])
        self.assertEqual(self.one.call("members", "lobby"), [[self.one.id]])
        self.assertEqual(sorted(self.one.call("members")[0]),
                         sorted([self.one.id, self.two.id]))
        self.assertEqual(self.two.call("chat", "hello", "lobby"), ["ok"])
        self.assertEqual(self.one.heard("chat"), [
            {"from": self.two.id, "text": "hello", "room": "lobby"}])
        self.assertEqual(self.one.call("leave", "lobby"), [{"members": 0}])

    def test_a_room_named_as_another_socket_is_not_his(self):
        self.assertEqual(self.one.call("join", self.two.id), [{"members": 1}])
        self.assertEqual(self.one.call("leave", self.two.id),
                         [{"members": 0}])

    def test_names_that_are_none_are_told(self):
        for event in ("join", "leave"):
            for name in ("", 5, None, "x" * 1000):
                self.assertIn("expected", self.one.call(event, name)[0][
                    "error"])
        self.assertIn("expected", self.one.call("ask")[0]["error"])
        self.assertIn("reserved", self.one.call("ask", "disconnect")[0][
            "error"])

    def test_the_server_asks_back(self):
        self.assertEqual(self.one.call("ask", "add", 2, 3), [5])

    def test_it_prints_what_happens(self):
        self.one.call("seen", {"n": 1})
        said = self.server.heard(event="seen", id=self.one.id)
        self.assertEqual((said["args"], said["nsp"], said["wants_ack"]),
                         ([{"n": 1}], "/", True))

    def test_bye_and_drop(self):
        for event, reason in (("bye", "io server disconnect"),
                              ("drop", "transport close")):
            third = Client(self.url)
            third.process.stdin.write(
                (json.dumps([0, event]) + "\n").encode())
            third.process.stdin.flush()
            line = third.wait_for(lambda l: "disconnected" in l)
            self.assertIn(json.loads(line)["disconnected"],
                          (reason, "io server disconnect"))
            third.stop()

    def test_other_namespaces(self):
        other = Client(self.url + "/other")
        self.assertEqual(other.call("members")[0], [other.id])
        other.stop()


class Options(unittest.TestCase):
    def test_a_token_is_asked_for_and_never_printed(self):
        server = Served("--token", "s3cret")
        self.assertEqual(peal("call", server.url, "echo", "1").code, FAILED)
        done = peal("call", server.url, "echo", "1", "--auth",
                    '{"token": "s3cret"}')
        self.assertEqual((done.code, done.out), (OK, "1\n"))
        server.stop()
        self.assertNotIn("s3cret", "".join(l for l in server.out if l))
        self.assertTrue([l for l in server.out if l and '"refused"' in l])

    def test_path_and_ping(self):
        server = Served("--path", "/my/path", "--ping-interval", "300ms")
        done = peal("call", server.url, "echo", "1", "--path", "/my/path")
        self.assertEqual(done.out, "1\n")
        done = peal("listen", server.url, "-p", "/my/path", "-v", "-d", "2s")
        self.assertIn("< ping", done.err)
        server.stop()

    def test_both_ends_have_one_parser(self):
        server = Served("--parser", "msgpack")
        done = peal("call", server.url, "echo", '{"n": [1, 2.5]}', "--parser",
                    "msgpack", "-v")
        self.assertEqual((done.code, done.out), (OK, '{"n":[1,2.5]}\n'), done)
        self.assertNotEqual(
            peal("call", server.url, "echo", "1", "-m", "2s").code, OK)
        server.stop()
        self.assertEqual(peal("serve", "--parser", "cbor").code, USAGE)

    def test_it_listens_on_this_machine_only(self):
        server = Served()
        table = pathlib.Path("/proc/net/tcp").read_text()
        self.assertIn(f"0100007F:{server.port:04X}", table)
        self.assertNotIn(f"00000000:{server.port:04X}", table)
        server.stop()
        server = Served("--host", "0.0.0.0")
        self.assertIn(f"00000000:{server.port:04X}",
                      pathlib.Path("/proc/net/tcp").read_text())
        server.stop()

    def test_a_port_that_is_taken(self):
        server = Served()
        done = peal("serve", "--port", str(server.port))
        self.assertEqual(done.code, FAILED)
        self.assertIn(str(server.port), done.err)
        server.stop()

    def test_certificates_that_are_none(self):
        self.assertEqual(peal("serve", "--tls-key", "x").code, USAGE)
        done = peal("serve", "--tls-cert", "/does/not/exist", "--port", "0")
        self.assertEqual(done.code, FAILED)
        self.assertIn("/does/not/exist", done.err)

    def test_quiet_says_only_where(self):
        server = Served("--quiet")
        peal("call", server.url, "echo", "1")
        server.stop()
        self.assertEqual(len([l for l in server.out if l]), 1)

    def test_human_text(self):
        port = free_port()
        server = Program([PEAL, "serve", "--human", "--port", str(port)])
        server.wait_for(lambda l: l == f"serving http://127.0.0.1:{port}")
        peal("call", f"http://127.0.0.1:{port}", "echo", "1")
        server.wait_for(lambda l: "echo 1 (wants an answer)" in l)
        self.assertEqual(server.stop(signal.SIGINT), OK)

    def test_pages_of_other_origins(self):
        server = Served("--cors", "https://a.example")
        done = peal("probe", server.url, "--quick", "--origin",
                    "https://a.example")
        self.assertEqual(done.code, OK, done)
        done = peal("call", server.url, "echo", "1", "--origin",
                    "https://b.example")
        self.assertNotEqual(done.code, OK)
        server.stop()

    def test_it_can_be_looked_at(self):
        server = Served("--admin", "secret")
        stats = f"{server.url}/_peal/stats.json"
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(stats, timeout=10)
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()
        word = base64.b64encode(b"admin:secret").decode()
        asked = urllib.request.Request(
            stats, headers={"Authorization": f"Basic {word}"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            self.assertEqual(json.load(answer)["sockets"], 0)
        looked = peal("listen", f"{server.url}/admin", "-d", "1s", "-a",
                      '{"username": "admin", "password": "secret"}')
        self.assertIn("supportedFeatures", looked.out)
        server.stop()

    def test_a_password_that_is_no_hash(self):
        done = peal("serve", "--port", "0", "--admin", "$2b$10$short")
        self.assertEqual(done.code, USAGE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
