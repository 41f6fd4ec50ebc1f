/* SPDX-License-Identifier: MIT */
/* sio_model: a sio_conn beside a model of it that is simple enough to be right
 * (arrays, searched from the beginning): random packets and random verbs in
 * random order, between events and while one is being acted on; what is told,
 * answered and sent must be what the model says. Time and dice are played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "proto/proto_limits.h"
#include "proto/sio_conn.h"
#include "torture.h"

#define NEVER UINT64_MAX
#define NAMES 14u
#define MAX_JOINED 11u
#define MAX_WAITING 64u
#define LEFT_MAX 8u
#define STALE 16u

static const char *const names[NAMES] = {"/",  "/a", "/b", "/c", "/d",
                                         "/e", "/f", "/g", "/h", "/i",
                                         "/j", "/k", "/l", "/m"};

/* -- the model ------------------------------------------------------------------ */

typedef enum place { OUT, ASKED, ACCEPTED, OPEN, PAUSED, LEFT } place;

typedef enum kind {
  CONNECT,
  DISCONNECT,
  EVENT,
  ACK,
  SILENT_ACK, /* without an id */
  BINARY,     /* of two attachments */
  CONNECT_ERROR,
  WRONG,
  ATTACHMENT,
  KINDS
} kind;

typedef struct packet {
  kind kind;
  unsigned name, number;
} packet;

typedef struct waiting {
  packet packet;
  unsigned member; /* whose it is */
} waiting;

typedef struct queue {
  waiting all[MAX_WAITING];
  unsigned count;
} queue;

typedef struct told {
  peal_sio_conn_event_type type;
  unsigned name, number;
  peal_err err;
} told;

typedef struct model {
  bool client, joined, err_told, has_input, has_partial;
  peal_err err;
  place place[NAMES];
  unsigned member[NAMES]; /* a number of its own for each membership */
  unsigned members;
  queue held[NAMES], ready;
  unsigned left[LEFT_MAX], left_count; /* oldest first, without "/" */
  packet input;
  uint64_t input_at, connect_at, attach_at;
  waiting partial;
  unsigned come;
} model;

static bool is_member(const model *m, unsigned name) {
  return m->place[name] != OUT && m->place[name] != LEFT;
}

static unsigned count(const model *m) {
  unsigned sum = 0;
  for (unsigned i = 0; i < NAMES; i++)
    sum += is_member(m, i);
  return sum;
}

static void put(queue *q, waiting w) {
  assert_true(q->count < MAX_WAITING);
  q->all[q->count++] = w;
}

static void forget(model *m, unsigned name) {
  for (unsigned i = 0; i < m->left_count; i++)
    if (m->left[i] == name) {
      m->left_count--;
      memmove(&m->left[i], &m->left[i + 1],
              (m->left_count - i) * sizeof m->left[0]);
    }
  m->place[name] = OUT;
}

static void remember(model *m, unsigned name) {
  m->place[name] = LEFT;
  if (name == 0)
    return;
  if (m->left_count == LEFT_MAX)
    forget(m, m->left[0]);
  m->left[m->left_count++] = name;
}

static void finish(model *m, unsigned name, bool we_left) {
  m->held[name].count = 0;
  if (we_left && !m->client)
    remember(m, name);
  else
    forget(m, name);
}

static void enter(model *m, unsigned name) {
  m->place[name] = ASKED;
  m->member[name] = ++m->members;
}

static void open_up(model *m, unsigned name) {
  m->place[name] = OPEN;
  for (unsigned i = 0; i < m->held[name].count; i++)
    put(&m->ready, m->held[name].all[i]);
  m->held[name].count = 0;
}

static void ask(model *m, told *out) {
  unsigned name = m->input.name;
  if (m->place[name] == ACCEPTED || m->place[name] == OPEN ||
      m->place[name] == PAUSED) {
    m->err = PEAL_ERR_SIO_STATE;
  } else if (m->place[name] == ASKED) {
    finish(m, name, false);
    m->has_input = true;
    out->type = PEAL_SIO_CONN_DISCONNECT;
  } else {
    forget(m, name);
    bool room = count(m) < MAX_JOINED;
    if (room)
      enter(m, name);
    else
      remember(m, name);
    out->type = room ? PEAL_SIO_CONN_CONNECT : PEAL_SIO_CONN_SEND;
  }
}

