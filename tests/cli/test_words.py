# SPDX-License-Identifier: MIT
"""The command line itself: help, mistakes, completion, the manual page."""
import os
import re
import shutil
import subprocess
import unittest

from kit import FAILED, OK, PEAL, ROOT, USAGE, environment, peal

COMMANDS = ["listen", "emit", "call", "connect", "probe", "bench", "serve"]
PAGE = ROOT / "cli/man/peal.1"


def options_of(command):
    """Pairs (letter or None, name) as help prints them."""
    text = peal("help", command).out.split("Options:")[1]
    return re.findall(r"^  (?:-(\w), |    )--([\w-]+)", text, re.M)


class Words(unittest.TestCase):
    def wrong(self, *words, says):
        done = peal(*words)
        self.assertEqual(done.code, USAGE, done)
        self.assertIn(says, done.err)
        self.assertEqual(done.err.count("\n"), 1, "one line says it")
        self.assertEqual(done.out, "")

    def test_help_lists_every_command(self):
        text = peal("help").out
        for command in COMMANDS:
            self.assertRegex(text, rf"(?m)^  {command} ")
        self.assertEqual(peal("--help").out, text)
        self.assertEqual(peal("-h").out, text)

    def test_no_word_is_a_mistake(self):
        done = peal()
        self.assertEqual(done.code, USAGE)
        self.assertIn("usage: peal COMMAND", done.err)

    def test_every_command_has_help(self):
        for command in [*COMMANDS, "help", "completion"]:
            first = peal(command, "--help")
            self.assertEqual((first.code, first.err), (OK, ""), command)
            self.assertIn("usage: peal ", first.out)
            self.assertEqual(peal("help", command).out, first.out)

    def test_help_of_a_command_has_its_options(self):
        for command in COMMANDS:
            done = peal("help", command)
            self.assertEqual(done.code, OK)
            self.assertIn(f"usage: peal {command}", done.out)
            self.assertEqual(peal(command, "--help").out, done.out)
            self.assertGreater(len(options_of(command)), 5)
            for line in done.out.splitlines():
                self.assertLessEqual(len(line), 79, line)

    def test_version(self):
        text = (ROOT / "include/peal/base.h").read_text()
        version = re.search(r'PEAL_VERSION "([^"]+)"', text)[1]
        self.assertEqual(peal("--version").out, f"peal {version}\n")

    def test_the_nearest_word_is_offered(self):
        self.wrong("lisen", "x", says="did you mean listen?")
        self.wrong("help", "prob", says="did you mean probe?")
        self.wrong("listen", "--timout", "1", "x",
                   says="did you mean --timeout?")
        self.wrong("listen", "--names", "x", "u",
                   says="did you mean --namespace?")
        self.wrong("qqqqqqqq", says="peal help lists them")
        self.wrong("emit", "--qqqqqqq", "u", "e",
                   says="peal help emit lists them")

    def test_an_option_of_another_command_is_named(self):
        self.wrong("listen", "--quick", "u", says="option of other commands")

    def test_values_of_options_are_checked(self):
        self.wrong("listen", "u", "--timeout", "soon", says="such as 500ms")
        self.wrong("listen", "u", "--timeout", "1x", says="such as 500ms")
        self.wrong("listen", "u", "--timeout", "0", says="not between")
        self.wrong("listen", "u", "--count", "1.5", says="a whole number")
        self.wrong("listen", "u", "--count", "-1", says="a whole number")
        self.wrong("listen", "u", "--count", "inf", says="a whole number")
        self.wrong("serve", "--port", "65536", says="not between 0 and 65535")
        self.wrong("listen", "u", "--transports", "smoke",
                   says="polling,websocket websocket,polling "
                        "websocket polling")
        self.wrong("listen", "u", "--header", says="expected NAME: VALUE")
        self.wrong("listen", "u", "--quiet=yes", says="takes no value")
        self.wrong("listen", "u", "--json", "--human", says="not both")
        self.wrong("listen", "u", "-Z", says="unknown option -Z")
        self.wrong("listen", "http://x", "-H", "nonsense",
                   says="expected NAME: VALUE")
        self.wrong("listen", "http://x", "-Q", "nonsense",
                   says="expected NAME=VALUE")
        self.wrong("probe", "http://x", "-Q", "nonsense",
                   says="expected NAME=VALUE")
        self.wrong("probe", "http://x", "-H", "nonsense",
                   says="expected NAME: VALUE")

    def test_the_number_of_words_is_checked(self):
        self.wrong("emit", "u", says="usage: peal emit URL EVENT")
        self.wrong("connect", says="something is missing")
        self.wrong("connect", "a", "b", says="too many words")
        self.wrong("serve", "a", says="too many words")

    def test_urls_are_checked(self):
        for command in ("listen", "probe", "connect"):
            done = peal(command, "ftp://x")
            self.assertEqual(done.code, USAGE, done)
            self.assertIn("http", done.err)

    def test_options_may_stand_anywhere_and_join(self):
        # nothing listens: it gets as far as that, so all was understood
        for words in (["--quiet", "http://127.0.0.1:1", "--timeout=5s"],
                      ["-qm5", "http://127.0.0.1:1"],
                      ["http://127.0.0.1:1", "-m", "5", "--", "-event"]):
            done = peal("listen", *words)
            self.assertEqual(done.code, FAILED, done)

    def test_values_that_are_no_values_are_told_before_connecting(self):
        nowhere = "http://127.0.0.1:1"
        done = peal("emit", nowhere, "e", '{"a": }')
        self.assertEqual(done.code, USAGE)
        self.assertIn("no JSON at byte", done.err)
        done = peal("emit", nowhere, "e", "@/does/not/exist")
        self.assertEqual(done.code, FAILED)
        self.assertIn("/does/not/exist: No such file", done.err)
        done = peal("emit", nowhere, "e", "-", "-", stdin=b"1")
        self.assertEqual(done.code, USAGE)
        self.assertIn("once", done.err)
        done = peal("emit", nowhere, "e", "--auth", "nonsense")
        self.assertEqual(done.code, USAGE)
        self.assertIn("--auth", done.err)
        done = peal("listen", nowhere, "--cacert", "/does/not/exist")
        self.assertEqual(done.code, FAILED)

    def test_a_reader_that_has_gone_is_an_error(self):
        done = subprocess.run(["sh", "-c", f'"{PEAL}" help > /dev/full'],
                              capture_output=True, env=environment())
        self.assertEqual(done.returncode, FAILED)


