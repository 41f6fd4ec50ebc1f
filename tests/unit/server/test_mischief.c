/* SPDX-License-Identifier: MIT */
/* Clients that break off, flood or do not read: they end, others are served. */
#include "server_fixture.h"

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  return peal_join(socket, "room");
}

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  (void)peal_ack(event, peal_event_args(event));
}

/* Short pings, so that lost polling sessions end. */
static server_fixture mischief_server(bool short_pings) {
  peal_server_opts opts = server_opts();
  opts.log.level = PEAL_LOG_ERROR;
  opts.workers = 2;
  opts.ping_interval_ms = short_pings ? 500 : 0;
  opts.ping_timeout_ms = short_pings ? 1000 : 0;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static bool is_served(unsigned port, sio_via via) {
  sio_client client;
  bool ok = sio_client_start(&client, port, via) &&
            sio_client_send(&client, "421[\"echo\",1]") &&
            sio_client_await(&client, "431[1]");
  sio_client_close(&client);
  return ok;
}

/* -- breaking off ---------------------------------------------------------------- */

static void end(sio_client *client, bool reset) {
  if (reset)
    sio_client_reset(client);
  else
    sio_client_close(client);
}

/* What was sent when a bare connection breaks off. */
static void break_bytes(unsigned port, bool reset) {
  static const char *const bytes[] = {
      "",
      "GET /socket",
      "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n",
      "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: a\r\n"
      "Content-Length: 100\r\n\r\n40",
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n"
      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"};
  for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
    sio_client client = {.fd = sio_client_dial(port)};
    assert_true(client.fd >= 0);
    (void)sio_client_write(client.fd, bytes[i], strlen(bytes[i]));
    usleep(1000);
    end(&client, reset);
  }
}

/* What was sent when a session's WebSocket breaks off. */
static void break_frames(unsigned port, bool reset) {
  static const struct {
    const char *bytes;
    size_t len;
  } frames[] = {
      {"", 0},
      {"\x81", 1},         /* half a header */
      {"\x81\xfe\x01", 3}, /* half a length */
      {"\x81\x85\0\0\0\0"
       "42",
       8}, /* half a text */
      {"\x01\x82\0\0\0\0"
       "42",
       8}, /* a first fragment */
      {"\x81\xa5\0\0\0\0"
       "451-[\"x\",{\"_placeholder\":true,\"num\":0}]",
       43}, /* no attachment */
      {"\x81\x82\0\0\0\0"
       "41",
       8}, /* left */
      {"\x81\x81\0\0\0\0"
       "1",
       7},                     /* closed */
      {"\x88\x80\0\0\0\0", 6}, /* a close frame */
      {"\x89\x80\0\0\0\0", 6}, /* a ping */
  };

  for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
    sio_client client;
    assert_true(sio_client_start(&client, port, SIO_WEBSOCKET));
    (void)sio_client_write(client.fd, frames[i].bytes, frames[i].len);
    end(&client, reset);
  }
}

static void break_polling(unsigned port, bool reset) {
  for (int i = 0; i < 4; i++) {
    sio_client client;
    assert_true(sio_client_start(&client, port, SIO_POLLING));
    if (i & 1)
      (void)sio_client_next(&client, 5); /* a GET waits */
    if (i & 2) {                         /* half a POST */
      char head[300];
      int fd = sio_client_dial(port);
      snprintf(head, sizeof head,
               "POST /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\n"
               "Host: a\r\nContent-Length: 100\r\n\r\n42[",
               client.sid);
      assert_true(sio_client_write(fd, head, strlen(head)));
      client.post_fd = fd;
      usleep(1000);
    }
    end(&client, reset);
  }
}

static void break_upgrades(unsigned port, bool reset) {
  for (int i = 0; i < 3; i++) {
    sio_client client, probe = {.via = SIO_WEBSOCKET};
    char query[100];
    assert_true(sio_client_start(&client, port, SIO_POLLING));
    snprintf(query, sizeof query, "&sid=%s", client.sid);
    probe.query = query;
    probe.mute = true;
    /* Its handshake gives no open packet: only the 101 matters. */
    probe.port = port;
    char head[400];
    probe.fd = sio_client_dial(port);
    snprintf(head, sizeof head,
             "GET /socket.io/?EIO=4&transport=websocket%s HTTP/1.1\r\n"
             "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
             query);
    assert_true(sio_client_write(probe.fd, head, strlen(head)));
    if (i > 0)
      assert_true(sio_client_send(&probe, "2probe"));
    if (i > 1)
      assert_true(sio_client_send(&probe, "5"));
    usleep(2000);
    end(&probe, reset);
    if (i < 2) { /* the session lives on polling */
      assert_true(sio_client_send(&client, "421[\"echo\",1]"));
      assert_true(sio_client_await(&client, "431[1]"));
    }
    end(&client, reset);
  }
}

