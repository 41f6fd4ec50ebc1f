/* SPDX-License-Identifier: MIT */
#include "server_fixture.h"

/* -- a server that does what clients ask ------------------------------------------ */

static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_err err = peal_join(socket, peal_event_str(event, 0));
  (void)peal_ack(event,
                 PEAL_ARGS(peal_str(peal_err_name(err)),
                           peal_int((int64_t)peal_socket_room_count(socket))));
}

static void on_leave(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_leave(socket, peal_event_str(event, 0));
  (void)peal_ack(event,
                 PEAL_ARGS(peal_int((int64_t)peal_socket_room_count(socket))));
}

/* ["to", room or null, room 2 or null, except or null, with_self] */
static void on_to(peal_socket *socket, const peal_event *event, void *user) {
  const char *rooms[3] = {peal_event_str(event, 0), peal_event_str(event, 1),
                          NULL};
  const char *except[2] = {peal_event_str(event, 2), NULL};
  const peal_to to = {.rooms = rooms[0] ? rooms : NULL,
                      .except = except[0] ? except : NULL,
                      .with_self =
                          peal_val_bool(peal_event_arg(event, 3), false)};
  (void)user;
  assert_int_equal(peal_emit_to(socket, &to, "got", PEAL_NO_ARGS), PEAL_OK);
}

