/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/buf.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/tally.h"
#include "net_fixture.h"

/* One echo server for all; what a test wants of it is said by the first byte
 * of a connection. */
typedef struct echo {
  peal_stream *stream;
  peal_buf out;
  char mode;
  peal_timer *timer;
} echo;

static atomic_int opened, closed, ended, err_of_close, pulls, sends;
static atomic_int peer_ok;

#define BIG (8u << 20)

static void on_timer(peal_timer *timer, void *user) {
  echo *one = user;
  (void)timer;
  peal_stream_resume(one->stream);
}

static void pause_for_a_while(echo *one, peal_worker *worker) {
  peal_stream_pause(one->stream);
  one->timer = peal_timer_new(worker, on_timer, one);
  peal_timer_start(one->timer, 30, 0);
}

static const peal_stream_callbacks share_callbacks;

static void begin(echo *one, char mode) {
  peal_worker *worker = peal_stream_worker(one->stream);
  char peer[PEAL_ADDRESS_MAX];
  uint16_t port = 0;
  one->mode = mode;
  switch (mode) {
  case 't': /* a small share of each turn from now on */
    peal_stream_set_owner(one->stream, &share_callbacks, one);
    break;
  case 'p': /* pause, and echo afterwards */
    pause_for_a_while(one, worker);
    break;
  case 'P': /* pause for good */
    peal_stream_pause(one->stream);
    break;
  case 'c': /* close at once */
    peal_stream_close(one->stream, PEAL_ERR_LIMIT);
    break;
  case 'r':
    peal_stream_reset(one->stream, PEAL_ERR_LIMIT);
    break;
  case 'b': /* a lot, then the end */
    memset(peal_buf_reserve(&one->out, BIG), 'b', BIG);
    peal_buf_advance(&one->out, BIG);
    peal_stream_finish(one->stream);
    break;
  case 'a':
    if (peal_stream_peer(one->stream, peer, &port) == 9 &&
        strcmp(peer, "127.0.0.1") == 0 && port != 0)
      atomic_store(&peer_ok, 1);
    break;
  default:
    break;
  }
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  echo *one = user;
  if (!one->mode)
    begin(one, data[0]);
  if (one->mode == 'b')
    return;
  peal_buf_add(&one->out, (peal_slice){data, len});
  peal_stream_flush(stream);
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  echo *one = user;
  (void)stream;
  atomic_fetch_add(&pulls, 1);
  if (one->out.len)
    assert_true(peal_iovs_add(out, peal_buf_slice(&one->out)));
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  echo *one = user;
  (void)stream;
  atomic_fetch_add(&sends, 1);
  peal_buf_consume(&one->out, len);
}

