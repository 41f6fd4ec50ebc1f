/* SPDX-License-Identifier: MIT */
/* Clients whose connection breaks, and who come back: as the sockets that they
 * were, to all that they missed, once. */
#include <peal/handle.h>

#include "comer.h"

/* -- a server -------------------------------------------------------------------------- */

static peal_server_opts recovery_opts(void) {
  peal_server_opts opts = server_opts();
  opts.recovery.window_ms = 60000;
  return opts;
}

static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(peal_join_n(socket, peal_event_name(event)), PEAL_OK);
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void on_who(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_ack(event,
                 PEAL_ARGS(peal_bool(peal_socket_is_recovered(socket)),
                           peal_int((int64_t)peal_socket_room_count(socket)),
                           peal_bool(peal_socket_in(socket, "news"))));
}

static server_fixture start(const peal_server_opts *opts) {
  server_fixture it = server_make(opts);
  assert_int_equal(peal_on(it.root, "news", on_join, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "who", on_who, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void emit(server_fixture *it, const peal_to *to, const char *text) {
  assert_int_equal(
      peal_nsp_emit(it->root, to, "say", PEAL_ARGS(peal_str(text))), PEAL_OK);
}

static void join_news(comer *who) {
  assert_true(sio_client_send(&who->io, "421[\"news\"]"));
  assert_true(sio_client_expect(&who->io, "431[]"));
}

static void ask_who(comer *who, const char *answer) {
  assert_true(sio_client_send(&who->io, "427[\"who\"]"));
  assert_true(sio_client_expect(&who->io, answer));
}

static void lose(server_fixture *it, comer *who, uint64_t left) {
  sio_client_reset(&who->io);
  assert_true(server_has_sockets(it, left));
}

/* -- coming back ----------------------------------------------------------------------- */

static void who_comes_back_gets_what_was_missed_and_is_who_it_was(
    void **state) {
  (void)state;
  static const sio_via ways[] = {SIO_WEBSOCKET, SIO_POLLING};
  for (unsigned workers = 1; workers <= 4; workers += 3)
    for (int way = 0; way < 2; way++) {
      peal_server_opts opts = recovery_opts();
      opts.workers = workers;
      opts.ping_interval_ms = way ? 300 : 0; /* how polling is missed */
      opts.ping_timeout_ms = way ? 300 : 0;
      server_fixture it = start(&opts);
      comer a = {0};
      char sid[40];
      assert_true(comer_open(&a, it.port, ways[way], NULL, NULL));
      memcpy(sid, a.sid, sizeof sid);
      join_news(&a);
      emit(&it, NULL, "1");
      expect_event(&a, "[\"say\",\"1\"");
      lose(&it, &a, 0);
      emit(&it, PEAL_TO("news"), "2");
      emit(&it, PEAL_TO("other"), "not for it");
      emit(&it, &(peal_to){.except = PEAL_ROOMS("news")}, "nor this");
      emit(&it, &(peal_to){.is_volatile = true}, "nor this");
      emit(&it, PEAL_TO(sid), "3");
      emit(&it, NULL, "4");
      emit(&it, &(peal_to){.rooms = PEAL_ROOMS("news", sid, "news")}, "5");
      trace_clear();
      assert_true(comer_open(&a, it.port, ways[way], to_trace, NULL));
      trace_expect("[\"say\",\"2\"\n[\"say\",\"3\"\n[\"say\",\"4\"\n"
                   "[\"say\",\"5\"\n");
      assert_true(a.recovered);
      assert_string_equal(a.sid, sid);
      ask_who(&a, "437[true,2,true]");
      emit(&it, PEAL_TO("news"), "6");
      expect_event(&a, "[\"say\",\"6\"");
      sio_client_close(&a.io);
      server_stop(&it);
    }
}

static void what_was_missed_comes_with_its_attachments(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  server_fixture it = start(&opts);
  comer a = {0};
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  lose(&it, &a, 0);
  assert_int_equal(
      peal_nsp_emit(it.root, NULL, "bin",
                    PEAL_ARGS(peal_binary(PEAL_S("one")), peal_int(1),
                              peal_binary(PEAL_S("two")))),
      PEAL_OK);
  assert_true(sio_client_open(&a.io, it.port, SIO_WEBSOCKET));
  char packet[200];
  snprintf(packet, sizeof packet, "40{\"pid\":\"%s\"}", a.pid);
  assert_true(sio_client_send(&a.io, packet));
  const sio_packet *got = sio_client_next(&a.io, 10000);
  assert_true(is_event(got));
  assert_int_equal(strncmp(got->data,
                           "452-[\"bin\",{\"_placeholder\":true,\"num\":0},1,"
                           "{\"_placeholder\":true,\"num\":1},\"",
                           70),
                   0);
  got = sio_client_next(&a.io, 10000);
  assert_true(got && got->binary && !memcmp(got->data, "one", 3));
  got = sio_client_next(&a.io, 10000);
  assert_true(got && got->binary && !memcmp(got->data, "two", 3));
  got = sio_client_next(&a.io, 10000);
  assert_true(got && !strncmp(got->data, "40{\"sid\":\"", 10));
  sio_client_close(&a.io);
  server_stop(&it);
}

static void without_an_offset_all_since_the_beginning_is_missed(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  server_fixture it = start(&opts);
  emit(&it, NULL, "before its time");
  comer a = {0};
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  for (int i = 0; i < 3; i++) {
    lose(&it, &a, 0);
    trace_clear();
    assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, to_trace, NULL));
    assert_true(a.recovered);
    trace_expect("");
  }
  lose(&it, &a, 0);
  emit(&it, NULL, "x");
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, to_trace, NULL));
  trace_expect("[\"say\",\"x\"\n");
  sio_client_close(&a.io);
  server_stop(&it);
}

