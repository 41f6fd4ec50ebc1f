/* SPDX-License-Identifier: MIT */
/* Raw Engine.IO servers, asked by raw clients: messages, ends, queues, and
 * clients that are known by a ref on other threads. */
#include <peal/engine.h>

#include "net/worker_impl.h"
#include "server_fixture.h"

/* -- the server ------------------------------------------------------------ */

typedef struct engine_fixture {
  peal_engine_server *server;
  pthread_t thread;
  unsigned port;
} engine_fixture;

static peal_engine_ref first; /* the client that came first */
static atomic_int freed;

static void on_free(void *user) {
  (void)user;
  atomic_fetch_add(&freed, 1);
}

static char hung[] = "hung";

static void on_open(peal_engine_client *client, void *user) {
  (void)user;
  if (!first.server)
    first = peal_engine_client_ref(client);
  peal_engine_client_set_user(client, hung, on_free);
  assert_int_equal(strlen(peal_engine_client_id(client)), 20);
  trace_add("open %s", peal_engine_client_transport(client));
}

static void say(peal_engine_client *client, const char *text) {
  assert_int_equal(peal_engine_client_send(client, peal_slice_of(text), false),
                   PEAL_OK);
}

static void on_order(peal_engine_client *client, const char *order) {
  if (!strcmp(order, "bye")) {
    say(client, "last");
    peal_engine_client_close(client, false);
    peal_engine_client_close(client, false);
    assert_int_equal(peal_engine_client_send(client, PEAL_S("late"), false),
                     PEAL_ERR_CLOSED);
  } else if (!strcmp(order, "drop")) {
    say(client, "lost");
    peal_engine_client_close(client, true);
  } else if (!strcmp(order, "all")) {
    assert_int_equal(peal_engine_server_send(peal_engine_client_server(client),
                                             PEAL_S("to all"), false, NULL),
                     PEAL_OK);
  } else if (!strcmp(order, "user")) {
    say(client, peal_engine_client_user(client));
  } else {
    say(client, order);
  }
}

static void on_message(peal_engine_client *client, peal_slice data, bool binary,
                       void *user) {
  char text[64];
  (void)user;
  if (binary) {
    assert_int_equal(peal_engine_client_send(client, data, true), PEAL_OK);
    return;
  }
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(data));
  on_order(client, text);
}

static void on_close(peal_engine_client *client, peal_reason reason,
                     peal_err err, void *user) {
  (void)user;
  peal_engine_ref ref = peal_engine_client_ref(client);
  assert_null(peal_engine_ref_client(&ref));
  assert_int_equal(peal_engine_client_send(client, PEAL_S("late"), false),
                   PEAL_ERR_CLOSED);
  trace_add("close %s %d", peal_reason_text(reason), err);
}

static void on_upgrade(peal_engine_client *client, void *user) {
  (void)user;
  trace_add("upgrade %s", peal_engine_client_transport(client));
}

static peal_engine_server_opts engine_opts(void) {
  return (peal_engine_server_opts){
      .host = "127.0.0.1",
      .port = PEAL_PORT_ANY,
      .log = {.fn = server_quiet, .level = PEAL_LOG_DEBUG},
      .on_open = on_open,
      .on_message = on_message,
      .on_upgrade = on_upgrade,
      .on_close = on_close};
}

static void *engine_main(void *user) {
  return peal_engine_server_run(user) == 0 ? user : NULL;
}

static engine_fixture engine_start(const peal_engine_server_opts *opts) {
  const peal_engine_server_opts defaults = engine_opts();
  engine_fixture it = {.server =
                           peal_engine_server_new(opts ? opts : &defaults)};
  assert_non_null(it.server);
  it.port = peal_http_server_port(peal_engine_server_http(it.server));
  trace_clear();
  first = (peal_engine_ref){0};
  atomic_store(&freed, 0);
  assert_int_equal(pthread_create(&it.thread, NULL, engine_main, it.server), 0);
  return it;
}

static void engine_end(engine_fixture *it) {
  void *result = NULL;
  peal_engine_server_stats stats;
  pthread_join(it->thread, &result);
  assert_ptr_equal(result, it->server);
  peal_engine_server_stats_get(it->server, &stats);
  assert_int_equal(stats.clients, 0);
  assert_int_equal(stats.clients_polling, 0);
  assert_int_equal(atomic_load(&freed), stats.sessions_total);
  peal_engine_server_free(it->server);
}

