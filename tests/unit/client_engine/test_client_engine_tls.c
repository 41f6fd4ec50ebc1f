/* SPDX-License-Identifier: MIT */
/* A client's engine over TLS, against a server of ours. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "../net/tls_fixture.h"
#include "engine_fixture.h"

typedef struct secure {
  tls_files files;
  char ca_file[96];
  tls_pair ca, own;
  peal_tls *tls;
  server_fixture server;
} secure;

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_emit(socket, "echo", peal_event_args(event));
}

static void begin(secure *it) {
  tls_files_open(&it->files);
  it->ca = tls_make("DNS:ca", NULL);
  it->own = tls_make("IP:127.0.0.1", &it->ca);
  tls_write(it->files.cert, it->files.key, &it->own);
  snprintf(it->ca_file, sizeof it->ca_file, "%s/ca.crt", it->files.dir);
  FILE *out = fopen(it->ca_file, "w");
  assert_int_equal(PEM_write_X509(out, it->ca.cert), 1);
  fclose(out);
  assert_int_equal(peal_tls_new(&it->tls,
                                &(peal_tls_opts){.cert_file = it->files.cert,
                                                 .key_file = it->files.key},
                                NULL),
                   PEAL_OK);
  peal_server_opts opts = server_opts();
  opts.tls = it->tls;
  it->server = server_make(&opts);
  assert_int_equal(peal_on(it->server.root, "echo", on_echo, NULL), PEAL_OK);
  server_run(&it->server);
}

static void end(secure *it) {
  peal_server_stop(it->server.server);
  server_join(&it->server);
  server_free(&it->server);
  peal_tls_free(it->tls);
  tls_unmake(&it->own);
  tls_unmake(&it->ca);
  tls_files_close(&it->files);
}

static void it_talks_by_every_way(void **state) {
  (void)state;
  secure server;
  peal_tls_client *tls;
  const size_t len = 300000;
  char *data = calloc(1, len);
  assert_non_null(data);
  peal_slice attached[] = {{data, len}};
  begin(&server);
  assert_int_equal(
      peal_tls_client_new(&tls, &(peal_client_tls){.ca_file = server.ca_file},
                          NULL),
      PEAL_OK);
  for (int way = PEAL_CLIENT_POLLING_FIRST; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    engine_fixture it;
    engine_begin(&it, server.server.port);
    it.opts.tls = tls;
    it.opts.transports = (peal_client_transports)way;
    engine_open(&it);
    ENGINE_AWAIT(&it, it.opens == 1);
    engine_say(&it, "0");
    assert_int_equal(
        engine_try(&it, "51-[\"echo\",{\"_placeholder\":true,\"num\":0}]",
                   attached, 1),
        PEAL_OK);
    ENGINE_AWAIT(&it, it.binaries == 1);
    assert_true(it.message_bytes > len);
    if (way == PEAL_CLIENT_POLLING_FIRST)
      ENGINE_AWAIT(&it, it.upgrades == 1);
    peal_client_engine_close(it.engine);
    ENGINE_AWAIT(&it, it.closes == 1);
    assert_int_equal(it.reason, PEAL_CLIENT_LEFT);
    engine_end(&it);
  }
  peal_tls_client_free(tls);
  free(data);
  end(&server);
}

static void a_certificate_of_strangers_is_refused_in_words(void **state) {
  (void)state;
  secure server;
  peal_tls_client *tls;
  begin(&server);
  assert_int_equal(
      peal_tls_client_new(&tls, &(peal_client_tls){.ca_file = NULL}, NULL),
      PEAL_OK);
  for (int way = PEAL_CLIENT_POLLING_FIRST; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    engine_fixture it;
    engine_begin(&it, server.server.port);
    it.opts.tls = tls;
    it.opts.transports = (peal_client_transports)way;
    it.opts.try_all_transports = true;
    engine_open(&it);
    ENGINE_AWAIT(&it, it.closes == 1);
    assert_int_equal(it.err, PEAL_ERR_CERT);
    assert_string_not_equal(it.text, "");
    engine_end(&it);
  }
  peal_tls_client_free(tls);
  end(&server);
}

/* Plain words to a server that wants TLS. */
static void the_wrong_scheme_is_no_riddle(void **state) {
  (void)state;
  secure server;
  begin(&server);
  for (int way = PEAL_CLIENT_POLLING_ONLY; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    engine_fixture it;
    engine_begin(&it, server.server.port);
    it.opts.transports = (peal_client_transports)way;
    engine_open(&it);
    ENGINE_AWAIT(&it, it.closes == 1);
    assert_int_equal(it.opens, 0);
    assert_int_equal(it.err, PEAL_ERR_ANSWER);
    assert_non_null(strstr(it.text, "https, wss"));
    engine_end(&it);
  }
  end(&server);
}