class Completion(unittest.TestCase):
    def bash(self, *words):
        """What bash offers for the last word."""
        script = (f'source <("{PEAL}" completion bash)\n'
                  f'COMP_WORDS=({" ".join(map(repr, words))})\n'
                  f'COMP_CWORD={len(words) - 1}\n_peal\n'
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script], capture_output=True,
                              text=True, env=environment(), cwd=ROOT)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_offers_what_the_program_has(self):
        self.assertEqual(sorted(self.bash("peal", "")),
                         sorted([*COMMANDS, "help", "completion", "--help",
                                 "--version"]))
        self.assertEqual(self.bash("peal", "li"), ["listen"])
        for command in COMMANDS:
            self.assertEqual(sorted(self.bash("peal", command, "--")),
                             sorted(f"--{name}"
                                    for _, name in options_of(command)))
        self.assertEqual(self.bash("peal", "listen", "-t", ""),
                         ["polling,websocket", "websocket,polling",
                          "websocket", "polling"])
        self.assertIn("LICENSE", self.bash("peal", "emit", "--cacert", "LIC"))
        self.assertIn("@LICENSE", self.bash("peal", "emit", "u", "e", "@LIC"))
        self.assertEqual(self.bash("peal", "emit", "--auth", ""), [])

    def test_zsh_has_every_option_and_parses(self):
        text = peal("completion", "zsh").out
        self.assertTrue(text.startswith("#compdef peal\n"))
        for command in COMMANDS:
            part = text.split(f"\n  {command})\n")[1].split(";;")[0]
            found = set(re.findall(r"--([\w-]+)[}\['\)]", part))
            self.assertEqual(found, {name for _, name in options_of(command)})
        if shutil.which("zsh"):
            done = subprocess.run(["zsh", "-n"], input=text, text=True,
                                  capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_other_shells_are_a_mistake(self):
        self.assertEqual(peal("completion", "fish").code, USAGE)
        self.assertEqual(peal("completion").code, USAGE)


class Manual(unittest.TestCase):
    """cli/man/peal.1 cannot drift from the tables."""

    def setUp(self):
        self.text = PAGE.read_text()

    def test_every_command_and_option_is_in_it_and_no_other(self):
        page = set(re.findall(r"^\.It (?:Fl (\w) , )?Fl Fl ([\w-]+)",
                              self.text, re.M))
        page = {name for _, name in page}
        known = {name for c in COMMANDS for _, name in options_of(c)}
        self.assertEqual(page, known)
        for command in COMMANDS:
            self.assertIn(f"\n.It Cm {command}", self.text)

    def test_letters_are_those_of_the_program(self):
        page = dict((name, letter) for letter, name in re.findall(
            r"^\.It Fl (\w) , Fl Fl ([\w-]+)", self.text, re.M))
        known = {name: letter for c in COMMANDS
                 for letter, name in options_of(c) if letter}
        self.assertEqual(page, known)

    def test_exit_codes_are_those_of_the_help_and_the_guide(self):
        status = self.text.split(".Sh EXIT STATUS")[1].split(".Sh")[0]
        self.assertEqual(re.findall(r"^\.It (\d)", status, re.M),
                         ["0", "1", "2"])
        guide = (ROOT / "docs/guide/command.md").read_text()
        self.assertEqual(re.findall(r"^\| (\d) \|",
                                    guide.split("## Exit codes")[1], re.M),
                         ["0", "1", "2"])
        self.assertIn("Exit: 0 done, 1 failed, 2 usage.", peal("help").out)

    def test_it_is_without_a_mistake(self):
        if shutil.which("mandoc"):
            done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", PAGE],
                                  capture_output=True, text=True)
            self.assertEqual(done.stdout, "")
        if not shutil.which("groff"):
            self.skipTest("neither mandoc nor groff")
        done = subprocess.run(
            ["groff", "-mdoc", "-ww", "-Tutf8", "-z", PAGE],
            capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