static void engine_stop(engine_fixture *it) {
  peal_workers_stop(peal_engine_server_workers(it->server), 200);
  engine_end(it);
}

static sio_client raw(const engine_fixture *it, sio_via via) {
  sio_client client = {.path = "/engine.io/"};
  assert_true(sio_client_open_with(&client, it->port, via));
  return client;
}

#define EACH_WAY(via)                                                          \
  for (sio_via via = SIO_WEBSOCKET; via <= SIO_POLLING; via++)

/* Over polling it comes as base64. */
static bool expect_binary(sio_client *client, sio_via via, const char *data,
                          size_t len, const char *base64) {
  if (via == SIO_POLLING)
    return sio_client_expect(client, base64);
  const sio_packet *packet = sio_client_next(client, 10000);
  return packet && packet->binary && packet->len == len &&
         !memcmp(packet->data, data, len);
}

/* -- messages -------------------------------------------------------------- */

static void what_is_sent_comes_back(void **state) {
  (void)state;
  EACH_WAY(via) {
    engine_fixture it = engine_start(NULL);
    sio_client client = raw(&it, via);
    assert_true(sio_client_send(&client, "4hello"));
    assert_true(sio_client_expect(&client, "4hello"));
    assert_true(sio_client_send(&client, "4"));
    assert_true(sio_client_expect(&client, "4"));
    assert_true(sio_client_send(&client, "4user"));
    assert_true(sio_client_expect(&client, "4hung"));
    assert_true(sio_client_send_binary(&client, "\0\1\2", 3));
    assert_true(expect_binary(&client, via, "\0\1\2", 3, "bAAEC"));
    peal_engine_server_stats stats;
    peal_engine_server_stats_get(it.server, &stats);
    assert_int_equal(stats.clients, 1);
    assert_int_equal(stats.messages_in, 4);
    assert_int_equal(stats.messages_out, 4);
    assert_int_equal(stats.bytes_in, 5 + 4 + 3);
    assert_int_equal(stats.bytes_out, 5 + 4 + 3);
    sio_client_send(&client, "1");
    trace_expect(via == SIO_WEBSOCKET
                     ? "open websocket\nclose transport close 0\n"
                     : "open polling\nclose transport close 0\n");
    sio_client_close(&client);
    engine_stop(&it);
  }
}

static void a_session_upgrades_and_goes_on(void **state) {
  (void)state;
  engine_fixture it = engine_start(NULL);
  sio_client client = raw(&it, SIO_POLLING);
  assert_true(sio_client_send(&client, "4one"));
  assert_true(sio_client_expect(&client, "4one"));
  assert_true(sio_client_upgrade(&client));
  assert_true(sio_client_send(&client, "4two"));
  assert_true(sio_client_expect(&client, "4two"));
  sio_client_close(&client);
  trace_expect("open polling\nupgrade websocket\nclose transport close 0\n");
  engine_stop(&it);
}

static void hello_on_open(peal_engine_client *client, void *user) {
  on_open(client, user);
  say(client, "hello");
  assert_int_equal(peal_engine_client_send(client, PEAL_S("\1"), true),
                   PEAL_OK);
}

static void what_on_open_sends_follows_the_handshake(void **state) {
  (void)state;
  EACH_WAY(via) {
    peal_engine_server_opts opts = engine_opts();
    opts.on_open = hello_on_open;
    engine_fixture it = engine_start(&opts);
    sio_client client = raw(&it, via);
    assert_true(sio_client_expect(&client, "4hello"));
    assert_true(expect_binary(&client, via, "\1", 1, "bAQ=="));
    sio_client_close(&client);
    engine_stop(&it);
  }
}

static void close_on_open(peal_engine_client *client, void *user) {
  on_open(client, user);
  say(client, "no");
  peal_engine_client_close(client, user != NULL);
  trace_add("closing");
}

static void on_open_may_close(void **state) {
  (void)state;
  for (int discard = 0; discard < 2; discard++) {
    EACH_WAY(via) {
      peal_engine_server_opts opts = engine_opts();
      opts.on_open = close_on_open;
      opts.user = discard ? hung : NULL;
      engine_fixture it = engine_start(&opts);
      sio_client client = {.path = "/engine.io/"};
      /* It may be over before its handshake has been read. */
      if (sio_client_open_with(&client, it.port, via)) {
        if (!discard)
          assert_true(sio_client_expect(&client, "4no"));
        assert_true(sio_client_ends(&client, 10000));
      }
      trace_await("close forced close 0\n");
      sio_client_close(&client);
      engine_stop(&it);
    }
  }
}