static server_fixture rooms_server(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  opts.max_rooms = 3;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "join", on_join, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "leave", on_leave, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "to", on_to, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void ask(sio_client *client, const char *packet, const char *answer) {
  assert_true(sio_client_send(client, packet));
  assert_true(sio_client_expect(client, answer));
}

/* -- rooms --------------------------------------------------------------------------- */

static void rooms_have_a_limit_and_joining_twice_is_no_error(void **state) {
  (void)state;
  server_fixture it = rooms_server(1);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  ask(&a, "421[\"join\",\"x\"]", "431[\"PEAL_OK\",2]");
  ask(&a, "421[\"join\",\"x\"]", "431[\"PEAL_OK\",2]");
  ask(&a, "421[\"join\",\"y\"]", "431[\"PEAL_OK\",3]");
  ask(&a, "421[\"join\",\"\"]", "431[\"PEAL_OK\",4]");
  ask(&a, "421[\"join\",\"z\"]", "431[\"PEAL_ERR_LIMIT\",4]");
  ask(&a, "421[\"join\",\"y\"]", "431[\"PEAL_OK\",4]");
  ask(&a, "421[\"join\",7]", "431[\"PEAL_ERR_USAGE\",4]");
  ask(&a, "421[\"leave\",\"nothing\"]", "431[4]");
  ask(&a, "421[\"leave\",\"x\"]", "431[3]");
  ask(&a, "421[\"join\",\"z\"]", "431[\"PEAL_OK\",4]");
  sio_client_close(&a);
  server_stop(&it);
}

/* Everyone asks the server something, so that what was sent before is seen. */
static bool got_only(sio_client *client, int times) {
  if (!sio_client_send(client, "429[\"leave\",\"-\"]"))
    return false;
  const sio_packet *packet;
  while ((packet = sio_client_next(client, 10000))) {
    if (!strncmp(packet->data, "439", 3))
      break;
    times -= !strcmp(packet->data, "42[\"got\"]");
  }
  return packet && times == 0;
}

static void rooms_are_a_union_minus_exceptions(unsigned workers) {
  server_fixture it = rooms_server(workers);
  sio_client c[4];
  for (int i = 0; i < 4; i++)
    assert_true(
        sio_client_start(&c[i], it.port, i & 1 ? SIO_POLLING : SIO_WEBSOCKET));
  ask(&c[0], "421[\"join\",\"r\"]", "431[\"PEAL_OK\",2]");
  ask(&c[1], "421[\"join\",\"r\"]", "431[\"PEAL_OK\",2]");
  ask(&c[1], "421[\"join\",\"s\"]", "431[\"PEAL_OK\",3]");
  ask(&c[2], "421[\"join\",\"s\"]", "431[\"PEAL_OK\",2]");
  char own[128];
  snprintf(own, sizeof own, "42[\"to\",\"%s\"]", c[3].socket_id);

  static const struct {
    const char *packet;
    int counts[4];
  } cases[] = {
      {"42[\"to\"]", {0, 1, 1, 1}},
      {"42[\"to\",null,null,null,true]", {1, 1, 1, 1}},
      {"42[\"to\",\"r\"]", {0, 1, 0, 0}},
      {"42[\"to\",\"r\",\"s\"]", {0, 1, 1, 0}},
      {"42[\"to\",\"r\",\"s\",null,true]", {1, 1, 1, 0}},
      {"42[\"to\",\"r\",\"s\",\"r\"]", {0, 0, 1, 0}},
      {"42[\"to\",null,null,\"s\",true]", {1, 0, 0, 1}},
      {"42[\"to\",\"nobody\"]", {0, 0, 0, 0}},
      {NULL, {0, 0, 0, 1}},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_true(
        sio_client_send(&c[0], cases[i].packet ? cases[i].packet : own));
    if (workers > 1)
      usleep(30000); /* it crosses */
    for (int j = 0; j < 4; j++)
      if (!got_only(&c[j], cases[i].counts[j]))
        fail_msg("case %zu: client %d", i, j);
  }
  for (int i = 0; i < 4; i++)
    sio_client_close(&c[i]);
  server_stop(&it);
}

static void rooms_on_one_worker(void **state) {
  (void)state;
  rooms_are_a_union_minus_exceptions(1);
}

static void rooms_on_four_workers(void **state) {
  (void)state;
  rooms_are_a_union_minus_exceptions(4);
}

/* -- the namespace's operations, from another thread ----------------------------------- */

static void on_members(peal_err err, size_t count, peal_args ids, void *user) {
  (void)user;
  for (size_t i = 0; i < ids.count; i++)
    assert_int_equal(peal_val_str(ids.items[i]).len, 20);
  trace_add("%s %zu %zu", peal_err_name(err), count, ids.count);
}

static void operations_reach_all_workers(void **state) {
  (void)state;
  server_fixture it = rooms_server(4);
  sio_client c[8];
  const peal_to room = {.rooms = PEAL_ROOMS("r")};
  assert_int_equal(peal_nsp_count(it.root, NULL, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_join(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_leave(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_emit(it.root, NULL, "connect", PEAL_NO_ARGS),
                   PEAL_ERR_RESERVED);
  for (int i = 0; i < 8; i++)
    assert_true(sio_client_start(&c[i], it.port, SIO_WEBSOCKET));
  const peal_to two = {
      .rooms = PEAL_ROOMS(c[0].socket_id, c[1].socket_id, c[0].socket_id)};
  assert_int_equal(peal_nsp_count(it.root, NULL, on_members, NULL), PEAL_OK);
  trace_expect("PEAL_OK 8 0\n");
  assert_int_equal(peal_nsp_join(it.root, &two, "r"), PEAL_OK);
  assert_int_equal(peal_nsp_members(it.root, &room, on_members, NULL), PEAL_OK);
  trace_expect("PEAL_OK 2 2\n");
  assert_int_equal(
      peal_nsp_leave(it.root, &(peal_to){.rooms = PEAL_ROOMS(c[0].socket_id)},
                     "r"),
      PEAL_OK);
  assert_int_equal(peal_nsp_count(it.root, &room, on_members, NULL), PEAL_OK);
  trace_expect("PEAL_OK 1 0\n");
  assert_int_equal(peal_nsp_emit(it.root, &room, "one", PEAL_NO_ARGS), PEAL_OK);
  assert_true(sio_client_expect(&c[1], "42[\"one\"]"));
  assert_int_equal(peal_nsp_disconnect(it.root, &room, false), PEAL_OK);
  assert_true(sio_client_expect(&c[1], "41"));
  assert_int_equal(
      peal_nsp_disconnect(
          it.root, &(peal_to){.except = PEAL_ROOMS(c[0].socket_id)}, true),
      PEAL_OK);
  for (int i = 2; i < 8; i++)
    assert_true(sio_client_ends(&c[i], 10000));
  assert_true(server_has_sockets(&it, 1));
  for (int i = 0; i < 8; i++)
    sio_client_close(&c[i]);
  server_stop(&it);
}

/* -- acknowledgements ----------------------------------------------------------------------- */

static void on_told(peal_socket *socket, peal_err err, peal_args args,
                    void *user) {
  (void)socket;
  trace_add("%s %s %zu", (const char *)user, peal_err_name(err), args.count);
}

static char quick[] = "quick", slow[] = "slow", late[] = "late";

static void on_ask(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  assert_int_equal(
      peal_emit_ack(socket, "q", PEAL_NO_ARGS, 100, on_told, quick), PEAL_OK);
  assert_int_equal(peal_emit_ack(socket, "q", PEAL_NO_ARGS, 0, on_told, slow),
                   PEAL_OK);
  assert_int_equal(peal_emit_ack(socket, "q", PEAL_NO_ARGS, 0, on_told, late),
                   PEAL_ERR_LIMIT);
  assert_int_equal(
      peal_emit_ack(socket, "connect", PEAL_NO_ARGS, 0, on_told, late),
      PEAL_ERR_LIMIT);
  assert_int_equal(peal_emit_ack(socket, "q", PEAL_NO_ARGS, 0, NULL, late),
                   PEAL_ERR_USAGE);
}

static server_fixture asking_server(void) {
  peal_server_opts opts = server_opts();
  opts.max_acks = 2;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "ask", on_ask, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void acknowledgements_come_once_time_out_or_close(void **state) {
  (void)state;
  server_fixture it = asking_server();
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "42[\"ask\"]"));
  assert_true(sio_client_expect(&a, "420[\"q\"]"));
  assert_true(sio_client_expect(&a, "421[\"q\"]"));
  trace_expect("quick PEAL_ERR_TIMEOUT 0\n");
  assert_true(sio_client_send(&a, "430[1,2]"));   /* late */
  assert_true(sio_client_send(&a, "4399[]"));     /* unknown */
  assert_true(sio_client_send(&a, "431[1,2,3]")); /* right */
  assert_true(sio_client_send(&a, "431[1,2,3]")); /* twice */
  trace_expect("slow PEAL_OK 3\n");
  assert_true(sio_client_send(&a, "42[\"ask\"]"));
  assert_true(sio_client_expect(&a, "422[\"q\"]"));
  assert_true(sio_client_expect(&a, "423[\"q\"]"));
  sio_client_close(&a);
  trace_expect("quick PEAL_ERR_CLOSED 0\nslow PEAL_ERR_CLOSED 0\n");
  server_stop(&it);
}

static void on_acks(const peal_acks *acks, void *user) {
  char text[100] = "";
  (void)user;
  for (size_t i = 0; i < acks->responses.count; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), " %lld",
             (long long)peal_val_int(acks->responses.items[i], -1));
  trace_add("%s of %zu:%s", peal_err_name(acks->err), acks->expected, text);
}

static void broadcasts_gather_acknowledgements(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 4; workers += 3) {
    server_fixture it = rooms_server(workers);
    sio_client a, b;
    assert_int_equal(
        peal_nsp_emit_ack(it.root, NULL, "q", PEAL_NO_ARGS, 0, NULL, NULL),
        PEAL_ERR_USAGE);
    assert_int_equal(peal_nsp_emit_ack(it.root, NULL, "disconnect",
                                       PEAL_NO_ARGS, 0, on_acks, NULL),
                     PEAL_ERR_RESERVED);
    assert_int_equal(
        peal_nsp_emit_ack(it.root, NULL, "q", PEAL_NO_ARGS, 0, on_acks, NULL),
        PEAL_OK);
    trace_expect("PEAL_OK of 0:\n");
    assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_start(&b, it.port, SIO_POLLING));
    for (int round = 0; round < 3; round++) {
      char reply[40];
      unsigned id_a, id_b;
      assert_int_equal(peal_nsp_emit_ack(it.root, NULL, "q", PEAL_NO_ARGS,
                                         round ? 300 : 0, on_acks, NULL),
                       PEAL_OK);
      const sio_packet *q = sio_client_next(&a, 5000);
      assert_true(q && sscanf(q->data, "42%u[\"q\"]", &id_a) == 1);
      q = sio_client_next(&b, 5000);
      assert_true(q && sscanf(q->data, "42%u[\"q\"]", &id_b) == 1);
      snprintf(reply, sizeof reply, "43%u[7,8]", id_a);
      assert_true(sio_client_send(&a, reply));
      if (round == 1) {
        trace_expect("PEAL_ERR_TIMEOUT of 2: 7\n");
      } else if (round == 0) {
        usleep(20000);
        snprintf(reply, sizeof reply, "43%u[9]", id_b);
        assert_true(sio_client_send(&b, reply));
        trace_expect("PEAL_OK of 2: 7 9\n");
      } else {
        usleep(20000);
        sio_client_close(&b);
        trace_expect("PEAL_ERR_TIMEOUT of 2: 7\n");
      }
    }
    sio_client_close(&a);
    server_stop(&it);
  }
}

