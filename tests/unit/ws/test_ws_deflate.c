/* SPDX-License-Identifier: MIT */
/* WebSocket machines that deflate, with the deflater of a worker. */
#include <pthread.h>
#include <zlib.h>

#include "../../proto/ws_side.h"
#include "base/mem.h"
#include "net/deflater.h"

/* Of a worker, only what a deflater looks at. */
typedef struct bench {
  peal_worker worker;
  peal_deflater deflater;
} bench;

static void open_bench(bench *b, const peal_mem *mem) {
  const peal_deflate_opts opts = {.on = true, .threshold_bytes = 1};
  memset(b, 0, sizeof *b);
  b->worker.mem = peal_mem_or_libc(mem);
  peal_deflater_init(&b->deflater, &b->worker, &opts);
}

static void close_bench(bench *b) {
  peal_deflater_free_all(&b->worker);
}

static peal_deflate_terms terms_of(bool remembers) {
  return (peal_deflate_terms){.on = true,
                              .server_takeover = remembers,
                              .client_takeover = remembers,
                              .server_bits = 15,
                              .client_bits = 15};
}

static bool open_deflating(side *s, bench *b, const peal_deflate_terms *terms,
                           bool client, size_t max, peal_account *account) {
  s->opts = (peal_ws_conn_opts){.client = client,
                                .max_message_bytes = max,
                                .mem = b->worker.mem,
                                .deflate = &b->deflater.verbs,
                                .mask = fixed_key};
  s->conn = peal_ws_conn_new(&s->opts, account, (peal_slice){NULL, 0});
  if (s->conn)
    peal_ws_conn_agree(s->conn, terms);
  return s->conn != NULL;
}

/* -- wire cases ------------------------------------------------------------ */

static void run_case(const wire_case *test, wire_feed *pieces, wire_log *log,
                     void *user) {
  bench *b = user;
  char out[512];
  side s = {.log = log};
  peal_account account = {0};
  const peal_deflate_terms terms =
      terms_of(wire_case_opt(test, "remembers") != NULL);
  size_t max = (size_t)wire_case_opt_u64(test, "max", 0);
  assert_true(open_deflating(&s, b, &terms, false, max, &account));
  peal_slice piece;
  while (wire_feed_next(pieces, &piece))
    (void)feed(&s, piece.ptr, piece.len);
  log_out(&s, out, pull_all(&s, out, sizeof out));
  peal_ws_conn_free(s.conn);
  assert_int_equal(account.used, 0);
}

static void reads_all_wire_cases_at_every_split(void **state) {
  (void)state;
  bench b;
  open_bench(&b, NULL);
  assert_int_equal(wire_case_run("ws_deflate", WIRE_CASE_SPLIT, run_case, &b),
                   0);
  close_bench(&b);
}

/* -- two machines joined --------------------------------------------------- */

#define MOST 131072u

static char text[MOST + 1];

/* Words in an order that does not come back soon. */
static void fill(char *to, size_t len, unsigned seed) {
  static const char *const words[] = {
      "ward ", "patient ", "42,", "\"id\":", "ok;", "monitor ", "\n", "3.14"};
  size_t at = 0;
  while (at < len) {
    seed = seed * 1664525u + 1013904223u;
    const char *word = words[seed >> 29];
    size_t more = strlen(word);
    if (more > len - at)
      more = len - at;
    memcpy(to + at, word, more);
    at += more;
  }
}

/* What one has to say goes to the other, some bytes at a time. */
static size_t carry(side *from, side *to, size_t step) {
  char scratch[4096];
  size_t carried = 0;
  for (;;) {
    peal_iovs iovs;
    peal_iovs_init(&iovs, scratch, sizeof scratch);
    peal_ws_conn_pull(from->conn, &iovs);
    if (!iovs.bytes)
      return carried;
    peal_slice first = iovs.items[0];
    size_t len = first.len < step ? first.len : step;
    char *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, first.ptr, len);
    assert_int_equal(peal_ws_conn_sent(from->conn, len), 0);
    (void)feed_at(to, copy, len, 0);
    free(copy);
    carried += len;
  }
}