static void reply(model *m, told *out) {
  unsigned name = m->input.name;
  if (m->place[name] == OUT)
    return;
  if (m->place[name] != ASKED) {
    m->err = PEAL_ERR_SIO_STATE;
  } else if (m->input.kind == CONNECT) {
    open_up(m, name);
    out->type = PEAL_SIO_CONN_CONNECT;
  } else {
    finish(m, name, false);
    out->type = PEAL_SIO_CONN_CONNECT_ERROR;
  }
}

static void goodbye(model *m, told *out) {
  unsigned name = m->input.name;
  if (m->place[name] == OUT && !m->client)
    m->err = PEAL_ERR_SIO_STATE;
  if (m->client && m->place[name] == ASKED) { /* of the membership before */
    m->held[name].count = 0;
    return;
  }
  if (is_member(m, name))
    out->type = PEAL_SIO_CONN_DISCONNECT;
  finish(m, name, false);
}

static bool is_open_for(const model *m, const packet *p) {
  return m->place[p->name] == OPEN ||
         (m->place[p->name] == PAUSED &&
          (p->kind == ACK || p->kind == SILENT_ACK));
}

static void data(model *m, told *out) {
  unsigned name = m->input.name;
  waiting w = {m->input, is_member(m, name) ? m->member[name] : 0};
  if (m->place[name] == OUT && !m->client) {
    m->err = PEAL_ERR_SIO_STATE;
  } else if (m->input.kind == BINARY) {
    m->has_partial = true;
    m->partial = w;
    m->come = 0;
    m->attach_at = m->input_at + PEAL_LIMIT_SIO_ATTACH_MS;
  } else if (w.member && !is_open_for(m, &w.packet)) {
    put(&m->held[name], w);
  } else if (w.member && m->input.kind != SILENT_ACK) {
    out->type = m->input.kind == ACK ? PEAL_SIO_CONN_ACK : PEAL_SIO_CONN_EVENT;
  }
}

static void attachment(model *m) {
  unsigned name = m->partial.packet.name;
  if (!m->has_partial)
    m->err = PEAL_ERR_SIO_ATTACHMENTS;
  if (!m->has_partial || ++m->come < 2)
    return;
  m->has_partial = false;
  if (is_member(m, name) && m->member[name] == m->partial.member)
    put(m->place[name] == OPEN ? &m->ready : &m->held[name], m->partial);
}

static void use_input(model *m, told *out) {
  m->has_input = false;
  out->name = m->input.name;
  out->number = m->input.number;
  if (m->input.kind == ATTACHMENT)
    attachment(m);
  else if (m->has_partial)
    m->err = PEAL_ERR_SIO_ATTACHMENTS;
  else if (m->input.kind == WRONG)
    m->err = PEAL_ERR_SIO_PACKET;
  else if (m->input.kind == CONNECT_ERROR && !m->client)
    m->err = PEAL_ERR_SIO_STATE;
  else if (m->input.kind == CONNECT || m->input.kind == CONNECT_ERROR)
    (m->client ? reply : ask)(m, out);
  else if (m->input.kind == DISCONNECT)
    goodbye(m, out);
  else
    data(m, out);
}

static void use_ready(model *m, told *out) {
  waiting w = m->ready.all[0];
  m->ready.count--;
  memmove(m->ready.all, m->ready.all + 1, m->ready.count * sizeof w);
  unsigned name = w.packet.name;
  if (!is_member(m, name) || m->member[name] != w.member)
    return;
  if (!is_open_for(m, &w.packet))
    put(&m->held[name], w);
  if (!is_open_for(m, &w.packet) || w.packet.kind == SILENT_ACK)
    return;
  *out = (told){.type = w.packet.kind == ACK ? PEAL_SIO_CONN_ACK
                                             : PEAL_SIO_CONN_EVENT,
                .name = name,
                .number = w.packet.number};
}

static bool next_of(model *m, told *out) {
  *out = (told){0};
  while (out->type == PEAL_SIO_CONN_NONE && !m->err) {
    if (m->ready.count)
      use_ready(m, out);
    else if (m->has_input)
      use_input(m, out);
    else
      return false;
  }
  if (!m->err)
    return true;
  if (m->err_told)
    return false;
  m->err_told = true;
  *out = (told){.type = PEAL_SIO_CONN_ERROR, .err = m->err};
  return true;
}

