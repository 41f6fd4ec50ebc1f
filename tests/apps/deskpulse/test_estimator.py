#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""estimators/mediapipe_pose.py by itself, with recorded lines: what it sends,
what it calls wrong, how it ends. MediaPipe is not needed."""
import base64
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = SOURCE / "apps/deskpulse/estimators/mediapipe_pose.py"
RECORDED = pathlib.Path(__file__).with_name("recorded.jsonl")


def run(*words, **more):
    return subprocess.run([sys.executable, SCRIPT, *map(str, words)],
                          capture_output=True, text=True, timeout=60, **more)


def module():
    spec = importlib.util.spec_from_file_location("mediapipe_pose", SCRIPT)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


class Estimator(unittest.TestCase):
    def test_sends_what_was_recorded_as_of_now(self):
        before = time.time()
        sent = run("--replay", RECORDED, "--fps", 60)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        lines = [json.loads(line) for line in sent.stdout.splitlines()]
        recorded = [json.loads(line)
                    for line in RECORDED.read_text().splitlines()]
        self.assertEqual(len(lines), len(recorded))
        for line, was in zip(lines, recorded):
            self.assertEqual(line["landmarks"], was["landmarks"])
            self.assertEqual(line["frame"], was["frame"])
            self.assertGreaterEqual(line["captured_at"], before - 0.01)

    def test_begins_again_until_its_reader_goes(self):
        with subprocess.Popen([sys.executable, SCRIPT, "--replay", RECORDED,
                               "--loop", "--fps", "60"],
                              stdout=subprocess.PIPE, text=True) as child:
            for _ in range(20):
                self.assertTrue(child.stdout.readline().endswith("\n"))
            child.stdout.close()
            self.assertEqual(child.wait(timeout=60), 0)

    def test_ends_by_a_signal(self):
        with subprocess.Popen([sys.executable, SCRIPT, "--replay", RECORDED,
                               "--loop"], stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            child.terminate()
            self.assertEqual(child.wait(timeout=60), 0)
            child.stdout.close()

    def test_says_which_lines_are_wrong(self):
        self.assertEqual(run("--check", RECORDED).returncode, 0)
        fine = json.loads(RECORDED.read_text().splitlines()[1])
        wrong = [
            "no JSON", "[]", json.dumps({**fine, "frame": "$$$$"}),
            json.dumps({**fine, "frame": base64.b64encode(b"GIF89a").decode()}),
            json.dumps({**fine, "landmarks": fine["landmarks"][:32]}),
            json.dumps({**fine, "landmarks": [{"x": 1}] * 33}),
            json.dumps({**fine, "landmarks": [{"x": 99, "y": 0}] * 33}),
            json.dumps({"landmarks": []}),
        ]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write("\n".join([json.dumps(fine), *wrong]) + "\n")
            file.flush()
            checked = run("--check", file.name)
        self.assertEqual(checked.returncode, 1)
        for number in range(2, len(wrong) + 2):
            self.assertIn(f":{number}: ", checked.stderr)
        self.assertNotIn(":1: ", checked.stderr)

    def test_writes_lines_that_it_calls_right(self):
        estimator = module()
        points = [(0.5, 0.25, -0.1, 1.2)] * estimator.POINTS
        line = estimator.line_of(b"\xff\xd8\xff\xd9", points, 12.3456)
        self.assertIsNone(estimator.wrong(line))
        self.assertEqual(json.loads(line)["landmarks"][0]["visibility"], 1)
        nobody = estimator.line_of(b"\xff\xd8\xff\xd9", [], 1)
        self.assertIsNone(estimator.wrong(nobody))
        self.assertEqual(json.loads(nobody)["landmarks"], [])

    def test_says_what_to_install(self):
        if importlib.util.find_spec("mediapipe"):
            self.skipTest("mediapipe is there")
        # -S -E: none of the packages of this machine
        ended = subprocess.run([sys.executable, "-S", "-E", SCRIPT],
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, 3)
        self.assertIn("pip install mediapipe opencv-python", ended.stderr)

    def test_refuses_what_cannot_be(self):
        self.assertEqual(run("--fps", 0).returncode, 2)
        self.assertEqual(run("--quality", 101).returncode, 2)
        self.assertEqual(run("--nonsense").returncode, 2)
        self.assertEqual(run("--replay", "/nowhere").returncode, 1)


if __name__ == "__main__":
    unittest.main()
