/* SPDX-License-Identifier: MIT */
#include "net/stream_tls.h"

#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/net_limits.h"
#include "net/poller.h"
#include "net/stream_plain.h"
#include "net/tls_error.h"
#include "net/tls_limits.h"

#define OUT_BYTES                                                              \
  (PEAL_LIMIT_TLS_BATCH * (PEAL_LIMIT_TLS_RECORD + PEAL_LIMIT_TLS_FRAME))

/* Two for a worker, made with its first connection: the second one is for TLS
 * that carries TLS (a proxy). Nothing stays in them between two calls. */
typedef struct tls_scratch {
  char in[PEAL_LIMIT_TLS_READ];
  char plain[PEAL_LIMIT_TLS_RECORD];
  char out[OUT_BYTES];
} tls_scratch;

typedef struct tls_state {
  SSL *ssl;
  struct tls_state *below;      /* what carries it; NULL: the kernel */
  bool carries;                 /* it is the one below */
  peal_worker *worker;          /* NULL: in a parcel */
  peal_account_worker *account; /* charged, if not NULL */
  char *held;                   /* cipher text that waits */
  size_t held_len, held_at, held_cap;
  /* During a call: */
  int fd;
  peal_slice in;  /* read and not yet wanted */
  size_t out_len; /* written into the scratch */
  bool asked;     /* the kernel has been asked */
  bool exact;     /* read no more than OpenSSL wants */
  bool more;      /* the last recv ended otherwise than for want of input */
  bool ended;     /* it has said that nothing more comes */
  bool shakes;    /* PEAL_LIMIT_TLS_SHAKE_BYTES are charged */
  int failed;     /* errno of the socket, or ENOMEM */
} tls_state;

static tls_scratch *scratch_of(const tls_state *state) {
  tls_scratch *both = state->worker->tls_scratch;
  return &both[state->carries];
}

/* -- what carries it ------------------------------------------------------- */

static ptrdiff_t take(tls_state *state, int fd, char *out, size_t cap,
                      bool exact);
static ptrdiff_t tls_send(int fd, void *user, const peal_iovs *iovs);
static int tls_shutdown(int fd, void *user);

static ptrdiff_t below_recv(const tls_state *state, char *out, size_t cap) {
  return state->below ? take(state->below, state->fd, out, cap, state->exact)
                      : peal_stream_plain.recv(state->fd, NULL, out, cap);
}

static ptrdiff_t below_send(const tls_state *state, const peal_iovs *iovs) {
  return state->below ? tls_send(state->fd, state->below, iovs)
                      : peal_stream_plain.send(state->fd, NULL, iovs);
}

static int below_shutdown(const tls_state *state) {
  return state->below ? tls_shutdown(state->fd, state->below)
                      : peal_stream_plain.shutdown(state->fd, NULL);
}

/* What comes out of it must fit into what is asked for. */
static size_t read_max(const tls_state *state) {
  return state->carries ? PEAL_LIMIT_TLS_READ_BELOW : PEAL_LIMIT_TLS_READ;
}

/* -- cipher text out ------------------------------------------------------- */

static bool charge(const tls_state *state, size_t bytes) {
  return !state->account ||
         peal_account_worker_charge(state->account, bytes) == PEAL_OK;
}

static void release(const tls_state *state, size_t bytes) {
  if (state->account)
    peal_account_worker_release(state->account, bytes);
}

static void drop_held(tls_state *state) {
  release(state, state->held_cap);
  peal_mem_free(peal_mem_libc(), state->held);
  state->held = NULL;
  state->held_len = state->held_at = state->held_cap = 0;
}

/* What has left makes room. */
static void move_held(tls_state *state) {
  if (!state->held_at)
    return;
  state->held_len -= state->held_at;
  memmove(state->held, state->held + state->held_at, state->held_len);
  state->held_at = 0;
}

/* Behind what waits already. A batch alone fits; what the peer makes OpenSSL
 * answer while it takes nothing (KeyUpdate, RFC8446 4.6.3; alerts) comes on
 * top. */