static void say(side *from, side *to, size_t len, char prefix, size_t step) {
  unsigned before = to->messages;
  size_t all = len + (prefix ? 1u : 0u);
  assert_int_equal(peal_ws_conn_send(from->conn, PEAL_WS_TEXT, prefix,
                                     (peal_slice){text, len}),
                   PEAL_OK);
  size_t carried = carry(from, to, step);
  assert_int_equal(to->messages, before + 1);
  assert_int_equal(to->len, all);
  assert_true(len < 256 || carried < all);
}

static void converse(bench *b, const peal_deflate_terms *terms) {
  static const size_t sizes[] = {0,    1,     16,    64,   256,  1024,
                                 4096, 16384, 65536, MOST, 4096, 4096};
  side client = {0}, server = {0};
  peal_account accounts[2] = {{0}, {0}};
  assert_true(open_deflating(&client, b, terms, true, 0, &accounts[0]));
  assert_true(open_deflating(&server, b, terms, false, 0, &accounts[1]));
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    fill(text, sizes[i], i % 3);
    say(&client, &server, sizes[i], i % 2 ? '4' : 0, 1000);
    say(&server, &client, sizes[i], i % 2 ? 0 : '4', 70000);
  }
  bool is_kept = terms->server_takeover || terms->client_takeover;
  assert_int_equal(accounts[0].used != 0, is_kept);
  assert_int_equal(accounts[1].used != 0, is_kept);
  peal_ws_conn_free(client.conn);
  peal_ws_conn_free(server.conn);
  assert_int_equal(accounts[0].used, 0);
  assert_int_equal(accounts[1].used, 0);
}

static void two_machines_understand_one_another_on_all_terms(void **state) {
  (void)state;
  bench b;
  open_bench(&b, NULL);
  for (unsigned i = 0; i < 4; i++) {
    for (unsigned bits = 9; bits <= 15; bits += 2) {
      const peal_deflate_terms terms = {.on = true,
                                        .server_takeover = (i & 1u) != 0,
                                        .client_takeover = (i & 2u) != 0,
                                        .server_bits = (uint8_t)bits,
                                        .client_bits = (uint8_t)(24 - bits)};
      converse(&b, &terms);
    }
  }
  close_bench(&b);
}

static void a_window_that_zlib_has_not_is_answered_plain(void **state) {
  (void)state;
  bench b;
  side client = {0}, server = {0};
  peal_deflate_terms terms = terms_of(true);
  terms.client_bits = 8;
  open_bench(&b, NULL);
  assert_true(open_deflating(&client, &b, &terms, true, 0, NULL));
  assert_true(open_deflating(&server, &b, &terms, false, 0, NULL));
  fill(text, 5000, 1);
  assert_int_equal(
      peal_ws_conn_send(client.conn, PEAL_WS_TEXT, 0, (peal_slice){text, 5000}),
      PEAL_OK);
  assert_int_equal(carry(&client, &server, 5000), 5008);
  assert_int_equal(server.len, 5000);
  peal_ws_conn_free(client.conn);
  peal_ws_conn_free(server.conn);
  close_bench(&b);
}

static void random_bytes_go_as_they_are_and_leave_no_trace(void **state) {
  (void)state;
  bench b;
  side client = {0}, server = {0};
  const peal_deflate_terms terms = terms_of(true);
  open_bench(&b, NULL);
  assert_true(open_deflating(&client, &b, &terms, true, 0, NULL));
  assert_true(open_deflating(&server, &b, &terms, false, 0, NULL));
  unsigned seed = 7;
  for (unsigned round = 0; round < 3; round++) {
    for (size_t i = 0; i < 3000; i++) {
      seed = seed * 1664525u + 1013904223u;
      text[i] = (char)(seed >> 24);
    }
    assert_int_equal(peal_ws_conn_send(server.conn, PEAL_WS_BINARY, 0,
                                       (peal_slice){text, 3000}),
                     PEAL_OK);
    assert_int_equal(carry(&server, &client, 4096), 3004);
    fill(text, 3000, round);
    say(&server, &client, 3000, 0, 4096);
  }
  peal_ws_conn_free(client.conn);
  peal_ws_conn_free(server.conn);
  close_bench(&b);
}

/* -- forms ----------------------------------------------------------------- */

static const peal_deflate_verbs *real;
static unsigned deflated;

