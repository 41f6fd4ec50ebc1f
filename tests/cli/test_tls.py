# SPDX-License-Identifier: MIT
"""TLS: what is believed, what is not, and in which words."""
import json
import unittest

from kit import FAILED, OK, Certificates, Served, peal


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certs = Certificates()
        cls.ca = cls.certs.at("ca.crt")
        cls.servers = {}

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers.values():
            server.stop()
        cls.certs.remove()

    def serve(self, name, **how):
        if name not in self.servers:
            cert, key = self.certs.make(name, **how)
            self.servers[name] = Served("--tls-cert", cert, "--tls-key", key)
        return f"https://localhost:{self.servers[name].port}"

    def call(self, url, *words):
        return peal("call", url, "echo", "1", *words)

    def refused(self, url, *words, says, probe_says):
        done = self.call(url, "--cacert", self.ca, *words)
        self.assertEqual(done.code, FAILED, done)
        self.assertRegex(done.err, says)
        done = peal("probe", url, "--cacert", self.ca, "--quick")
        self.assertEqual(done.code, FAILED, done)
        tls = [l for l in done.lines() if l["step"] == "tls"][0]
        self.assertEqual(tls["result"], "error")
        self.assertRegex(tls["text"], probe_says)
        self.assertIn("advice", tls)
        # the rest is seen all the same
        self.assertEqual([l["result"] for l in done.lines()
                          if l["step"] == "websocket"], ["ok"])
        done = self.call(url, "--insecure")
        self.assertEqual((done.code, done.out), (OK, "1\n"), done)

    def test_a_good_certificate(self):
        url = self.serve("good")
        for way in ("polling,websocket", "websocket,polling",
                    "websocket", "polling"):
            done = self.call(url, "--cacert", self.ca, "-t", way)
            self.assertEqual((done.code, done.out), (OK, "1\n"), done)
        done = self.call(url.replace("https", "wss"), "--cacert", self.ca)
        self.assertEqual(done.code, OK, done)
        done = peal("probe", url, "--cacert", self.ca, "--quick")
        self.assertEqual(done.code, OK, done)
        tls = [l for l in done.lines() if l["step"] == "tls"][0]
        self.assertEqual(tls["result"], "ok")
        self.assertRegex(tls["text"], r"good, signed by .*authority, \d+ days")

    def test_nobody_known_has_signed_it(self):
        url = self.serve("good")
        done = self.call(url)
        self.assertEqual(done.code, FAILED)
        done = peal("probe", url, "--quick")
        tls = [l for l in done.lines() if l["step"] == "tls"][0]
        self.assertIn("nobody known here has signed", tls["text"])
        self.assertIn("--cacert", tls["advice"])

    def test_expired(self):
        self.refused(self.serve("old", end="210101000000Z"),
                     says="expired", probe_says=r"expired, \d+ days ago")

    def test_not_yet_valid(self):
        self.refused(self.serve("young", start="290101000000Z"),
                     says="not valid before",
                     probe_says="not valid yet")

    def test_another_name(self):
        self.refused(self.serve("other", names="DNS:elsewhere.example"),
                     says="elsewhere.example",
                     probe_says="not for localhost but for "
                                "DNS:elsewhere.example")

    def test_another_usage(self):
        self.refused(self.serve("user", usage="clientAuth"),
                     says="purpose|server",
                     probe_says="not made for servers")

    def test_a_name_that_is_given(self):
        url = self.serve("other", names="DNS:elsewhere.example")
        done = self.call(url, "--cacert", self.ca, "--servername",
                         "elsewhere.example")
        self.assertEqual((done.code, done.out), (OK, "1\n"), done)

    def test_soon_is_a_warning(self):
        import datetime
        soon = datetime.datetime.utcnow() + datetime.timedelta(days=3)
        url = self.serve("soon", end=soon.strftime("%y%m%d%H%M%SZ"))
        done = peal("probe", url, "--cacert", self.ca, "--quick")
        self.assertEqual(done.code, OK, done)
        tls = [l for l in done.lines() if l["step"] == "tls"][0]
        self.assertEqual((tls["result"], tls["advice"]),
                         ("warn", "it expires soon: renew it"))

    def test_files_that_are_none(self):
        url = self.serve("good")
        done = self.call(url, "--cacert", "/does/not/exist")
        self.assertEqual(done.code, FAILED, done)
        self.assertIn("/does/not/exist", done.err)

    def test_plain_where_tls_is_spoken(self):
        url = self.serve("good").replace("https", "http")
        done = peal("probe", url, "--quick")
        self.assertEqual(done.code, FAILED)
        wrong = [l for l in done.lines() if l["result"] == "error"][0]
        self.assertIn("use https://", wrong["advice"])

    def test_tls_where_plain_is_spoken(self):
        server = Served()
        url = f"https://127.0.0.1:{server.port}"
        done = peal("probe", url, "--quick")
        self.assertEqual(done.code, FAILED)
        wrong = [l for l in done.lines() if l["result"] == "error"][0]
        self.assertIn("use http://", wrong["advice"])
        self.assertEqual(wrong["step"], "tls")
        self.assertEqual(self.call(url).code, FAILED)
        server.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