static bool hold(tls_state *state, peal_slice data) {
  move_held(state);
  size_t need = state->held_len + data.len;
  if (need > PEAL_LIMIT_TLS_HELD) {
    state->failed = EPROTO;
    return false;
  }
  if (need > state->held_cap) {
    size_t more = need - state->held_cap;
    char *bytes = charge(state, more)
                      ? peal_mem_resize(peal_mem_libc(), state->held, need)
                      : NULL;
    if (!bytes) {
      state->failed = ENOMEM;
      return false;
    }
    state->held = bytes;
    state->held_cap = need;
  }
  memcpy(state->held + state->held_len, data.ptr, data.len);
  state->held_len = need;
  return true;
}

/* Returns how much the kernel took. */
static size_t write_out(tls_state *state, peal_slice data) {
  peal_iovs one = {.count = data.len > 0, .bytes = data.len};
  one.items[0] = data;
  bool due = data.len || (state->below && state->below->held);
  ptrdiff_t sent = due && !state->failed ? below_send(state, &one) : 0;
  if (sent >= 0)
    return (size_t)sent;
  if (sent != -EAGAIN && sent != -EWOULDBLOCK && sent != -ENOBUFS)
    state->failed = (int)-sent;
  return 0;
}

static void flush_held(tls_state *state) {
  state->held_at +=
      write_out(state, (peal_slice){state->held + state->held_at,
                                    state->held_len - state->held_at});
  if (state->held && state->held_at == state->held_len)
    drop_held(state);
}

static void flush(tls_state *state) {
  peal_slice data = {scratch_of(state)->out, state->out_len};
  state->out_len = 0;
  if (state->held)
    flush_held(state);
  if (!state->held) {
    size_t sent = write_out(state, data);
    data.ptr += sent;
    data.len -= sent;
  }
  if (data.len && !state->failed)
    (void)hold(state, data);
}

/* -- between OpenSSL and us ------------------------------------------------ */

static int bio_write(BIO *bio, const char *data, int len) {
  tls_state *state = BIO_get_data(bio);
  size_t bytes = (size_t)len;
  if (state->out_len + bytes > OUT_BYTES)
    flush(state);
  if (state->failed || bytes > OUT_BYTES)
    return -1;
  memcpy(scratch_of(state)->out + state->out_len, data, bytes);
  state->out_len += bytes;
  return len;
}

/* What has come is asked for once per call, or the turn would not end. */
static void ask_kernel(tls_state *state) {
  ptrdiff_t got = below_recv(state, scratch_of(state)->in, read_max(state));
  state->asked = true;
  state->ended = got == 0;
  if (got > 0)
    state->in = (peal_slice){scratch_of(state)->in, (size_t)got};
  else if (got < 0 && got != -EAGAIN && got != -EWOULDBLOCK)
    state->failed = (int)-got;
}

static int read_exact(tls_state *state, char *out, int len) {
  ptrdiff_t got = below_recv(state, out, (size_t)len);
  state->ended = got == 0;
  if (got < 0 && got != -EAGAIN && got != -EWOULDBLOCK)
    state->failed = (int)-got;
  return got > 0 ? (int)got : -1;
}

static int bio_read(BIO *bio, char *out, int len) {
  tls_state *state = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  int got = -1;
  if (state->exact) {
    got = read_exact(state, out, len);
  } else {
    if (!state->in.len && !state->asked)
      ask_kernel(state);
    if (state->in.len) {
      got = state->in.len < (size_t)len ? (int)state->in.len : len;
      memcpy(out, state->in.ptr, (size_t)got);
      state->in.ptr += got;
      state->in.len -= (size_t)got;
    }
  }
  if (got < 0 && !state->failed)
    BIO_set_retry_read(bio); /* also at the end: whoever asked looks there */
  return got;
}

static long bio_ctrl(BIO *bio, int what, long number, void *ptr) {
  (void)bio, (void)number, (void)ptr;
  return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void) {
  method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "peal");
  if (!method)
    return;
  BIO_meth_set_write(method, bio_write);
  BIO_meth_set_read(method, bio_read);
  BIO_meth_set_ctrl(method, bio_ctrl);
}