static size_t count_and_deflate(void *user, void *context, unsigned bits,
                                char prefix, peal_slice data, char *out,
                                size_t room) {
  deflated++;
  return real->deflate(user, context, bits, prefix, data, out, room);
}

/* Pull a message in part, keep its rest, pull that. */
static void take_shape(side *from, side *to, peal_message *message,
                       size_t first) {
  char scratch[4096], wire[4096];
  peal_iovs iovs;
  peal_ws_shape shape = {.opcode = PEAL_WS_TEXT,
                         .prefix = '4',
                         .body = peal_message_part(message, 0)};
  peal_ws_conn_deflate(from->conn, &shape, message, 0, true);
  peal_iovs_init(&iovs, scratch, sizeof scratch);
  assert_true(peal_ws_conn_pull_message(from->conn, &iovs, shape.opcode,
                                        shape.prefix, shape.body));
  size_t whole =
      peal_ws_conn_message_len(from->conn, shape.prefix, shape.body.len);
  assert_int_equal(iovs.bytes, whole);
  size_t len = 0;
  for (size_t i = 0; i < iovs.count; i++) {
    memcpy(wire + len, iovs.items[i].ptr, iovs.items[i].len);
    len += iovs.items[i].len;
  }
  peal_ws_shape found = {.opcode = PEAL_WS_TEXT,
                         .prefix = '4',
                         .body = peal_message_part(message, 0)};
  peal_ws_conn_deflate(from->conn, &found, message, 0, false);
  assert_ptr_equal(found.body.ptr, shape.body.ptr);
  assert_int_equal(peal_ws_conn_sent(from->conn, first), first);
  assert_int_equal(peal_ws_conn_keep(from->conn, found.opcode, found.prefix,
                                     message, found.body, first),
                   PEAL_OK);
  assert_int_equal(pull_all(from, wire + first, sizeof wire - first),
                   whole - first);
  (void)feed(to, wire, whole);
}

static void all_receivers_of_a_window_share_what_was_deflated(void **state) {
  (void)state;
  bench b;
  peal_account_server common;
  peal_account_server_init(&common, 0);
  open_bench(&b, NULL);
  real = &b.deflater.verbs;
  fill(text, 2000, 5);
  peal_message *message =
      peal_message_new_crossing((peal_slice){text, 2000}, NULL, 0, &common);
  assert_non_null(message);
  size_t before = atomic_load(&common.granted);
  deflated = 0;
  for (unsigned i = 0; i < 9; i++) {
    side from = {0}, to = {0};
    peal_deflate_terms terms = terms_of(false);
    terms.server_bits = i % 3 ? 15 : 9;
    assert_true(open_deflating(&from, &b, &terms, false, 0, NULL));
    assert_true(open_deflating(&to, &b, &terms, true, 0, NULL));
    peal_deflate_verbs verbs = *real;
    verbs.deflate = count_and_deflate;
    from.opts.deflate = &verbs;
    take_shape(&from, &to, message, i * 20 + 1);
    assert_int_equal(to.messages, 1);
    assert_int_equal(to.len, 2001);
    peal_ws_conn_free(from.conn);
    peal_ws_conn_free(to.conn);
  }
  assert_int_equal(deflated, 2);
  assert_true(atomic_load(&common.granted) > before);
  peal_message_unref(message);
  assert_int_equal(atomic_load(&common.granted), 0);
  close_bench(&b);
}

static void what_does_not_shrink_is_tried_once(void **state) {
  (void)state;
  bench b;
  side s = {0};
  const peal_deflate_terms terms = terms_of(false);
  open_bench(&b, NULL);
  real = &b.deflater.verbs;
  assert_true(open_deflating(&s, &b, &terms, false, 0, NULL));
  peal_deflate_verbs verbs = *real;
  verbs.deflate = count_and_deflate;
  s.opts.deflate = &verbs;
  peal_message *message =
      peal_message_new(PEAL_S("qwertzuiopasdfghjkl"), NULL, 0, NULL);
  deflated = 0;
  for (unsigned i = 0; i < 5; i++) {
    peal_ws_shape shape = {.opcode = PEAL_WS_TEXT,
                           .prefix = '4',
                           .body = peal_message_part(message, 0)};
    peal_ws_conn_deflate(s.conn, &shape, message, 0, true);
    assert_int_equal(shape.opcode, PEAL_WS_TEXT);
    assert_int_equal(shape.prefix, '4');
    assert_int_equal(shape.body.len, 19);
  }
  assert_int_equal(deflated, 1);
  peal_message_unref(message);
  peal_ws_conn_free(s.conn);
  close_bench(&b);
}

