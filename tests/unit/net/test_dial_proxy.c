/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>

#include "dial_fixture.h"
#include "net/proxy_env.h"

/* A target that sends back, in TLS or not, and a proxy in front of it. */
typedef struct scene {
  dial_scene it;
  dial_peer target, proxy;
  tls_pair pair;
  char url[128];
} scene;

static void open_scene(scene *s, bool tls, const char *form,
                       dial_serve_fn serve) {
  dial_open_scene(&s->it);
  dial_use_tls(&s->it, NULL);
  if (!tls)
    s->it.opts.tls = NULL;
  s->pair = tls_make("DNS:localhost,IP:127.0.0.1", &s->it.ca);
  dial_peer_listen(&s->target, 64);
  dial_peer_certify(&s->target, &s->pair);
  s->target.then = dial_serve_echo;
  dial_peer_run(&s->target, tls ? dial_serve_tls : dial_serve_echo);
  dial_peer_listen(&s->proxy, 64);
  dial_peer_certify(&s->proxy, &s->pair);
  s->proxy.onward = s->target.port;
  dial_peer_run(&s->proxy, serve);
  snprintf(s->url, sizeof(s->url), form, s->proxy.port);
  s->it.opts.proxy = s->url;
  s->it.opts.host = "localhost";
  s->it.opts.port = (uint16_t)s->target.port;
}

static void close_scene(scene *s) {
  dial_peer_close(&s->proxy);
  dial_peer_close(&s->target);
  tls_unmake(&s->pair);
  dial_close_scene(&s->it);
}

static void echo_both(scene *s) {
  static char large[100000];
  memset(large, 'y', sizeof(large));
  for (unsigned i = 0; i < 2; i++) {
    dial_expect(&s->it, PEAL_OK, "");
    dial_echo(&s->it, peal_workers_get(s->it.net.workers, i), large,
              sizeof(large));
  }
}

static void expect_heard(const dial_peer *peer, const char *words) {
  if (!strstr(peer->heard, words))
    fail_msg("\"%s\" has no \"%s\"", peer->heard, words);
}

/* -- CONNECT ----------------------------------------------------------------- */

static void serve_http(dial_peer *peer, int fd) {
  const char *words = peer->words ? peer->words
                                  : "HTTP/1.1 100 Continue\r\n\r\n"
                                    "HTTP/1.0 200 Connection established\r\n"
                                    "Content-Length: 7\r\nX: y\r\n\r\n";
  dial_hear(peer, fd, "\r\n\r\n");
  dial_say(peer, fd, words, strlen(words));
  if (!peer->words)
    dial_serve_between(peer, fd);
}

static void serve_https(dial_peer *peer, int fd) {
  peer->then = serve_http;
  dial_serve_tls(peer, fd);
}

static void an_http_proxy_is_asked_for_a_tunnel(void **state) {
  scene s;
  char line[64];
  (void)state;
  for (int tls = 0; tls < 2; tls++) {
    open_scene(&s, tls, "http://127.0.0.1:%u", serve_http);
    echo_both(&s);
    snprintf(line, sizeof(line),
             "CONNECT localhost:%u HTTP/1.1\r\nHost: localhost:%u\r\n",
             s.target.port, s.target.port);
    expect_heard(&s.proxy, line);
    assert_null(strstr(s.proxy.heard, "Authorization"));
    close_scene(&s);
  }
}

static void user_and_password_are_said(void **state) {
  scene s;
  (void)state;
  open_scene(&s, false, "http://us%%65r:p%%40ss@127.0.0.1:%u/", serve_http);
  echo_both(&s);
  /* user:p@ss */
  expect_heard(&s.proxy, "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n");
  close_scene(&s);
}

static void an_address_of_ipv6_has_brackets(void **state) {
  scene s;
  (void)state;
  open_scene(&s, false, "http://127.0.0.1:%u", serve_http);
  s.it.opts.host = "2001:db8::1";
  echo_both(&s);
  expect_heard(&s.proxy, "CONNECT [2001:db8::1]:");
  close_scene(&s);
}

static void what_an_http_proxy_refuses_is_said(void **state) {
  static const char *const all[][2] = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
       "the proxy refuses with 407 Proxy Authentication Required: it wants a "
       "user and a password"},
      {"HTTP/1.1 403 Forbidden\r\n\r\n",
       "the proxy refuses with 403 Forbidden"},
      {"HTTP/1.1 502 Bad\r\n\r\n", "refuses with 502 Bad Gateway"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "refuses with 101"},
      {"SSH-2.0-OpenSSH\r\n\r\n", "the proxy does not speak HTTP"},
      {"HTTP/1.1 200 ok\r\nX", "the proxy closed the connection"},
      {"", "the proxy closed the connection without an answer"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    scene s;
    open_scene(&s, i % 2, "127.0.0.1:%u", serve_http);
    s.proxy.words = all[i][0];
    dial_expect(&s.it, PEAL_ERR_PROXY, all[i][1]);
    assert_int_equal(s.it.result.step, PEAL_DIAL_PROXY);
    close_scene(&s);
  }
}

