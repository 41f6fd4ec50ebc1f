/* SPDX-License-Identifier: MIT */
#include "sio_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/json.h"

/* -- words ---------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void say(sio_machine *m,
                                                      const char *format, ...) {
  va_list args;
  size_t room = sizeof m->log - m->len;
  va_start(args, format);
  int len = vsnprintf(m->log + m->len, room, format, args);
  va_end(args);
  if (len < 0 || (size_t)len >= room)
    abort();
  m->len += (size_t)len;
}

static void say_json(sio_machine *m, peal_val data) {
  peal_buf json;
  peal_buf_init(&json, NULL, 0);
  if (!peal_val_is(data, PEAL_UNDEFINED))
    peal_json_encode(&json, data, NULL);
  say(m, "%.*s", (int)json.len, json.len ? json.ptr : "");
  peal_buf_deinit(&json);
}

static const char *name_of(peal_err err) {
  const char *name = peal_err_name(err);
  return err ? name + strlen("PEAL_ERR_") : "OK";
}

static const char *reason_of(const peal_sio_client_event *event) {
  static const char *const words[] = {"server", "left",  "ping",
                                      "lost",   "error", "parse"};
  return words[event->reason];
}

static void say_send(sio_machine *m, const peal_sio_client_event *event) {
  size_t count = peal_message_count(event->message);
  for (size_t i = 0; i < count; i++) {
    peal_slice part = peal_message_part(event->message, i);
    if (peal_message_is_binary(event->message, i))
      say(m, "%s>(%zu)", i ? " " : "", part.len);
    else
      say(m, "%s>%.*s", i ? " " : "", PEAL_SFMT(part));
  }
  peal_message_unref(event->message);
}

static void say_ack(sio_machine *m, const peal_sio_client_event *event) {
  say(m, "ack:%s", (const char *)event->user);
  if (event->err)
    say(m, ":%s", name_of(event->err));
  else
    say_json(m, event->packet.data);
}

static void say_refused(sio_machine *m, const peal_sio_client_event *event,
                        peal_slice nsp) {
  if (event->err) {
    say(m, "connect_error:%.*s:%s%s", PEAL_SFMT(nsp), name_of(event->err),
        event->text ? ":in words" : "");
    return;
  }
  say(m, "refused:%.*s", PEAL_SFMT(nsp));
  say_json(m, event->packet.data);
}

static void say_event(sio_machine *m, const peal_sio_client_event *event,
                      peal_slice nsp) {
  say(m, "event:%.*s", PEAL_SFMT(nsp));
  if (event->packet.has_id)
    say(m, "#%llu", (unsigned long long)event->packet.id);
  say_json(m, event->packet.data);
}

static void say_connect(sio_machine *m, const peal_sio_client_event *event,
                        peal_slice nsp) {
  const char *again = peal_sio_client_nsp_is_recovered(event->nsp) ? "!" : "";
  assert_true(peal_sio_client_nsp_is_connected(event->nsp));
  assert_true(peal_sio_client_nsp_sid(event->nsp).len > 0);
  say(m, "connect%s:%.*s", again, PEAL_SFMT(nsp));
}

static void say_disconnect(sio_machine *m, const peal_sio_client_event *event,
                           peal_slice nsp) {
  assert_false(peal_sio_client_nsp_is_connected(event->nsp));
  say(m, "disconnect:%.*s:%s", PEAL_SFMT(nsp), reason_of(event));
}

static void say_any(sio_machine *m, const peal_sio_client_event *event) {
  peal_slice nsp = {0};
  if (event->nsp)
    nsp = peal_sio_client_nsp_name(event->nsp);
  say(m, "%s", m->len ? " " : "");
  switch ((peal_sio_client_event_type)event->type) {
  case PEAL_SIO_CLIENT_NONE:
    fail();
    break;
  case PEAL_SIO_CLIENT_SEND:
    say_send(m, event);
    break;
  case PEAL_SIO_CLIENT_DIAL:
    say(m, "dial%u", event->attempt);
    break;
  case PEAL_SIO_CLIENT_HANGUP:
    say(m, "hangup");
    break;
  case PEAL_SIO_CLIENT_ASK_AUTH:
    say(m, "ask:%.*s", PEAL_SFMT(nsp));
    break;
  case PEAL_SIO_CLIENT_CONNECT:
    say_connect(m, event, nsp);
    break;
  case PEAL_SIO_CLIENT_CONNECT_ERROR:
    say_refused(m, event, nsp);
    break;
  case PEAL_SIO_CLIENT_DISCONNECT:
    say_disconnect(m, event, nsp);
    break;
  case PEAL_SIO_CLIENT_EVENT:
    say_event(m, event, nsp);
    break;
  case PEAL_SIO_CLIENT_ACK:
    say_ack(m, event);
    break;
  case PEAL_SIO_CLIENT_OPEN:
    say(m, "open");
    break;
  case PEAL_SIO_CLIENT_ERROR:
    say(m, "error:%s", name_of(event->err));
    break;
  case PEAL_SIO_CLIENT_CLOSED:
    say(m, "closed:%s", reason_of(event));
    break;
  case PEAL_SIO_CLIENT_RECONNECT_WAIT:
    say(m, "wait%u:%u", event->attempt, event->delay_ms);
    break;
  case PEAL_SIO_CLIENT_RECONNECT_ATTEMPT:
    say(m, "attempt%u", event->attempt);
    break;
  case PEAL_SIO_CLIENT_RECONNECT_ERROR:
    say(m, "reconnect_error%u:%s", event->attempt, name_of(event->err));
    break;
  case PEAL_SIO_CLIENT_RECONNECT_FAILED:
    say(m, "failed%u", event->attempt);
    break;
  case PEAL_SIO_CLIENT_RECONNECTED:
    say(m, "reconnected%u", event->attempt);
    break;
  case PEAL_SIO_CLIENT_DROPPED:
    say(m, "dropped%u", event->count);
    break;
  }
}

/* -- what is done ----------------------------------------------------------------- */