static void texts_that_cannot_be_sent_are_refused_open(
    peal_engine_client *client, void *user) {
  on_open(client, user);

  static const struct {
    const char *text;
    size_t len;
    peal_err err;
  } cases[] = {{"\xff", 1, PEAL_ERR_UTF8},
               {"\xed\xa0\x80", 3, PEAL_ERR_UTF8},
               {"a\x1e"
                "4b",
                4, PEAL_ERR_USAGE},
               {NULL, 1, PEAL_ERR_USAGE},
               {NULL, 0, PEAL_OK},
               {"a\0b", 3, PEAL_OK}};

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(
        peal_engine_client_send(
            client, (peal_slice){cases[i].text, cases[i].len}, false),
        cases[i].err);
  assert_int_equal(peal_engine_client_send(client, PEAL_S("\xff\x1e"), true),
                   PEAL_OK);
  /* From a header that is newer than the library. */
  assert_int_equal(
      peal_engine_client_send_with(client, PEAL_S("x"), false,
                                   &(peal_engine_how){.reserved = {1}}),
      PEAL_ERR_OPTION);
}

static void texts_that_cannot_be_sent_are_refused(void **state) {
  (void)state;
  peal_engine_server_opts opts = engine_opts();
  opts.on_open = texts_that_cannot_be_sent_are_refused_open;
  engine_fixture it = engine_start(&opts);
  sio_client client = raw(&it, SIO_WEBSOCKET);
  assert_true(sio_client_expect(&client, "4"));
  const sio_packet *packet = sio_client_next(&client, 10000);
  assert_true(packet && packet->len == 4 && !memcmp(packet->data, "4a\0b", 4));
  packet = sio_client_next(&client, 10000);
  assert_true(packet && packet->binary && packet->len == 2);
  sio_client_close(&client);
  engine_stop(&it);
}

/* -- the end --------------------------------------------------------------- */

static void closing_sends_what_waits_or_drops_it(void **state) {
  (void)state;
  EACH_WAY(via) {
    engine_fixture it = engine_start(NULL);
    sio_client client = raw(&it, via);
    assert_true(sio_client_send(&client, "4bye"));
    assert_true(sio_client_expect(&client, "4last"));
    assert_true(sio_client_ends(&client, 10000));
    trace_await("close forced close 0\n");
    sio_client_close(&client);
    trace_clear();
    client = raw(&it, via);
    assert_true(sio_client_send(&client, "4drop"));
    const sio_packet *packet;
    while ((packet = sio_client_next(&client, 10000)))
      assert_string_not_equal(packet->data, "4lost");
    trace_await("close forced close 0\n");
    sio_client_close(&client);
    engine_stop(&it);
  }
}

static void a_stop_ends_every_session_once(void **state) {
  (void)state;
  engine_fixture it = engine_start(NULL);
  sio_client clients[2];
  EACH_WAY(via)
  clients[via] = raw(&it, via);
  trace_await("open websocket\n");
  trace_await("open polling\n");
  trace_clear();
  peal_engine_server_stop(it.server);
  char told[128];
  snprintf(told, sizeof told,
           "close server shutting down %d\nclose server shutting down %d\n",
           PEAL_ERR_CANCELLED, PEAL_ERR_CANCELLED);
  trace_expect(told);
  EACH_WAY(via)
  sio_client_close(&clients[via]);
  engine_stop(&it);
}

/* -- the request ----------------------------------------------------------- */

