/* SPDX-License-Identifier: MIT */
/* A client's engine against a server of ours, each on a thread of its own. */
#include "engine_fixture.h"

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_emit(socket, "echo", peal_event_args(event));
}

static void on_kick(peal_socket *socket, const peal_event *event, void *user) {
  (void)event, (void)user;
  peal_disconnect(socket, true);
}

static server_fixture serve_with(const peal_server_opts *opts) {
  server_fixture server = server_make(opts);
  assert_int_equal(peal_on(server.root, "echo", on_echo, NULL), PEAL_OK);
  assert_int_equal(peal_on(server.root, "kick", on_kick, NULL), PEAL_OK);
  engine_serve(&server);
  return server;
}

static server_fixture serve(void) {
  peal_server_opts opts = server_opts();
  return serve_with(&opts);
}

static void unserve(server_fixture *server) {
  peal_server_stop(server->server);
  server_join(server);
  server_free(server);
}

static void join(engine_fixture *it) {
  ENGINE_AWAIT(it, it->opens == 1);
  engine_say(it, "0");
  ENGINE_AWAIT(it, it->messages == 1);
  assert_memory_equal(it->last, "0{\"sid\"", 7);
}

static void echo(engine_fixture *it) {
  unsigned before = it->messages;
  engine_say(it, "2[\"echo\",\"x\"]");
  ENGINE_AWAIT(it, it->messages == before + 1);
  assert_string_equal(it->last, "2[\"echo\",\"x\"]");
}

static void leave(engine_fixture *it) {
  peal_client_engine_close(it->engine);
  assert_int_equal(it->closes, 0);
  assert_int_equal(engine_try(it, "2[\"late\"]", NULL, 0), PEAL_ERR_CLOSED);
  ENGINE_AWAIT(it, it->closes == 1);
  assert_int_equal(it->reason, PEAL_CLIENT_LEFT);
  assert_int_equal(it->err, PEAL_OK);
  assert_string_equal(it->text, "");
}

static void it_talks_by_every_way(void **state) {
  (void)state;
  static const peal_client_transports ways[] = {
      PEAL_CLIENT_POLLING_ONLY, PEAL_CLIENT_WEBSOCKET_ONLY,
      PEAL_CLIENT_WEBSOCKET_FIRST, PEAL_CLIENT_POLLING_FIRST};
  server_fixture server = serve();
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    engine_fixture it;
    engine_begin(&it, server.port);
    it.opts.transports = ways[i];
    engine_open(&it);
    assert_string_equal(peal_client_engine_transport(it.engine), "");
    assert_string_equal(peal_client_engine_sid(it.engine), "");
    join(&it);
    assert_string_equal(peal_client_engine_sid(it.engine), it.sid);
    if (ways[i] == PEAL_CLIENT_POLLING_FIRST)
      ENGINE_AWAIT(&it, it.upgrades == 1);
    assert_string_equal(peal_client_engine_transport(it.engine),
                        ways[i] == PEAL_CLIENT_POLLING_ONLY ? "polling"
                                                            : "websocket");
    assert_int_equal(it.opened_by_websocket,
                     ways[i] == PEAL_CLIENT_WEBSOCKET_ONLY ||
                         ways[i] == PEAL_CLIENT_WEBSOCKET_FIRST);
    for (int n = 0; n < 5; n++)
      echo(&it);
    ENGINE_AWAIT(&it, !peal_client_engine_queued_bytes(it.engine));
    leave(&it);
    engine_end(&it);
  }
  unserve(&server);
}

static void what_is_said_before_the_handshake_waits_for_it(void **state) {
  (void)state;
  server_fixture server = serve();
  engine_fixture it;
  engine_begin(&it, server.port);
  engine_open(&it);
  engine_say(&it, "0");
  engine_say(&it, "2[\"echo\",1]");
  ENGINE_AWAIT(&it, it.messages == 2);
  assert_string_equal(it.last, "2[\"echo\",1]");
  leave(&it);
  engine_end(&it);
  unserve(&server);
}