static void act(sio_machine *m, const peal_sio_client_event *event) {
  say_any(m, event);
  if (event->type == PEAL_SIO_CLIENT_EVENT)
    m->link = event->link;
  if (event->type == PEAL_SIO_CLIENT_ASK_AUTH) {
    m->ask = event->ask;
    if (!m->auth_later)
      m->out_of = peal_sio_client_auth(event->nsp, event->ask, m->auth, m->now);
  }
  if (m->hook)
    m->hook(m, event);
}

void sio_machine_run(sio_machine *m) {
  peal_sio_client_event event;
  while (m->client && peal_sio_client_next(m->client, &m->arena, &event)) {
    assert_true(peal_sio_client_check(m->client));
    act(m, &event);
    if (m->client)
      assert_true(peal_sio_client_check(m->client));
    peal_arena_reset(&m->arena);
  }
  if (m->client)
    assert_true(peal_sio_client_deadline(m->client) > m->now);
}

void sio_machine_expect(sio_machine *m, const char *words) {
  assert_string_equal(m->log, words);
  sio_machine_forget(m);
}

void sio_machine_forget(sio_machine *m) {
  m->len = 0;
  m->log[0] = '\0';
}

bool sio_machine_begin_with(sio_machine *m, const peal_mem *mem) {
  m->opts.conn.client = true;
  m->opts.conn.mem = mem;
  m->opts.jitter = m->opts.jitter ? m->opts.jitter : UINT32_MAX;
  m->now = 100000;
  m->auth = peal_undefined();
  peal_arena_init(&m->arena, mem, 0, 0);
  sio_machine_forget(m);
  m->client = peal_mem_alloc(peal_mem_or_libc(mem), sizeof *m->client);
  if (!m->client)
    return false;
  peal_sio_client_init(m->client, &m->opts, &m->account, 42, m->now);
  m->root = peal_sio_client_of(m->client, PEAL_S("/"));
  return m->root != NULL;
}

