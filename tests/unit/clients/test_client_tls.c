/* SPDX-License-Identifier: MIT */
/* A client over TLS: by every transport; and what it thinks of
 * certificates. */
#include <signal.h>

#include "../net/dial_fixture.h"
#include "client_fixture.h"

typedef struct scene {
  tls_files files;
  tls_pair ca, site;
  char ca_file[96], ca_key[96];
  peal_tls *tls;
  server_fixture server;
  char url[64];
} scene;

static void open_scene(scene *it, const char *names) {
  tls_files_open(&it->files);
  it->ca = tls_make("ca", NULL);
  it->site = tls_make(names, &it->ca);
  snprintf(it->ca_file, sizeof it->ca_file, "%s/ca.crt", it->files.dir);
  snprintf(it->ca_key, sizeof it->ca_key, "%s/ca.key", it->files.dir);
  tls_write(it->ca_file, it->ca_key, &it->ca);
  tls_write(it->files.cert, it->files.key, &it->site);
  assert_int_equal(peal_tls_new(&it->tls,
                                &(peal_tls_opts){.cert_file = it->files.cert,
                                                 .key_file = it->files.key},
                                NULL),
                   PEAL_OK);
  peal_server_opts opts = server_opts();
  opts.tls = it->tls;
  it->server = server_make(&opts);
  fixture_add_nsp(&it->server, "/");
  fixture_run(&it->server);
  snprintf(it->url, sizeof it->url, "https://127.0.0.1:%u", it->server.port);
}

static void close_scene(scene *it) {
  fixture_end(&it->server);
  peal_tls_free(it->tls);
  tls_unmake(&it->site);
  tls_unmake(&it->ca);
  tls_files_close(&it->files);
}

static peal_client_opts tls_opts(const scene *it) {
  peal_client_opts opts = fixture_opts(&it->server);
  opts.url = it->url;
  opts.tls.ca_file = it->ca_file;
  return opts;
}

static void every_transport_works_over_tls(void **state) {
  static const peal_client_transports ways[] = {PEAL_CLIENT_POLLING_FIRST,
                                                PEAL_CLIENT_POLLING_ONLY,
                                                PEAL_CLIENT_WEBSOCKET_ONLY};
  (void)state;
  scene it;
  open_scene(&it, "IP:127.0.0.1");
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    peal_client_opts opts = tls_opts(&it);
    opts.transports = ways[i];
    peal_client *client = fixture_start(&opts);
    assert_int_equal(peal_client_call(peal_client_of(client, NULL), "echo",
                                      PEAL_ARGS(peal_int(1)), 0, NULL),
                     PEAL_OK);
    peal_client_stop(client);
    peal_client_free(client);
  }
  close_scene(&it);
}

static bool refuse_pin(peal_slice sha256, peal_slice der, void *user) {
  atomic_int *asked = user;
  atomic_fetch_add(asked, sha256.len == 32 && der.len > 100);
  return false;
}

/* It ends, and why is said. */
static void run_refused(const peal_client_opts *opts, const char *words) {
  peal_client *client = fixture_client(opts);
  assert_int_equal(peal_client_run(client), 1);
  if (!trace_has("connect_error / PEAL_ERR_CERT: ") || !trace_has(words))
    fail_msg("no %s in %s", words, trace.text);
  peal_client_free(client);
  trace_clear();
}

static void certificates_are_not_believed_blindly(void **state) {
  (void)state;
  scene it;
  atomic_int asked;
  atomic_init(&asked, 0);
  open_scene(&it, "IP:127.0.0.1");
  peal_client_opts opts = tls_opts(&it);
  opts.no_first_retry = true;
  opts.tls.ca_file = NULL;
  run_refused(&opts, "127.0.0.1");
  opts = tls_opts(&it);
  opts.no_first_retry = true;
  opts.tls.server_name = "other.example";
  run_refused(&opts, "other.example");
  opts = tls_opts(&it);
  opts.no_first_retry = true;
  opts.tls.pin = refuse_pin;
  opts.tls.pin_user = &asked;
  run_refused(&opts, "pin");
  assert_int_equal(atomic_load(&asked), 1);
  opts = tls_opts(&it);
  opts.tls.ca_file = NULL;
  opts.tls.insecure_no_verify = true;
  peal_client *client = fixture_start(&opts);
  trace_await("connect /\n");
  peal_client_free(client);
  close_scene(&it);
}

static void serve_tunnel(dial_peer *peer, int fd) {
  dial_hear(peer, fd, "\r\n\r\n");
  dial_say(peer, fd, "HTTP/1.1 200 ok\r\n\r\n", 19);
  dial_serve_between(peer, fd);
}

/* Its certificate is checked by the same rules, whatever goes through it. */
static void an_https_proxy_carries_both(void **state) {
  (void)state;
  for (int plain = 0; plain < 2; plain++) {
    scene it;
    dial_peer proxy;
    char proxy_url[64];
    open_scene(&it, "IP:127.0.0.1");
    peal_server_opts plain_opts = server_opts();
    server_fixture other = server_make(&plain_opts);
    fixture_add_nsp(&other, "/");
    server_run(&other);
    dial_peer_listen(&proxy, 8);
    dial_peer_certify(&proxy, &it.site);
    proxy.onward = plain ? other.port : it.server.port;
    proxy.then = serve_tunnel;
    dial_peer_run(&proxy, dial_serve_tls);
    snprintf(proxy_url, sizeof proxy_url, "https://127.0.0.1:%u", proxy.port);
    if (plain)
      snprintf(it.url, sizeof it.url, "http://127.0.0.1:%u", other.port);
    peal_client_opts opts = tls_opts(&it);
    opts.proxy = proxy_url;
    opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
    peal_client *client = fixture_start(&opts);
    assert_int_equal(peal_client_call(peal_client_of(client, NULL), "echo",
                                      PEAL_ARGS(peal_int(1)), 0, NULL),
                     PEAL_OK);
    assert_int_equal(atomic_load(&proxy.accepted), 1);
    peal_client_stop(client);
    peal_client_free(client);
    dial_peer_close(&proxy);
    fixture_end(&other);
    close_scene(&it);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_transport_works_over_tls),
      cmocka_unit_test(certificates_are_not_believed_blindly),
      cmocka_unit_test(an_https_proxy_carries_both),
  };
  signal(SIGPIPE, SIG_IGN); /* the proxy writes by OpenSSL's own BIO */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