static peal_reply *reply;

static void on_later(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  reply = peal_ack_later(event);
  assert_null(peal_ack_later(event));
  assert_int_equal(peal_ack(event, PEAL_NO_ARGS), PEAL_OK); /* no-op */
  trace_add("kept %s", reply ? "yes" : "no");
}

static void on_twice(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  assert_true(peal_event_wants_ack(event));
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(1))), PEAL_OK);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(2))), PEAL_OK);
  assert_null(peal_event_str(event, 5));
  assert_true(peal_val_is(peal_event_arg(event, 5), PEAL_UNDEFINED));
}

static void answers_may_come_later_from_another_thread(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "later", on_later, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "twice", on_twice, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  ask(&a, "421[\"twice\",\"a\\u0000b\"]", "431[1]");
  assert_true(sio_client_send(&a, "42[\"later\"]"));
  trace_expect("kept no\n");
  assert_true(sio_client_send(&a, "425[\"later\"]"));
  trace_expect("kept yes\n");
  assert_int_equal(
      peal_reply_send(reply, PEAL_ARGS(peal_binary(PEAL_S("\1\2")))), PEAL_OK);
  assert_true(
      sio_client_expect(&a, "461-5[{\"_placeholder\":true,\"num\":0}]"));
  assert_true(sio_client_expect(&a, "bAQI="));
  assert_true(sio_client_send(&a, "426[\"later\"]"));
  trace_expect("kept yes\n");
  peal_reply_drop(reply);
  assert_true(sio_client_send(&a, "427[\"later\"]"));
  trace_expect("kept yes\n");
  sio_client_reset(&a);
  assert_int_equal(peal_reply_send(reply, PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_reply_send(NULL, PEAL_NO_ARGS), PEAL_OK);
  peal_reply_drop(NULL);
  server_stop(&it);
}

/* -- queues ---------------------------------------------------------------------------------- */

/* A polling client without a GET reads nothing: its queue is all there is. */
static char filler[10000];

static void on_fill(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  long long number = peal_val_int(peal_event_arg(event, 0), 0);
  int refused = 0;
  for (long long i = 0; i < number; i++)
    refused += peal_emit(socket, "fill",
                         PEAL_ARGS(peal_int(i), peal_str_slice((peal_slice){
                                                    filler, sizeof filler}))) !=
               PEAL_OK;
  trace_add("refused %d, queued %s", refused,
            peal_socket_queued_bytes(socket) <= 100000 ? "within" : "over");
}

static void on_drained(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  trace_add("drained");
}

static void on_set_queue(peal_socket *socket, const peal_event *event,
                         void *user) {
  (void)user;
  peal_socket_set_queue(
      socket, 100000,
      (peal_queue_policy)peal_val_int(peal_event_arg(event, 0), 0));
}

static void on_newest(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)event;
  (void)user;
  for (int i = 0; i < 50; i++) {
    assert_int_equal(peal_emit_with(socket, &(peal_to){.conflate = "frame"},
                                    "frame", PEAL_ARGS(peal_int(i))),
                     PEAL_OK);
    assert_int_equal(peal_nsp_emit(peal_socket_nsp(socket),
                                   &(peal_to){.conflate = "other"}, "other",
                                   PEAL_ARGS(peal_int(i))),
                     PEAL_OK);
    assert_int_equal(peal_emit_with(socket, &(peal_to){.is_volatile = true},
                                    "now", PEAL_NO_ARGS),
                     PEAL_OK);
  }
  assert_int_equal(peal_emit_with(socket, &(peal_to){.rooms = PEAL_ROOMS("x")},
                                  "x", PEAL_NO_ARGS),
                   PEAL_ERR_USAGE);
}