void sio_machine_begin(sio_machine *m) {
  assert_true(sio_machine_begin_with(m, NULL));
}

void sio_machine_end(sio_machine *m) {
  if (m->client)
    peal_sio_client_deinit(m->client);
  peal_mem_free(peal_mem_or_libc(m->opts.conn.mem), m->client);
  m->client = NULL;
  peal_arena_deinit(&m->arena);
  assert_int_equal(m->account.used, 0);
}

peal_sio_client_nsp *sio_machine_of(sio_machine *m, const char *nsp) {
  return peal_sio_client_of(m->client, peal_slice_of(nsp));
}

void sio_machine_open(sio_machine *m) {
  assert_int_equal(peal_sio_client_open(m->client, m->now), PEAL_OK);
  sio_machine_run(m);
}

void sio_machine_connect(sio_machine *m, const char *nsp) {
  assert_int_equal(peal_sio_client_connect(sio_machine_of(m, nsp), m->now),
                   PEAL_OK);
  sio_machine_run(m);
}

void sio_machine_leave(sio_machine *m, const char *nsp) {
  peal_sio_client_leave(sio_machine_of(m, nsp), m->now);
  sio_machine_run(m);
}

void sio_machine_opened(sio_machine *m) {
  assert_int_equal(peal_sio_client_opened(m->client, m->now), PEAL_OK);
  sio_machine_run(m);
}

void sio_machine_closed(sio_machine *m, peal_client_reason reason,
                        peal_err err) {
  assert_int_equal(peal_sio_client_closed(m->client, reason, err, m->now),
                   PEAL_OK);
  sio_machine_run(m);
}

/* In a block of its own, which is gone when the machine has said all. */
static void feed(sio_machine *m, bool binary, peal_slice data) {
  char *copy = malloc(data.len + 1);
  if (!copy)
    abort();
  memcpy(copy, data.ptr, data.len);
  assert_int_equal(peal_sio_client_feed(m->client, binary,
                                        (peal_slice){copy, data.len}, m->now),
                   PEAL_OK);
  sio_machine_run(m);
  free(copy);
}

void sio_machine_text(sio_machine *m, const char *text) {
  feed(m, false, peal_slice_of(text));
}

void sio_machine_binary(sio_machine *m, peal_slice data) {
  feed(m, true, data);
}

/* Step by step, as an owner with a timer. */
void sio_machine_wait(sio_machine *m, uint64_t ms) {
  uint64_t end = m->now + ms;
  while (m->client && peal_sio_client_deadline(m->client) <= end) {
    m->now = peal_sio_client_deadline(m->client);
    peal_sio_client_tick(m->client, m->now);
    sio_machine_run(m);
  }
  m->now = end;
}

static void never(peal_client_nsp *nsp, peal_err err, peal_args args,
                  void *user) {
  (void)nsp;
  (void)err;
  (void)args;
  (void)user;
  abort(); /* the machine answers, it does not call */
}

peal_err sio_machine_emit_with(sio_machine *m, const char *nsp,
                               const char *event, const char *tag,
                               const peal_sio_client_emit *how) {
  union {
    const char *tag;
    void *user;
  } word = {tag};

  peal_sio_client_emit emit = how ? *how : (peal_sio_client_emit){0};
  emit.event = peal_slice_of(event);
  emit.fn = tag ? never : NULL;
  emit.user = word.user;
  peal_err err = peal_sio_client_send(sio_machine_of(m, nsp), &emit, m->now);
  assert_true(peal_sio_client_check(m->client));
  return err;
}

peal_err sio_machine_emit(sio_machine *m, const char *nsp, const char *event) {
  return sio_machine_emit_with(m, nsp, event, NULL, NULL);
}

void sio_machine_online(sio_machine *m) {
  sio_machine_connect(m, "/");
  sio_machine_opened(m);
  sio_machine_text(m, "0{\"sid\":\"a\"}");
  assert_true(peal_sio_client_nsp_is_connected(m->root));
  sio_machine_forget(m);
}
