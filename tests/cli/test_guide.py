# SPDX-License-Identifier: MIT
"""The transcripts of docs/guide/command.md, run as they stand. An ellipsis
matches anything."""
import re
import subprocess
import unittest

from kit import BIN, ROOT, Served, environment

GUIDE = ROOT / "docs/guide/command.md"


def transcripts():
    """Pairs (command, what it prints)."""
    blocks = re.findall(r"^```console\n(.*?)^```", GUIDE.read_text(),
                        re.M | re.S)
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            yield part.split("\n", 1)


class Guide(unittest.TestCase):
    def test_transcripts_are_what_happens(self):
        server = Served("--quiet")
        env = environment()
        env["PATH"] = f"{BIN}:{env['PATH']}"
        count = 0
        for command, wanted in transcripts():
            said = subprocess.run(
                ["sh", "-c", command.replace("localhost:3000",
                                             f"127.0.0.1:{server.port}")],
                capture_output=True, text=True, env=env, timeout=60).stdout.rstrip("\n")
            pattern = ".*".join(map(re.escape, wanted.rstrip("\n").split("…")))
            self.assertRegex(said, rf"\A{pattern}\Z", command)
            count += 1
        self.assertGreater(count, 8)
        server.stop()

    def test_options_that_it_names_exist(self):
        table = (ROOT / "cli/cli_option_table.c").read_text()
        known = set(re.findall(r'^  \{"([\w-]+)"', table, re.M))
        named = set(re.findall(r"--([a-z][\w-]*)", GUIDE.read_text()))
        self.assertEqual(named - known, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