static server_fixture queue_server(peal_queue_policy policy) {
  memset(filler, 'f', sizeof filler);
  peal_server_opts opts = server_opts();
  opts.max_queue_bytes = 100000;
  opts.max_queue_soft_bytes = 20000;
  opts.queue_policy = policy;
  server_fixture it = server_make(&opts);
  server_trace_ends(it.root);
  assert_int_equal(peal_on(it.root, "fill", on_fill, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "set", on_set_queue, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "newest", on_newest, NULL), PEAL_OK);
  assert_int_equal(peal_on_drain(it.root, on_drained, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void a_full_queue_closes_by_default(void **state) {
  (void)state;
  server_fixture it = queue_server(PEAL_QUEUE_CLOSE);
  peal_server_stats stats;
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  /* Who is to be closed when the turn ends is not heard any more. */
  assert_true(sio_client_send(&a, "42[\"fill\",20]\x1e"
                                  "42[\"fill\",20]"));
  trace_expect("refused 11, queued within\n"
               "disconnecting slow consumer\ndisconnect slow consumer\n");
  assert_true(sio_client_ends(&a, 5000));
  sio_client_close(&a);
  /* In one turn, while a GET waits: it takes what there is, in mid-turn, and
   * only the rest is too much. */
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  assert_null(sio_client_next(&a, 20));
  assert_true(sio_client_send(&a, "42[\"fill\",20]"));
  assert_true(sio_client_ends(&a, 5000));
  trace_expect("refused 2, queued within\n"
               "disconnecting slow consumer\ndisconnect slow consumer\n");
  peal_server_stats_get(it.server, &stats);
  assert_int_equal(stats.queue_full, 13);
  assert_int_equal(stats.closed_full, 2);
  assert_int_equal(stats.dropped_newest, 0);
  assert_int_equal(stats.errors_peer, 0);
  sio_client_close(&a);
  server_stop(&it);
}

static void a_full_queue_may_drop_the_newest(void **state) {
  (void)state;
  server_fixture it = queue_server(PEAL_QUEUE_DROP_NEWEST);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  assert_true(sio_client_send(&a, "42[\"fill\",20]"));
  trace_expect("refused 11, queued within\n");
  for (int i = 0; i < 9; i++) {
    char head[32];
    snprintf(head, sizeof head, "42[\"fill\",%d,", i);
    const sio_packet *packet = sio_client_next(&a, 5000);
    assert_true(packet && !strncmp(packet->data, head, strlen(head)));
  }
  trace_expect("drained\n");
  assert_true(sio_client_silent(&a, 20));
  peal_server_stats stats;
  peal_server_stats_get(it.server, &stats);
  assert_int_equal(stats.dropped_newest, 11);
  assert_int_equal(stats.closed_full + stats.dropped_oldest, 0);
  sio_client_close(&a);
  server_stop(&it);
}

static void a_full_queue_may_drop_the_oldest(void **state) {
  (void)state;
  server_fixture it = queue_server(PEAL_QUEUE_CLOSE);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  assert_true(sio_client_send(&a, "42[\"set\",2]")); /* this client only */
  assert_true(sio_client_send(&a, "42[\"fill\",20]"));
  trace_expect("refused 0, queued within\n");
  for (int i = 11; i < 20; i++) {
    char head[32];
    snprintf(head, sizeof head, "42[\"fill\",%d,", i);
    const sio_packet *packet = sio_client_next(&a, 5000);
    assert_true(packet && !strncmp(packet->data, head, strlen(head)));
  }
  trace_expect("drained\n");
  peal_server_stats stats;
  peal_server_stats_get(it.server, &stats);
  assert_int_equal(stats.dropped_oldest, 11);
  assert_int_equal(stats.closed_full + stats.dropped_newest, 0);
  sio_client_close(&a);
  server_stop(&it);
}

/* A client must never lose its CONNECT: what the policy drops are events. */
static void a_client_without_its_connect_is_closed(void **state) {
  (void)state;
  server_fixture it = queue_server(PEAL_QUEUE_DROP_NEWEST);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  assert_true(sio_client_send(&a, "42[\"fill\",20]"));
  trace_expect("refused 11, queued within\n");
  /* Many refusals: their CONNECT_ERRORs fill what is left of the queue. */
  for (int i = 0; i < 400; i++) {
    char packets[2048] = "";
    for (int j = 0; j < 60; j++)
      snprintf(packets + strlen(packets), sizeof packets - strlen(packets),
               "%s40/nobody%d,", j ? "\x1e" : "", j);
    if (!sio_client_send(&a, packets))
      break;
  }
  trace_expect("disconnecting slow consumer\ndisconnect slow consumer\n");
  sio_client_close(&a);
  server_stop(&it);
}

static void conflation_keeps_the_newest_and_volatile_may_go(void **state) {
  (void)state;
  server_fixture it = queue_server(PEAL_QUEUE_CLOSE);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  assert_true(sio_client_send(&a, "42[\"newest\"]")); /* no GET waits */
  assert_true(sio_client_expect(&a, "42[\"frame\",49]"));
  assert_true(sio_client_expect(&a, "42[\"other\",49]"));
  assert_true(sio_client_silent(&a, 30));
  peal_server_stats stats;
  peal_server_stats_get(it.server, &stats);
  assert_int_equal(stats.conflated, 2 * 49);
  assert_int_equal(stats.dropped_volatile, 50);
  sio_client_close(&a);
  server_stop(&it);
}

/* -- admission ------------------------------------------------------------------------------ */

static peal_allow *allowing;
static peal_worker *allowing_on;

static char allow_mark[] = "allow", headers_mark[] = "headers";

static void allow(peal_http_req *req, peal_allow *answer, void *user) {
  peal_slice how;
  assert_ptr_equal(user, allow_mark);
  if (!peal_http_req_param(req, "how", &how))
    how = (peal_slice){0};
  if (peal_slice_is(how, "later")) {
    allowing = answer;
    allowing_on = peal_http_req_worker(req);
    trace_add("later");
  } else if (peal_slice_is(how, "no")) {
    peal_allow_refuse(answer, "not you");
  } else if (peal_slice_is(how, "null")) {
    peal_allow_refuse(answer, NULL);
  } else {
    peal_allow_accept(answer);
  }
}

static void accept_now(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_allow_accept(allowing);
  trace_add("accepted");
}

/* It knows the session, and can ask the request for everything. */
static void add_headers(peal_http_req *req, const char *session, bool initial,
                        peal_headers *out, void *user) {
  peal_slice sid, transport;
  assert_ptr_equal(user, headers_mark);
  assert_true(peal_http_req_param(req, "transport", &transport));
  bool has_sid = peal_http_req_param(req, "sid", &sid);
  assert_true(!has_sid || peal_slice_is(sid, session));
  assert_true(session || !initial); /* of no session: a refusal */
  assert_false(initial && has_sid);
  assert_int_equal(peal_headers_add(out, "X-Session", session ? session : "-"),
                   PEAL_OK);
  assert_int_equal(peal_headers_add(out, "X-Initial", initial ? "1" : "0"),
                   PEAL_OK);
  assert_int_equal(peal_headers_add(out, "bad name", "x"), PEAL_ERR_USAGE);
  assert_int_equal(peal_headers_add(out, "X-Bad", "a\r\nb: c"), PEAL_ERR_USAGE);
  assert_int_equal(peal_headers_add(out, NULL, "x"), PEAL_ERR_USAGE);
}

static void requests_are_allowed_now_later_or_not(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.allow_request = allow;
  opts.allow_user = allow_mark;
  opts.on_headers = add_headers;
  opts.headers_user = headers_mark;
  opts.cookie.name = "io";
  server_fixture it = server_make(&opts);
  server_run(&it);
  unsigned status;
  char *body = sio_client_http(it.port, "GET",
                               "/socket.io/?EIO=4&transport=polling&how=no",
                               NULL, NULL, &status);
  assert_int_equal(status, 403);
  assert_string_equal(body, "{\"code\":4,\"message\":\"not you\"}");
  free(body);
  body = sio_client_http(it.port, "GET",
                         "/socket.io/?EIO=4&transport=polling&how=null", NULL,
                         NULL, &status);
  assert_string_equal(body, "{\"code\":4,\"message\":\"Forbidden\"}");
  free(body);
  for (int via = 0; via < 2; via++) {
    sio_client a = {.query = "&how=no"};
    if (via == SIO_WEBSOCKET) {
      assert_false(sio_client_open_with(&a, it.port, SIO_WEBSOCKET));
      assert_int_equal(a.status, 400);
    }
    sio_client_close(&a);
    assert_true(sio_client_start(&a, it.port, (sio_via)via));
    assert_non_null(strstr(a.head, via ? "X-Initial: 0" : "X-Initial: 1"));
    assert_null(strstr(a.head, "X-Bad"));
    char session[96];
    snprintf(session, sizeof session, "X-Session: %s\r\n", a.sid);
    assert_non_null(strstr(a.head, session));
    assert_true(sio_client_send(&a, "1"));
    sio_client_close(&a);
    /* The client goes before it is allowed. */
    const char *request =
        via ? "GET /socket.io/?EIO=4&transport=polling&how=later HTTP/1.1\r\n"
              "Host: a\r\n\r\n"
            : "GET /socket.io/?EIO=4&transport=websocket&how=later "
              "HTTP/1.1\r\nHost: a\r\n"
              "Upgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    int fd = sio_client_dial(it.port);
    trace_clear();
    assert_true(sio_client_write(fd, request, strlen(request)));
    trace_await("later\n");
    sio_client gone = {.fd = fd};
    sio_client_reset(&gone);
    usleep(50000);
    assert_int_equal(peal_worker_post(allowing_on, accept_now, NULL), PEAL_OK);
    trace_await("accepted\n");
    assert_true(server_has_clients(&it, 0));
  }
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rooms_have_a_limit_and_joining_twice_is_no_error),
      cmocka_unit_test(rooms_on_one_worker),
      cmocka_unit_test(rooms_on_four_workers),
      cmocka_unit_test(operations_reach_all_workers),
      cmocka_unit_test(acknowledgements_come_once_time_out_or_close),
      cmocka_unit_test(broadcasts_gather_acknowledgements),
      cmocka_unit_test(answers_may_come_later_from_another_thread),
      cmocka_unit_test(a_full_queue_closes_by_default),
      cmocka_unit_test(a_full_queue_may_drop_the_newest),
      cmocka_unit_test(a_full_queue_may_drop_the_oldest),
      cmocka_unit_test(a_client_without_its_connect_is_closed),
      cmocka_unit_test(conflation_keeps_the_newest_and_volatile_may_go),
      cmocka_unit_test(requests_are_allowed_now_later_or_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
