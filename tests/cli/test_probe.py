# SPDX-License-Identifier: MIT
"""peal probe: what it finds wrong, and in which words."""
import os
import pathlib
import shutil
import socket
import tempfile
import threading
import unittest

from kit import (FAILED, OK, PEAL, ROOT, Answerer, Line, NodeServer, Program,
                 Served, environment, free_port, peal)

EIO2 = ROOT / "tests/e2e/node_modules/socket.io-2"


class Probe(unittest.TestCase):
    def probe(self, url, *words, code, env=None):
        done = peal("probe", url, *words, env=env)
        self.assertEqual(done.code, code, done)
        self.steps = {}
        for line in done.lines():
            self.steps.setdefault(line["step"], []).append(line)
        return self.steps

    def result(self, step):
        return [line["result"] for line in self.steps.get(step, [])]

    def wrong(self, step, text, advice=None):
        bad = [l for l in self.steps.get(step, []) if l["result"] == "error"]
        self.assertEqual(len(bad), 1, self.steps)
        self.assertRegex(bad[0]["text"], text)
        if advice:
            self.assertRegex(bad[0].get("advice", ""), advice)


class Right(Probe):
    def all_steps(self, url):
        self.probe(url, code=OK)
        self.assertEqual(list(self.steps), [
            "name", "tcp", "handshake", "polling", "namespace", "websocket",
            "heartbeat", "result"])
        for step in self.steps:
            self.assertEqual(self.result(step), ["ok"])
            if step not in ("result",):
                self.assertGreaterEqual(self.steps[step][0]["ms"], 0)
        self.assertIn("Engine.IO 4", self.steps["handshake"][0]["text"])

    def test_our_server(self):
        server = Served("--ping-interval", "300ms")
        self.all_steps(server.url)
        server.heard(disconnect=["transport close"])
        server.stop()

    def test_the_reference(self):
        for version in ("4", "3"):
            server = NodeServer("--version", version, '{"pingInterval": 300}')
            self.all_steps(server.url)
            server.stop()

    def test_a_server_without_polling(self):
        server = NodeServer('{"transports": ["websocket"], '
                            '"pingInterval": 300}')
        self.probe(server.url, code=OK)
        self.assertEqual(self.result("handshake"), ["warn"])
        self.assertIn("polling is switched off",
                      self.steps["handshake"][0]["advice"])
        for step in ("websocket", "namespace", "heartbeat"):
            self.assertEqual(self.result(step), ["ok"])
        server.stop()

    def test_a_server_without_websocket(self):
        server = NodeServer('{"transports": ["polling"], "pingInterval": 300}')
        self.probe(server.url, code=OK)
        self.assertEqual(self.result("websocket"), ["warn"])
        self.assertEqual(self.result("heartbeat"), ["ok"])
        server.stop()

    def test_through_a_proxy(self):
        server = Served()
        done = peal("probe", server.url, "--quick", "--proxy",
                    f"http://127.0.0.1:{free_port()}")
        self.assertEqual(done.code, FAILED)
        self.assertIn("proxy", done.lines()[-2]["advice"])
        server.stop()

    def test_text_for_people(self):
        server = Served()
        done = peal("probe", server.url, "--quick", "--human", "-q")
        self.assertRegex(done.out, r"(?m)^ok    tcp        127\.0\.0\.1 port "
                                   r"\d+ +\d+\.\d ms$")
        done = peal("probe", server.url + "/none", "--quick", "--human", "-q")
        self.assertIn("\n                 the server has no such namespace",
                      done.out)
        for line in done.out.splitlines():
            self.assertLessEqual(len(line), 100)
        server.stop()