static void on_end(peal_stream *stream, void *user) {
  (void)user;
  atomic_fetch_add(&ended, 1);
  peal_stream_finish(stream);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  echo *one = user;
  (void)stream;
  atomic_store(&err_of_close, err);
  peal_timer_free(one->timer);
  peal_buf_deinit(&one->out);
  free(one);
  atomic_fetch_add(&closed, 1);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_end = on_end,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

/* Of one turn; 't' of the connection is the first byte. */
static atomic_int most_in_turn;
static uint64_t turn_of_share;
static size_t in_turn;

static void on_share(peal_stream *stream, char *data, size_t len, void *user) {
  uint64_t turn = peal_tally_get(&peal_stream_worker(stream)->stats.turns);
  if (turn != turn_of_share)
    in_turn = 0;
  turn_of_share = turn;
  in_turn += len;
  if ((int)in_turn > atomic_load(&most_in_turn))
    atomic_store(&most_in_turn, (int)in_turn);
  on_read(stream, data, len, user);
}

static const peal_stream_callbacks share_callbacks = {.on_read = on_share,
                                                      .on_end = on_end,
                                                      .on_pull = on_pull,
                                                      .on_sent = on_sent,
                                                      .on_close = on_close,
                                                      .turn_bytes = 100};

static void on_accept(peal_worker *worker, int fd, const peal_address *peer,
                      void *user) {
  (void)user;
  (void)peer;
  echo *one = calloc(1, sizeof(*one));
  peal_buf_init(&one->out, NULL, 0);
  one->stream = peal_stream_adopt(worker, fd, &callbacks, one);
  if (!one->stream)
    free(one);
  atomic_fetch_add(&opened, 1);
}

typedef struct server {
  net_fixture net;
  peal_listener *listener;
  uint16_t port;
} server;

static int set_up(void **state) {
  server *it = calloc(1, sizeof(*it));
  it->net.workers =
      peal_workers_new(&(peal_workers_opts){.count = 2, .log = NET_QUIET});
  assert_int_equal(peal_listener_open(&it->listener, it->net.workers,
                                      "127.0.0.1", &it->port, 100, on_accept,
                                      NULL, NULL),
                   PEAL_OK);
  net_fixture_run(&it->net);
  atomic_store(&opened, 0);
  atomic_store(&closed, 0);
  atomic_store(&ended, 0);
  *state = it;
  return 0;
}

static int tear_down(void **state) {
  server *it = *state;
  peal_workers_stop(it->net.workers, 200);
  net_fixture_join(&it->net);
  assert_int_equal(atomic_load(&opened), atomic_load(&closed));
  peal_listener_free(it->listener);
  peal_workers_free(it->net.workers);
  free(it);
  return 0;
}

static void echoes_and_ends_without_an_error(void **state) {
  server *it = *state;
  char back[16];
  int fd = net_connect(it->port);
  net_send_str(fd, "hello");
  assert_int_equal(net_read(fd, back, 5), 5);
  assert_memory_equal(back, "hello", 5);
  shutdown(fd, SHUT_WR);
  assert_true(net_closed(fd, 20000));
  assert_true(net_wait(&closed, 1));
  assert_int_equal(atomic_load(&ended), 1);
  assert_int_equal(atomic_load(&err_of_close), PEAL_OK);
  close(fd);
}

/* More than the kernel's buffers: partial writes, waiting for room. */
static void sends_what_the_kernel_does_not_take_at_once(void **state) {
  server *it = *state;
  int fd = net_connect(it->port);
  net_send_str(fd, "b");
  uv_sleep(50);
  char *back = malloc(BIG);
  assert_int_equal(net_read(fd, back, BIG), BIG);
  for (size_t i = 0; i < BIG; i++)
    assert_int_equal(back[i], 'b');
  assert_true(net_closed(fd, 20000));
  close(fd);
  free(back);
  assert_true(net_wait(&closed, 1));
  assert_int_equal(atomic_load(&err_of_close), PEAL_OK);
}

static void an_owner_gets_no_more_in_a_turn_than_it_asks_for(void **state) {
  server *it = *state;
  static char sent[5000], back[sizeof sent];
  int fd = net_connect(it->port);
  net_send_str(fd, "t");
  assert_int_equal(net_read(fd, back, 1), 1);
  memset(sent, 's', sizeof sent);
  net_send(fd, sent, sizeof sent);
  assert_int_equal(net_read(fd, back, sizeof back), sizeof back);
  assert_memory_equal(back, sent, sizeof sent);
  assert_int_equal(atomic_load(&most_in_turn), 100);
  shutdown(fd, SHUT_WR);
  assert_true(net_closed(fd, 20000));
  close(fd);
  assert_true(net_wait(&closed, 1));
}

/* What came before a reset, too. */
static void its_share_is_small_before_a_reset(void **state) {
  server *it = *state;
  static char sent[5000];
  char back[8];
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  int fd = net_connect(it->port);
  net_send_str(fd, "t");
  assert_int_equal(net_read(fd, back, 1), 1);
  atomic_store(&most_in_turn, 0);
  net_send(fd, sent, sizeof sent);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
  assert_true(net_wait(&closed, 1));
  assert_true(atomic_load(&most_in_turn) <= 100);
  assert_int_equal(atomic_load(&err_of_close), PEAL_ERR_CLOSED);
}

static void a_paused_connection_reads_later(void **state) {
  server *it = *state;
  char back[8];
  int fd = net_connect(it->port);
  net_send_str(fd, "p");
  assert_int_equal(net_read(fd, back, 1), 1);
  net_send_str(fd, "later");
  assert_int_equal(net_read(fd, back, 5), 5);
  close(fd);
}

static void a_paused_connection_notices_the_end(void **state) {
  server *it = *state;
  char back[8];
  int fd = net_connect(it->port);
  net_send_str(fd, "P");
  assert_int_equal(net_read(fd, back, 1), 1);
  close(fd);
  assert_true(net_wait(&closed, 1));
  assert_int_equal(atomic_load(&ended), 1);
}

static void a_paused_connection_notices_a_reset_behind_data(void **state) {
  server *it = *state;
  char back[8];
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  int fd = net_connect(it->port);
  net_send_str(fd, "P");
  assert_int_equal(net_read(fd, back, 1), 1);
  net_send_str(fd, "unread");
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
  assert_true(net_wait(&closed, 1));
  assert_int_equal(atomic_load(&err_of_close), PEAL_ERR_CLOSED);
}

static void a_reset_closes_with_closed(void **state) {
  server *it = *state;
  char back[8];
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  int fd = net_connect(it->port);
  net_send_str(fd, "x");
  assert_int_equal(net_read(fd, back, 1), 1);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
  assert_true(net_wait(&closed, 1));
  assert_int_equal(atomic_load(&err_of_close), PEAL_ERR_CLOSED);
}

static void closing_inside_a_callback_tells_once_and_last(void **state) {
  server *it = *state;
  int fd = net_connect(it->port);
  net_send_str(fd, "c");
  assert_true(net_closed(fd, 20000));
  assert_true(net_wait(&closed, 1));
  assert_int_equal(atomic_load(&err_of_close), PEAL_ERR_LIMIT);
  close(fd);
}

static void a_reset_of_ours_reaches_the_peer(void **state) {
  server *it = *state;
  char byte;
  int fd = net_connect(it->port);
  net_send_str(fd, "r");
  assert_true(net_readable(fd, 20000));
  assert_true(recv(fd, &byte, 1, 0) < 0);
  assert_int_equal(errno, ECONNRESET);
  close(fd);
}

static void urgent_data_does_no_harm(void **state) {
  server *it = *state;
  char back[8];
  int fd = net_connect(it->port);
  net_send_str(fd, "u");
  assert_int_equal(net_read(fd, back, 1), 1);
  assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);
  net_send_str(fd, "v");
  assert_int_equal(net_read(fd, back, 1), 1);
  close(fd);
}