static void breaking_off_in_every_state(void **state) {
  (void)state;
  server_fixture it = mischief_server(true);
  for (int reset = 0; reset < 2; reset++) {
    break_bytes(it.port, reset);
    break_frames(it.port, reset);
    break_polling(it.port, reset);
    break_upgrades(it.port, reset);
    assert_true(is_served(it.port, SIO_WEBSOCKET));
    assert_true(is_served(it.port, SIO_POLLING));
  }
  assert_true(server_has_clients(&it, 0)); /* also the half-open ones */
  server_stop(&it);
}

/* -- floods --------------------------------------------------------------------------- */

static void floods_end_at_a_limit_or_are_served(void **state) {
  (void)state;
  server_fixture it = mischief_server(false);
  sio_client client;
  char packet[64];
  /* Join and leave, pipelined. */
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 2000; i++)
    assert_true(sio_client_send(&client, "41") &&
                sio_client_send(&client, "40"));
  assert_true(sio_client_send(&client, "421[\"echo\",2]"));
  assert_true(sio_client_await(&client, "431[2]"));
  sio_client_close(&client);
  /* Refusals: each is answered, none is kept. */
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 2000; i++) {
    snprintf(packet, sizeof packet, "40/nobody%d,", i);
    assert_true(sio_client_send(&client, packet));
  }
  assert_true(sio_client_await(
      &client, "44/nobody1999,{\"message\":\"Invalid namespace\"}"));
  sio_client_close(&client);
  /* The same namespace twice ends it. */
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 2000; i++)
    if (!sio_client_send(&client, "40"))
      break;
  assert_true(sio_client_ends(&client, 10000));
  sio_client_close(&client);
  assert_true(is_served(it.port, SIO_WEBSOCKET));
  assert_true(server_has_clients(&it, 0));
  server_stop(&it);
}

/* -- not reading -------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TOTAL_MIB 32
#define GROWTH_MIB 1024 /* they keep what was freed */
#else
#define TOTAL_MIB 256
#define GROWTH_MIB 64
#endif

static size_t resident_mib(void) {
  unsigned long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%lu %lu", &pages, &resident) != 2)
    resident = 0;
  if (file)
    fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE) >> 20;
}

static char chunk[1 << 16];

/* The one who reads gets everything in order, whoever else does not. */
static void who_does_not_read_is_cut_and_others_read_on(void **state) {
  (void)state;
  server_fixture it = mischief_server(false);
  sio_client deaf, good;
  peal_server_stats stats;
  memset(chunk, 'c', sizeof chunk);
  assert_true(sio_client_start(&deaf, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&good, it.port, SIO_WEBSOCKET));
  size_t before = resident_mib();
  for (int mib = 0; mib < TOTAL_MIB; mib++) {
    for (int i = 0; i < 16; i++)
      assert_int_equal(
          peal_nsp_emit(
              it.root, &(peal_to){.rooms = PEAL_ROOMS("room")}, "c",
              PEAL_ARGS(peal_int(mib * 16 + i),
                        peal_str_slice((peal_slice){chunk, sizeof chunk}))),
          PEAL_OK);
    for (int i = 0; i < 16; i++) {
      char head[32];
      snprintf(head, sizeof head, "42[\"c\",%d,", mib * 16 + i);
      const sio_packet *got = sio_client_next(&good, 10000);
      assert_true(got && !strncmp(got->data, head, strlen(head)));
    }
  }
  assert_true(server_has_clients(&it, 1));
  size_t after = resident_mib();
  print_message("resident: %zu MiB before, %zu after\n", before, after);
  assert_true(after < before + GROWTH_MIB);
  peal_server_stats_get(it.server, &stats);
  assert_true(stats.queue_full > 0);
  sio_client_close(&deaf);
  sio_client_close(&good);
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(breaking_off_in_every_state),
      cmocka_unit_test(floods_end_at_a_limit_or_are_served),
      cmocka_unit_test(who_does_not_read_is_cut_and_others_read_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
