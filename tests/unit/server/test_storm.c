/* SPDX-License-Identifier: MIT */
/* Many clients join, leave, shout, ask and vanish, other threads call what may
 * be called from any thread, and in the middle of it the server stops. What is
 * checked: whatever was promised to come exactly once came, the order of each
 * sender holds, and nothing is left. The sanitizers look for the rest. */
#include <time.h>

#include "server_fixture.h"

#define CLIENTS 8
#define SENDERS 2
#define STORM_MS 1500

typedef struct storm {
  server_fixture it;
  atomic_bool over; /* clients end now */
  atomic_int connected, disconnected;
  atomic_int acks_asked, acks_told, alls_asked, alls_told, counts_asked,
      counts_told;
  atomic_int sessions, ticks, out_of_order;
} storm;

static int64_t clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static unsigned dice(unsigned *seed) {
  *seed = *seed * 1103515245u + 12345u;
  return *seed >> 16 & 0x7fff;
}

/* -- handlers ------------------------------------------------------------------- */

static peal_err on_connect(peal_socket *socket, void *user) {
  storm *s = user;
  atomic_fetch_add(&s->connected, 1);
  return peal_join(socket, "all");
}

static void on_gone(peal_socket *socket, peal_reason reason, peal_err err,
                    void *user) {
  storm *s = user;
  (void)socket;
  (void)reason;
  (void)err;
  atomic_fetch_add(&s->disconnected, 1);
}

static const char *room_of(const peal_event *event) {
  const char *room = peal_event_str(event, 0);
  return room ? room : "?";
}

static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_join(socket, room_of(event));
  (void)peal_ack(event, PEAL_ARGS(peal_int(1)));
}

static void on_leave(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_leave(socket, room_of(event));
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_emit_to(socket, &(peal_to){.rooms = PEAL_ROOMS(room_of(event))},
                     "said", peal_event_args(event));
  (void)peal_emit_to(socket,
                     &(peal_to){.except = PEAL_ROOMS(room_of(event)),
                                .is_volatile = true,
                                .conflate = "said"},
                     "heard", peal_event_args(event));
}

static void on_client_ack(peal_socket *socket, peal_err err, peal_args args,
                          void *user) {
  storm *s = user;
  (void)socket;
  (void)err;
  (void)args;
  atomic_fetch_add(&s->acks_told, 1);
}

static void on_query(peal_socket *socket, const peal_event *event, void *user) {
  storm *s = user;
  (void)event;
  if (!peal_emit_ack(socket, "q", PEAL_NO_ARGS, 15, on_client_ack, s))
    atomic_fetch_add(&s->acks_asked, 1);
}

static void answer_elsewhere(peal_worker *worker, void *user) {
  (void)worker;
  (void)peal_reply_send(user, PEAL_ARGS(peal_str("later")));
}

static void on_later(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_reply *reply = peal_ack_later(event);
  peal_workers *group = peal_worker_group(peal_socket_worker(socket));
  unsigned next = peal_worker_index(peal_socket_worker(socket)) + 1;
  peal_worker *other =
      peal_workers_get(group, next % peal_workers_count(group));
  if (reply && peal_worker_post(other, answer_elsewhere, reply))
    peal_reply_drop(reply);
}

static void on_bye(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_disconnect(socket, peal_val_int(peal_event_arg(event, 0), 0) != 0);
}

static void use(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  (void)user;
  peal_next_ok(next);
}

/* -- other threads ---------------------------------------------------------------- */

static void on_all(const peal_acks *acks, void *user) {
  storm *s = user;
  if (acks->responses.count > acks->expected)
    atomic_fetch_add(&s->out_of_order, 1);
  atomic_fetch_add(&s->alls_told, 1);
}

static void on_count(peal_err err, size_t count, peal_args ids, void *user) {
  storm *s = user;
  if (!err && ids.count && ids.count != count)
    atomic_fetch_add(&s->out_of_order, 1);
  atomic_fetch_add(&s->counts_told, 1);
}

static void on_post(peal_worker *worker, void *user) {
  storm *s = user;
  /* The same from a worker's own thread. */
  (void)peal_nsp_emit(s->it.root, &(peal_to){.rooms = PEAL_ROOMS("r1")}, "post",
                      PEAL_ARGS(peal_int((int64_t)peal_worker_index(worker))));
  if (!peal_nsp_count(s->it.root, NULL, on_count, s))
    atomic_fetch_add(&s->counts_asked, 1);
}