typedef struct taker {
  peal_message *message;
  size_t len;
} taker;

static void *take_often(void *user) {
  taker *t = user;
  for (unsigned i = 0; i < 7; i++) {
    bench b;
    side s = {0};
    peal_deflate_terms terms = terms_of(false);
    terms.server_bits = (uint8_t)(9 + i);
    open_bench(&b, NULL);
    peal_ws_shape shape = {.opcode = PEAL_WS_TEXT,
                           .body = peal_message_part(t->message, 0)};
    if (open_deflating(&s, &b, &terms, false, 0, NULL))
      peal_ws_conn_deflate(s.conn, &shape, t->message, 0, true);
    t->len += shape.body.len;
    peal_ws_conn_free(s.conn);
    close_bench(&b);
  }
  return NULL;
}

static void workers_may_make_forms_at_the_same_time(void **state) {
  (void)state;

  enum { THREADS = 4 };

  pthread_t threads[THREADS];
  taker takers[THREADS];
  peal_account_server common;
  peal_account_server_init(&common, 0);
  fill(text, 3000, 2);
  peal_message *message =
      peal_message_new_crossing((peal_slice){text, 3000}, NULL, 0, &common);
  assert_non_null(message);
  for (unsigned i = 0; i < THREADS; i++) {
    takers[i] = (taker){.message = message};
    assert_int_equal(pthread_create(&threads[i], NULL, take_often, &takers[i]),
                     0);
  }
  for (unsigned i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  for (unsigned i = 0; i < THREADS; i++) {
    assert_true(takers[i].len > 0 && takers[i].len < 21000);
    assert_int_equal(takers[i].len, takers[0].len);
  }
  peal_message_unref(message);
  assert_int_equal(atomic_load(&common.granted), 0);
}

static size_t deflated_len(bench *b, void *context, char prefix, size_t len,
                           char *to, const char *from) {
  return real->deflate(&b->deflater, context, 15, prefix,
                       (peal_slice){from, len}, to, len + 4);
}

/* With a context and without: what comes behind it is as it was before. */
static void what_is_long_is_deflated_quickly_or_not_at_all(void **state) {
  (void)state;

  enum { LONG = 1u << 20 };

  bench b;
  open_bench(&b, NULL);
  real = &b.deflater.verbs;
  char *from = malloc(LONG + 1), *to = malloc(LONG + 5), *back = malloc(LONG);
  assert_true(from && to && back);
  fill(from, LONG + 1, 9);
  for (unsigned i = 0; i < 2; i++) {
    void *context = i ? real->context_new(&b.deflater, 15) : NULL;
    assert_int_equal(context != NULL, i);
    size_t small = deflated_len(&b, NULL, '4', 20000, to, from);
    size_t len = deflated_len(&b, context, 0, LONG, to, from);
    assert_true(len > 0 && len < LONG / 2);
    peal_slice in = {to, len};
    char *out = back;
    size_t room = LONG;
    assert_int_equal(real->begin(&b.deflater, (peal_slice){NULL, 0}), PEAL_OK);
    assert_int_equal(real->inflate(&b.deflater, &in, &out, &room), PEAL_OK);
    assert_int_equal(room, 0);
    assert_memory_equal(back, from, LONG);
    assert_int_equal(deflated_len(&b, context, 0, LONG + 1, to, from), 0);
    assert_int_equal(deflated_len(&b, NULL, '4', 20000, to, from), small);
    if (context)
      real->context_free(&b.deflater, context);
  }
  free(from);
  free(to);
  free(back);
  close_bench(&b);
}

/* -- ceilings -------------------------------------------------------------- */

/* `size` zeros, deflated: longer than what we deflate. */
static size_t deflate_zeros(char *out, size_t room, size_t size) {
  z_stream z = {.next_out = (Bytef *)out, .avail_out = (uInt)room};
  char *zeros = calloc(1, size);
  assert_non_null(zeros);
  assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY),
                   Z_OK);
  z.next_in = (Bytef *)zeros;
  z.avail_in = (uInt)size;
  assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
  assert_true(!z.avail_in && z.avail_out);
  (void)deflateEnd(&z);
  free(zeros);
  return room - z.avail_out - PEAL_DEFLATE_VERBS_TAIL;
}

