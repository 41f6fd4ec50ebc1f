# SPDX-License-Identifier: MIT
"""peal bench: what it counts adds up, whatever the server does."""
import json
import unittest

from kit import (FAILED, OK, PEAL, USAGE, NodeServer, Program, Served,
                 free_port, peal)

SHORT = ["-d", "500ms", "--warmup", "100ms"]


class Bench(unittest.TestCase):
    def bench(self, *words, code=OK):
        done = peal("bench", *words, *SHORT)
        self.assertEqual(done.code, code, done)
        self.err = done.err
        return done.lines()[0]

    def check_times(self, times):
        row = [times[k] for k in ("p50", "p90", "p99", "p999", "max")]
        self.assertEqual(row, sorted(row))
        self.assertGreater(row[0], 0)

    @classmethod
    def setUpClass(cls):
        cls.own, cls.node = Served("--quiet"), NodeServer()

    @classmethod
    def tearDownClass(cls):
        cls.own.stop()
        cls.node.stop()

    def test_both_servers_over_every_way(self):
        for server in (self.own, self.node):
            for way in ("polling,websocket", "websocket,polling",
                    "websocket", "polling"):
                said = self.bench(server.url, "-C", "5", "-t", way)
                self.assertEqual((said["connections"], said["failed"],
                                  said["lost"], said["errors"]), (5, 0, 0, 0))
                self.assertEqual(said["sent"], said["answered"])
                self.assertGreater(said["answered"], 5)
                self.assertAlmostEqual(
                    said["per_second"], said["answered"] / said["seconds"],
                    delta=said["per_second"] * 0.02 + 1)
                self.check_times(said["latency_ms"])
                self.check_times(said["connect_ms"])

    def test_a_rate_is_kept(self):
        said = self.bench(self.own.url, "-C", "3", "--rate", "400", "-q")
        self.assertEqual(self.err, "")
        # by the clock, however late a tick is: half a second of them
        self.assertIn(said["sent"], (199, 200))
        self.assertEqual(said["answered"], said["sent"])

    def test_echoes_as_answers(self):
        said = self.bench(self.node.url, "-C", "4", "--echo", "echo",
                          '{"a": [1, 2]}', "--inflight", "8")
        self.assertEqual(said["sent"], said["answered"])
        self.check_times(said["latency_ms"])

    def test_no_answer(self):
        said = self.bench(self.own.url, "-C", "2", "--no-answer", "--rate",
                          "100", "news")
        self.assertGreater(said["sent"], 10)
        self.assertNotIn("latency_ms", said)

    def test_answers_that_never_come_are_told(self):
        said = self.bench(self.node.url, "-C", "4", "--rate", "100",
                          "sometimes", "1", code=FAILED)
        self.assertEqual(said["errors"], 0)
        self.assertGreater(said["answered"], 0)
        self.assertGreaterEqual(said["unanswered"],
                                said["sent"] - said["answered"])
        self.assertGreater(said["sent"], said["answered"])

    def test_an_event_that_nobody_answers(self):
        said = self.bench(self.node.url, "-C", "2", "silence", code=FAILED)
        self.assertEqual(said["answered"], 0)
        self.assertIn("does the server acknowledge it?", self.err)

    def test_no_server(self):
        said = self.bench(f"http://127.0.0.1:{free_port()}", "-C", "3",
                          code=FAILED)
        self.assertEqual(said["failed"], 3)
        self.assertIn("nothing listens", self.err)

    def test_refused(self):
        said = self.bench(self.own.url + "/none", "-C", "3", code=FAILED)
        self.assertEqual(said["failed"], 3)
        self.assertEqual(said["problem"], "Invalid namespace")

    def test_clients_that_are_lost_are_counted(self):
        said = self.bench(self.own.url, "-C", "3", "bye", code=FAILED)
        self.assertEqual(said["lost"], 3)
        self.assertEqual(said["problem"], "io server disconnect")

    def test_a_server_that_goes_away_meanwhile(self):
        server = Served("--quiet")
        bench = Program([PEAL, "bench", server.url, "-C", "10", "-d", "60s"])
        bench.wait_err("measuring")
        server.stop()
        self.assertEqual(bench.end(), FAILED)
        bench.wait_for(lambda line: '"lost":10' in line)

    def test_a_signal_prints_what_there_is(self):
        bench = Program([PEAL, "bench", self.own.url, "-C", "2", "-d", "60s"])
        bench.wait_err("measuring")
        bench.process.terminate()
        self.assertEqual(bench.end(), OK)
        said = json.loads("".join(l for l in bench.out if l))
        self.assertGreater(said["answered"], 0)
        # who left by themselves are not lost
        self.assertEqual((said["failed"], said["lost"], said["errors"]),
                         (0, 0, 0))

    def test_text_for_people(self):
        done = peal("bench", self.own.url, *SHORT, "--human", "-q")
        self.assertRegex(done.out, r"(?m)^connections  10, 0 failed, 0 lost$")
        self.assertRegex(done.out, r"(?m)^answer +p50 \d+\.\d+ ms +p90 ")
        self.assertRegex(done.out, r"(?m)^this side +\d+ % of a core")

    def test_options_that_contradict_each_other(self):
        for words in (["--no-answer"], ["--no-answer", "--rate", "5",
                                        "--echo"], ["-C", "0"]):
            self.assertEqual(peal("bench", self.own.url, *words).code, USAGE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