static void ask_of_the_request(peal_engine_client *client, void *user) {
  on_open(client, user);
  trace_add("token %.*s", PEAL_SFMT(peal_engine_client_query(client, "token")));
  trace_add("field %.*s",
            PEAL_SFMT(peal_engine_client_header(client, "x-device")));
  trace_add("from %.*s", PEAL_SFMT(peal_engine_client_address(client)));
  assert_null(peal_engine_client_query(client, "absent").ptr);
  assert_null(peal_engine_client_header(client, "absent").ptr);
  peal_slice value;
  size_t count = peal_engine_client_query_count(client), seen = 0;
  for (size_t i = 0; i < count; i++) {
    peal_slice name = peal_engine_client_query_at(client, i, &value);
    seen += name.len == 5 && value.len == 3 && !memcmp(value.ptr, "a b", 3);
  }
  assert_int_equal(seen, 1);
  assert_null(peal_engine_client_query_at(client, count, &value).ptr);
  assert_null(value.ptr);
  count = peal_engine_client_header_count(client), seen = 0;
  for (size_t i = 0; i < count; i++) {
    peal_slice name = peal_engine_client_header_at(client, i, &value);
    seen += name.len == 8 && value.len == 1 && *value.ptr == '7';
  }
  assert_int_equal(seen, 1);
  assert_null(peal_engine_client_header_at(client, count, NULL).ptr);
  peal_slice url = peal_engine_client_url(client);
  assert_true(url.len > 11 && !memcmp(url.ptr, "/engine.io/", 11));
  assert_true(peal_engine_client_since_ms(client) > 1600000000000);
  assert_ptr_equal(peal_engine_client_worker(client), peal_worker_self());
  assert_int_equal(peal_engine_client_queued_bytes(client), 0);
  say(client, "x");
  assert_true(peal_engine_client_queued_bytes(client) > 0);
}

static void a_client_has_its_request(void **state) {
  (void)state;
  peal_engine_server_opts opts = engine_opts();
  opts.on_open = ask_of_the_request;
  engine_fixture it = engine_start(&opts);
  sio_client client = {.path = "/engine.io/",
                       .query = "&token=a%20b",
                       .fields = "X-Device: 7\r\n"};
  assert_true(sio_client_open_with(&client, it.port, SIO_WEBSOCKET));
  trace_expect("open websocket\ntoken a b\nfield 7\nfrom 127.0.0.1\n");
  sio_client_close(&client);
  engine_stop(&it);
}

/* -- from elsewhere -------------------------------------------------------- */

static void on_posted(peal_engine_client *client, void *user) {
  trace_add("posted %s", client ? "here" : "gone");
  if (client) {
    assert_ptr_equal(peal_engine_client_worker(client), peal_worker_self());
    assert_ptr_equal(peal_engine_ref_client(user), client);
  }
}

static void a_ref_reaches_its_client_from_any_thread(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 3; workers += 2) {
    peal_engine_server_opts opts = engine_opts();
    opts.workers = workers;
    engine_fixture it = engine_start(&opts);
    sio_client client = raw(&it, SIO_WEBSOCKET);
    trace_expect("open websocket\n");
    peal_engine_ref ref = first;
    assert_ptr_equal(ref.server, it.server);
    assert_null(peal_engine_ref_client(&ref)); /* not its worker */
    for (int i = 0; i < 100; i++) {
      char text[16];
      snprintf(text, sizeof text, "%d", i);
      assert_int_equal(
          peal_engine_ref_send(&ref, peal_slice_of(text), false, NULL),
          PEAL_OK);
    }
    for (int i = 0; i < 100; i++) {
      char text[16];
      snprintf(text, sizeof text, "4%d", i);
      assert_true(sio_client_expect(&client, text));
    }
    assert_int_equal(peal_engine_ref_send(&ref, PEAL_S("\xff"), false, NULL),
                     PEAL_ERR_UTF8);
    assert_int_equal(peal_engine_ref_post(&ref, on_posted, &ref), PEAL_OK);
    trace_expect("posted here\n");
    assert_int_equal(peal_engine_ref_close(&ref, false), PEAL_OK);
    trace_await("close forced close 0\n");
    trace_clear();
    assert_int_equal(peal_engine_ref_send(&ref, PEAL_S("x"), true, NULL),
                     PEAL_OK);
    assert_int_equal(peal_engine_ref_close(&ref, false), PEAL_OK);
    assert_int_equal(peal_engine_ref_post(&ref, on_posted, &ref), PEAL_OK);
    trace_expect("posted gone\n");
    sio_client_close(&client);
    peal_engine_ref wrong = ref;
    strcpy(wrong.id, "short");
    assert_int_equal(peal_engine_ref_close(&wrong, false), PEAL_ERR_USAGE);
    engine_stop(&it);
  }
}