static uint64_t deadline_of(const model *m) {
  if (m->err)
    return m->err_told ? NEVER : 0;
  uint64_t connect = m->joined ? NEVER : m->connect_at;
  uint64_t attach = m->has_partial ? m->attach_at : NEVER;
  return connect < attach ? connect : attach;
}

/* -- the game ---------------------------------------------------------------------- */

typedef struct game {
  model m;
  peal_sio_conn *conn;
  peal_sio_conn_opts opts;
  peal_account account;
  peal_arena arena;
  uint64_t now, dice;
  unsigned numbers;
  peal_sio_link link[NAMES];  /* of the present membership */
  peal_sio_link stale[STALE]; /* of former ones */
  char *input;                /* lent */
  torture *memory;            /* NULL: never fails */
  unsigned happened[PEAL_SIO_CONN_ERROR + 1];
} game;

static unsigned roll(game *g, unsigned sides) {
  g->dice = g->dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(g->dice >> 33) % sides;
}

/* Memory has failed: the model cannot know what became of it. */
static bool is_lost(const game *g) {
  return g->memory && g->memory->failed;
}

static void same(const game *g, long long got, long long wanted) {
  if (!is_lost(g))
    assert_int_equal(got, wanted);
}

/* "<type><nsp>,<rest>" was sent, or nothing. */
static void check_sent(const game *g, peal_message *message, bool wanted,
                       char type, unsigned name) {
  if (!is_lost(g))
    assert_int_equal(message != NULL, wanted);
  if (!message)
    return;
  peal_slice text = peal_message_part(message, 0);
  size_t len = name ? strlen(names[name]) : 0;
  if (!is_lost(g)) {
    assert_true(text.len >= 1 + len && text.ptr[0] == type);
    assert_memory_equal(text.ptr + 1, names[name], len);
  }
  peal_message_unref(message);
}

static void check(const game *g) {
  unsigned links = 0;
  assert_true(peal_sio_conn_check(g->conn));
  peal_sio_link link = peal_sio_link_next(g->conn, 0);
  for (; link; link = peal_sio_link_next(g->conn, link))
    links++;
  same(g, links, count(&g->m));
  if (!is_lost(g))
    assert_true(peal_sio_conn_deadline(g->conn) == deadline_of(&g->m));
  for (unsigned i = 0; i < NAMES && !is_lost(g); i++)
    assert_int_equal(peal_sio_link_is_connected(g->conn, g->link[i]),
                     g->m.place[i] == OPEN || g->m.place[i] == PAUSED);
}

static bool start(game *g, bool client) {
  if (g->memory) {
    g->memory->failed = false;
    g->memory->fail_at = g->memory->calls + 1 + roll(g, 300);
  }
  g->opts = (peal_sio_conn_opts){.client = client,
                                 .max_namespaces = MAX_JOINED,
                                 .seed = roll(g, 1u << 30),
                                 .mem = g->memory ? &g->memory->mem : NULL};
  g->m =
      (model){.client = client, .joined = client, .connect_at = g->now + 45000};
  memset(g->link, 0, sizeof g->link);
  memset(g->stale, 0, sizeof g->stale);
  g->conn = peal_mem_alloc(peal_mem_or_libc(g->opts.mem), sizeof *g->conn);
  if (g->conn)
    peal_sio_conn_init(g->conn, &g->opts, &g->account, g->now);
  return g->conn != NULL;
}

static void stop(game *g) {
  if (g->conn)
    peal_sio_conn_deinit(g->conn);
  peal_mem_free(peal_mem_or_libc(g->opts.mem), g->conn);
  g->conn = NULL;
  free(g->input);
  g->input = NULL;
  assert_int_equal(g->account.used, 0);
}

/* -- verbs ----------------------------------------------------------------------------- */

/* A membership, of now or of the past; *name is NAMES for one that is over. */
static peal_sio_link pick(game *g, unsigned *name) {
  *name = roll(g, NAMES);
  if (roll(g, 8) == 0) {
    *name = NAMES;
    return g->stale[roll(g, STALE)];
  }
  peal_sio_link link = g->link[*name];
  if (!is_member(&g->m, *name))
    *name = NAMES;
  return link;
}

