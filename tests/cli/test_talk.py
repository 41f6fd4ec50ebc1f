# SPDX-License-Identifier: MIT
"""listen, emit, call and connect, piped: against the reference's server and
against peal serve."""
import json
import pathlib
import tempfile
import time
import unittest

from kit import (FAILED, OK, PEAL, USAGE, NodeServer, Program, Served,
                 environment, free_port, peal)


class Talk:
    """Both servers answer these alike."""

    def test_call_prints_the_answer(self):
        for way in ("polling,websocket", "websocket,polling",
                    "websocket", "polling"):
            done = peal("call", self.url, "echo", '{"a": [1, "x", null]}',
                        "--transports", way)
            self.assertEqual((done.code, done.out, done.err),
                             (OK, '{"a":[1,"x",null]}\n', ""))

    def test_several_values_are_an_array(self):
        done = peal("call", self.url, "echo", "1", "two", '"3"', "4.5", "-6",
                    "true", "null")
        self.assertEqual(done.out, '[1,"two","3",4.5,-6,true,null]\n')

    def test_values_of_files_and_stdin(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "value.json"
            file.write_text('{"n": 1}')
            blob = pathlib.Path(folder) / "blob"
            blob.write_bytes(bytes(range(256)))
            said = lambda *words, **more: peal("call", self.url, "echo",
                                               *words, **more)
            self.assertEqual(said(f"@{file}").out, '{"n":1}\n')
            self.assertEqual(said("-", stdin=b"[1]").out, "[1]\n")
            self.assertEqual(said("@-", stdin=b"[1]").out, "[1]\n")
            self.assertEqual(said("-s", "-", stdin=b"no json").out,
                             '"no json"\n')
            self.assertEqual(said("-s", "12").out, '"12"\n')
            self.assertEqual(said(f"@text:{file}").out, '"{\\"n\\": 1}"\n')
            raw = said(f"@bin:{blob}", binary=True)
            self.assertEqual(raw.out, bytes(range(256)))
            raw = said("--binary", "-", stdin=b"\0\1\xff", binary=True)
            self.assertEqual(raw.out, b"\0\1\xff")
            self.assertEqual(said(f"@bin:{blob}", "1").out[:13],
                             '[{"$base64":"')
            self.assertEqual(said('{"x": {"$base64": "AQI="}}').out,
                             '{"x":{"$base64":"AQI="}}\n')
            self.assertEqual(said("@bin:-", "--json", stdin=b"\1\2").out,
                             '{"$base64":"AQI="}\n')

    def test_emit_leaves_without_a_word(self):
        done = peal("emit", self.url, "echo", "1")
        self.assertEqual((done.code, done.out, done.err), (OK, "", ""))

    def test_emit_with_ack(self):
        done = peal("emit", self.url, "echo", "1", "2", "--ack", "--count",
                    "3")
        self.assertEqual(done.code, OK)
        self.assertEqual([l["ack"] for l in done.lines()], [[1, 2]] * 3)
        self.assertEqual({l["nsp"] for l in done.lines()}, {"/"})

    def test_namespaces_by_flag_and_by_url(self):
        for words in ([self.url + "/room"], [self.url, "-n", "/room"],
                      [self.url, "-n", "room"]):
            done = peal("emit", *words, "echo", "1", "--ack")
            self.assertEqual(done.lines()[0]["nsp"], "/room", done)

    def test_a_namespace_that_is_none_is_refused(self):
        done = peal("call", self.url + "/none", "echo", "1")
        self.assertEqual(done.code, FAILED)
        self.assertIn("Invalid namespace", done.err)

    def test_no_acknowledgement_in_time(self):
        done = peal("call", self.url, self.silent, "--timeout", "600ms")
        self.assertEqual((done.code, done.out), (FAILED, ""), done)
        self.assertIn("no acknowledgement", done.err)

    def test_the_server_disconnects(self):
        done = peal("call", self.url, "bye")
        self.assertEqual(done.code, FAILED)
        self.assertIn("disconnected", done.err)

    def test_verbose_tells_every_packet(self):
        done = peal("emit", self.url, "echo", "1", "--ack", "-v")
        self.assertEqual(done.code, OK)
        for word in ("connected to / as", "> ", "echo 1", "< ", "ack 1"):
            self.assertIn(word, done.err)

    def test_headers_query_auth_and_origin_arrive(self):
        self.check_who()

    def test_a_script_is_talked_through(self):
        lines = ("# a comment\n"
                 'echo 1 {"a": "b c"}\n'
                 "/call echo two words\n"
                 '/call "echo" [1, 2]\n'
                 "\n"
                 "/join /room\n"
                 "/call echo here\n")
        done = peal("connect", self.url, stdin=lines.encode())
        self.assertEqual(done.code, OK, done)
        said = done.lines()
        self.assertIn(("echo", [1, {"a": "b c"}]),
                      [(l.get("event"), l.get("args")) for l in said])
        acks = [(l["nsp"], l["ack"]) for l in said if "ack" in l]
        self.assertEqual(acks, [("/", ["two", "words"]), ("/", [[1, 2]]),
                                ("/room", ["here"])])

    def test_lines_that_make_no_sense_are_told(self):
        done = peal("connect", self.url, stdin=b'/nope\n/call echo {"a"\n'
                                               b"/call echo 1\n")
        self.assertEqual(done.code, FAILED)
        self.assertIn("unknown command", done.err)
        self.assertIn("no JSON", done.err)
        self.assertEqual([l["ack"] for l in done.lines() if "ack" in l],
                         [[1]], "the rest is still done")

    def test_lines_of_other_systems(self):
        done = peal("connect", self.url, stdin=b"/call echo there\r\n/quit\r")
        self.assertEqual(done.code, OK, done)
        self.assertEqual([l["ack"] for l in done.lines() if "ack" in l],
                         [["there"]])

    def test_a_line_with_a_zero_ends_it(self):
        done = peal("connect", self.url, stdin=b"/call echo a\0b\n")
        self.assertEqual(done.code, USAGE, done)
        self.assertEqual([l for l in done.lines() if "ack" in l], [])
        self.assertIn("byte that is 0", done.err)

    def test_lines_are_nothing_to_a_terminal(self):
        said = "\u009b2J\x7f\u001b[2J\u00a0"
        done = peal("connect", self.url,
                    stdin=f"/call echo {json.dumps(said)}".encode())
        self.assertEqual([l["ack"] for l in done.lines() if "ack" in l],
                         [[said]])
        self.assertNotRegex(done.out, "[\x00-\x09\x7f\u0080-\u009f]")
        done = peal("call", self.url, "echo", said)
        self.assertEqual(done.lines(), [said])
        self.assertNotRegex(done.out, "[\x00-\x09\x7f\u0080-\u009f]")

    def test_the_deepest_value_is_a_line_like_others(self):
        deep = "[" * 127 + "]" * 127
        done = peal("connect", self.url, stdin=f"/call echo {deep}".encode())
        self.assertEqual(done.code, OK, done)
        self.assertEqual([l["args"] for l in done.lines() if "args" in l],
                         [[json.loads(deep)]])
        self.assertEqual([l["ack"] for l in done.lines() if "ack" in l],
                         [[json.loads(deep)]])

    def test_a_script_without_a_last_newline(self):
        done = peal("connect", self.url, stdin=b"/call echo 1")
        self.assertEqual([l["ack"] for l in done.lines() if "ack" in l],
                         [[1]])


class Listening:
    def __init__(self, url, *words):
        self.program = Program([PEAL, "listen", url, *words])

    def __enter__(self):
        self.program.wait_err("connected to")
        return self.program

    def __exit__(self, *_):
        self.program.stop()


class Reference(Talk, unittest.TestCase):
    silent = "silence"

    @classmethod
    def setUpClass(cls):
        cls.server = NodeServer('{"token": "letmein"}')
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def check_who(self):
        done = peal("call", self.url, "who", "-H", "X-Test: 7", "-Q", "a=b c",
                    "--auth", '{"u": 1}', "--origin", "https://x.example",
                    "-t", "websocket")
        who = json.loads(done.out)
        self.assertEqual(who["auth"], {"u": 1})
        self.assertEqual(who["query"]["a"], "b c")
        self.assertEqual(who["header"], "7")
        self.assertEqual(who["origin"], "https://x.example")
        self.assertEqual(who["transport"], "websocket")

    def test_refusals_say_what_the_server_said(self):
        done = peal("call", self.url + "/locked", "echo", "1")
        self.assertEqual(done.code, FAILED)
        self.assertIn("who are you?", done.err)
        self.assertIn('{"code":42}', done.err)
        done = peal("call", self.url + "/locked", "echo", "1", "--auth",
                    '{"token": "letmein"}')
        self.assertEqual((done.code, done.out), (OK, "1\n"))

    def test_a_refusal_moves_no_cursor(self):
        done = peal("call", self.url + "/rude", "echo", "1")
        self.assertEqual(done.code, FAILED)
        self.assertIn("no 2J [2J!", done.err)

    def test_listen_answers_what_asks(self):
        # the server asks the one that has asked it, so that one listens, too
        done = peal("connect", self.url, stdin=b"/call ask question 1\n",
                    env=environment())
        self.assertEqual(done.code, FAILED, done)
        asked = [l for l in done.lines() if l.get("event") == "question"]
        self.assertEqual([(l["args"], l["wants_ack"]) for l in asked],
                         [([1], True)])

    def test_listen_answers_others(self):
        url = self.url + "/room"
        with Listening(url, "question", "--answer", '{"yes": true}'):
            done = peal("call", url, "poll", "question", "1")
            self.assertEqual(done.out, '[{"yes":true}]\n')

    def test_what_is_emitted_arrives_before_it_leaves(self):
        for way in ("polling,websocket", "websocket,polling",
                    "websocket", "polling"):
            with Listening(self.url, "say", "-c", "50") as heard:
                peal("emit", self.url, "say", "x" * 10000, "-c", "50", "-t",
                     way)
                self.assertEqual(heard.end(), OK)

    def test_a_stream_of_events_is_all_printed_in_order(self):
        done = peal("connect", self.url, stdin=b"feed 2000\n/call echo 1\n")
        ticks = [l["args"][0] for l in done.lines()
                 if l.get("event") == "tick"]
        self.assertEqual(ticks, list(range(2000)))


class Own(Talk, unittest.TestCase):
    silent = "ask"

    @classmethod
    def setUpClass(cls):
        cls.server = Served("-n", "/room")
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_no_acknowledgement_in_time(self):
        # it asks us, and we never answer
        done = peal("call", self.url, "ask", "something", "--timeout",
                    "600ms")
        self.assertEqual((done.code, done.out), (FAILED, ""), done)

    def check_who(self):
        done = peal("call", self.url, "echo", "1", "--auth", '{"u": 1}')
        self.assertEqual(done.code, OK)
        self.server.heard(connect=[{"address": "127.0.0.1",
                                    "transport": "polling",
                                    "auth": {"u": 1}}])

    def test_listen_prints_lines(self):
        with Listening(self.url, "news", "--count", "2") as heard:
            peal("emit", self.url, "other", "0")
            peal("emit", self.url, "news", "1", '{"$base64": "AQI="}')
            peal("emit", self.url, "news")
            self.assertEqual(heard.end(), OK)
            said = [json.loads(line) for line in heard.out if line]
            self.assertEqual([(l["event"], l["args"], l["nsp"])
                              for l in said],
                             [("news", [1, {"$base64": "AQI="}], "/"),
                              ("news", [], "/")])
            self.assertRegex(said[0]["time"],
                             r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_human_text_on_request(self):
        with Listening(self.url, "--human", "--count", "1") as heard:
            peal("emit", self.url, "news", '"a\\u009bb\\u001b[31m"')
            self.assertEqual(heard.end(), OK)
            line = [l for l in heard.out if l][0]
            self.assertRegex(
                line, r'^\d\d:\d\d:\d\d news "a\\u009bb\\u001b\[31m"$')

    def test_a_reader_that_leaves_ends_it(self):
        heard = Program(["sh", "-c", f"'{PEAL}' listen '{self.url}' | head "
                                     "-n 1"])
        heard.wait_err("connected to")
        for _ in range(3):
            peal("emit", self.url, "news", "1")
        self.assertEqual(heard.end(), 0)


class Connection(unittest.TestCase):
    def test_nothing_listens(self):
        url = f"http://127.0.0.1:{free_port()}"
        for words in (["listen", url], ["call", url, "x"],
                      ["connect", url]):
            done = peal(*words)
            self.assertEqual(done.code, FAILED, done)
            self.assertIn("nothing listens", done.err)

    def test_retry_waits_for_the_server(self):
        port = free_port()
        heard = Program([PEAL, "listen", f"http://127.0.0.1:{port}",
                         "--retry", "--count", "1"])
        heard.wait_err("trying again")
        server = Program([PEAL, "serve", "--port", str(port)])
        heard.wait_err("connected to")
        peal("emit", f"http://127.0.0.1:{port}", "news")
        self.assertEqual(heard.end(), OK)
        server.stop()

    def test_listen_reconnects_and_says_so(self):
        server = Served()
        heard = Program([PEAL, "listen", server.url, "--count", "1"])
        heard.wait_err("connected to")
        server.stop()
        heard.wait_err("disconnected from")
        heard.wait_err("trying again")
        again = Program([PEAL, "serve", "--port", str(server.port)])
        again.wait_for(lambda line: '"connect"' in line)
        peal("emit", server.url, "news")
        self.assertEqual(heard.end(), OK)
        again.stop()

    def test_no_reconnect_ends_it(self):
        server = Served()
        heard = Program([PEAL, "listen", server.url, "--no-reconnect"])
        heard.wait_err("connected to")
        server.stop()
        self.assertEqual(heard.end(), FAILED)

    def test_time_is_up(self):
        server = Served()
        self.assertEqual(peal("listen", server.url, "-d", "300ms").code, OK)
        done = peal("listen", server.url, "-d", "300ms", "-c", "1")
        self.assertEqual(done.code, FAILED)
        # --timeout is of connecting: what comes later is heard
        done = peal("listen", server.url, "-m", "500ms", "-d", "1500ms")
        self.assertEqual(done.code, OK)
        heard = Program([PEAL, "listen", server.url, "-m", "500ms", "-c", "1"])
        heard.wait_err("connected to")
        time.sleep(1)
        peal("emit", server.url, "late")
        self.assertEqual(heard.end(), OK)
        server.stop()

    def test_a_signal_ends_listen_well(self):
        server = Served()
        heard = Program([PEAL, "listen", server.url])
        heard.wait_err("connected to")
        self.assertEqual(heard.stop(), OK)
        server.heard(disconnect=["client namespace disconnect"])
        server.stop()

    def test_offline_connect_says_so(self):
        done = peal("connect", f"http://127.0.0.1:{free_port()}",
                    stdin=b"echo 1\n")
        self.assertEqual(done.code, FAILED, done)

    def test_without_a_descriptor_to_wait_for(self):
        server = Served()
        done = peal("connect", server.url, stdin=b"/call echo 1\n",
                    env=environment(PEAL_POLLER="poll"))
        self.assertEqual(done.code, OK, done)
        self.assertEqual([l["ack"] for l in done.lines() if "ack" in l],
                         [[1]])
        server.stop()

    def test_names_that_are_socket_ios_own_are_refused(self):
        server = Served()
        for name in ("connect", "disconnect", "connect_error"):
            done = peal("emit", server.url, name)
            self.assertEqual(done.code, USAGE, done)
            self.assertIn("reserved", done.err)
        server.stop()

    def test_a_line_that_is_too_long_ends_it(self):
        server = Served()
        done = peal("connect", server.url, stdin=b"x" * (17 << 20))
        self.assertEqual(done.code, USAGE, done)
        self.assertIn("16 MiB", done.err)
        server.stop()

    def test_an_answer_that_finds_no_room_is_told(self):
        server = Served()
        url = server.url
        for words in (f"call {url} echo 1", f"emit {url} echo 1 --ack",
                      f"probe {url} --quick", f"bench {url} -q -C 1 -d 200ms",
                      "connect", "help", "--version"):
            script = f"'{PEAL}' {words} >/dev/full"
            if words.startswith("connect"):
                script = f"echo '/call echo 1' | '{PEAL}' connect {url} " \
                         ">/dev/full"
            done = Program(["sh", "-c", script])
            self.assertEqual(done.end(), FAILED, words)
            done.wait_err("could not be written")
        server.stop()

    def test_a_full_disk_is_told(self):
        server = Served()
        heard = Program(["sh", "-c",
                         f"exec '{PEAL}' listen '{server.url}' > /dev/full"])
        heard.wait_err("connected to")
        peal("emit", server.url, "news")
        self.assertEqual(heard.end(), FAILED)
        server.stop()

    def test_socket_io_2_on_either_side(self):
        for server in (NodeServer("--version", "2"), Served("--eio3")):
            for way in ("polling,websocket", "websocket", "polling"):
                done = peal("call", server.url, "echo", "1", '"\u20ac"',
                            "--eio3", "--transports", way)
                self.assertEqual((done.code, done.out), (OK, '[1,"€"]\n'),
                                 done)
            server.stop()

    def test_a_proxy_of_the_environment_is_used(self):
        server = Served()
        nowhere = f"http://127.0.0.1:{free_port()}"
        done = peal("call", server.url, "echo", "1",
                    env=environment(http_proxy=nowhere))
        self.assertEqual(done.code, FAILED, done)
        done = peal("call", server.url, "echo", "1", "--proxy", "",
                    env=environment(http_proxy=nowhere))
        self.assertEqual(done.code, OK, done)
        server.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