static void all_clients_are_reached_on_all_workers(void **state) {
  enum { COUNT = 12 };

  (void)state;
  for (unsigned workers = 1; workers <= 3; workers += 2) {
    peal_engine_server_opts opts = engine_opts();
    opts.workers = workers;
    engine_fixture it = engine_start(&opts);
    sio_client clients[COUNT];
    for (int i = 0; i < COUNT; i++) {
      clients[i] = raw(&it, i % 3 ? SIO_WEBSOCKET : SIO_POLLING);
      assert_true(sio_client_send(&clients[i], "4in"));
      assert_true(sio_client_expect(&clients[i], "4in"));
    }
    assert_int_equal(
        peal_engine_server_send(it.server, PEAL_S("outside"), false, NULL),
        PEAL_OK);
    for (int i = 0; i < COUNT; i++)
      assert_true(sio_client_expect(&clients[i], "4outside"));
    assert_true(sio_client_send(&clients[0], "4all"));
    for (int i = 0; i < COUNT; i++)
      assert_true(sio_client_expect(&clients[i], "4to all"));
    for (int i = 0; i < COUNT; i++)
      sio_client_close(&clients[i]);
    engine_stop(&it);
  }
}

static void count_one(peal_engine_client *client, void *user) {
  assert_non_null(peal_engine_client_id(client));
  ++*(int *)user;
}

static void each_walks_the_clients_of_its_worker(peal_engine_client *client,
                                                 peal_slice data, bool binary,
                                                 void *user) {
  int count = 0;
  (void)data;
  (void)binary;
  (void)user;
  peal_engine_server_each(peal_engine_client_server(client), count_one, &count);
  trace_add("%d", count);
}

static void clients_can_be_walked_on_their_worker_only(void **state) {
  (void)state;
  int none = 0;
  peal_engine_server_opts opts = engine_opts();
  opts.on_message = each_walks_the_clients_of_its_worker;
  engine_fixture it = engine_start(&opts);
  sio_client a = raw(&it, SIO_WEBSOCKET), b = raw(&it, SIO_POLLING);
  trace_clear();
  assert_true(sio_client_send(&a, "4x"));
  trace_expect("2\n");
  peal_engine_server_each(it.server, count_one, &none);
  assert_int_equal(none, 0);
  sio_client_close(&a);
  sio_client_close(&b);
  engine_stop(&it);
}

static int gone;

static void count_gone(peal_engine_client *client, void *user) {
  gone += client == NULL && user == &gone;
}

static void behind_the_run_all_have_gone(void **state) {
  (void)state;
  peal_engine_server_opts opts = engine_opts();
  opts.workers = 2;
  engine_fixture it = engine_start(&opts);
  sio_client client = raw(&it, SIO_POLLING);
  trace_await("open polling");
  peal_workers_stop(peal_engine_server_workers(it.server), 200);
  void *result = NULL;
  pthread_join(it.thread, &result);
  assert_ptr_equal(result, it.server);
  gone = 0;
  assert_int_equal(peal_engine_server_send(it.server, PEAL_S("x"), false, NULL),
                   PEAL_OK);
  assert_int_equal(peal_engine_ref_send(&first, PEAL_S("x"), false, NULL),
                   PEAL_OK);
  assert_int_equal(peal_engine_ref_close(&first, true), PEAL_OK);
  assert_int_equal(peal_engine_ref_post(&first, count_gone, &gone), PEAL_OK);
  assert_int_equal(gone, 1);
  assert_null(peal_engine_ref_client(&first));
  peal_engine_server_free(it.server);
  sio_client_close(&client);
}

/* -- when nothing happens -------------------------------------------------- */

static void waiting_clients_make_no_turns(void **state) {
  enum { EACH = 5 };

  (void)state;
  engine_fixture it = engine_start(NULL);
  peal_worker *worker =
      peal_workers_get(peal_engine_server_workers(it.server), 0);
  sio_client polling[EACH], websocket[EACH];
  for (int i = 0; i < EACH; i++) {
    polling[i] = raw(&it, SIO_POLLING);
    assert_null(sio_client_next(&polling[i], 5)); /* its GET is there */
    websocket[i] = raw(&it, SIO_WEBSOCKET);
  }
  peal_worker_stats before, after;
  usleep(300000);
  peal_worker_stats_get(worker, &before);
  usleep(300000);
  peal_worker_stats_get(worker, &after);
  /* A timer may be found to be early. */
  assert_true(after.turns - before.turns <= EACH);
  for (int i = 0; i < EACH; i++) {
    sio_client_close(&polling[i]);
    sio_client_close(&websocket[i]);
  }
  engine_stop(&it);
}