static void retire(game *g, unsigned name) {
  g->stale[roll(g, STALE)] = g->link[name];
}

/* What a verb of the server says for a membership in this place. */
static peal_err served(const game *g, unsigned name, place wanted) {
  if (g->m.err)
    return g->m.err;
  if (name == NAMES)
    return PEAL_ERR_CLOSED;
  return g->m.client || g->m.place[name] != wanted ? PEAL_ERR_USAGE : PEAL_OK;
}

static void do_accept(game *g) {
  unsigned name;
  peal_message *out;
  peal_sio_link link = pick(g, &name);
  peal_err wanted = served(g, name, ASKED);
  peal_err err = peal_sio_conn_accept(g->conn, link, peal_undefined(), &out);
  same(g, err, wanted);
  check_sent(g, out, !wanted, '0', name % NAMES);
  if (wanted)
    return;
  g->m.place[name] = ACCEPTED;
  g->m.joined = true;
}

static void do_deliver(game *g) {
  unsigned name;
  peal_sio_link link = pick(g, &name);
  peal_err wanted = served(g, name, ACCEPTED);
  if (wanted == PEAL_ERR_USAGE)
    wanted = served(g, name, PAUSED);
  same(g, peal_sio_conn_deliver(g->conn, link), wanted);
  if (!wanted)
    open_up(&g->m, name);
}

static void do_pause(game *g) {
  unsigned name;
  peal_sio_link link = pick(g, &name);
  peal_err wanted = served(g, name, OPEN);
  same(g, peal_sio_conn_pause(g->conn, link), wanted);
  if (!wanted)
    g->m.place[name] = PAUSED;
}

static void do_refuse(game *g) {
  unsigned name;
  peal_message *out;
  peal_sio_link link = pick(g, &name);
  peal_err wanted = served(g, name, ASKED);
  peal_pair pair = {.key = "message", .value = peal_str("no")};
  peal_err err =
      peal_sio_conn_refuse(g->conn, link, peal_object(&pair, 1), &out);
  same(g, err, wanted);
  check_sent(g, out, !wanted, '4', name % NAMES);
  if (name == NAMES || (wanted && !g->m.err))
    return;
  retire(g, name);
  finish(&g->m, name, true);
}

static void do_part(game *g) {
  unsigned name;
  peal_message *out;
  peal_sio_link link = pick(g, &name);
  peal_err wanted = g->m.err        ? g->m.err
                    : name == NAMES ? PEAL_ERR_CLOSED
                                    : PEAL_OK;
  same(g, peal_sio_conn_part(g->conn, link, &out), wanted);
  check_sent(g, out, !wanted, '1', name % NAMES);
  if (name == NAMES)
    return;
  retire(g, name);
  finish(&g->m, name, true);
}

static peal_err may_join(const game *g, unsigned name) {
  if (g->m.err)
    return g->m.err;
  if (!g->m.client)
    return PEAL_ERR_USAGE;
  if (g->m.place[name] != OUT)
    return PEAL_ERR_EXISTS;
  return count(&g->m) < MAX_JOINED ? PEAL_OK : PEAL_ERR_LIMIT;
}

static void do_join(game *g) {
  unsigned name = roll(g, NAMES);
  peal_message *out;
  peal_sio_link link;
  peal_err wanted = may_join(g, name);
  peal_err err = peal_sio_conn_join(g->conn, peal_slice_of(names[name]),
                                    peal_undefined(), g, &link, &out);
  same(g, err, wanted);
  check_sent(g, out, !wanted, '0', name);
  if (err && is_lost(g))
    return;
  if (!wanted) {
    g->link[name] = link;
    enter(&g->m, name);
  }
}

static void do_time(game *g) {
  g->now += roll(g, 3) ? roll(g, 500) : roll(g, 20000);
  if (!g->m.err && g->now >= deadline_of(&g->m))
    g->m.err = PEAL_ERR_TIMEOUT;
  g->m.err_told = g->m.err != PEAL_OK;
  same(g, peal_sio_conn_tick(g->conn, g->now), g->m.err);
}