class Wrong(Probe):
    @classmethod
    def setUpClass(cls):
        cls.server = NodeServer('{"token": "letmein"}')
        cls.own = Served()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.own.stop()

    def test_nothing_listens(self):
        self.probe(f"http://127.0.0.1:{free_port()}", code=FAILED)
        self.wrong("tcp", "connection refused", "nothing listens there")

    def test_a_name_that_is_none(self):
        self.probe("http://does-not-exist.invalid", code=FAILED)
        self.wrong("name", "the name is not known", "spelling")

    def test_nobody_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            port = deaf.getsockname()[1]
            self.probe(f"http://127.0.0.1:{port}", "--timeout", "500ms",
                       code=FAILED)
            self.wrong("handshake", "no answer in time")
            self.probe(f"https://127.0.0.1:{port}", "--timeout", "500ms",
                       code=FAILED)
            self.wrong("tls" if "tls" in self.steps else "tcp",
                       "no answer in time")

    def test_another_path(self):
        for server in (self.server, self.own):
            self.probe(server.url, "--path", "/wrong", code=FAILED)
            self.wrong("handshake", "status 404", "--path /socket.io/")

    def test_a_page_where_the_endpoint_should_be(self):
        page = Answerer(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                        b"Content-Length: 13\r\nConnection: close\r\n\r\n"
                        b"<html></html>")
        self.probe(page.url, code=FAILED)
        self.wrong("handshake", "status 200", "but a page")
        page.close()

    def test_a_redirect(self):
        there = Answerer(b"HTTP/1.1 308 Permanent Redirect\r\nLocation: "
                         b"https://x.example/\r\nContent-Length: 0\r\n"
                         b"Connection: close\r\n\r\n")
        self.probe(there.url, code=FAILED)
        self.wrong("handshake", "it is at https://x.example/",
                   "follow no redirect")
        there.close()

    def test_a_gateway_without_a_server(self):
        for status in (b"502 Bad Gateway", b"503 Service Unavailable",
                       b"504 Gateway Timeout"):
            gateway = Answerer(b"HTTP/1.1 " + status +
                               b"\r\nServer: nginx\r\nContent-Length: 0\r\n"
                               b"Connection: close\r\n\r\n")
            self.probe(gateway.url, code=FAILED)
            self.wrong("handshake", f"status {status[:3].decode()} from nginx",
                       "a proxy answers")
            gateway.close()

    def test_no_http_at_all(self):
        other = Answerer(b"220 mail.example ESMTP\r\n")
        self.probe(other.url, code=FAILED)
        self.assertEqual(self.result("handshake"), ["error"])
        other.close()

    def test_a_namespace_that_is_none(self):
        for server in (self.server, self.own):
            self.probe(server.url + "/none", "--quick", code=FAILED)
            self.wrong("namespace", "/none is refused: Invalid namespace",
                       "no such namespace")
            self.assertEqual(self.result("websocket"), ["ok"])

    def test_a_login_that_is_wanted(self):
        self.probe(self.server.url + "/locked", "--quick", code=FAILED)
        self.wrong("namespace", "who are you?", "--auth")
        self.probe(self.server.url + "/locked", "--quick", "--auth",
                   '{"token": "letmein"}', code=OK)

    def test_an_origin_that_is_not_allowed(self):
        server = NodeServer('{"only_origin": "https://good.example"}')
        self.probe(server.url, "--quick", "--origin", "https://bad.example",
                   code=FAILED)
        self.wrong("handshake", "status 403",
                   "does not allow https://bad.example")
        server.stop()
        own = Served("--cors", "https://good.example")
        self.probe(own.url, "--quick", "--origin", "https://bad.example",
                   code=FAILED)
        self.wrong("handshake", "status 403",
                   "does not allow https://bad.example")
        self.probe(own.url, "--quick", "--origin", "https://good.example",
                   code=OK)
        own.stop()

    def test_an_origin_whose_pages_cannot_read(self):
        self.probe(self.server.url, "--quick", "--origin",
                   "https://page.example", code=FAILED)
        self.wrong("origin", "may not read", "CORS")

    @unittest.skipUnless(EIO2.exists(), "needs socket.io 2 of tests/e2e")
    def test_socket_io_2(self):
        server = NodeServer("--version", "2")
        self.probe(server.url, code=FAILED)
        self.wrong("handshake", "Engine.IO 3", "Socket.IO 2")
        server.stop()

    def test_two_servers_without_sticky_sessions(self):
        other = NodeServer()
        for a, b in ((self.server, other), (self.own, other)):
            line = Line(a.port, b.port)
            self.probe(line.url, "--quick", code=FAILED)
            bad = [l for lines in self.steps.values() for l in lines
                   if l["result"] == "error" and l["step"] != "result"]
            self.assertTrue(any("sticky sessions" in l.get("advice", "")
                                for l in bad), self.steps)
            line.close()
        other.stop()

    def test_a_server_that_never_lets_in(self):
        silent = Silent()
        self.probe(silent.url, "--quick", "--timeout", "500ms", code=FAILED)
        self.assertEqual(self.result("polling"), ["error"])
        silent.close()

    def test_a_heartbeat_that_does_not_come(self):
        silent = Silent(b'40{"sid":"x"}', interval=100)
        self.probe(silent.url, code=FAILED)
        self.assertEqual(self.result("polling"), ["ok"])
        self.assertEqual(self.result("namespace"), ["ok"])
        self.wrong("heartbeat", "no ping within 5 s", "proxy_read_timeout")
        silent.close()

    def test_patience_has_an_end(self):
        server = NodeServer('{"pingInterval": 200000}')
        self.probe(server.url, code=OK)
        self.assertEqual(self.result("heartbeat"), ["-"])
        server.stop()