static void an_offset_of_the_session_before_is_no_harm(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  server_fixture it = start(&opts);
  comer a = {0};
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  emit(&it, NULL, "1");
  expect_event(&a, "[\"say\",\"1\"");
  char offset[40];
  memcpy(offset, a.offset, sizeof offset);
  lose(&it, &a, 0);
  emit(&it, NULL, "2");
  a.pid[0] = '\0'; /* it has forgotten */
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, to_trace, NULL));
  assert_false(a.recovered);
  memcpy(a.offset, offset, sizeof offset);
  lose(&it, &a, 0);
  emit(&it, NULL, "3");
  trace_clear();
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, to_trace, NULL));
  assert_true(a.recovered);
  trace_expect("[\"say\",\"3\"\n");
  sio_client_close(&a.io);
  server_stop(&it);
}

static void each_session_is_given_to_one(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  server_fixture it = start(&opts);
  comer a = {0}, b;
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  b = a;
  lose(&it, &a, 0);
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  assert_true(a.recovered);
  memset(&b.io, 0, sizeof b.io);
  assert_true(comer_open(&b, it.port, SIO_WEBSOCKET, NULL, NULL));
  assert_false(b.recovered);
  assert_string_not_equal(a.sid, b.sid);
  assert_string_not_equal(a.pid, b.pid);
  sio_client_close(&a.io);
  sio_client_close(&b.io);
  server_stop(&it);
}

static void what_is_no_session_is_a_new_one(void **state) {
  (void)state;
  static const char *const claims[] = {
      "40{\"pid\":1}",
      "40{\"pid\":\"\"}",
      "40{\"pid\":\"nobody\",\"offset\":\"AAAAAAAA\"}",
      "40{\"pid\":null,\"offset\":null}",
      "40{\"pid\":{\"pid\":\"x\"}}",
      "40{\"pid\":\"%s\",\"offset\":\"\"}",
      "40{\"pid\":\"%s\",\"offset\":\"AAAAAAA\"}",
      "40{\"pid\":\"%s\",\"offset\":\"AAAAAAA=\"}",
      "40{\"pid\":\"%s\",\"offset\":\"AAAAAAA\\u0000\"}",
      "40{\"pid\":\"%s\",\"offset\":\"________\"}",
      "40{\"pid\":\"%s\",\"offset\":7}",
      "40{\"pid\":\"%s\",\"offset\":\"1692345678901-0\"}"};
  peal_server_opts opts = recovery_opts();
  server_fixture it = start(&opts);
  comer a = {0};
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  lose(&it, &a, 0);
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    comer b = {0};
    char packet[300];
    snprintf(packet, sizeof packet, claims[i], a.pid);
    assert_true(sio_client_open(&b.io, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&b.io, packet));
    const sio_packet *got = sio_client_next(&b.io, 10000);
    assert_true(got && !strncmp(got->data, "40{", 3));
    assert_true(member(got->data, "sid", b.sid, sizeof b.sid));
    assert_string_not_equal(a.sid, b.sid);
    sio_client_close(&b.io);
  }
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  assert_true(a.recovered); /* none of them has taken it */
  sio_client_close(&a.io);
  server_stop(&it);
}