static void messages_keep_their_order_across_the_upgrade(void **state) {
  (void)state;
  server_fixture server = serve();
  for (unsigned round = 0; round < 10; round++) {
    engine_fixture it;
    char text[64];
    engine_begin(&it, server.port);
    engine_open(&it);
    join(&it);
    unsigned sent = 0;
    while (sent < 200 || (it.upgrades == 0 && sent < 5000)) {
      snprintf(text, sizeof text, "2[\"echo\",%u]", sent++);
      engine_say(&it, text);
      engine_turn(&it, (int)(round % 3));
    }
    ENGINE_AWAIT(&it, it.upgrades == 1);
    ENGINE_AWAIT(&it, it.messages == 1 + sent);
    assert_string_equal(it.last, text);
    leave(&it);
    engine_end(&it);
  }
  unserve(&server);
}

static void large_binaries_go_both_ways(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.max_payload_bytes = 8u << 20;
  server_fixture server = serve_with(&opts);
  const size_t len = 3u << 20;
  char *data = malloc(len);
  assert_non_null(data);
  for (size_t i = 0; i < len; i++)
    data[i] = (char)(i * 7 + i / 251);
  peal_slice attached[] = {{data, len}};
  for (int way = PEAL_CLIENT_POLLING_ONLY; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    engine_fixture it;
    engine_begin(&it, server.port);
    it.opts.transports = (peal_client_transports)way;
    engine_open(&it);
    join(&it);
    assert_int_equal(
        engine_try(&it, "51-[\"echo\",{\"_placeholder\":true,\"num\":0}]",
                   attached, 1),
        PEAL_OK);
    assert_true(peal_client_engine_queued_bytes(it.engine) >= len);
    ENGINE_AWAIT(&it, it.binaries == 1);
    assert_true(it.message_bytes > len);
    ENGINE_AWAIT(&it, !peal_client_engine_queued_bytes(it.engine));
    leave(&it);
    engine_end(&it);
  }
  free(data);
  unserve(&server);
}

static void a_full_queue_refuses_and_tells_when_it_is_empty(void **state) {
  (void)state;
  server_fixture server = serve();
  engine_fixture it;
  engine_begin(&it, server.port);
  it.opts.max_queue_bytes = 10000;
  engine_open(&it);
  join(&it);
  unsigned sent = 0;
  while (engine_try(&it, "2[\"echo\",1234567890]", NULL, 0) == PEAL_OK)
    sent++;
  assert_true(sent > 10);
  ENGINE_AWAIT(&it, it.drains == 1);
  ENGINE_AWAIT(&it, it.messages == 1 + sent);
  leave(&it);
  engine_end(&it);
  unserve(&server);
}

static void the_servers_pings_are_answered_and_its_silence_is_noticed(
    void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.ping_interval_ms = 100;
  opts.ping_timeout_ms = 5000;
  server_fixture server = serve_with(&opts);
  for (int way = PEAL_CLIENT_POLLING_ONLY; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    engine_fixture it;
    engine_begin(&it, server.port);
    it.opts.transports = (peal_client_transports)way;
    engine_open(&it);
    ENGINE_AWAIT(&it, it.pings == 3);
    uint64_t now_ms = it.worker->now_ms;
    assert_false(peal_client_engine_has_ping_expired(it.engine, now_ms + 5000));
    /* As if the process had slept. */
    assert_true(peal_client_engine_has_ping_expired(it.engine, now_ms + 5101));
    assert_int_equal(it.closes, 0);
    ENGINE_AWAIT(&it, it.closes == 1);
    assert_int_equal(it.reason, PEAL_CLIENT_PING_TIMEOUT);
    assert_int_equal(it.err, PEAL_ERR_TIMEOUT);
    assert_string_not_equal(it.text, "");
    engine_end(&it);
  }
  unserve(&server);
}

