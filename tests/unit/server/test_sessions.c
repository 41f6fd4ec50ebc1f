/* SPDX-License-Identifier: MIT */
/* What sessions cost when nothing happens, how many there may be, how they
 * end while a WebSocket is being tried, and what a slow viewer sees. */
#include "net/worker_impl.h"
#include "server_fixture.h"

static uint64_t turns_of(const server_fixture *it) {
  const peal_worker *worker =
      peal_workers_get(peal_server_workers(it->server), 0);
  return __atomic_load_n(&worker->stats.turns, __ATOMIC_RELAXED);
}

/* The request for a WebSocket of this session; its stream in *ws, behind the
 * head. */
static void probe(sio_client *ws, const sio_client *polling) {
  char text[512], head[1024] = "";
  *ws = (sio_client){.port = polling->port,
                     .via = SIO_WEBSOCKET,
                     .fd = sio_client_dial(polling->port),
                     .post_fd = -1};
  snprintf(text, sizeof text,
           "GET /socket.io/?EIO=4&transport=websocket&sid=%s HTTP/1.1\r\n"
           "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
           polling->sid);
  assert_true(sio_client_write(ws->fd, text, strlen(text)));
  for (size_t len = 0; !strstr(head, "\r\n\r\n"); len++) {
    assert_true(len < sizeof head - 1);
    assert_int_equal(read(ws->fd, head + len, 1), 1);
  }
  assert_memory_equal(head, "HTTP/1.1 101", 12);
  assert_true(sio_client_send(ws, "2probe"));
  assert_true(sio_client_expect(ws, "3probe"));
}

/* -- when nothing happens ------------------------------------------------------ */

static void on_bye(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_emit(socket, "last", PEAL_ARGS(peal_event_arg(event, 0)));
  peal_disconnect(socket, true);
}