static void who_left_or_was_sent_away_does_not_come_back(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  server_fixture it = start(&opts);
  comer a = {0};
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  assert_true(sio_client_send(&a.io, "41"));
  assert_true(server_has_sockets(&it, 0));
  assert_true(comer_join(&a, "", NULL, NULL));
  assert_false(a.recovered);
  assert_int_equal(peal_nsp_disconnect(it.root, NULL, false), PEAL_OK);
  assert_true(sio_client_expect(&a.io, "41"));
  assert_true(comer_join(&a, "", NULL, NULL));
  assert_false(a.recovered);
  sio_client_close(&a.io);
  server_stop(&it);
}

static void behind_the_window_it_is_a_new_one(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  opts.recovery.window_ms = 1;
  server_fixture it = start(&opts);
  comer a = {0};
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  lose(&it, &a, 0);
  usleep(5000);
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  assert_false(a.recovered);
  sio_client_close(&a.io);
  server_stop(&it);
}

static void what_had_no_room_makes_a_new_one_and_no_gap(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  opts.recovery.max_bytes = 64 << 10;
  server_fixture it = start(&opts);
  comer a = {0};
  char text[1001];
  memset(text, 'x', 1000);
  text[1000] = '\0';
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  lose(&it, &a, 0);
  for (int i = 0; i < 30; i++)
    emit(&it, NULL, text);
  trace_clear();
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, to_trace, NULL));
  assert_true(a.recovered);
  lose(&it, &a, 0);
  for (int i = 0; i < 100; i++)
    emit(&it, NULL, text);
  trace_clear();
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, to_trace, NULL));
  assert_false(a.recovered);
  trace_expect("");
  sio_client_close(&a.io);
  server_stop(&it);
}

/* -- middleware and connect handlers ---------------------------------------------------- */

static atomic_int asked;
static _Atomic(peal_next *) waiting;

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  atomic_fetch_add(&asked, 1);
  trace_add("use %d", peal_socket_is_recovered(socket));
  if (user && peal_socket_is_recovered(socket))
    atomic_store(&waiting, next);
  else
    peal_next_ok(next);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  trace_add("connect %d %zu", peal_socket_is_recovered(socket),
            peal_socket_room_count(socket));
  if (user)
    return peal_refuse(socket, "no", peal_undefined());
  (void)peal_emit(socket, "hello", PEAL_NO_ARGS);
  (void)peal_emit_to(socket, &(peal_to){.with_self = true}, "all",
                     PEAL_NO_ARGS);
  return PEAL_OK;
}

static void middleware_is_passed_unless_it_is_asked_for(void **state) {
  (void)state;
  for (int run = 0; run < 2; run++) {
    peal_server_opts opts = recovery_opts();
    opts.recovery.run_middlewares = run;
    server_fixture it = server_make(&opts);
    assert_int_equal(peal_use(it.root, on_use, NULL), PEAL_OK);
    assert_int_equal(peal_on(it.root, "news", on_join, NULL), PEAL_OK);
    assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
    server_run(&it);
    comer a = {0};
    assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
    expect_event(&a, "[\"hello\"");
    expect_event(&a, "[\"all\"");
    join_news(&a);
    lose(&it, &a, 0);
    emit(&it, NULL, "1");
    assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, to_trace, NULL));
    assert_true(a.recovered);
    /* What the handlers say is in the log as well: it comes once. */
    trace_expect(run ? "use 0\nconnect 0 1\nuse 1\nconnect 1 2\n"
                       "[\"say\",\"1\"\n[\"hello\"\n[\"all\"\n"
                     : "use 0\nconnect 0 1\nconnect 1 2\n"
                       "[\"say\",\"1\"\n[\"hello\"\n[\"all\"\n");
    assert_true(sio_client_silent(&a.io, 50));
    sio_client_close(&a.io);
    server_stop(&it);
  }
}