/* -- queues ---------------------------------------------------------------- */

static char big[100000];

/* A client that reads nothing: 400 messages of 100 kB. */
static void flood(peal_engine_client *client, peal_slice data, bool binary,
                  void *user) {
  const peal_engine_how *how = user;
  peal_err err = PEAL_OK;
  (void)data;
  (void)binary;
  for (int i = 0; i < 400 && !err; i++)
    err = peal_engine_client_send_with(client, (peal_slice){big, sizeof big},
                                       true, how);
  trace_add("%d %s", err,
            peal_engine_client_queued_bytes(client) > 9000000 ? "too much"
                                                              : "bounded");
}

static void a_full_queue_is_told_and_closed(void **state) {
  (void)state;
  peal_engine_server_opts opts = engine_opts();
  opts.on_message = flood;
  engine_fixture it = engine_start(&opts);
  sio_client client = raw(&it, SIO_WEBSOCKET);
  assert_true(sio_client_send(&client, "4go"));
  char told[64];
  snprintf(told, sizeof told, "%d bounded\n", PEAL_ERR_QUEUE_FULL);
  trace_await(told);
  trace_await("close slow consumer");
  sio_client_close(&client);
  engine_stop(&it);
}

static void volatile_and_keyed_messages_leave_no_backlog(void **state) {
  static peal_engine_how hows[] = {{.is_volatile = true},
                                   {.conflate = "picture"}};
  (void)state;
  for (int i = 0; i < 2; i++) {
    peal_engine_server_opts opts = engine_opts();
    opts.on_message = flood;
    opts.user = &hows[i];
    engine_fixture it = engine_start(&opts);
    sio_client client = raw(&it, SIO_WEBSOCKET);
    assert_true(sio_client_send(&client, "4go"));
    trace_await("0 bounded\n");
    sio_client_close(&client);
    engine_stop(&it);
  }
}

/* -- setting up ------------------------------------------------------------ */

static void two_servers_share_one_http_server(void **state) {
  (void)state;
  peal_http_server *http;
  assert_int_equal(
      peal_http_server_new(
          &http, &(peal_http_server_opts){.host = "127.0.0.1",
                                          .port = PEAL_PORT_ANY,
                                          .log = {.fn = server_quiet}}),
      PEAL_OK);
  peal_engine_server_opts opts = engine_opts();
  opts.host = NULL;
  opts.port = 0;
  opts.http = http;
  engine_fixture it = engine_start(&opts);
  opts.path = "/raw";
  assert_null(peal_engine_server_new(
      &(peal_engine_server_opts){.http = http, .log = opts.log}));
  sio_client client = raw(&it, SIO_WEBSOCKET);
  assert_true(sio_client_send(&client, "4x"));
  assert_true(sio_client_expect(&client, "4x"));
  sio_client_close(&client);
  engine_stop(&it);
  peal_http_server_free(http);
}

static void a_server_beside_socket_io(void **state) {
  (void)state;
  server_fixture sio = server_make(NULL);
  peal_engine_server_opts opts = engine_opts();
  opts.host = NULL;
  opts.port = 0;
  opts.http = peal_server_http(sio.server);
  engine_fixture it = engine_start(&opts);
  it.port = sio.port;
  sio_client client = raw(&it, SIO_POLLING), other;
  assert_true(sio_client_start(&other, sio.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "4x"));
  assert_true(sio_client_expect(&client, "4x"));
  /* Neither knows the other's session. */
  sio_client stranger = {.path = "/engine.io/"};
  char target[128];
  unsigned status;
  snprintf(target, sizeof target, "/engine.io/?EIO=4&transport=polling&sid=%s",
           other.sid);
  free(sio_client_http(sio.port, "GET", target, NULL, NULL, &status));
  assert_int_equal(status, 400);
  (void)stranger;
  sio_client_close(&client);
  sio_client_close(&other);
  peal_workers_stop(peal_engine_server_workers(it.server), 200);
  engine_end(&it);
  server_free(&sio);
}

static void contradictory_options_make_no_server(void **state) {
  (void)state;
  peal_engine_server_opts wrong[4];
  for (size_t i = 0; i < 4; i++)
    wrong[i] = engine_opts();
  wrong[0].transports = 8;
  wrong[1].queue_policy = (peal_queue_policy)9;
  wrong[2].max_queue_bytes = 10;
  wrong[2].max_queue_soft_bytes = 11;
  wrong[3].cors = (peal_cors_opts){.origins = "*", .credentials = true};
  for (size_t i = 0; i < 4; i++)
    assert_null(peal_engine_server_new(&wrong[i]));
}