static void serve_for_ever(dial_peer *peer, int fd) {
  dial_hear(peer, fd, "\r\n\r\n");
  dial_say(peer, fd, "HTTP/1.1 200 ok\r\n", 17);
  while (send(fd, "A: b\r\n", 6, MSG_NOSIGNAL) > 0)
    continue;
}

static void a_head_without_end_has_an_end(void **state) {
  scene s;
  (void)state;
  open_scene(&s, false, "http://127.0.0.1:%u", serve_for_ever);
  dial_expect(&s.it, PEAL_ERR_PROXY, "the proxy does not speak HTTP");
  close_scene(&s);
}

static void a_proxy_may_be_spoken_to_in_tls(void **state) {
  scene s;
  (void)state;
  for (int tls = 0; tls < 2; tls++) {
    open_scene(&s, tls, "https://localhost:%u", serve_https);
    s.it.opts.proxy_tls = s.it.tls;
    echo_both(&s);
    expect_heard(&s.proxy, "CONNECT localhost:");
    close_scene(&s);
  }
}

static void the_certificate_of_a_proxy_is_checked(void **state) {
  scene s;
  (void)state;
  open_scene(&s, true, "https://127.0.0.1:%u", serve_https);
  dial_use_tls(&s.it, &(peal_client_tls){.ca_file = NULL});
  dial_expect(&s.it, PEAL_ERR_CERT, "the proxy: the certificate of 127.0.0.1");
  assert_int_equal(s.it.result.step, PEAL_DIAL_PROXY);
  s.it.opts.tls = s.it.opts.proxy_tls = NULL;
  dial_expect(&s.it, PEAL_ERR_OPTION, "an https proxy needs certificates");
  close_scene(&s);
}

/* -- SOCKS5 ------------------------------------------------------------------ */

static void hear_bytes(dial_peer *peer, int fd, size_t len) {
  memset(peer->heard, 0, sizeof(peer->heard));
  assert_int_equal(net_read(fd, peer->heard, len), len);
}

/* Wants the password if it is offered. */
static void serve_socks(dial_peer *peer, int fd) {
  unsigned char head[300];
  if (net_read(fd, (char *)head, 2) != 2)
    return;
  (void)net_read(fd, (char *)head + 2, head[1]);
  if (head[1] == 2) {
    net_send(fd, "\5\2", 2);
    hear_bytes(peer, fd, 2 + 4 + 1 + 4);
    bool right = !memcmp(peer->heard, "\1\4user\4p@ss", 11);
    net_send(fd, right ? "\1\0" : "\1\1", 2);
    if (!right)
      return;
  } else {
    net_send(fd, "\5\0", 2);
  }
  hear_bytes(peer, fd, 4);
  if (peer->heard[3] == 3) {
    (void)net_read(fd, peer->heard + 4, 1);
    (void)net_read(fd, peer->heard + 5, (size_t)peer->heard[4] + 2);
  } else {
    (void)net_read(fd, peer->heard + 4, peer->heard[3] == 1 ? 6 : 18);
  }
  if (peer->words) {
    net_send_str(fd, peer->words);
    return;
  }
  for (int i = 0; i < 10; i++) /* byte by byte */
    net_send(fd, &"\5\0\0\1\x7f\0\0\1\0\x50"[i], 1);
  dial_serve_between(peer, fd);
}

static void socks5_resolves_here_and_socks5h_there(void **state) {
  scene s;
  (void)state;
  for (int tls = 0; tls < 2; tls++) {
    open_scene(&s, tls, "socks5h://127.0.0.1:%u", serve_socks);
    echo_both(&s);
    assert_memory_equal(s.proxy.heard, "\5\1\0\3\x09localhost", 14);
    close_scene(&s);
    open_scene(&s, tls, "socks5://127.0.0.1:%u", serve_socks);
    echo_both(&s);
    assert_memory_equal(s.proxy.heard, "\5\1\0", 3);
    assert_true(s.proxy.heard[3] == 1 || s.proxy.heard[3] == 4);
    s.it.opts.host = "127.0.0.1";
    echo_both(&s);
    assert_memory_equal(s.proxy.heard, "\5\1\0\1\x7f\0\0\1", 8);
    close_scene(&s);
  }
}

static void socks5_with_a_password(void **state) {
  scene s;
  (void)state;
  open_scene(&s, false, "socks5h://user:p@ss@localhost:%u", serve_socks);
  echo_both(&s);
  snprintf(s.url, sizeof(s.url), "socks5h://user:nope@127.0.0.1:%u",
           s.proxy.port);
  dial_expect(&s.it, PEAL_ERR_PROXY,
              "the proxy refuses: user or password is wrong");
  close_scene(&s);
}