/* The same as a frame of a client. */
static size_t make_bomb(char *out, size_t room, size_t size) {
  size_t len = deflate_zeros(out + 14, room - 14, size);
  char head[PEAL_WS_FRAME_HEADER_MAX];
  size_t head_len =
      peal_ws_frame_encode(head, &(peal_ws_frame){.len = len,
                                                  .opcode = PEAL_WS_BINARY,
                                                  .fin = true,
                                                  .rsv1 = true,
                                                  .masked = true});
  memmove(out + head_len, out + 14, len);
  memcpy(out, head, head_len);
  return head_len + len;
}

static void a_bomb_costs_its_ceiling_and_no_more(void **state) {
  (void)state;

  enum { CEILING = 100000, BOMB = 32u << 20 };

  static char wire[65536];
  torture mem;
  bench b;
  side s = {0};
  peal_account account = {0};
  const peal_deflate_terms terms = terms_of(false);
  torture_init(&mem, 0);
  open_bench(&b, &mem.mem);
  size_t len = make_bomb(wire, sizeof wire, BOMB);
  assert_true(len < 40000);
  assert_true(open_deflating(&s, &b, &terms, false, CEILING, &account));
  size_t before = mem.bytes;
  mem.peak_bytes = before;
  assert_int_equal(feed(&s, wire, len), PEAL_ERR_WS_TOO_BIG);
  /* A block that grows may be there twice; and zlib's own. */
  assert_true(mem.peak_bytes - before < 2 * CEILING + 65536);
  EXPECT_OUT(&s, "\x88\x02\x03\xf1");
  peal_ws_conn_free(s.conn);
  assert_int_equal(account.used, 0);
  close_bench(&b);
  assert_int_equal(mem.live, 0);
}

static void what_a_message_becomes_is_charged_to_its_client(void **state) {
  (void)state;
  static char wire[4096];
  bench b;
  side s = {0};
  peal_account account = {.max = 80000};
  const peal_deflate_terms terms = terms_of(true);
  open_bench(&b, NULL);
  assert_true(open_deflating(&s, &b, &terms, false, 0, &account));
  /* 20000 bytes, and as many to be remembered. */
  size_t len = make_bomb(wire, sizeof wire, 20000);
  assert_int_equal(feed(&s, wire, len), PEAL_OK);
  assert_int_equal(s.len, 20000);
  assert_int_equal(account.used, 32768);
  /* What is more than it may hold closes it. */
  len = make_bomb(wire, sizeof wire, 60000);
  assert_int_equal(feed(&s, wire, len), PEAL_ERR_LIMIT);
  peal_ws_conn_free(s.conn);
  assert_int_equal(account.used, 0);
  close_bench(&b);
}

static void without_room_for_a_context_it_goes_as_it_is(void **state) {
  (void)state;
  bench b;
  side client = {0}, server = {0};
  peal_account account = {.max = 100000};
  const peal_deflate_terms terms = terms_of(true);
  open_bench(&b, NULL);
  assert_true(open_deflating(&server, &b, &terms, false, 0, &account));
  assert_true(open_deflating(&client, &b, &terms, true, 0, NULL));
  fill(text, 2000, 1);
  assert_int_equal(
      peal_ws_conn_send(server.conn, PEAL_WS_TEXT, 0, (peal_slice){text, 2000}),
      PEAL_OK);
  assert_int_equal(carry(&server, &client, 4096), 2004);
  account.max = 0;
  say(&server, &client, 2000, 0, 4096);
  assert_true(account.used > 200000);
  peal_ws_conn_free(server.conn);
  peal_ws_conn_free(client.conn);
  assert_int_equal(account.used, 0);
  close_bench(&b);
}

