/* SPDX-License-Identifier: MIT */
#pragma once
/* dial_fixture: peers in threads of their own, which accept one connection
 * after the other and do as they are told; and dials on a worker. */
#include <sys/un.h>

#include "net/dial.h"
#include "net/stream.h"
#include "tls_fixture.h"

/* -- peers ------------------------------------------------------------------ */

typedef struct dial_peer dial_peer;
typedef void (*dial_serve_fn)(dial_peer *peer, int fd);

struct dial_peer {
  int listening;
  unsigned port;
  _Atomic(dial_serve_fn) serve; /* closes nothing */
  uv_thread_t thread;
  SSL_CTX *tls;                /* for dial_serve_tls */
  dial_serve_fn then;          /* what dial_serve_... comes to */
  SSL *ssl;                    /* while it serves */
  unsigned onward;             /* where a proxy connects to */
  _Atomic(const char *) words; /* to be said */
  char heard[1024];
  atomic_int accepted, resumed;
};

static inline void dial_peer_main(void *user) {
  dial_peer *peer = user;
  for (;;) {
    int fd = accept4(peer->listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
      return;
    atomic_fetch_add(&peer->accepted, 1);
    dial_serve_fn serve = peer->serve;
    serve(peer, fd);
    close(fd);
  }
}

static inline void dial_peer_listen(dial_peer *peer, int backlog) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(at);
  *peer =
      (dial_peer){.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  assert_int_equal(bind(peer->listening, (struct sockaddr *)&at, sizeof(at)),
                   0);
  assert_int_equal(listen(peer->listening, backlog), 0);
  assert_int_equal(getsockname(peer->listening, (struct sockaddr *)&at, &len),
                   0);
  peer->port = ntohs(at.sin_port);
}

static inline void dial_peer_run(dial_peer *peer, dial_serve_fn serve) {
  peer->serve = serve;
  assert_int_equal(uv_thread_create(&peer->thread, dial_peer_main, peer), 0);
}

static inline void dial_peer_open(dial_peer *peer, dial_serve_fn serve) {
  dial_peer_listen(peer, 64);
  dial_peer_run(peer, serve);
}

static inline void dial_peer_close(dial_peer *peer) {
  shutdown(peer->listening, SHUT_RDWR);
  uv_thread_join(&peer->thread);
  close(peer->listening);
  SSL_CTX_free(peer->tls);
}

/* A port at which nobody answers: who would connect waits. */
static inline void dial_peer_deaf(dial_peer *peer, int filler[2]) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  dial_peer_listen(peer, 0);
  at.sin_port = htons((uint16_t)peer->port);
  for (int i = 0; i < 2; i++) {
    filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)!connect(filler[i], (struct sockaddr *)&at, sizeof(at));
  }
}

static inline void dial_peer_end_deaf(dial_peer *peer, int filler[2]) {
  close(filler[0]);
  close(filler[1]);
  close(peer->listening);
}

/* Reads until `end` has come, or 30 s of silence; one byte at a time. */
static inline void dial_hear(dial_peer *peer, int fd, const char *end) {
  size_t len = 0;
  peer->heard[0] = 0;
  while (len + 1 < sizeof(peer->heard) && !strstr(peer->heard, end)) {
    int got = peer->ssl ? SSL_read(peer->ssl, peer->heard + len, 1)
                        : (int)net_read(fd, peer->heard + len, 1);
    if (got <= 0)
      return;
    peer->heard[++len] = 0;
  }
}

static inline void dial_say(dial_peer *peer, int fd, const void *data,
                            size_t len) {
  if (peer->ssl)
    (void)SSL_write(peer->ssl, data, (int)len);
  else
    (void)!send(fd, data, len, MSG_NOSIGNAL);
}

/* Sends back what comes, until the end. */
static inline void dial_serve_echo(dial_peer *peer, int fd) {
  char data[4096];
  for (;;) {
    int got = peer->ssl ? SSL_read(peer->ssl, data, sizeof(data))
                        : (int)recv(fd, data, sizeof(data), 0);
    if (got <= 0)
      return;
    dial_say(peer, fd, data, (size_t)got);
  }
}

/* Says its words and waits for the end. */
static inline void dial_serve_words(dial_peer *peer, int fd) {
  dial_hear(peer, fd, "\r\n\r\n");
  dial_say(peer, fd, peer->words, strlen(peer->words));
  dial_serve_echo(peer, fd);
}