static void do_verb(game *g) {
  switch (roll(g, g->m.client ? 10 : 9)) {
  case 0:
  case 1:
    do_accept(g);
    break;
  case 2:
  case 3:
    do_deliver(g);
    break;
  case 4:
    do_refuse(g);
    break;
  case 5:
    do_part(g);
    break;
  case 6:
    if (roll(g, 4) == 0)
      do_time(g);
    break;
  case 7:
    do_pause(g);
    break;
  default:
    do_join(g);
  }
  check(g);
}

/* -- packets ----------------------------------------------------------------------------- */

static char *words_of(packet p) {
  static const char two[] = "{\"_placeholder\":true,\"num\":1},"
                            "{\"_placeholder\":true,\"num\":0}";
  char *text = malloc(160);
  const char *nsp = names[p.name];
  assert_non_null(text);
  switch (p.kind) {
  case CONNECT:
    snprintf(text, 160, "0%s,{\"n\":%u}", nsp, p.number);
    break;
  case DISCONNECT:
    snprintf(text, 160, "1%s", nsp);
    break;
  case EVENT:
    snprintf(text, 160, "2%s,[%u]", nsp, p.number);
    break;
  case ACK:
    snprintf(text, 160, "3%s,5[%u]", nsp, p.number);
    break;
  case SILENT_ACK:
    snprintf(text, 160, "3%s,[%u]", nsp, p.number);
    break;
  case BINARY:
    snprintf(text, 160, "52-%s,[%u,%s]", nsp, p.number, two);
    break;
  case CONNECT_ERROR:
    snprintf(text, 160, "4%s,{\"n\":%u}", nsp, p.number);
    break;
  case WRONG:
  case ATTACHMENT:
  case KINDS:
    snprintf(text, 160, "x");
  }
  return text;
}

/* What makes sense is more probable: a dead machine teaches little. */
static packet some_packet(game *g) {
  packet p = {.name = roll(g, NAMES), .number = ++g->numbers};
  p.kind = g->m.has_partial ? ATTACHMENT : (kind)roll(g, BINARY + 1);
  if (g->m.client && roll(g, 8) == 0)
    p.kind = CONNECT_ERROR;
  if (roll(g, 200) == 0)
    p.kind = (kind)roll(g, KINDS);
  bool is_in = g->m.place[p.name] != OUT;
  bool is_open = g->m.place[p.name] == OPEN || g->m.place[p.name] == ACCEPTED ||
                 g->m.place[p.name] == PAUSED;
  bool is_connect = p.kind == CONNECT || p.kind == CONNECT_ERROR;
  if (roll(g, 50) && !g->m.has_partial && !g->m.client && is_connect && is_open)
    p.kind = EVENT;
  if (roll(g, 50) && !g->m.has_partial && !is_in && !g->m.client)
    p.kind = CONNECT;
  if (roll(g, 50) && g->m.client && is_connect && is_in && is_open)
    p.kind = EVENT;
  return p;
}

static void do_feed(game *g) {
  packet p = some_packet(g);
  char *words = words_of(p);
  peal_err wanted = g->m.err         ? g->m.err
                    : g->m.has_input ? PEAL_ERR_USAGE
                                     : PEAL_OK;
  peal_err err = peal_sio_conn_feed(g->conn, p.kind == ATTACHMENT,
                                    (peal_slice){words, strlen(words)}, g->now);
  same(g, err, wanted);
  if (wanted == g->m.err && wanted)
    g->m.err_told = true;
  if (err) {
    free(words);
  } else {
    free(g->input);
    g->input = words;
  }
  if (wanted)
    return;
  g->m.input = p;
  g->m.input_at = g->now;
  g->m.has_input = true;
}

static unsigned number_of(const peal_sio_conn_event *event) {
  peal_val data = event->packet.data;
  peal_val value = peal_val_is(data, PEAL_ARRAY) ? peal_val_at(data, 0)
                                                 : peal_val_get(data, "n");
  if (peal_val_is(value, PEAL_STRING)) { /* a name that was a number */
    uint64_t number = UINT64_MAX;
    assert_true(peal_decimal_parse(peal_val_str(value), UINT32_MAX, &number));
    return (unsigned)number;
  }
  return (unsigned)peal_val_int(value, 0);
}

