#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A pose estimator for DeskPulse: MediaPipe Pose on a camera, as lines of JSON.

usage: mediapipe_pose.py [--camera N] [--fps N] [--output FIFO]
       mediapipe_pose.py --replay FILE [--loop] [--fps N] [--output FIFO]
       mediapipe_pose.py --check FILE

README.md beside it describes the lines. Exit: 0 done, 1 failed, 2 usage,
3 a package is missing.
"""
import argparse
import base64
import binascii
import json
import math
import os
import signal
import sys
import time

POINTS = 33
MAX_JPEG = 2 * 1024 * 1024
MAX_LINE = 3 * 1024 * 1024
INSTALL = "pip install mediapipe opencv-python"


def say(words):
    print(f"mediapipe_pose: {words}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        description="MediaPipe Pose on a camera, as lines of JSON.")
    parser.add_argument("--camera", default="0",
                        help="number or path of the camera; 0")
    parser.add_argument("--fps", type=float, default=10,
                        help="frames a second at most; 10")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--quality", type=int, default=80,
                        help="of the JPEG, 1 to 100; 80")
    parser.add_argument("--complexity", type=int, choices=(0, 1, 2), default=1,
                        help="of MediaPipe's model; 1")
    parser.add_argument("--output", help="a FIFO or file; standard output")
    parser.add_argument("--replay", metavar="FILE",
                        help="send recorded lines instead of a camera's")
    parser.add_argument("--loop", action="store_true",
                        help="begin the recording again at its end")
    parser.add_argument("--check", metavar="FILE",
                        help="say which recorded lines are wrong")
    options = parser.parse_args()
    if not 0 < options.fps <= 60:
        parser.error("--fps must be above 0 and at most 60")
    if not 1 <= options.quality <= 100:
        parser.error("--quality must be 1 to 100")
    return options


# -- the lines ----------------------------------------------------------------

def line_of(jpeg, points, captured_at):
    """One line, with its end. `points`: 33 of (x, y, z, visibility); none is
    nobody."""
    landmarks = [{"x": round(x, 4), "y": round(y, 4), "z": round(z, 4),
                  "visibility": round(min(max(v, 0), 1), 4)}
                 for x, y, z, v in points]
    return json.dumps({"landmarks": landmarks,
                       "captured_at": round(captured_at, 3),
                       "frame": base64.b64encode(jpeg).decode()},
                      separators=(",", ":")) + "\n"


def number_wrong(value, least, most):
    return (isinstance(value, bool) or not isinstance(value, (int, float)) or
            not math.isfinite(value) or not least <= value <= most)


def point_wrong(point):
    if not isinstance(point, dict):
        return True
    return (number_wrong(point.get("x"), -10, 10) or
            number_wrong(point.get("y"), -10, 10) or
            number_wrong(point.get("z", 0), -10, 10) or
            number_wrong(point.get("visibility", 1), 0, 1))


def landmarks_wrong(landmarks):
    if landmarks is None or landmarks == []:
        return None
    if not isinstance(landmarks, list) or len(landmarks) != POINTS:
        return "landmarks are not 33 points, or none"
    if any(point_wrong(point) for point in landmarks):
        return "a landmark is not {x, y, z, visibility} in range"
    return None


def frame_wrong(frame):
    if not isinstance(frame, str) or not frame:
        return "there is no frame"
    try:
        jpeg = base64.b64decode(frame.removeprefix("data:image/jpeg;base64,"),
                                validate=True)
    except (binascii.Error, ValueError):
        return "the frame is not base64"
    if len(jpeg) > MAX_JPEG:
        return "the frame is over 2 MiB"
    if not jpeg.startswith(b"\xff\xd8\xff"):
        return "the frame is no JPEG"
    return None


def wrong(line):
    """What is wrong with a line, in words, or None."""
    if len(line) > MAX_LINE:
        return "it is over 3 MiB"
    try:
        value = json.loads(line)
    except ValueError:
        return "it is not JSON"
    if not isinstance(value, dict):
        return "it is no object"
    return (landmarks_wrong(value.get("landmarks")) or
            frame_wrong(value.get("frame")))


def check(path):
    count = failed = 0
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            count += 1
            words = wrong(line)
            if words:
                failed += 1
                say(f"{path}:{number}: {words}")
    say(f"{count} lines, {failed} of them wrong")
    return 1 if failed or not count else 0


# -- sending --------------------------------------------------------------------

class Pace:
    """Wait until the next frame is due; what was missed is left out."""

    def __init__(self, fps):
        self.step = 1 / fps
        self.due = time.monotonic()

    def wait(self):
        now = time.monotonic()
        if now < self.due:
            time.sleep(self.due - now)
        self.due = max(self.due, now) + self.step

    def is_early(self):
        return time.monotonic() < self.due - self.step / 2


def replay(options, output):
    pace = Pace(options.fps)
    sent = 0
    while True:
        with open(options.replay, encoding="utf-8") as lines:
            for line in lines:
                if not line.strip():
                    continue
                value = json.loads(line)
                pace.wait()
                # it is shown now, whenever it was recorded
                value["captured_at"] = round(time.time(), 3)
                output.write(json.dumps(value, separators=(",", ":")) + "\n")
                output.flush()
                sent += 1
        if not options.loop or not sent:
            return 0 if sent else 1


def points_of(result):
    if not result.pose_landmarks:
        return []
    return [(p.x, p.y, p.z, p.visibility)
            for p in result.pose_landmarks.landmark]


def open_camera(cv2, options):
    name = int(options.camera) if options.camera.isdigit() else options.camera
    camera = cv2.VideoCapture(name)
    camera.set(cv2.CAP_PROP_FRAME_WIDTH, options.width)
    camera.set(cv2.CAP_PROP_FRAME_HEIGHT, options.height)
    # the newest frame counts, not those that wait
    camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return camera


def watch(options, output):
    try:
        import cv2
        import mediapipe
    except ImportError as missing:
        say(f"{missing.name} is missing: {INSTALL}")
        return 3
    camera = open_camera(cv2, options)
    if not camera.isOpened():
        say(f"camera {options.camera} cannot be opened")
        return 1
    pace = Pace(options.fps)
    quality = [cv2.IMWRITE_JPEG_QUALITY, options.quality]
    with mediapipe.solutions.pose.Pose(
            model_complexity=options.complexity) as pose:
        while True:
            fine, picture = camera.read()
            captured_at = time.time()
            if not fine:
                say(f"camera {options.camera} gives no picture any more")
                return 1
            if pace.is_early():
                continue
            pace.wait()
            result = pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            fine, jpeg = cv2.imencode(".jpg", picture, quality)
            if fine:
                output.write(line_of(jpeg.tobytes(), points_of(result),
                                     captured_at))
                output.flush()


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if options.check:
            return check(options.check)
        output = (open(options.output, "w", encoding="utf-8")
                  if options.output else sys.stdout)
        return (replay if options.replay else watch)(options, output)
    except BrokenPipeError:
        # who reads has gone; nothing is to be flushed at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as error:
        say(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