typedef struct sender {
  storm *s;
  pthread_t thread;
  int number;
  int64_t until;
} sender;

static void call_something(storm *s, unsigned *seed) {
  const peal_to r2 = {.rooms = PEAL_ROOMS("r2")};
  const peal_to r3 = {.rooms = PEAL_ROOMS("r3")};
  peal_server_stats stats;
  peal_http_stats http;
  peal_nsp *nsp = s->it.root;
  peal_workers *group =
      peal_http_server_workers(peal_server_http(s->it.server));
  switch (dice(seed) % 8) {
  case 0:
    (void)peal_nsp_join(nsp, &r2, "r1");
    break;
  case 1:
    (void)peal_nsp_leave(nsp, &r2, "r1");
    break;
  case 2:
    if (dice(seed) % 16 == 0)
      (void)peal_nsp_disconnect(nsp, &r3, dice(seed) & 1);
    break;
  case 3:
    if (!peal_nsp_count(nsp, &r2, on_count, s))
      atomic_fetch_add(&s->counts_asked, 1);
    break;
  case 4:
    if (!peal_nsp_members(nsp, NULL, on_count, s))
      atomic_fetch_add(&s->counts_asked, 1);
    break;
  case 5:
    if (!peal_nsp_emit_ack(nsp, &r2, "q",
                           PEAL_ARGS(peal_binary(PEAL_S("bytes"))), 30, on_all,
                           s))
      atomic_fetch_add(&s->alls_asked, 1);
    break;
  case 6:
    peal_server_stats_get(s->it.server, &stats);
    peal_http_server_stats(peal_server_http(s->it.server), &http);
    break;
  default:
    (void)!peal_worker_post(
        peal_workers_get(group, dice(seed) % peal_workers_count(group)),
        on_post, s);
  }
}

static void *send_main(void *user) {
  sender *me = user;
  unsigned seed = (unsigned)me->number + 77;
  for (int64_t n = 0; clock_ms() < me->until; n++) {
    (void)peal_nsp_emit(me->s->it.root, NULL, "tick",
                        PEAL_ARGS(peal_int(me->number), peal_int(n)));
    call_something(me->s, &seed);
    usleep(1000);
  }
  return NULL;
}

/* -- clients --------------------------------------------------------------------------- */

typedef struct storm_client {
  storm *s;
  pthread_t thread;
  unsigned seed;
} storm_client;

/* Ticks of one sender come in order; questions are answered. */
static void look_at(storm *s, sio_client *client, const sio_packet *packet,
                    int64_t last[SENDERS]) {
  long long who, n;
  unsigned long long id;
  char reply[64];
  if (sscanf(packet->data, "42[\"tick\",%lld,%lld]", &who, &n) == 2) {
    atomic_fetch_add(&s->ticks, 1);
    if (who < 0 || who >= SENDERS || n <= last[who])
      atomic_fetch_add(&s->out_of_order, 1);
    else
      last[who] = n;
  } else if (sscanf(packet->data, "42%llu[\"q\"", &id) == 1 ||
             sscanf(packet->data, "451-%llu[\"q\"", &id) == 1) {
    if (id % 3) {
      snprintf(reply, sizeof reply, "43%llu[%llu]", id, id);
      (void)sio_client_send(client, reply);
    }
  }
}

static bool act(sio_client *client, unsigned *seed) {
  static const char *const packets[] = {
      "421[\"join\",\"r1\"]",  "422[\"join\",\"r2\"]", "42[\"join\",\"r3\"]",
      "42[\"leave\",\"r1\"]",  "42[\"leave\",\"r2\"]", "42[\"say\",\"r1\",1]",
      "42[\"say\",\"r2\",{}]", "42[\"query\"]",        "423[\"later\"]",
      "42[\"query\"]"};
  unsigned n = dice(seed);
  if (n % 41 == 0)
    return sio_client_send(client, "42[\"bye\",1]");
  if (n % 43 == 0)
    return sio_client_send(client, "42[\"bye\",0]") &&
           sio_client_send(client, "40");
  return sio_client_send(client,
                         packets[n % (sizeof packets / sizeof *packets)]);
}