static void compare(game *g, const peal_sio_conn_event *event,
                    const told *wanted) {
  assert_int_equal(event->type, wanted->type);
  assert_int_equal(event->err, wanted->err);
  if (wanted->type == PEAL_SIO_CONN_ERROR)
    return;
  assert_true(peal_slice_is(event->packet.nsp, names[wanted->name]));
  if (wanted->type != PEAL_SIO_CONN_DISCONNECT)
    assert_int_equal(number_of(event), wanted->number);
  if (event->packet.attachments) {
    assert_int_equal(event->packet.data.len, 3);
    for (size_t i = 1; i < 3; i++)
      assert_true(peal_slice_is(
          peal_val_binary(peal_val_at(event->packet.data, i)), "x"));
  }
  if (wanted->type == PEAL_SIO_CONN_DISCONNECT ||
      wanted->type == PEAL_SIO_CONN_CONNECT_ERROR)
    retire(g, wanted->name);
  if (wanted->type == PEAL_SIO_CONN_CONNECT && !g->m.client) {
    for (unsigned i = 0; i < STALE; i++)
      assert_true(event->link != g->stale[i]);
    g->link[wanted->name] = event->link;
  }
  assert_true(!event->link || event->link == g->link[wanted->name]);
}

/* One event; false: there is none. */
static bool do_next(game *g) {
  peal_sio_conn_event event;
  told wanted = {0};
  bool some = peal_sio_conn_next(g->conn, &g->arena, &event);
  if (is_lost(g)) {
    if (some && event.type == PEAL_SIO_CONN_CONNECT)
      g->link[roll(g, NAMES)] = event.link;
  } else {
    assert_int_equal(some, next_of(&g->m, &wanted));
    if (some)
      compare(g, &event, &wanted);
  }
  if (some) {
    g->happened[event.type]++;
    if (event.type == PEAL_SIO_CONN_SEND)
      check_sent(g, event.message, true, '4', wanted.name);
  }
  check(g);
  return some;
}

static void do_read(game *g) {
  peal_arena_mark mark = peal_arena_mark_get(&g->arena);
  while (do_next(g)) {
    while (roll(g, 3) == 0)
      do_verb(g);
    peal_arena_mark_set(&g->arena, mark);
    if (roll(g, 200) == 0)
      return; /* not to the end */
  }
  free(g->input);
  g->input = NULL;
}

static void play(uint64_t seed, torture *memory,
                 unsigned happened[PEAL_SIO_CONN_ERROR + 1]) {
  game *g = calloc(1, sizeof *g);
  assert_non_null(g);
  g->dice = seed * 0x9e3779b97f4a7c15u;
  g->now = 1000;
  g->memory = memory;
  peal_arena_init(&g->arena, NULL, 0, 0);
  bool client = seed % 2;
  for (unsigned steps = 0; steps < 400; steps++) {
    if (!g->conn && !start(g, client))
      continue;
    if (roll(g, 2))
      do_feed(g);
    else
      do_verb(g);
    if (roll(g, 3))
      do_read(g);
    if (roll(g, g->m.err || is_lost(g) ? 4 : 400) == 0)
      stop(g);
  }
  if (g->conn)
    stop(g);
  peal_arena_deinit(&g->arena);
  for (unsigned i = 0; i <= PEAL_SIO_CONN_ERROR; i++)
    happened[i] += g->happened[i];
  free(g);
}

static void the_machine_does_what_the_model_does(void **state) {
  unsigned happened[PEAL_SIO_CONN_ERROR + 1] = {0};
  (void)state;
  for (uint64_t seed = 1; seed <= 1000; seed++)
    play(seed, NULL, happened);
  for (unsigned i = PEAL_SIO_CONN_CONNECT; i <= PEAL_SIO_CONN_ERROR; i++)
    assert_true(happened[i] >= 100); /* or the dice have a bias */
}

/* Memory fails now and then: nothing leaks, nothing is charged for ever, and
 * the invariants hold. */
static void a_machine_without_memory_stays_whole(void **state) {
  unsigned happened[PEAL_SIO_CONN_ERROR + 1] = {0};
  (void)state;
  for (uint64_t seed = 1; seed <= 1000; seed++) {
    torture memory;
    torture_init(&memory, 0);
    play(seed, &memory, happened);
    assert_int_equal(memory.live, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_machine_does_what_the_model_does),
      cmocka_unit_test(a_machine_without_memory_stays_whole),
  };
  return cmocka_run_group_tests_name("sio_model", tests, NULL, NULL);
}