/* Shakes hands and goes on with `then`. */
static inline void dial_serve_tls(dial_peer *peer, int fd) {
  peer->ssl = SSL_new(peer->tls);
  SSL_set_fd(peer->ssl, fd);
  if (SSL_accept(peer->ssl) == 1) {
    atomic_fetch_add(&peer->resumed, SSL_session_reused(peer->ssl));
    peer->then(peer, fd);
    SSL_shutdown(peer->ssl);
  }
  ERR_clear_error();
  SSL_free(peer->ssl);
  peer->ssl = NULL;
}

static inline void dial_peer_certify(dial_peer *peer, const tls_pair *pair) {
  static const unsigned char context[] = "test";
  peer->tls = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_session_id_context(peer->tls, context, sizeof(context) - 1);
  assert_int_equal(SSL_CTX_use_certificate(peer->tls, pair->cert), 1);
  assert_int_equal(SSL_CTX_use_PrivateKey(peer->tls, pair->key), 1);
}

/* Both directions, until one ends. */
static inline void dial_serve_between(dial_peer *peer, int fd) {
  int other = net_connect(peer->onward);
  char data[4096];
  for (;;) {
    struct pollfd both[2] = {{.fd = fd, .events = POLLIN},
                             {.fd = other, .events = POLLIN}};
    bool waiting = peer->ssl && SSL_pending(peer->ssl);
    if (!waiting && poll(both, 2, 30000) <= 0)
      break;
    if (waiting || both[0].revents) {
      int got = peer->ssl ? SSL_read(peer->ssl, data, sizeof(data))
                          : (int)recv(fd, data, sizeof(data), 0);
      if (got <= 0)
        break;
      (void)!send(other, data, (size_t)got, MSG_NOSIGNAL);
    }
    if (both[1].revents) {
      ssize_t got = recv(other, data, sizeof(data), 0);
      if (got <= 0)
        break;
      dial_say(peer, fd, data, (size_t)got);
    }
  }
  close(other);
}

/* -- dials ------------------------------------------------------------------ */

typedef struct dial_scene {
  net_fixture net;
  peal_worker *worker;
  tls_files files;
  tls_pair ca;
  peal_tls_client *tls;
  peal_account_server server_account;
  peal_account_worker account;
  peal_dial *dial;
  peal_dial_opts opts;
  peal_dial_result result; /* a copy */
  char text[PEAL_DIAL_TEXT];
  atomic_int called;
  peal_stream *stream;
  atomic_int reads, closed;
  peal_err close_err;
  char got[262144];
  size_t got_len;
  const char *say; /* by the stream, once */
  size_t say_len, said;
} dial_scene;

/* Trusts the scene's own authority. */
static inline void dial_use_tls(dial_scene *it, const peal_client_tls *more) {
  peal_client_tls opts = more ? *more : (peal_client_tls){.ca_file = NULL};
  peal_tls_problem why;
  if (!more)
    opts.ca_file = it->files.cert;
  peal_tls_client_free(it->tls);
  if (peal_tls_client_new(&it->tls, &opts, &why))
    fail_msg("%s", why.text);
  it->opts.tls = it->tls;
}

static inline void dial_open_scene(dial_scene *it) {
  memset(it, 0, sizeof(*it));
  tls_files_open(&it->files);
  it->ca = tls_make("test authority", NULL);
  tls_write(it->files.cert, it->files.key, &it->ca);
  peal_account_server_init(&it->server_account, 0);
  peal_account_worker_init(&it->account, &it->server_account);
  it->net.workers =
      peal_workers_new(&(peal_workers_opts){.count = 2, .log = NET_QUIET});
  it->worker = peal_workers_get(it->net.workers, 0);
  it->opts = (peal_dial_opts){
      .host = "127.0.0.1", .timeout_ms = 60000, .account = &it->account};
  net_fixture_run(&it->net);
}

static inline void dial_end_worker(dial_scene *it) {
  peal_workers_stop(it->net.workers, 0);
  net_fixture_join(&it->net);
}