static void one_session(storm *s, unsigned *seed) {
  sio_client client;
  int64_t last[SENDERS];
  for (int i = 0; i < SENDERS; i++)
    last[i] = -1;
  sio_via via = dice(seed) & 1 ? SIO_POLLING : SIO_WEBSOCKET;
  int steps = (int)(dice(seed) % 60);
  bool ok = sio_client_open(&client, s->it.port, via) &&
            sio_client_send(&client, "40");
  if (ok && via == SIO_POLLING && dice(seed) & 1)
    ok = sio_client_upgrade(&client);
  atomic_fetch_add(&s->sessions, ok);
  while (ok && steps-- > 0 && !atomic_load(&s->over)) {
    ok = act(&client, seed);
    const sio_packet *packet;
    for (int i = 0; i < 8 && (packet = sio_client_next(&client, 1)); i++)
      look_at(s, &client, packet, last);
    ok = ok && !sio_client_is_closed(&client);
  }
  if (dice(seed) & 1)
    sio_client_close(&client);
  else
    sio_client_reset(&client);
}

static void *client_main(void *user) {
  storm_client *me = user;
  while (!atomic_load(&me->s->over))
    one_session(me->s, &me->seed);
  return NULL;
}

/* -- the storm -------------------------------------------------------------------------- */

static void set_up(storm *s, unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  opts.log.level = PEAL_LOG_ERROR;
  s->it = server_make(&opts);
  peal_nsp *nsp = s->it.root;
  assert_int_equal(peal_use(nsp, use, s), PEAL_OK);
  assert_int_equal(peal_on_connect(nsp, on_connect, s), PEAL_OK);
  assert_int_equal(peal_on_disconnect(nsp, on_gone, s), PEAL_OK);
  assert_int_equal(peal_on(nsp, "join", on_join, s), PEAL_OK);
  assert_int_equal(peal_on(nsp, "leave", on_leave, s), PEAL_OK);
  assert_int_equal(peal_on(nsp, "say", on_say, s), PEAL_OK);
  assert_int_equal(peal_on(nsp, "query", on_query, s), PEAL_OK);
  assert_int_equal(peal_on(nsp, "later", on_later, s), PEAL_OK);
  assert_int_equal(peal_on(nsp, "bye", on_bye, s), PEAL_OK);
}

static void run_storm(unsigned workers) {
  storm *s = calloc(1, sizeof *s);
  assert_non_null(s);
  set_up(s, workers);
  server_run(&s->it);
  storm_client clients[CLIENTS];
  sender senders[SENDERS];
  int64_t stop_at = clock_ms() + STORM_MS;
  for (int i = 0; i < CLIENTS; i++) {
    clients[i] = (storm_client){.s = s, .seed = (unsigned)i * 7919 + workers};
    assert_int_equal(
        pthread_create(&clients[i].thread, NULL, client_main, &clients[i]), 0);
  }
  /* They go on after the stop, too. */
  for (int i = 0; i < SENDERS; i++) {
    senders[i] = (sender){.s = s, .number = i, .until = stop_at + 300};
    assert_int_equal(
        pthread_create(&senders[i].thread, NULL, send_main, &senders[i]), 0);
  }
  while (clock_ms() < stop_at)
    usleep(10000);
  peal_server_stop(s->it.server);
  usleep(100000);
  atomic_store(&s->over, true);
  for (int i = 0; i < CLIENTS; i++)
    pthread_join(clients[i].thread, NULL);
  for (int i = 0; i < SENDERS; i++)
    pthread_join(senders[i].thread, NULL);
  server_join(&s->it);
  server_free(&s->it);
  print_message("%u workers: %d sessions, %d sockets, %d ticks, %d acks\n",
                workers, s->sessions, s->connected, s->ticks, s->acks_told);
  assert_true(s->sessions > 0 && s->ticks > 0);
  assert_int_equal(s->out_of_order, 0);
  assert_int_equal(s->connected, s->disconnected);
  assert_int_equal(s->acks_asked, s->acks_told);
  assert_int_equal(s->alls_asked, s->alls_told);
  assert_int_equal(s->counts_asked, s->counts_told);
  free(s);
}

static void a_storm_on_one_worker(void **state) {
  (void)state;
  run_storm(1);
}

static void a_storm_on_four_workers(void **state) {
  (void)state;
  run_storm(4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_storm_on_one_worker),
      cmocka_unit_test(a_storm_on_four_workers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
