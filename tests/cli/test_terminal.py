# SPDX-License-Identifier: MIT
"""On a terminal: colours, the prompt, history, completion, Ctrl-C."""
import pathlib
import stat
import subprocess
import tempfile
import unittest

from kit import (FAILED, OK, PEAL, Served, Terminal, environment, free_port,
                 peal)


class OnTerminal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Served("-n", "/room")
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.env = environment(TERM="xterm", COLUMNS="100",
                               XDG_STATE_HOME=self.folder.name)
        self.history = pathlib.Path(self.folder.name) / "peal/history"

    def tearDown(self):
        self.folder.cleanup()

    def connect(self, *words):
        terminal = Terminal("connect", self.url, *words, env=self.env)
        terminal.read_until(r"connected to /")
        terminal.read_until(r"/> ")
        return terminal

    def leave(self, terminal):
        terminal.type("\x04")
        self.assertEqual(terminal.end(), OK)

    def test_events_are_for_people_and_in_colours(self):
        terminal = Terminal("call", self.url, "echo", '{"a": 1}')
        said = terminal.read_until(r"\}")
        self.assertIn("\033[34m\"a\"\033[0m:\033[36m1\033[0m", said)
        self.assertEqual(terminal.end(), OK)

    def test_no_color_is_respected(self):
        terminal = Terminal("call", self.url, "echo", '{"a": 1}',
                            env={**self.env, "NO_COLOR": "1"})
        self.assertIn('{"a":1}', terminal.read_until(r"\}"))
        self.assertEqual(terminal.end(), OK)

    def test_json_lines_on_request(self):
        terminal = Terminal("emit", self.url, "echo", "1", "--ack", "--json")
        terminal.read_until(r'\{"ack":\[1\],"nsp":"/"')
        self.assertEqual(terminal.end(), OK)

    def test_a_conversation(self):
        terminal = self.connect()
        terminal.type('echo {"a": "b c"}\r')
        terminal.read_until(r"echo.*b c")
        terminal.read_until(r"/> ")
        terminal.type("/call echo 5\r")
        terminal.read_until(r"ack")
        terminal.type("/join /room\r")
        terminal.read_until(r"connected to /room")
        terminal.read_until(r"/room> ")
        terminal.type("/status\r")
        terminal.read_until(r"connected over")
        terminal.read_until(r"\* /room")
        terminal.type("/help\r")
        terminal.read_until(r"/quit")
        terminal.type("/quit\r")
        self.assertEqual(terminal.end(), OK)

    def test_names_that_are_commands_of_the_terminal_are_not_offered(self):
        terminal = self.connect()
        for name in ("zz\u009b2J", "zzplain"):
            peal("emit", self.url, name)
        terminal.read_until(r"zzplain")
        terminal.read_until(r"/> ")
        terminal.type("zz\t")
        self.assertNotIn("\u009b", terminal.read_until(r"plain "))
        terminal.type("\x15")
        self.leave(terminal)

    def test_what_comes_does_not_spoil_the_line(self):
        terminal = self.connect()
        terminal.type("echo 12")
        terminal.read_until(r"echo 12")
        peal("emit", self.url, "news", '"hot"')
        terminal.read_until(r"news")
        terminal.read_until(r"hot")
        terminal.read_until(r"/> echo 12")
        terminal.type("34\r")
        terminal.read_until(r"1234\S*\r\n")
        self.server.heard(event="echo", args=[1234])
        self.leave(terminal)

    def test_tab_completes_commands_and_events_that_were_seen(self):
        terminal = self.connect()
        terminal.type("/vol\t")
        terminal.read_until(r"atile ")
        terminal.type("\x15")
        peal("emit", self.url, "temperature", "1")
        terminal.read_until(r"temperature")
        terminal.read_until(r"/> ")
        terminal.type("temp\t")
        terminal.read_until(r"erature ")
        terminal.type("77\r")
        self.server.heard(event="temperature", args=[77])
        terminal.type("/call temp\t9\r")
        self.server.heard(event="temperature", args=[9])
        self.leave(terminal)

    def test_several_choices_are_listed(self):
        terminal = self.connect()
        terminal.type("/e\t\t")
        terminal.read_until(r"/emit  /events")
        terminal.type("\x15")
        self.leave(terminal)

    def test_history_comes_back_on_another_day(self):
        first = self.connect()
        first.type("echo 111\r")
        self.server.heard(event="echo", args=[111])
        first.type(" echo 222\r")
        self.server.heard(event="echo", args=[222])
        first.type('/auth {"secret": 1}\r')
        first.read_until(r"secret")
        self.leave(first)
        self.assertEqual(stat.S_IMODE(self.history.stat().st_mode), 0o600)
        kept = self.history.read_text()
        self.assertIn("111", kept)
        self.assertNotIn("222", kept, "a blank in front keeps it out")
        self.assertNotIn("secret", kept)
        second = self.connect()
        second.type("\x1b[A")
        second.read_until(r"echo 111")
        second.type("333\r")
        self.server.heard(event="echo", args=[111333])
        self.leave(second)

    def test_keys_are_utf8(self):
        terminal = self.connect()
        terminal.type('echo "hé €"\r')
        self.server.heard(event="echo", args=["hé €"])
        self.leave(terminal)

    def test_control_c_leaves_the_terminal_as_it_was(self):
        script = f"trap : INT; '{PEAL}' connect {self.url}; echo $?; stty -a"
        terminal = Terminal("-c", script, env=self.env, program="/bin/sh")
        terminal.read_until(r"/> ")
        terminal.type("half a line")
        terminal.read_until(r"half a line")
        terminal.type("\x03")
        terminal.read_until(r"\n0\r\n")
        self.assertRegex(terminal.read_until(r"-?icanon"), r"[^-]icanon$")
        self.assertRegex(terminal.read_until(r"-?echo\b"), r"[^-]echo$")
        self.assertEqual(terminal.end(), OK)

    def test_the_server_goes_and_comes(self):
        server = Served()
        terminal = Terminal("connect", server.url, env=self.env)
        terminal.read_until(r"connected to /")
        server.stop()
        terminal.read_until(r"disconnected from /")
        terminal.read_until(r"\(offline\) /> ")
        self.leave(terminal)

    def test_nothing_listens(self):
        terminal = Terminal("connect", f"http://127.0.0.1:{free_port()}",
                            env=self.env)
        terminal.read_until(r"nothing listens")
        self.assertEqual(terminal.end(), FAILED)

    def test_a_home_without_a_place_for_history(self):
        terminal = Terminal("connect", self.url,
                            env={**self.env, "XDG_STATE_HOME": "/dev/null/x"})
        terminal.read_until(r"connected to /")
        terminal.type("echo 1\r")
        self.server.heard(event="echo", args=[1])
        self.leave(terminal)

    def test_listen_and_control_c(self):
        terminal = Terminal("listen", self.url, env=self.env)
        terminal.read_until(r"connected to /")
        peal("emit", self.url, "news", '"x"')
        terminal.read_until(r"\033\[1mnews\033\[0m \033\[32m\"x\"\033\[0m")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), OK)

    def test_script_without_a_terminal_on_stdout(self):
        done = subprocess.run(
            ["script", "-qec", f"{PEAL} call {self.url} echo 1 | cat",
             "/dev/null"], capture_output=True, text=True, env=self.env,
            stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.stdout.strip(), "1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