static void knows_its_peer(void **state) {
  server *it = *state;
  char back[8];
  int fd = net_connect(it->port);
  net_send_str(fd, "a");
  assert_int_equal(net_read(fd, back, 1), 1);
  assert_int_equal(atomic_load(&peer_ok), 1);
  close(fd);
}

static void the_end_of_the_workers_closes_with_cancelled(void **state) {
  server *it = *state;
  char back[8];
  int fd = net_connect(it->port);
  net_send_str(fd, "x");
  assert_int_equal(net_read(fd, back, 1), 1);
  peal_workers_stop(it->net.workers, 20);
  assert_true(net_wait(&closed, 1));
  assert_int_equal(atomic_load(&err_of_close), PEAL_ERR_CANCELLED);
  close(fd);
}

/* Many at once, from both workers. */
static void many_connections_echo_at_the_same_time(void **state) {
  server *it = *state;

  enum { COUNT = 100 };

  int fds[COUNT];
  char back[8];
  for (int i = 0; i < COUNT; i++)
    fds[i] = net_connect(it->port);
  for (int round = 0; round < 5; round++) {
    for (int i = 0; i < COUNT; i++)
      net_send(fds[i], "x234567", 7);
    for (int i = 0; i < COUNT; i++)
      assert_int_equal(net_read(fds[i], back, 7), 7);
  }
  for (int i = 0; i < COUNT; i++)
    close(fds[i]);
  assert_true(net_wait(&closed, COUNT));
}

static void addresses_are_written_as_people_write_them(void **state) {
  (void)state;
  char text[PEAL_ADDRESS_MAX];
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
  inet_pton(AF_INET, "10.1.2.3", &in.sin_addr);
  peal_address address = peal_address_of((struct sockaddr *)&in);
  assert_int_equal(peal_address_text(&address, text), 8);
  assert_string_equal(text, "10.1.2.3");
  assert_int_equal(address.port, 80);
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
  inet_pton(AF_INET6, "::ffff:10.1.2.3", &in6.sin6_addr);
  address = peal_address_of((struct sockaddr *)&in6);
  peal_address_text(&address, text);
  assert_string_equal(text, "10.1.2.3");
  inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
  address = peal_address_of((struct sockaddr *)&in6);
  peal_address_text(&address, text);
  assert_string_equal(text, "2001:db8::1");
  address = (peal_address){.known = false};
  assert_int_equal(peal_address_text(&address, text), 4);
  assert_string_equal(text, "unix");
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      NET_TEST(echoes_and_ends_without_an_error),
      NET_TEST(sends_what_the_kernel_does_not_take_at_once),
      NET_TEST(an_owner_gets_no_more_in_a_turn_than_it_asks_for),
      NET_TEST(its_share_is_small_before_a_reset),
      NET_TEST(a_paused_connection_reads_later),
      NET_TEST(a_paused_connection_notices_the_end),
      NET_TEST(a_paused_connection_notices_a_reset_behind_data),
      NET_TEST(a_reset_closes_with_closed),
      NET_TEST(closing_inside_a_callback_tells_once_and_last),
      NET_TEST(a_reset_of_ours_reaches_the_peer),
      NET_TEST(urgent_data_does_no_harm),
      NET_TEST(knows_its_peer),
      NET_TEST(the_end_of_the_workers_closes_with_cancelled),
      NET_TEST(many_connections_echo_at_the_same_time),
      cmocka_unit_test(addresses_are_written_as_people_write_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