static void what_socks5_refuses_is_said(void **state) {
  static const char *const all[][2] = {
      {"\5\2", "the proxy refuses: its rules do not allow it"},
      {"\5\4", "the host cannot be reached or is not known"},
      {"\5\5", "the connection was refused"},
      {"\5\x7f", "a reason that is not known"},
      {"HTTP/1.1 400 Bad", "it does not speak SOCKS5"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    scene s;
    open_scene(&s, i % 2, "socks5h://127.0.0.1:%u", serve_socks);
    s.proxy.words = all[i][0];
    dial_expect(&s.it, PEAL_ERR_PROXY, all[i][1]);
    close_scene(&s);
  }
}

/* -- what is no proxy --------------------------------------------------------- */

static void a_proxy_that_is_not_there_is_named(void **state) {
  scene s;
  char words[64];
  (void)state;
  open_scene(&s, false, "http://127.0.0.1:%u", serve_http);
  dial_peer gone;
  dial_peer_listen(&gone, 1);
  close(gone.listening);
  snprintf(s.url, sizeof(s.url), "http://127.0.0.1:%u", gone.port);
  snprintf(words, sizeof(words), "127.0.0.1:%u refused", gone.port);
  dial_expect(&s.it, PEAL_ERR_CONNECT, words);
  const char *wrong[] = {"ftp://a.test", "http://", "socks4://a.test:1",
                         "http://a.test:0", "http://a.test:99999"};
  for (int i = 0; i < 5; i++) {
    s.it.opts.proxy = wrong[i];
    dial_expect(&s.it, PEAL_ERR_OPTION, "the proxy's URL");
  }
  s.it.opts.proxy = "http://no..such.proxy:3128";
  dial_expect(&s.it, PEAL_ERR_HOST, "no..such.proxy");
  s.it.opts.proxy = "";
  echo_both(&s);
  close_scene(&s);
}

static void a_proxy_that_says_nothing_has_its_time(void **state) {
  scene s;
  (void)state;
  open_scene(&s, false, "socks5h://127.0.0.1:%u", dial_serve_words);
  s.proxy.words = "";
  s.it.opts.timeout_ms = 100;
  dial_expect(&s.it, PEAL_ERR_TIMEOUT, "while waiting for the proxy to reach");
  close_scene(&s);
}

/* -- the environment ---------------------------------------------------------- */

static void clear(void) {
  const char *all[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                       "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    unsetenv(all[i]);
}

static void expect_env(const char *host, bool secure, const char *url) {
  const char *got = peal_proxy_env_get(host, secure);
  if (!url)
    assert_null(got);
  else
    assert_string_equal(got ? got : "none", url);
}

static void the_environment_is_read_as_curl_does(void **state) {
  (void)state;
  clear();
  expect_env("a.test", false, NULL);
  setenv("HTTP_PROXY", "http://evil:1", 1); /* a header of a CGI request */
  expect_env("a.test", false, NULL);
  setenv("ALL_PROXY", "http://all:1", 1);
  expect_env("a.test", false, "http://all:1");
  setenv("all_proxy", "http://lower:1", 1);
  expect_env("a.test", true, "http://lower:1");
  setenv("HTTPS_PROXY", "http://upper:2", 1);
  expect_env("a.test", true, "http://upper:2");
  setenv("https_proxy", "http://secure:2", 1);
  expect_env("a.test", true, "http://secure:2");
  setenv("http_proxy", "http://plain:3", 1);
  expect_env("a.test", false, "http://plain:3");
  setenv("http_proxy", "", 1);
  expect_env("a.test", false, "http://lower:1");
  setenv("NO_PROXY", "a.test", 1);
  expect_env("a.test", true, NULL);
  expect_env("b.test", true, "http://secure:2");
  setenv("no_proxy", ".b.test, 10.0.0.0/8", 1);
  expect_env("a.test", true, "http://secure:2");
  expect_env("x.B.test", true, NULL);
  expect_env("10.1.2.3", true, NULL);
  setenv("no_proxy", "*", 1);
  expect_env("::1", false, NULL);
  clear();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_http_proxy_is_asked_for_a_tunnel),
      cmocka_unit_test(user_and_password_are_said),
      cmocka_unit_test(an_address_of_ipv6_has_brackets),
      cmocka_unit_test(what_an_http_proxy_refuses_is_said),
      cmocka_unit_test(a_head_without_end_has_an_end),
      cmocka_unit_test(a_proxy_may_be_spoken_to_in_tls),
      cmocka_unit_test(the_certificate_of_a_proxy_is_checked),
      cmocka_unit_test(socks5_resolves_here_and_socks5h_there),
      cmocka_unit_test(socks5_with_a_password),
      cmocka_unit_test(what_socks5_refuses_is_said),
      cmocka_unit_test(a_proxy_that_is_not_there_is_named),
      cmocka_unit_test(a_proxy_that_says_nothing_has_its_time),
      cmocka_unit_test(the_environment_is_read_as_curl_does),
  };
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