static void answer(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_next_ok(atomic_exchange(&waiting, NULL));
}

static void who_goes_while_the_middleware_thinks_may_come_again(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  opts.recovery.run_middlewares = true;
  server_fixture it = server_make(&opts);
  static char hesitates[] = "hesitates";
  assert_int_equal(peal_use(it.root, on_use, hesitates), PEAL_OK);
  server_run(&it);
  comer a = {0};
  char packet[200];
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  for (int i = 0; i < 3; i++) {
    lose(&it, &a, 0);
    assert_true(sio_client_open(&a.io, it.port, SIO_WEBSOCKET));
    snprintf(packet, sizeof packet, "40{\"pid\":\"%s\"}", a.pid);
    assert_true(sio_client_send(&a.io, packet));
    while (!atomic_load(&waiting))
      usleep(1000);
    sio_client_reset(&a.io);
    assert_true(server_has_clients(&it, 0));
    assert_int_equal(
        peal_worker_post(peal_workers_get(peal_server_workers(it.server), 0),
                         answer, NULL),
        PEAL_OK);
    while (atomic_load(&waiting))
      usleep(1000);
  }
  emit(&it, NULL, "1");
  assert_true(sio_client_open(&a.io, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a.io, packet));
  while (!atomic_load(&waiting))
    usleep(1000);
  assert_int_equal(
      peal_worker_post(peal_workers_get(peal_server_workers(it.server), 0),
                       answer, NULL),
      PEAL_OK);
  expect_event(&a, "[\"say\",\"1\"");
  const sio_packet *got = sio_client_next(&a.io, 10000);
  assert_true(got && strstr(got->data, a.pid));
  sio_client_close(&a.io);
  server_stop(&it);
}

static void a_refusal_is_one(void **state) {
  (void)state;
  peal_server_opts opts = recovery_opts();
  server_fixture it = start(&opts);
  comer a = {0};
  static char refuses[] = "refuses";
  assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
  lose(&it, &a, 0);
  emit(&it, NULL, "secret");
  assert_int_equal(peal_on_connect(it.root, on_connect, refuses), PEAL_OK);
  usleep(20000);
  assert_true(sio_client_open(&a.io, it.port, SIO_WEBSOCKET));
  char packet[200];
  snprintf(packet, sizeof packet, "40{\"pid\":\"%s\"}", a.pid);
  assert_true(sio_client_send(&a.io, packet));
  assert_true(sio_client_expect(&a.io, "44{\"message\":\"no\"}"));
  sio_client_close(&a.io);
  server_stop(&it);
}

/* -- what has an offset ------------------------------------------------------------------ */

static void on_speak(peal_socket *socket, const peal_event *event, void *user) {
  peal_nsp *nsp = user;
  (void)event;
  assert_int_equal(peal_emit(socket, "a", PEAL_ARGS(peal_int(1))), PEAL_OK);
  assert_int_equal(peal_emit_with(socket, &(peal_to){.is_volatile = true}, "b",
                                  PEAL_ARGS(peal_int(2))),
                   PEAL_OK);
  assert_int_equal(peal_nsp_emit(nsp, NULL, "c", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(
      peal_nsp_emit(nsp, &(peal_to){.is_volatile = true}, "d", PEAL_NO_ARGS),
      PEAL_OK);
  assert_int_equal(peal_ref_emit(peal_ref_of(socket), "e", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_int_equal(
      peal_emit_with(socket, &(peal_to){.conflate = "k"}, "f", PEAL_NO_ARGS),
      PEAL_OK);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(3))), PEAL_OK);
}

static void on_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)socket;
  (void)user;
  trace_add("%.*s %zu", PEAL_SFMT(event), args.count);
}