class Silent(threading.Thread):
    """Shakes hands and takes a POST, says this, and then nothing more."""

    def __init__(self, *more, interval=25000):
        super().__init__(daemon=True)
        self.answers = [b'0{"sid":"abc","upgrades":[],"pingInterval":%d,'
                        b'"pingTimeout":20000}' % interval, b"ok", *more]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open = []
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(client)
            if not client.recv(65536) or not self.answers:
                continue
            body = self.answers.pop(0)
            client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                           b"Content-Length: %d\r\n\r\n%s"
                           % (len(body), body))
            client.close()

    def close(self):
        self.listener.close()
        for client in self.open:
            client.close()


class Nginx:
    """Real nginx in front of a port, as people set it up."""

    def __init__(self, location, upstream=""):
        unpacked = ROOT / "build/proxies/usr"
        program = shutil.which("nginx") or str(unpacked / "sbin/nginx")
        if not pathlib.Path(program).exists():
            raise unittest.SkipTest("nginx is missing: tools/proxies.sh")
        self.folder = tempfile.TemporaryDirectory()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        conf = pathlib.Path(self.folder.name) / "nginx.conf"
        temps = "".join(
            f"{kind}_temp_path {self.folder.name}/{kind};\n" for kind in
            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf.write_text(
            f"daemon off; pid {self.folder.name}/pid; error_log stderr;\n"
            f"events {{}}\nhttp {{ access_log off;\n{temps}{upstream}\n"
            f"server {{ listen 127.0.0.1:{self.port};\n"
            f"location / {{ {location} }} }} }}\n")
        lib = [str(p) for p in (unpacked / "lib").glob("*-linux-gnu")]
        env = environment(LD_LIBRARY_PATH=":".join(lib)) if lib else None
        self.program = Program([program, "-p", self.folder.name, "-c",
                                str(conf), "-e", "stderr"], env=env)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                threading.Event().wait(0.05)
        raise AssertionError(f"nginx: {self.program.err}")

    def stop(self):
        self.program.stop()
        self.folder.cleanup()


UPGRADE = ("proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
           'proxy_set_header Connection "upgrade"; '
           "proxy_set_header Host $host; ")


class BehindNginx(Probe):
    @classmethod
    def setUpClass(cls):
        cls.servers = [Served("--ping-interval", "300ms"),
                       NodeServer('{"pingInterval": 300}')]

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.stop()

    def test_set_up_well(self):
        for server in self.servers:
            nginx = Nginx(UPGRADE +
                          f"proxy_pass http://127.0.0.1:{server.port};")
            self.probe(nginx.url, code=OK)
            nginx.stop()

    def test_without_the_upgrade(self):
        for server in self.servers:
            nginx = Nginx(f"proxy_pass http://127.0.0.1:{server.port};")
            self.probe(nginx.url, code=FAILED)
            self.assertEqual(self.result("polling"), ["ok"])
            self.wrong("websocket", "instead of 101",
                       "proxy_set_header Upgrade")
            self.assertEqual(self.result("heartbeat"), ["ok"])
            nginx.stop()

    def test_two_servers_and_round_robin(self):
        ports = [server.port for server in self.servers]
        pool = "upstream pool { " + " ".join(
            f"server 127.0.0.1:{port};" for port in ports)
        nginx = Nginx(UPGRADE + "proxy_pass http://pool;", pool + " }")
        self.probe(nginx.url, "--quick", code=FAILED)
        bad = [l for lines in self.steps.values() for l in lines
               if "sticky sessions" in l.get("advice", "")]
        self.assertTrue(bad, self.steps)
        nginx.stop()
        nginx = Nginx(UPGRADE + "proxy_pass http://pool;",
                      pool + " ip_hash; }")
        self.probe(nginx.url, "--quick", code=OK)
        nginx.stop()

    def test_nothing_behind_it(self):
        nginx = Nginx(f"proxy_pass http://127.0.0.1:{free_port()};")
        self.probe(nginx.url, code=FAILED)
        self.wrong("handshake", "status 502 from nginx", "a proxy answers")
        nginx.stop()

    def test_a_prefix_in_front(self):
        nginx = Nginx("return 404; } location /app/socket.io/ { " + UPGRADE +
                      f"proxy_pass http://127.0.0.1:{self.servers[0].port}"
                      "/socket.io/;")
        self.probe(nginx.url + "/app", "--quick", code=FAILED)
        self.wrong("handshake", "status 404", "--path /app/socket.io/")
        self.probe(nginx.url, "--path", "/app/socket.io", "--quick", code=OK)
        nginx.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