static inline void dial_close_scene(dial_scene *it) {
  dial_end_worker(it);
  assert_int_equal(it->account.used, 0);
  peal_account_worker_deinit(&it->account);
  peal_tls_client_free(it->tls);
  peal_workers_free(it->net.workers);
  tls_unmake(&it->ca);
  tls_files_close(&it->files);
}

static inline void dial_on_result(peal_dial *dial,
                                  const peal_dial_result *result, void *user) {
  dial_scene *it = user;
  assert_ptr_equal(dial, it->dial);
  it->result = *result;
  snprintf(it->text, sizeof(it->text), "%s", result->text);
  it->dial = NULL;
  atomic_fetch_add(&it->called, 1);
}

static inline void dial_open_on(peal_worker *worker, void *user) {
  dial_scene *it = user;
  it->dial = peal_dial_open(worker, &it->opts, dial_on_result, it);
  assert_non_null(it->dial);
}

/* Dial and wait for what comes of it. */
static inline peal_err dial_try(dial_scene *it) {
  int before = atomic_load(&it->called);
  net_on_worker(it->worker, dial_open_on, it);
  assert_true(net_wait(&it->called, before + 1));
  net_sync(it->worker);
  return it->result.err;
}

static inline void dial_expect(dial_scene *it, peal_err err,
                               const char *words) {
  peal_err got = dial_try(it);
  if (got != err)
    fail_msg("%s instead of %s: %s", peal_err_message(got),
             peal_err_message(err), it->text);
  if (!strstr(it->text, words))
    fail_msg("\"%s\" says nothing of \"%s\"", it->text, words);
  if (!err)
    assert_string_equal(it->text, "");
}

/* -- what a dial gives, as a stream ----------------------------------------- */

static inline void dial_on_read(peal_stream *stream, char *data, size_t len,
                                void *user) {
  dial_scene *it = user;
  (void)stream;
  assert_true(it->got_len + len <= sizeof(it->got));
  memcpy(it->got + it->got_len, data, len);
  it->got_len += len;
  atomic_store(&it->reads, (int)it->got_len);
}

static inline void dial_on_pull(peal_stream *stream, peal_iovs *out,
                                void *user) {
  dial_scene *it = user;
  (void)stream;
  if (it->said < it->say_len)
    (void)!peal_iovs_add(
        out, (peal_slice){it->say + it->said, it->say_len - it->said});
}

static inline void dial_on_sent(peal_stream *stream, size_t len, void *user) {
  (void)stream;
  ((dial_scene *)user)->said += len;
}

static inline void dial_on_close(peal_stream *stream, peal_err err,
                                 void *user) {
  dial_scene *it = user;
  (void)stream;
  it->close_err = err;
  atomic_fetch_add(&it->closed, 1);
}

static inline void dial_adopt_on(peal_worker *worker, void *user) {
  static const peal_stream_callbacks callbacks = {
      dial_on_read, NULL, dial_on_pull, dial_on_sent, dial_on_close, 0};
  dial_scene *it = user;
  /* Another worker's account would be another one. */
  it->stream = peal_stream_adopt_parcel(
      worker, &it->result.parcel, worker == it->worker ? &it->account : NULL,
      &callbacks, it);
  assert_non_null(it->stream);
  peal_stream_flush(it->stream);
}

static inline void dial_drop_on(peal_worker *worker, void *user) {
  (void)worker;
  peal_stream_close(((dial_scene *)user)->stream, PEAL_OK);
}

static inline void dial_adopt_by(dial_scene *it, peal_worker *worker,
                                 const char *text, size_t len) {
  it->got_len = it->said = 0;
  atomic_store(&it->reads, 0);
  it->say = text;
  it->say_len = len;
  net_on_worker(worker, dial_adopt_on, it);
}

static inline void dial_adopt_now(dial_scene *it, const char *text,
                                  size_t len) {
  dial_adopt_by(it, it->worker, text, len);
}

/* What is said comes back; the stream lives on `worker`. */
static inline void dial_echo(dial_scene *it, peal_worker *worker,
                             const char *text, size_t len) {
  int closed = atomic_load(&it->closed);
  dial_adopt_by(it, worker, text, len);
  assert_true(net_wait(&it->reads, (int)len));
  assert_memory_equal(it->got, text, len);
  net_on_worker(worker, dial_drop_on, it);
  assert_true(net_wait(&it->closed, closed + 1));
  net_sync(worker);
}
