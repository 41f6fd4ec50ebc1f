# SPDX-License-Identifier: MIT
"""The simulator against a small dashboard that checks every request.

usage: test_sim.py <peal-esp32-sim>
"""
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIM = sys.argv[1]
READING = {"device_id", "accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y",
           "gyro_z", "mic_level"}


def expect(fact, said):
    if not fact:
        raise AssertionError(said)


class Dashboard(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        seen = self.server.seen
        seen["oled"] = seen.get("oled", 0) + 1
        name = "CHILD" if seen["oled"] < 3 else "ELDER"
        self.answer(200, json.dumps({"status": "success", "animation_id": 1,
                                     "animation_name": name}))

    def do_POST(self):
        want = int(self.headers["Content-Length"])
        body = self.rfile.read(want)
        if len(body) < want:
            self.server.seen["cut"] = self.server.seen.get("cut", 0) + 1
            self.close_connection = True
            return
        try:
            self.check(self.path.split("?")[0], body)
        except Exception as error:
            self.server.bad.append(f"{self.path}: {error!r}")
            return self.answer(400, '{"status":"error"}')
        self.answer(200, "OK")

    def check(self, path, body):
        seen = self.server.seen
        expect(re.fullmatch(r"SIM-\d\d", self.headers["X-Device-Id"]), "id")
        expect(self.headers["X-Device-Key"] == "k3y", "key")
        kind = self.headers["Content-Type"].split(";")[0]
        getattr(self, "check_" + path.strip("/").replace("/", "_")
                .replace("-", "_"))(kind, body)
        seen[path] = seen.get(path, 0) + 1

    def check_api_sensor_data(self, kind, body):
        data = json.loads(body)
        expect(kind == "application/json" and set(data) == READING, "fields")
        expect(0 <= data["mic_level"] <= 4095, "mic_level")
        self.server.accel.append([data["accel_" + axis] for axis in "xyz"])

    def check_api_orientation_data(self, kind, body):
        data = json.loads(body)
        expect(set(data) == {"device_id", "pitch", "roll", "yaw"}, "fields")
        expect(abs(data["pitch"]) <= 90 and abs(data["roll"]) <= 180
               and 0 <= data["yaw"] <= 360, "angles")

    def check_upload(self, kind, body):
        if kind == "multipart/form-data":
            expect(b'name="image"' in body, "field")
            body = body[body.index(b"\r\n\r\n") + 4:body.rindex(b"\r\n--", 0, -4)]
        expect(body[:3] == b"\xff\xd8\xff" and body[-2:] == b"\xff\xd9", "jpeg")
        self.server.pictures.add(body)

    def check_upload_audio(self, kind, body):
        if "rate=16000" in self.path:
            expect(kind == "application/octet-stream", "raw type")
        else:
            expect(kind == "audio/wav" and body[:4] == b"RIFF", "wav")
            expect(struct.unpack("<I", body[40:44])[0] == len(body) - 44, "size")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Dashboard)
        self.seen, self.bad, self.accel, self.pictures = {}, [], [], set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def start(port, *args):
    return subprocess.Popen(
        [SIM, "--url", f"http://127.0.0.1:{port}", "--seed", "7", "--key", "k3y",
         *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def sends_every_kind_in_the_right_form():
    server = Server()
    code, out, err = finish(start(
        server.server_address[1], "--devices", "3", "--picture-s", "1",
        "--audio-s", "1.5", "--sensor-hz", "10", "--duration-s", "6"))
    expect(code == 0 and not server.bad, (code, server.bad[:3], err))
    for path, least in (("/api/sensor-data", 60), ("/api/orientation-data", 40),
                        ("/upload", 6), ("/upload-audio", 4), ("oled", 4)):
        expect(server.seen.get(path, 0) >= least, (path, server.seen))
    expect(len(server.pictures) > 5, "pictures do not change")
    mean = sum(sum(a * a for a in v) ** 0.5 for v in server.accel) / len(
        server.accel)
    expect(8.5 < mean < 13, f"gravity is {mean}")
    expect("shows CHILD" in out and "shows ELDER" in out, out)
    expect(re.search(r"devices=3 ok=\d+", out), out)


def faults_are_what_they_say():
    server = Server()
    code, out, _ = finish(start(
        server.server_address[1], "--devices", "3", "--fault-drop", "0.2",
        "--fault-bad", "0.2", "--sensor-hz", "20", "--duration-s", "4"))
    expect(code == 0, code)
    expect(re.search(r" dropped=\d+", out) and server.seen.get("cut", 0) > 3, out)
    expect(re.search(r" bad_refused=\d+", out), out)


def comes_back_when_the_server_does():
    server = Server()
    port = server.server_address[1]
    server.shutdown()
    server.server_close()
    process = start(port, "--devices", "2", "--duration-s", "6")
    time.sleep(1.5)
    server = Server(port)
    code, _, err = finish(process)
    expect(code == 0 and server.seen, (code, err))
    expect(err.count("does not answer") == 1, err)
    expect("answers again" in err, err)


def ends_on_sigterm_and_when_alone_says_so():
    server = Server()
    process = start(server.server_address[1], "--quiet")
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    code, out, _ = finish(process)
    expect(code == 0 and out == "", (code, out))
    code, out, _ = finish(start(1, "--duration-s", "1"))
    expect(code == 1, code)


def dies_with_its_parent():
    parent = subprocess.Popen(
        [sys.executable, "-c",
         "import subprocess,sys,time,os\n"
         "p=subprocess.Popen([sys.argv[1],'--quiet','--url',"
         "'http://127.0.0.1:1',f'--die-with-parent={os.getpid()}'],"
         "stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)\n"
         "print(p.pid,flush=True)\ntime.sleep(60)", SIM],
        stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    for _ in range(50):
        time.sleep(0.1)
        try:
            os.kill(child, 0)
            state = open(f"/proc/{child}/stat").read().rsplit(")", 1)[1].split()[0]
            if state == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
    os.kill(child, signal.SIGKILL)
    raise AssertionError("still there")


def refuses_a_wrong_command_line():
    for args in (["--devices", "0"], ["--fault-bad", "2"], ["--sensor-hz", "x"],
                 ["--url", "ftp://x"], ["--nothing"], ["word"],
                 ["--key", "a\nb"]):
        code, out, err = finish(subprocess.Popen(
            [SIM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True))
        expect(code == 2 and out == "" and err, (args, code, err))
    done = subprocess.run([SIM, "--help"], capture_output=True, text=True)
    expect(done.returncode == 0 and "--devices" in done.stdout, "help")


for test in (refuses_a_wrong_command_line, sends_every_kind_in_the_right_form,
             faults_are_what_they_say, comes_back_when_the_server_does,
             ends_on_sigterm_and_when_alone_says_so, dies_with_its_parent):
    test()
    print("ok", test.__name__, flush=True)
