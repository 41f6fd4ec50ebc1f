# SPDX-License-Identifier: MIT
"""A vision model for test_vision.c: each path is a way to answer.

Prints its port on the first line, then serves until stdin ends. The name of
the behaviour is the first part of the path; `flaky` fails twice, then answers.
"""
import base64
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

failures = {}


def gemini(text):
    return {"candidates": [{"content": {"parts": [
        {"text": "let me think", "thought": True}, {"text": text}]}}]}


def openai(text):
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        way = self.path.split("/")[1]
        try:
            getattr(self, "way_" + way)(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client did not wait

    # correct models check what they were asked

    def way_gemini(self, body):
        ask = json.loads(body)
        part = ask["contents"][0]["parts"]
        ok = (self.path == "/gemini/v1beta/models/eye-1.5:generateContent"
              and self.headers["x-goog-api-key"] == "secret-key"
              and "secret" not in self.path
              and ask["contents"][0]["role"] == "user"
              and part[0]["text"] == 'say "what" you see'
              and part[1]["inline_data"]["mime_type"] == "image/jpeg"
              and base64.b64decode(part[1]["inline_data"]["data"], validate=True)
              == b"\xff\xd8picture")
        self.answer(200 if ok else 400, gemini("A cat\n sleeps. "))

    def way_openai(self, body):
        ask = json.loads(body)
        content = ask["messages"][0]["content"]
        head, data = content[1]["image_url"]["url"].split(",")
        ok = (self.path == "/openai/chat/completions"
              and self.headers["Authorization"] == "Bearer secret-key"
              and ask["model"] == "eye-1.5"
              and content[0] == {"type": "text", "text": 'say "what" you see'}
              and content[1]["type"] == "image_url"
              and head == "data:image/jpeg;base64"
              and base64.b64decode(data, validate=True) == b"\xff\xd8picture")
        self.answer(200 if ok else 400, openai("A dog."))

    def way_nokey(self, body):
        asked = self.headers["Authorization"] is None
        self.answer(200 if asked else 400, openai("No key was sent."))

    def way_parts(self, body):
        self.answer(200, openai([{"type": "text", "text": "A"},
                                 {"type": "text", "text": " bird."}]))

    # and these fail

    def way_flaky(self, body):
        failures[self.path] = failures.get(self.path, 0) + 1
        if failures[self.path] % 3:
            return self.answer(500, {"error": "inner detail"})
        self.answer(200, openai("Third time lucky."))

    def way_down(self, body):
        self.answer(500, {"error": "inner detail"})

    def way_busy(self, body):
        self.answer(429, {}, [("Retry-After", "1")])

    def way_forbidden(self, body):
        self.answer(401, {"error": {"message": "bad key secret-key"}})

    def way_refused(self, body):
        self.answer(404, {})

    def way_moved(self, body):
        self.answer(307, {}, [("Location", "/openai/chat/completions")])

    def way_late(self, body):
        time.sleep(5)
        self.answer(200, openai("Too late."))

    def way_cut(self, body):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"choices":')
        self.close_connection = True

    def way_garbage(self, body):
        self.answer(200, b"<html>welcome</html>")

    def way_utf8(self, body):
        self.answer(200, b'{"choices":[{"message":{"content":"\xc3("}}]}')

    def way_empty(self, body):
        self.answer(200, openai(" \n"))

    def way_wrong(self, body):
        self.answer(200, {"choices": {"message": [1, 2]}, "candidates": 7})

    def way_huge(self, body):
        self.answer(200, openai("x" * 3_000_000))

    def way_long(self, body):
        self.answer(200, openai("\u00e9" * 500))


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if sys.exc_info()[0] not in (BrokenPipeError, ConnectionResetError):
            super().handle_error(request, client_address)


def main():
    server = Server(("127.0.0.1", 0), Model)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