/* -- one call of a verb ---------------------------------------------------- */

static void begin(tls_state *state, int fd) {
  ERR_clear_error();
  state->fd = fd;
  state->in = (peal_slice){NULL, 0};
  state->out_len = 0;
  state->asked = state->exact = state->ended = state->more = false;
}

/* A browser that was sent to the wrong port sees words, not a broken page. */
static void answer_plain_http(tls_state *state) {
  static const char text[] = "HTTP/1.1 400 Bad Request\r\n"
                             "Content-Type: text/plain\r\n"
                             "Content-Length: 24\r\n"
                             "Connection: close\r\n\r\n"
                             "This port speaks HTTPS.\n";
  (void)write_out(state, (peal_slice){text, sizeof(text) - 1});
}

static void complain(const tls_state *state, const char *what) {
  static const peal_slice none = {NULL, 0};
  peal_logger_write(state->worker->log, PEAL_LOG_DEBUG, "tls", none, none,
                    "a connection ends: %s", what);
}

/* A handshake, also one behind the first, makes OpenSSL hold what it wants. */
static void charge_handshake(tls_state *state) {
  bool shakes = !SSL_is_init_finished(state->ssl);
  if (shakes == state->shakes)
    return;
  if (!shakes)
    release(state, PEAL_LIMIT_TLS_SHAKE_BYTES);
  else if (!charge(state, PEAL_LIMIT_TLS_SHAKE_BYTES)) {
    state->failed = ENOMEM;
    return;
  }
  state->shakes = shakes;
}

static size_t charged(const tls_state *state) {
  return PEAL_LIMIT_TLS_BYTES + state->held_cap +
         (state->shakes ? PEAL_LIMIT_TLS_SHAKE_BYTES : 0);
}

/* Why OpenSSL does not go on: 0 at the end, or a negative errno; -EPROTO: with
 * the error in `why`. */
static ptrdiff_t reason(tls_state *state, int done, unsigned long *why) {
  char text[128];
  int kind = SSL_get_error(state->ssl, done);
  *why = ERR_peek_error();
  bool is_http =
      kind == SSL_ERROR_SSL && ERR_GET_REASON(*why) == SSL_R_HTTP_REQUEST;
  flush(state); /* an alert, too */
  if (state->failed)
    return -state->failed;
  if (kind == SSL_ERROR_ZERO_RETURN)
    return 0;
  if (kind == SSL_ERROR_WANT_READ && !state->ended)
    return -EAGAIN;
  /* RFC9112 9.8: without a word (close_notify) what a server has sent may be
   * cut. Clients just go, and nothing of theirs ends by that. */
  if (kind == SSL_ERROR_WANT_READ)
    return SSL_is_server(state->ssl) ? 0 : -ECONNRESET;
  if (is_http && SSL_is_server(state->ssl))
    answer_plain_http(state);
  complain(state, peal_tls_error_text(text, sizeof(text)));
  return -EPROTO;
}

/* 1: the handshake is over; otherwise as `reason`, but for the end: a peer that
 * goes before it can be told nothing more. */
static ptrdiff_t shake_hands(tls_state *state, unsigned long *why) {
  if (SSL_is_init_finished(state->ssl))
    return 1;
  int done = SSL_do_handshake(state->ssl);
  if (done == 1)
    return 1;
  ptrdiff_t failed = reason(state, done, why);
  return failed ? failed : -ECONNRESET;
}

/* -- verbs ----------------------------------------------------------------- */

static ptrdiff_t take(tls_state *state, int fd, char *out, size_t cap,
                      bool exact) {
  unsigned long why;
  begin(state, fd);
  state->exact = exact;
  ptrdiff_t done = shake_hands(state, &why);
  if (done <= 0)
    return done;
  size_t len = 0;
  int got = 1;
  while (len < cap && got > 0) {
    got = SSL_read(state->ssl, out + len, (int)(cap - len));
    if (got > 0)
      len += (size_t)got;
  }
  charge_handshake(state);
  if (!len)
    return reason(state, got, &why);
  state->more =
      got <= 0 && SSL_get_error(state->ssl, got) != SSL_ERROR_WANT_READ;
  flush(state);
  return (ptrdiff_t)len;
}