static void last_blocks_without_end_are_read_in_linear_time(void **state) {
  (void)state;

  enum { BLOCKS = 500000 };

  bench b;
  side s = {0};
  const peal_deflate_terms terms = terms_of(true);
  open_bench(&b, NULL);
  assert_true(open_deflating(&s, &b, &terms, false, 0, NULL));
  size_t len = 14 + 2u * BLOCKS;
  char *wire = malloc(len);
  assert_non_null(wire);
  size_t at =
      peal_ws_frame_encode(wire, &(peal_ws_frame){.len = 2u * BLOCKS,
                                                  .opcode = PEAL_WS_BINARY,
                                                  .fin = true,
                                                  .rsv1 = true,
                                                  .masked = true});
  for (size_t i = 0; i < BLOCKS; i++)
    memcpy(wire + at + 2 * i, "\x03\x00", 2);
  assert_int_equal(feed_at(&s, wire, at + 2u * BLOCKS, 0), PEAL_OK);
  assert_int_equal(s.messages, 1);
  assert_int_equal(s.len, 0);
  free(wire);
  peal_ws_conn_free(s.conn);
  close_bench(&b);
}

/* -- memory ---------------------------------------------------------------- */

static peal_err send_and_carry(side *from, side *to, size_t len) {
  peal_err err =
      peal_ws_conn_send(from->conn, PEAL_WS_TEXT, '4', (peal_slice){text, len});
  if (!err)
    (void)carry(from, to, 4096);
  return err ? err : to->err;
}

static peal_err talk(bench *b, const peal_mem *mem,
                     const peal_deflate_terms *terms) {
  side client = {0}, server = {0};
  peal_account accounts[2] = {{0}, {0}};
  peal_err err = PEAL_ERR_NOMEM;
  peal_message *message = NULL;
  if (!open_deflating(&client, b, terms, true, 0, &accounts[0]) ||
      !open_deflating(&server, b, terms, false, 0, &accounts[1]))
    goto fail;
  for (unsigned i = 0; i < 3; i++) {
    err = send_and_carry(&client, &server, 3000);
    if (!err)
      err = send_and_carry(&server, &client, 3000);
    if (err)
      goto fail;
  }
  message = peal_message_new((peal_slice){text, 3000}, NULL, 0, mem);
  err = message ? PEAL_OK : PEAL_ERR_NOMEM;
  if (err)
    goto fail;
  peal_ws_shape shape = {.opcode = PEAL_WS_TEXT,
                         .body = peal_message_part(message, 0)};
  peal_ws_conn_deflate(server.conn, &shape, message, 0, true);
  err = peal_ws_conn_keep(server.conn, shape.opcode, shape.prefix, message,
                          shape.body, 0);
  if (!err) {
    (void)carry(&server, &client, 4096);
    err = client.err;
  }
fail:
  peal_message_unref(message);
  peal_ws_conn_free(client.conn);
  peal_ws_conn_free(server.conn);
  assert_int_equal(accounts[0].used, 0);
  assert_int_equal(accounts[1].used, 0);
  return err;
}

static peal_err talk_on_all_terms(const peal_mem *mem, void *user) {
  (void)user;
  bench b;
  open_bench(&b, mem);
  const peal_deflate_terms with = terms_of(true), without = terms_of(false);
  peal_err err = talk(&b, mem, &with);
  if (!err)
    err = talk(&b, mem, &without);
  close_bench(&b);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  size_t count = 0;
  fill(text, 3000, 3);
  assert_true(torture_run(talk_on_all_terms, NULL, true, &count));
  assert_true(count > 40);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_all_wire_cases_at_every_split),
      cmocka_unit_test(two_machines_understand_one_another_on_all_terms),
      cmocka_unit_test(a_window_that_zlib_has_not_is_answered_plain),
      cmocka_unit_test(random_bytes_go_as_they_are_and_leave_no_trace),
      cmocka_unit_test(all_receivers_of_a_window_share_what_was_deflated),
      cmocka_unit_test(what_does_not_shrink_is_tried_once),
      cmocka_unit_test(what_is_long_is_deflated_quickly_or_not_at_all),
      cmocka_unit_test(workers_may_make_forms_at_the_same_time),
      cmocka_unit_test(a_bomb_costs_its_ceiling_and_no_more),
      cmocka_unit_test(what_a_message_becomes_is_charged_to_its_client),
      cmocka_unit_test(without_room_for_a_context_it_goes_as_it_is),
      cmocka_unit_test(last_blocks_without_end_are_read_in_linear_time),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