static server_fixture bye_server(const peal_server_opts *opts) {
  server_fixture it = server_make(opts);
  assert_int_equal(peal_on(it.root, "bye", on_bye, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

/* A GET that waits, an idle WebSocket, a probe, a WebSocket whose peer does not
 * answer our close: nobody makes a turn. */
static void who_waits_makes_no_turns(void **state) {
  enum { EACH = 5 };

  (void)state;
  server_fixture it = bye_server(NULL);
  sio_client waiting[EACH], idle[EACH], probed[EACH], tried[EACH], closed[EACH];
  for (int i = 0; i < EACH; i++) {
    assert_true(sio_client_start(&waiting[i], it.port, SIO_POLLING));
    assert_null(sio_client_next(&waiting[i], 5)); /* its GET is there */
    assert_true(sio_client_start(&idle[i], it.port, SIO_WEBSOCKET));
    assert_true(sio_client_start(&probed[i], it.port, SIO_POLLING));
    probe(&tried[i], &probed[i]);
    assert_true(sio_client_start(&closed[i], it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&closed[i], "42[\"bye\",1]"));
  }
  usleep(300000);
  uint64_t before = turns_of(&it);
  usleep(300000);
  /* A timer may be found to be early, or somebody's first no-op be due. */
  assert_true(turns_of(&it) - before <= 2 * EACH);
  for (int i = 0; i < EACH; i++) {
    sio_client_close(&waiting[i]);
    sio_client_close(&idle[i]);
    sio_client_close(&probed[i]);
    sio_client_close(&tried[i]);
    sio_client_close(&closed[i]);
  }
  server_stop(&it);
}

/* -- ceilings ------------------------------------------------------------------- */

static void there_are_only_so_many_sessions(void **state) {
  (void)state;
  for (int per_address = 0; per_address < 2; per_address++) {
    peal_server_opts opts = server_opts();
    *(per_address ? &opts.max_clients_per_address : &opts.max_clients) = 3;
    server_fixture it = bye_server(&opts);
    sio_client in[3], out = {0};
    for (int i = 0; i < 3; i++)
      assert_true(
          sio_client_start(&in[i], it.port, i ? SIO_POLLING : SIO_WEBSOCKET));
    for (int via = 0; via < 2; via++) {
      assert_false(sio_client_open(&out, it.port, (sio_via)via));
      assert_int_equal(out.status, 503);
      sio_client_close(&out);
    }
    assert_true(sio_client_send(&in[1], "1"));
    assert_true(server_has_clients(&it, 2));
    assert_true(sio_client_start(&out, it.port, SIO_WEBSOCKET));
    sio_client_close(&out);
    for (int i = 0; i < 3; i++)
      sio_client_close(&in[i]);
    server_stop(&it);
  }
}

static void a_handshake_that_nobody_uses_ends_soon(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.first_use_timeout_ms = 100;
  server_fixture it = bye_server(&opts);
  sio_client used, never;
  assert_true(sio_client_start(&used, it.port, SIO_POLLING));
  assert_true(sio_client_open(&never, it.port, SIO_POLLING));
  assert_true(server_has_clients(&it, 1));
  assert_true(sio_client_send(&used, "42[\"bye\",7]"));
  assert_true(sio_client_await(&used, "42[\"last\",7]"));
  sio_client_close(&used);
  sio_client_close(&never);
  server_stop(&it);
}

/* -- exactly one answer ----------------------------------------------------------- */

static peal_allow *answered;
static peal_worker *answered_on;

static void answer_twice(peal_http_req *req, peal_allow *allow, void *user) {
  peal_slice param;
  char how[3] = "aa";
  (void)user;
  if (peal_http_req_param(req, "how", &param) && param.len == 2)
    memcpy(how, param.ptr, 2); /* the request may go with its answer */
  answered = allow;
  answered_on = peal_http_req_worker(req);
  for (size_t i = 0; i < 2; i++)
    if (how[i] == 'a')
      peal_allow_accept(allow);
    else
      peal_allow_refuse(allow, "no");
}

static void answer_again(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_allow_refuse(answered, "late");
  peal_allow_accept(answered);
  peal_allow_accept(NULL);
  trace_add("again");
}

static void only_the_first_answer_to_allow_request_counts(void **state) {
  static const char *const ways[] = {"aa", "ar", "ra", "rr"};
  (void)state;
  peal_server_opts opts = server_opts();
  opts.allow_request = answer_twice;
  server_fixture it = bye_server(&opts);
  for (int i = 0; i < 8; i++) {
    char query[16];
    snprintf(query, sizeof query, "&how=%s", ways[i / 2]);
    sio_client a = {.query = query};
    bool in = sio_client_open_with(&a, it.port, (sio_via)(i & 1));
    assert_int_equal(in, ways[i / 2][0] == 'a');
    assert_int_equal(peal_worker_post(answered_on, answer_again, NULL),
                     PEAL_OK);
    trace_expect("again\n");
    if (in)
      assert_true(sio_client_join(&a, "/", NULL));
    sio_client_close(&a);
    /* ... and when the client and its request are gone. */
    assert_int_equal(peal_worker_post(answered_on, answer_again, NULL),
                     PEAL_OK);
    trace_expect("again\n");
  }
  server_stop(&it);
}

/* -- a close while a WebSocket is tried --------------------------------------------- */

static void the_last_words_go_where_the_client_is(void **state) {
  (void)state;
  server_fixture it = bye_server(NULL);
  sio_client a, ws;
  /* It has left polling: they go over the WebSocket. */
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  probe(&ws, &a);
  assert_true(sio_client_send(&a, "42[\"bye\",1]"));
  assert_true(sio_client_send(&ws, "5"));
  assert_true(sio_client_await(&ws, "42[\"last\",1]"));
  assert_true(sio_client_ends(&ws, 5000));
  sio_client_close(&ws);
  sio_client_close(&a);
  /* It polls on: they go there, and the probe ends. */
  assert_true(sio_client_start(&a, it.port, SIO_POLLING));
  probe(&ws, &a);
  assert_true(sio_client_send(&a, "42[\"bye\",2]"));
  assert_true(sio_client_await(&a, "42[\"last\",2]"));
  assert_true(sio_client_ends(&ws, 10000));
  sio_client_close(&ws);
  sio_client_close(&a);
  server_stop(&it);
}

/* -- what a slow viewer sees ---------------------------------------------------------- */

static char picture[50000];

static void on_picture(peal_timer *timer, void *user) {
  static int number;
  peal_nsp *nsp = user;
  (void)peal_nsp_emit(
      nsp, &(peal_to){.conflate = "picture"}, "picture",
      PEAL_ARGS(peal_int(++number),
                peal_str_slice((peal_slice){picture, sizeof picture})));
  if (number == 400) {
    peal_timer_free(timer);
    trace_add("all");
  }
}

static void on_watch(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  peal_timer *timer = peal_timer_new(peal_socket_worker(socket), on_picture,
                                     peal_socket_nsp(socket));
  assert_non_null(timer);
  peal_timer_start(timer, 1, 1);
}

/* 20 MB of pictures while it does not look: what it then gets is the newest,
 * behind what had left for it before, which is little. */
static void a_slow_viewer_is_at_most_a_few_pictures_behind(void **state) {
  (void)state;
  memset(picture, 'p', sizeof picture);
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "watch", on_watch, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  int seen = 0, last = 0;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "42[\"watch\"]"));
  trace_await("all\n");
  while (last < 400) {
    const sio_packet *packet = sio_client_next(&a, 10000);
    assert_non_null(packet);
    assert_int_equal(sscanf(packet->data, "42[\"picture\",%d,", &last), 1);
    seen++;
  }
  /* The kernel's buffers on both sides; without a limit it takes 50 and
   * more. */
  if (seen > 40)
    fail_msg("%d pictures had left already", seen);
  sio_client_close(&a);
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_waits_makes_no_turns),
      cmocka_unit_test(there_are_only_so_many_sessions),
      cmocka_unit_test(a_handshake_that_nobody_uses_ends_soon),
      cmocka_unit_test(only_the_first_answer_to_allow_request_counts),
      cmocka_unit_test(the_last_words_go_where_the_client_is),
      cmocka_unit_test(a_slow_viewer_is_at_most_a_few_pictures_behind),
  };
  return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