/* -- answers that end with the connection ------------------------------------ */

/* One connection, served by a thread: the handshake, and a poll whose answer has
 * no length. */
typedef struct ender {
  const tls_pair *pair;
  int listener;
  bool says_so; /* by close_notify; else it is cut */
} ender;

static void serve_request(SSL *ssl, const char *answer) {
  char in[4096];
  size_t len = 0;
  int got;
  do {
    got = SSL_read(ssl, in + len, (int)(sizeof in - 1 - len));
    len += got > 0 ? (size_t)got : 0;
    in[len] = '\0';
  } while (got > 0 && !strstr(in, "\r\n\r\n"));
  (void)SSL_write(ssl, answer, (int)strlen(answer));
}

static void *serve_one(void *user) {
  ender *it = user;
  char hello[512];
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  SSL *ssl = SSL_new(ctx);
  int fd = accept(it->listener, NULL, NULL);
  (void)SSL_use_certificate(ssl, it->pair->cert);
  (void)SSL_use_PrivateKey(ssl, it->pair->key);
  SSL_set_fd(ssl, fd);
  const char *json = "0{\"sid\":\"abc\",\"upgrades\":[]}";
  snprintf(hello, sizeof hello,
           "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(json),
           json);
  if (SSL_accept(ssl) == 1) {
    serve_request(ssl, hello);
    serve_request(ssl, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n4whole?");
    if (it->says_so)
      SSL_shutdown(ssl);
  }
  shutdown(fd, SHUT_WR);
  close(it->listener); /* it polls again, and finds nobody */
  SSL_free(ssl);
  SSL_CTX_free(ctx);
  close(fd);
  return NULL;
}

static uint16_t listen_for(ender *it) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof at;
  it->listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(it->listener, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(it->listener, 4), 0);
  assert_int_equal(getsockname(it->listener, (struct sockaddr *)&at, &len), 0);
  return ntohs(at.sin_port);
}

/* RFC9112 9.8 */
static void an_answer_that_was_cut_is_none(void **state) {
  (void)state;
  secure files;
  peal_tls_client *tls;
  begin(&files);
  assert_int_equal(
      peal_tls_client_new(&tls, &(peal_client_tls){.ca_file = files.ca_file},
                          NULL),
      PEAL_OK);
  for (int says_so = 0; says_so < 2; says_so++) {
    ender server = {.pair = &files.own, .says_so = says_so};
    engine_fixture it;
    pthread_t thread;
    engine_begin(&it, listen_for(&server));
    assert_int_equal(pthread_create(&thread, NULL, serve_one, &server), 0);
    it.opts.tls = tls;
    it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
    engine_open(&it);
    ENGINE_AWAIT(&it, it.closes == 1);
    assert_int_equal(it.messages, says_so);
    assert_int_equal(it.reason, PEAL_CLIENT_TRANSPORT_ERROR);
    if (!says_so)
      assert_string_equal(it.text, "the server's answer ended in the middle");
    engine_end(&it);
    pthread_join(thread, NULL);
  }
  peal_tls_client_free(tls);
  end(&files);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_talks_by_every_way),
      cmocka_unit_test(a_certificate_of_strangers_is_refused_in_words),
      cmocka_unit_test(the_wrong_scheme_is_no_riddle),
      cmocka_unit_test(an_answer_that_was_cut_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