/* An outgoing handler that emits itself. */
static void on_echo(peal_socket *socket, peal_slice event, peal_args args,
                    void *user) {
  (void)args;
  if (peal_slice_is(event, "a"))
    assert_int_equal(peal_emit(socket, "hook", PEAL_NO_ARGS), PEAL_OK);
  if (peal_slice_is(event, "c"))
    assert_int_equal(peal_nsp_emit(user, PEAL_TO("nobody"), "x", PEAL_NO_ARGS),
                     PEAL_OK);
}

static void what_is_kept_has_an_offset_and_watchers_do_not_see_it(
    void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 2; workers++) {
    peal_server_opts opts = recovery_opts();
    opts.workers = workers;
    server_fixture it = server_make(&opts);
    assert_int_equal(peal_on(it.root, "speak", on_speak, it.root), PEAL_OK);
    assert_int_equal(peal_on_any_outgoing(it.root, on_outgoing, NULL), PEAL_OK);
    assert_int_equal(peal_on_any_outgoing(it.root, on_echo, it.root), PEAL_OK);
    server_run(&it);
    comer a = {0};
    assert_true(comer_open(&a, it.port, SIO_WEBSOCKET, NULL, NULL));
    trace_clear();
    assert_true(sio_client_send(&a.io, "425[\"speak\"]"));
    expect_event(&a, "[\"hook\"");
    expect_event(&a, "[\"a\",1");
    assert_true(sio_client_expect(&a.io, "42[\"b\",2]"));
    expect_event(&a, "[\"c\"");
    assert_true(sio_client_expect(&a.io, "42[\"d\"]"));
    expect_event(&a, "[\"e\"");
    expect_event(&a, "[\"f\"");
    assert_true(sio_client_expect(&a.io, "435[3]"));
    trace_expect("a 1\nhook 0\nb 1\nc 0\nd 0\ne 0\nf 0\n");
    sio_client_close(&a.io);
    server_stop(&it);
  }
}

static void without_recovery_nothing_is_different(void **state) {
  (void)state;
  server_fixture it = start(NULL);
  sio_client c;
  assert_true(sio_client_open(&c, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&c, "40{\"pid\":\"x\",\"offset\":\"y\"}"));
  const sio_packet *got = sio_client_next(&c, 10000);
  assert_true(got && !strstr(got->data, "pid"));
  emit(&it, NULL, "1");
  assert_true(sio_client_expect(&c, "42[\"say\",\"1\"]"));
  assert_true(sio_client_send(&c, "427[\"who\"]"));
  assert_true(sio_client_expect(&c, "437[false,1,false]"));
  sio_client_close(&c);
  server_stop(&it);
}

/* -- many, at once ------------------------------------------------------------------------ */

#define COMERS 8
#define EVENTS 400
#define TALKERS 3

static peal_nsp *storm_nsp;
static atomic_bool over;

/* Talker t says t:0, t:1, … to all, to a room, to all but a room that nobody is
 * in. */
static void *talk(void *user) {
  const char *name = user;
  for (int i = 0; i < EVENTS; i++) {
    static const char *const nobody[] = {"nobody", NULL};
    const peal_to tos[] = {{0},
                           {.rooms = PEAL_ROOMS("news")},
                           {.except = nobody},
                           {.rooms = PEAL_ROOMS("news", "nobody")}};
    while (peal_nsp_emit(storm_nsp, &tos[i % 4], name,
                         PEAL_ARGS(peal_int(i))) == PEAL_ERR_QUEUE_FULL)
      usleep(1000);
    if (i % 8 == 0)
      usleep(2000);
  }
  return NULL;
}

typedef struct listener {
  comer who;
  unsigned port;
  int index;
  int next[TALKERS];
  int wrong, lost, returns;
} listener;

static void hear(const char *packet, void *user) {
  listener *it = user;
  const char *at = strstr(packet, "[\"t");
  if (!at)
    return;
  int talker = at[3] - '0', number = atoi(strchr(at, ',') + 1);
  if (talker < 0 || talker >= TALKERS || number != it->next[talker])
    it->wrong++;
  else
    it->next[talker]++;
}

static bool heard_all(const listener *it) {
  for (int i = 0; i < TALKERS; i++)
    if (it->next[i] < EVENTS)
      return false;
  return true;
}