static ptrdiff_t tls_recv(int fd, void *user, char *out, size_t cap) {
  return take(user, fd, out, cap, false);
}

static bool tls_more(const void *user) {
  const tls_state *state = user;
  return state->more || (state->below && state->below->more);
}

/* The next record's plain text: where it lies if it is whole there, otherwise
 * put together. */
static peal_slice next_record(const tls_state *state, const peal_iovs *iovs,
                              size_t *index, size_t *at) {
  peal_slice piece = {iovs->items[*index].ptr + *at,
                      iovs->items[*index].len - *at};
  bool is_last = *index + 1 == iovs->count;
  if (piece.len >= PEAL_LIMIT_TLS_RECORD || is_last) {
    if (piece.len > PEAL_LIMIT_TLS_RECORD)
      piece.len = PEAL_LIMIT_TLS_RECORD;
    *at += piece.len;
    if (*at == iovs->items[*index].len)
      ++*index, *at = 0;
    return piece;
  }
  char *plain = scratch_of(state)->plain;
  size_t len = 0;
  while (*index < iovs->count && len < PEAL_LIMIT_TLS_RECORD) {
    size_t part = iovs->items[*index].len - *at;
    if (part > PEAL_LIMIT_TLS_RECORD - len)
      part = PEAL_LIMIT_TLS_RECORD - len;
    memcpy(plain + len, iovs->items[*index].ptr + *at, part);
    len += part;
    *at += part;
    if (*at == iovs->items[*index].len)
      ++*index, *at = 0;
  }
  return (peal_slice){plain, len};
}

/* Returns the plain text that was encrypted. */
static size_t encrypt(tls_state *state, const peal_iovs *iovs) {
  size_t taken = 0, index = 0, at = 0;
  for (unsigned i = 0; i < PEAL_LIMIT_TLS_BATCH && index < iovs->count; i++) {
    peal_slice plain = next_record(state, iovs, &index, &at);
    if (plain.len && SSL_write(state->ssl, plain.ptr, (int)plain.len) <= 0) {
      state->failed = state->failed ? state->failed : EPROTO;
      break;
    }
    taken += plain.len;
  }
  return taken;
}

static ptrdiff_t tls_send(int fd, void *user, const peal_iovs *iovs) {
  tls_state *state = user;
  begin(state, fd);
  flush(state);
  if (state->failed)
    return -state->failed;
  if (state->held || !SSL_is_init_finished(state->ssl))
    return -EAGAIN;
  size_t taken = encrypt(state, iovs);
  flush(state);
  return state->failed ? -state->failed : (ptrdiff_t)taken;
}

static int tls_shutdown(int fd, void *user) {
  tls_state *state = user;
  begin(state, fd);
  bool said = SSL_get_shutdown(state->ssl) & SSL_SENT_SHUTDOWN;
  if (SSL_is_init_finished(state->ssl) && !said)
    (void)SSL_shutdown(state->ssl);
  flush(state);
  if (state->failed)
    return -state->failed;
  return state->held ? -EAGAIN : below_shutdown(state);
}

static unsigned tls_wants(const void *user, unsigned events) {
  const tls_state *state = user;
  /* Nothing can be sent. Who has paused reads nothing of it either: a peer may
   * begin a handshake at any time (RFC8446 4.6.3). */
  if (!SSL_is_init_finished(state->ssl))
    events &= ~(unsigned)PEAL_POLL_OUT;
  bool held = state->held || (state->below && state->below->held);
  return held ? events | PEAL_POLL_OUT : events;
}

/* Byte by byte what OpenSSL wants: it keeps the record that it looked into. */
static int tls_peek(int fd, void *user) {
  tls_state *state = user;
  char byte;
  unsigned long why;
  begin(state, fd);
  state->exact = true;
  ptrdiff_t done = shake_hands(state, &why);
  if (done <= 0)
    return (int)done;
  int got = SSL_peek(state->ssl, &byte, 1);
  if (got <= 0)
    return (int)reason(state, got, &why);
  flush(state);
  return got;
}