static void the_servers_close_is_told_as_its_own(void **state) {
  (void)state;
  server_fixture server = serve();
  for (int way = PEAL_CLIENT_POLLING_FIRST; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    engine_fixture it;
    engine_begin(&it, server.port);
    it.opts.transports = (peal_client_transports)way;
    engine_open(&it);
    join(&it);
    engine_say(&it, "2[\"kick\"]");
    ENGINE_AWAIT(&it, it.closes == 1);
    assert_int_equal(it.reason, PEAL_CLIENT_TRANSPORT_CLOSE);
    assert_string_not_equal(it.text, "");
    assert_string_equal(peal_client_engine_transport(it.engine), "");
    engine_end(&it);
  }
  unserve(&server);
}

static void nobody_there_is_said_in_words(void **state) {
  (void)state;
  for (int all = 0; all < 2; all++) {
    engine_fixture it;
    engine_begin(&it, 1);
    it.opts.try_all_transports = all;
    engine_open(&it);
    ENGINE_AWAIT(&it, it.closes == 1);
    assert_int_equal(it.opens, 0);
    assert_int_equal(it.reason, PEAL_CLIENT_TRANSPORT_ERROR);
    assert_int_equal(it.err, PEAL_ERR_CONNECT);
    assert_non_null(strstr(it.text, "127.0.0.1"));
    engine_end(&it);
  }
}

static void it_may_be_closed_and_freed_at_any_moment(void **state) {
  (void)state;
  server_fixture server = serve();
  for (int way = PEAL_CLIENT_POLLING_FIRST; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    for (unsigned turns = 0; turns < 24; turns++) {
      engine_fixture it;
      engine_begin(&it, server.port);
      it.opts.transports = (peal_client_transports)way;
      engine_open(&it);
      engine_say(&it, "0");
      for (unsigned i = 0; i < turns; i++)
        engine_turn(&it, 1);
      if (turns % 2) {
        peal_client_engine_close(it.engine);
        peal_client_engine_close(it.engine);
        ENGINE_AWAIT(&it, it.closes == 1);
        assert_int_equal(it.reason, PEAL_CLIENT_LEFT);
      }
      engine_end(&it);
    }
  }
  unserve(&server);
}

static void it_may_be_freed_in_each_of_its_callbacks(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.ping_interval_ms = 50;
  server_fixture server = serve_with(&opts);
  for (int way = PEAL_CLIENT_POLLING_FIRST; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    for (unsigned call = 1; call <= 5; call++) {
      engine_fixture it;
      engine_begin(&it, server.port);
      it.opts.transports = (peal_client_transports)way;
      engine_open(&it);
      it.free_at = call;
      engine_say(&it, "0");
      engine_say(&it, "2[\"echo\",1]");
      if (call == 5) { /* the last one, whichever that is */
        it.free_at = 0;
        it.free_in_close = true;
        ENGINE_AWAIT(&it, it.calls >= 4);
        peal_client_engine_close(it.engine);
      }
      ENGINE_AWAIT(&it, !it.engine);
      if (call < 5)
        assert_int_equal(it.calls, call);
      engine_end(&it);
    }
  }
  unserve(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_talks_by_every_way),
      cmocka_unit_test(what_is_said_before_the_handshake_waits_for_it),
      cmocka_unit_test(messages_keep_their_order_across_the_upgrade),
      cmocka_unit_test(large_binaries_go_both_ways),
      cmocka_unit_test(a_full_queue_refuses_and_tells_when_it_is_empty),
      cmocka_unit_test(
          the_servers_pings_are_answered_and_its_silence_is_noticed),
      cmocka_unit_test(the_servers_close_is_told_as_its_own),
      cmocka_unit_test(nobody_there_is_said_in_words),
      cmocka_unit_test(it_may_be_closed_and_freed_at_any_moment),
      cmocka_unit_test(it_may_be_freed_in_each_of_its_callbacks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