static void *listen_on(void *user) {
  listener *it = user;
  unsigned dice = (unsigned)it->index * 7919u + 1;
  while (!heard_all(it) && !it->wrong && !it->lost) {
    dice = dice * 1103515245u + 12345u;
    int patience = (int)(dice >> 16 & 63);
    const sio_packet *got;
    while (patience-- && (got = sio_client_next(&it->who.io, 20)))
      if (is_event(got)) {
        note(&it->who, got->data);
        hear(got->data, it);
      }
    if (heard_all(it) || atomic_load(&over))
      break;
    sio_client_reset(&it->who.io);
    usleep(dice >> 16 & 4095);
    /* The server may not have seen that it is gone: then there is no session
     * yet, and the answer is a new one; the old one is still there. */
    for (int tries = 0;; tries++) {
      comer try = it->who;
      memset(&try.io, 0, sizeof try.io);
      if (tries == 2000) {
        it->lost++;
        break;
      }
      if (!comer_open(&try, it->port, SIO_WEBSOCKET, hear, it)) {
        it->lost++;
        break;
      }
      if (try.recovered) {
        it->who = try;
        it->returns++;
        break;
      }
      sio_client_send(&try.io, "41");
      sio_client_close(&try.io);
      usleep(1000);
    }
  }
  sio_client_close(&it->who.io);
  return NULL;
}

static void nothing_is_lost_and_nothing_comes_twice(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 4; workers += 3) {
    peal_server_opts opts = recovery_opts();
    opts.workers = workers;
    server_fixture it = start(&opts);
    static listener all[COMERS];
    pthread_t listeners[COMERS], talkers[TALKERS];
    static char names[TALKERS][4] = {"t0", "t1", "t2"};
    memset(all, 0, sizeof all);
    storm_nsp = it.root;
    atomic_store(&over, false);
    for (int i = 0; i < COMERS; i++) {
      all[i].port = it.port;
      all[i].index = i;
      assert_true(comer_open(&all[i].who, it.port, SIO_WEBSOCKET, NULL, NULL));
      join_news(&all[i].who);
    }
    for (int i = 0; i < COMERS; i++)
      assert_int_equal(pthread_create(&listeners[i], NULL, listen_on, &all[i]),
                       0);
    for (int i = 0; i < TALKERS; i++)
      assert_int_equal(pthread_create(&talkers[i], NULL, talk, names[i]), 0);
    for (int i = 0; i < TALKERS; i++)
      pthread_join(talkers[i], NULL);
    int returns = 0;
    for (int i = 0; i < COMERS; i++) {
      pthread_join(listeners[i], NULL);
      assert_int_equal(all[i].lost, 0);
      assert_int_equal(all[i].wrong, 0);
      assert_true(heard_all(&all[i]));
      returns += all[i].returns;
    }
    assert_true(returns > COMERS);
    if (getenv("PEAL_TEST_LOG"))
      fprintf(stderr, "%u workers: %d returns\n", workers, returns);
    server_stop(&it);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_comes_back_gets_what_was_missed_and_is_who_it_was),
      cmocka_unit_test(what_was_missed_comes_with_its_attachments),
      cmocka_unit_test(without_an_offset_all_since_the_beginning_is_missed),
      cmocka_unit_test(an_offset_of_the_session_before_is_no_harm),
      cmocka_unit_test(each_session_is_given_to_one),
      cmocka_unit_test(what_is_no_session_is_a_new_one),
      cmocka_unit_test(who_left_or_was_sent_away_does_not_come_back),
      cmocka_unit_test(behind_the_window_it_is_a_new_one),
      cmocka_unit_test(what_had_no_room_makes_a_new_one_and_no_gap),
      cmocka_unit_test(middleware_is_passed_unless_it_is_asked_for),
      cmocka_unit_test(who_goes_while_the_middleware_thinks_may_come_again),
      cmocka_unit_test(a_refusal_is_one),
      cmocka_unit_test(what_is_kept_has_an_offset_and_watchers_do_not_see_it),
      cmocka_unit_test(without_recovery_nothing_is_different),
      cmocka_unit_test(nothing_is_lost_and_nothing_comes_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