static size_t tls_held(const void *user) {
  const tls_state *state = user;
  size_t held = state->held_len - state->held_at;
  return state->below ? held + tls_held(state->below) : held;
}

static void tls_detach(void *user) {
  tls_state *state = user;
  release(state, charged(state));
  state->account = NULL;
  state->worker = NULL;
  if (state->below)
    tls_detach(state->below);
}

static peal_err tls_attach(void *user, peal_worker *worker,
                           peal_account_worker *account) {
  tls_state *state = user;
  if (!worker->tls_scratch)
    worker->tls_scratch =
        peal_mem_alloc(peal_mem_libc(), 2 * sizeof(tls_scratch));
  if (!worker->tls_scratch)
    return PEAL_ERR_NOMEM;
  if (state->below && tls_attach(state->below, worker, account))
    return PEAL_ERR_NOMEM;
  state->account = account;
  if (charge(state, charged(state))) {
    state->worker = worker;
    return PEAL_OK;
  }
  state->account = NULL;
  if (state->below)
    tls_detach(state->below);
  return PEAL_ERR_NOMEM;
}

static void tls_drop(void *user) {
  tls_state *state = user;
  drop_held(state);
  if (state->below)
    tls_drop(state->below);
  /* A connection that was cut may be resumed all the same (RFC5246 7.2.1):
   * otherwise OpenSSL would spoil the session. */
  if (!state->failed)
    SSL_set_shutdown(state->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(state->ssl);
  peal_mem_free(peal_mem_libc(), state);
}

const peal_stream_verbs peal_stream_tls = {
    .attach = tls_attach,
    .recv = tls_recv,
    .more = tls_more,
    .send = tls_send,
    .shutdown = tls_shutdown,
    .wants = tls_wants,
    .peek = tls_peek,
    .held = tls_held,
    .detach = tls_detach,
    .drop = tls_drop,
};

/* -- life ------------------------------------------------------------------ */

bool peal_stream_tls_over(peal_stream_parcel *parcel, SSL *ssl) {
  pthread_once(&method_once, make_method);
  tls_state *state = peal_mem_zalloc(peal_mem_libc(), sizeof(*state));
  BIO *bio = ssl && state && method ? BIO_new(method) : NULL;
  if (!bio) {
    SSL_free(ssl);
    peal_mem_free(peal_mem_libc(), state);
    peal_stream_parcel_close(parcel);
    return false;
  }
  BIO_set_data(bio, state);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio); /* taken */
  state->ssl = ssl;
  state->shakes = true;
  state->below = parcel->state;
  if (state->below)
    state->below->carries = true;
  parcel->verbs = &peal_stream_tls;
  parcel->state = state;
  return true;
}

bool peal_stream_tls_parcel(peal_stream_parcel *out, int fd, SSL *ssl) {
  *out = (peal_stream_parcel){.fd = fd};
  return peal_stream_tls_over(out, ssl);
}

int peal_stream_tls_shake(const peal_stream_parcel *parcel,
                          unsigned long *why) {
  tls_state *state = parcel->state;
  *why = 0;
  begin(state, parcel->fd);
  state->exact = true;
  ptrdiff_t done = shake_hands(state, why);
  if (done <= 0)
    return (int)done;
  flush(state);
  charge_handshake(state);
  return -state->failed;
}

ptrdiff_t peal_stream_tls_recv(const peal_stream_parcel *parcel, char *out,
                               size_t cap) {
  return take(parcel->state, parcel->fd, out, cap, true);
}

SSL *peal_stream_tls_ssl(const peal_stream_parcel *parcel) {
  const tls_state *state = parcel->state;
  return parcel->verbs == &peal_stream_tls ? state->ssl : NULL;
}

void peal_stream_tls_worker_deinit(peal_worker *worker) {
  peal_mem_free(peal_mem_libc(), worker->tls_scratch);
  worker->tls_scratch = NULL;
}