static void a_server_that_never_runs_is_freed(void **state) {
  (void)state;
  peal_engine_server_opts opts = engine_opts();
  opts.workers = 2;
  peal_engine_server *server = peal_engine_server_new(&opts);
  assert_non_null(server);
  assert_int_equal(peal_engine_server_send(server, PEAL_S("x"), false, NULL),
                   PEAL_OK);
  peal_engine_server_free(server);
}

static void without_an_object_nothing_happens(void **state) {
  (void)state;
  peal_engine_server_stats stats = {.clients = 1};
  const peal_engine_ref none = {0};
  assert_int_equal(peal_engine_server_run(NULL), 1);
  peal_engine_server_stop(NULL);
  peal_engine_server_free(NULL);
  assert_null(peal_engine_server_http(NULL));
  assert_null(peal_engine_server_workers(NULL));
  peal_engine_server_stats_get(NULL, &stats);
  assert_int_equal(stats.clients, 0);
  peal_engine_server_stats_get(NULL, NULL);
  assert_int_equal(peal_engine_server_send(NULL, PEAL_S("x"), false, NULL),
                   PEAL_ERR_USAGE);
  peal_engine_server_each(NULL, count_one, NULL);
  assert_int_equal(peal_engine_client_send(NULL, PEAL_S("x"), false),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_engine_client_send_with(NULL, PEAL_S("x"), false, NULL),
                   PEAL_ERR_USAGE);
  peal_engine_client_close(NULL, false);
  assert_string_equal(peal_engine_client_id(NULL), "");
  assert_null(peal_engine_client_server(NULL));
  assert_null(peal_engine_client_worker(NULL));
  assert_string_equal(peal_engine_client_transport(NULL), "");
  assert_int_equal(peal_engine_client_queued_bytes(NULL), 0);
  peal_engine_client_set_queue(NULL, 1, PEAL_QUEUE_CLOSE);
  peal_engine_client_set_user(NULL, hung, on_free);
  assert_null(peal_engine_client_user(NULL));
  assert_null(peal_engine_client_header(NULL, "x").ptr);
  assert_null(peal_engine_client_query(NULL, "x").ptr);
  assert_null(peal_engine_client_url(NULL).ptr);
  assert_null(peal_engine_client_address(NULL).ptr);
  assert_int_equal(peal_engine_client_since_ms(NULL), 0);
  assert_null(peal_engine_client_ref(NULL).server);
  assert_null(peal_engine_ref_client(&none));
  assert_null(peal_engine_ref_client(NULL));
  assert_int_equal(peal_engine_ref_send(&none, PEAL_S("x"), false, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_engine_ref_close(&none, false), PEAL_ERR_USAGE);
  assert_int_equal(peal_engine_ref_post(&none, on_posted, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_engine_ref_post(NULL, NULL, NULL), PEAL_ERR_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_sent_comes_back),
      cmocka_unit_test(a_session_upgrades_and_goes_on),
      cmocka_unit_test(what_on_open_sends_follows_the_handshake),
      cmocka_unit_test(on_open_may_close),
      cmocka_unit_test(texts_that_cannot_be_sent_are_refused),
      cmocka_unit_test(closing_sends_what_waits_or_drops_it),
      cmocka_unit_test(a_stop_ends_every_session_once),
      cmocka_unit_test(a_client_has_its_request),
      cmocka_unit_test(a_ref_reaches_its_client_from_any_thread),
      cmocka_unit_test(all_clients_are_reached_on_all_workers),
      cmocka_unit_test(behind_the_run_all_have_gone),
      cmocka_unit_test(clients_can_be_walked_on_their_worker_only),
      cmocka_unit_test(waiting_clients_make_no_turns),
      cmocka_unit_test(a_full_queue_is_told_and_closed),
      cmocka_unit_test(volatile_and_keyed_messages_leave_no_backlog),
      cmocka_unit_test(two_servers_share_one_http_server),
      cmocka_unit_test(a_server_beside_socket_io),
      cmocka_unit_test(contradictory_options_make_no_server),
      cmocka_unit_test(a_server_that_never_runs_is_freed),
      cmocka_unit_test(without_an_object_nothing_happens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
