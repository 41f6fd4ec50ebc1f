/* SPDX-License-Identifier: MIT */
/* handover: one server goes, another comes, and clients notice nothing. Both are
 * in this process: they know each other by nothing but a path. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <uv.h>

#include <peal/handover.h>
#include <peal/session.h>

#include "net/handover_socket.h"
#include "proto/handover_record.h"
#include "server_fixture.h"

static char place[64];

static peal_server_opts opts_of(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  opts.handover = place;
  opts.allow_eio3 = true;
  return opts;
}

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(
      peal_emit(socket, "back", PEAL_ARGS(peal_event_arg(event, 0))), PEAL_OK);
}

static void on_room(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)event;
  assert_int_equal(peal_nsp_emit(peal_socket_nsp(socket), PEAL_TO("room"),
                                 "all", PEAL_ARGS(peal_int(1))),
                   PEAL_OK);
}

static void on_adopted(peal_socket *socket, void *user) {
  (void)user;
  trace_add(
      "adopted %s, %d rooms, in %d, data %d, seen %d, token %.*s, agent %.*s",
      peal_socket_transport(socket), (int)peal_socket_room_count(socket),
      peal_socket_in(socket, "room"),
      (int)peal_val_int(peal_val_get(peal_socket_data(socket), "n"), -1),
      (int)peal_val_int(peal_session_get(socket, "seen"), -1),
      PEAL_SFMT(peal_val_str(peal_val_get(peal_socket_auth(socket), "token"))),
      PEAL_SFMT(peal_socket_header(socket, "x-agent")));
}

static void on_handover(peal_socket *socket, void *user) {
  (void)user;
  assert_int_equal(peal_session_set(socket, "seen", peal_int(3)), PEAL_OK);
  assert_int_equal(
      peal_socket_set_data(socket, PEAL_OBJECT({"n", peal_int(7)})), PEAL_OK);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  return peal_join(socket, "room");
}

static void on_name(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)event;
  assert_int_equal(
      peal_emit(socket, "name",
                PEAL_ARGS(peal_str(peal_socket_id(socket)),
                          peal_val_get(peal_socket_auth(socket), "x"))),
      PEAL_OK);
}

static server_fixture start(const peal_server_opts *opts) {
  server_fixture it = server_make(opts);
  peal_nsp *other = peal_server_of(it.server, "/other");
  assert_int_equal(peal_on(other, "name", on_name, NULL), PEAL_OK);
  server_trace_ends(it.root);
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "room", on_room, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on_handover(it.root, on_handover, NULL), PEAL_OK);
  assert_int_equal(peal_on_adopted(it.root, on_adopted, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void echoes(sio_client *client) {
  assert_true(sio_client_send(client, "42[\"echo\",1]"));
  assert_true(sio_client_expect(client, "42[\"back\",1]"));
}

/* The file is there: the server would give way. */
static void await_place(void) {
  for (int i = 0; i < 10000 && access(place, F_OK) != 0; i++)
    usleep(1000);
}

/* `from` gives way and ends. */
static server_fixture replace(server_fixture *from,
                              const peal_server_opts *opts) {
  await_place();
  server_fixture it = start(opts);
  assert_int_equal(it.port, from->port);
  server_join(from);
  server_free(from);
  return it;
}

static int set_place(void **state) {
  (void)state;
  snprintf(place, sizeof place, "/tmp/peal-handover-%d", (int)getpid());
  return 0;
}

static void open_with(sio_client *client, unsigned port, sio_via via) {
  *client = (sio_client){.fields = "X-Agent: me\r\n"};
  assert_true(sio_client_open_with(client, port, via));
  assert_true(sio_client_join(client, "/", "{\"token\":\"t\"}"));
}

static void a_client_goes_on(void **state) {
  (void)state;
  static const unsigned workers[][2] = {{1, 1}, {1, 2}, {2, 1}, {3, 2}};
  for (size_t w = 0; w < sizeof workers / sizeof *workers; w++) {
    for (sio_via via = SIO_WEBSOCKET; via <= SIO_POLLING; via++) {
      peal_server_opts opts = opts_of(workers[w][0]);
      server_fixture it = start(&opts);
      sio_client client;
      open_with(&client, it.port, via);
      echoes(&client);
      for (int i = 0; i < 3; i++) {
        opts = opts_of(workers[w][!(i & 1)]);
        it = replace(&it, &opts);
        echoes(&client);
        echoes(&client);
        char told[200];
        snprintf(
            told, sizeof told,
            "adopted %s, 2 rooms, in 1, data 7, seen 3, token t, agent me\n",
            via == SIO_WEBSOCKET ? "websocket" : "polling");
        trace_expect(told);
        assert_true(sio_client_send(&client, "42[\"room\"]"));
        assert_true(sio_client_expect(&client, "42[\"all\",1]"));
      }
      sio_client_close(&client);
      server_stop(&it);
    }
  }
}

/* It has left "/", which is not joined for it again. */
static void a_client_of_socket_io_2_goes_on(void **state) {
  (void)state;
  peal_server_opts opts = opts_of(1);
  server_fixture it = start(&opts);
  sio_client client = {.eio3 = true};
  char name[128];
  assert_true(sio_client_open_with(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_expect(&client, "40"));
  assert_true(sio_client_send(&client, "40/other?x=y,"));
  assert_true(sio_client_expect(&client, "40/other,"));
  assert_true(sio_client_send(&client, "41"));
  snprintf(name, sizeof name, "42/other,[\"name\",\"/other#%s\",\"y\"]",
           client.sid);
  for (unsigned i = 0; i < 3; i++) {
    assert_true(sio_client_send(&client, "42/other,[\"name\"]"));
    assert_true(sio_client_expect(&client, name));
    assert_true(sio_client_send(&client, "2"));
    assert_true(sio_client_expect(&client, "3"));
    assert_true(server_has_sockets(&it, 1));
    opts = opts_of(1 + (i & 1));
    it = replace(&it, &opts);
  }
  assert_true(sio_client_send(&client, "40"));
  assert_true(sio_client_expect(&client, "40"));
  echoes(&client);
  sio_client_close(&client);
  server_stop(&it);
}

/* -- what is under way ------------------------------------------------------- */

/* Whose are the answers? */
static char first_name[] = "first", second_name[] = "second";

static void on_who(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  assert_int_equal(peal_emit(socket, "who", PEAL_ARGS(peal_str(user))),
                   PEAL_OK);
}

static void on_answer(peal_socket *socket, peal_err err, peal_args args,
                      void *user) {
  (void)socket, (void)args;
  trace_add("%s answered %d", (const char *)user, err);
}

static void on_ask(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  assert_int_equal(
      peal_emit_ack(socket, "asked", PEAL_ARGS(), 0, on_answer, user), PEAL_OK);
}

static peal_reply *_Atomic owed;

static void on_later(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket, (void)user;
  owed = peal_ack_later(event);
  assert_non_null(owed);
}

static void on_user_free(void *user) {
  trace_add("free %s", (const char *)user);
}

static void on_mine(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  peal_socket_set_user(socket, user);
  assert_int_equal(peal_socket_set_user_free(socket, on_user_free), PEAL_OK);
}

static server_fixture begin(const peal_server_opts *opts, char *name) {
  server_fixture it = server_make(opts);
  server_trace_ends(it.root);
  assert_int_equal(peal_on(it.root, "who", on_who, name), PEAL_OK);
  assert_int_equal(peal_on(it.root, "ask", on_ask, name), PEAL_OK);
  assert_int_equal(peal_on(it.root, "later", on_later, name), PEAL_OK);
  assert_int_equal(peal_on(it.root, "mine", on_mine, name), PEAL_OK);
  server_run(&it);
  return it;
}

static void serves(sio_client *client, const char *name) {
  char answer[64];
  snprintf(answer, sizeof answer, "42[\"who\",\"%s\"]", name);
  assert_true(sio_client_send(client, "42[\"who\"]"));
  assert_true(sio_client_expect(client, answer));
}

/* Until so many have been given, or taken. */
static void await_given(const server_fixture *it, uint64_t count) {
  peal_handover_stats stats = {0};
  for (int i = 0; i < 10000 && stats.sessions_given != count; i++) {
    usleep(1000);
    peal_handover_stats_get(it->server, &stats);
  }
  assert_int_equal(stats.sessions_given, count);
}

/* Something keeps a client where it is, until that is over. */
typedef struct keeper {
  const char *name;
  sio_via via;
  void (*begin)(sio_client *client, int *fd);
  void (*end)(sio_client *client, int *fd);
} keeper;

static void begin_ack(sio_client *client, int *fd) {
  (void)fd;
  assert_true(sio_client_send(client, "42[\"ask\"]"));
  assert_true(sio_client_expect(client, "420[\"asked\"]"));
}

static void end_ack(sio_client *client, int *fd) {
  (void)fd;
  assert_true(sio_client_send(client, "430[]"));
}

static void begin_reply(sio_client *client, int *fd) {
  (void)fd;
  owed = NULL;
  assert_true(sio_client_send(client, "427[\"later\"]"));
  for (int i = 0; i < 10000 && !owed; i++)
    usleep(1000);
}

static void end_reply(sio_client *client, int *fd) {
  (void)fd;
  assert_int_equal(peal_reply_send(owed, PEAL_ARGS()), PEAL_OK);
  assert_true(sio_client_expect(client, "437[]"));
}

static void begin_frame(sio_client *client, int *fd) {
  *fd = client->fd;
  assert_true(sio_client_write(*fd, "\x81\x89\0\0", 4));
  usleep(20000);
}

static void end_frame(sio_client *client, int *fd) {
  assert_true(sio_client_write(*fd,
                               "\0\0"
                               "42[\"who\"]",
                               11));
  assert_true(sio_client_expect(client, "42[\"who\",\"first\"]"));
}

static void begin_attachments(sio_client *client, int *fd) {
  (void)fd;
  assert_true(sio_client_send(
      client, "451-[\"who\",{\"_placeholder\":true,\"num\":0}]"));
  usleep(20000);
}

static void end_attachments(sio_client *client, int *fd) {
  (void)fd;
  assert_true(sio_client_send_binary(client, "x", 1));
  assert_true(sio_client_expect(client, "42[\"who\",\"first\"]"));
}

static void begin_post(sio_client *client, int *fd) {
  char head[300];
  *fd = sio_client_dial(client->port);
  int len = snprintf(head, sizeof head,
                     "POST /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1"
                     "\r\nHost: x\r\nContent-Length: 9\r\n\r\n42[",
                     client->sid);
  assert_true(sio_client_write(*fd, head, (size_t)len));
  usleep(20000);
}

static void end_post(sio_client *client, int *fd) {
  char got[512];
  assert_true(sio_client_write(*fd, "\"who\"]", 6));
  assert_true(read(*fd, got, sizeof got) > 0);
  close(*fd);
  assert_true(sio_client_expect(client, "42[\"who\",\"first\"]"));
}

static const keeper keepers[] = {
    {"an acknowledgement", SIO_WEBSOCKET, begin_ack, end_ack},
    {"an acknowledgement over polling", SIO_POLLING, begin_ack, end_ack},
    {"a reply", SIO_WEBSOCKET, begin_reply, end_reply},
    {"a frame", SIO_WEBSOCKET, begin_frame, end_frame},
    {"attachments", SIO_WEBSOCKET, begin_attachments, end_attachments},
    {"a body", SIO_POLLING, begin_post, end_post},
};

static void what_is_under_way_stays_until_it_is_over(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof keepers / sizeof *keepers; i++) {
    const keeper *one = &keepers[i];
    peal_server_opts opts = opts_of(1);
    opts.stop_timeout_ms = 60000;
    server_fixture first = begin(&opts, first_name);
    sio_client busy, idle;
    int fd = -1;
    assert_true(sio_client_start(&busy, first.port, one->via));
    assert_true(sio_client_start(&idle, first.port, SIO_WEBSOCKET));
    one->begin(&busy, &fd);
    await_place();
    server_fixture second = begin(&opts, second_name);
    await_given(&first, 1);
    serves(&idle, "second");
    one->end(&busy, &fd);
    server_join(&first);
    serves(&busy, "second");
    peal_handover_stats stats;
    peal_handover_stats_get(first.server, &stats);
    assert_int_equal(stats.sessions_given, 2);
    assert_int_equal(stats.sessions_kept, 0);
    assert_false(stats.has_taken);
    peal_handover_stats_get(second.server, &stats);
    assert_int_equal(stats.sessions_taken, 2);
    assert_int_equal(stats.sessions_refused, 0);
    assert_true(stats.has_taken);
    server_free(&first);
    sio_client_close(&busy);
    sio_client_close(&idle);
    server_stop(&second);
  }
}

static void what_is_never_over_is_told_to_come_back(void **state) {
  (void)state;
  for (sio_via via = SIO_WEBSOCKET; via <= SIO_POLLING; via++) {
    peal_server_opts opts = opts_of(1);
    opts.stop_timeout_ms = 50;
    server_fixture first = begin(&opts, first_name);
    sio_client busy;
    assert_true(sio_client_start(&busy, first.port, via));
    begin_ack(&busy, NULL);
    if (via == SIO_POLLING) /* a GET waits */
      (void)sio_client_next(&busy, 1);
    await_place();
    server_fixture second = begin(&opts, second_name);
    server_join(&first);
    assert_true(sio_client_ends(&busy, 10000));
    char told[160];
    snprintf(told, sizeof told,
             "disconnecting server shutting down\nfirst answered %d\n"
             "disconnect server shutting down\n",
             PEAL_ERR_CLOSED);
    trace_expect(told);
    peal_handover_stats stats;
    peal_handover_stats_get(first.server, &stats);
    assert_int_equal(stats.sessions_kept, 1);
    server_free(&first);
    sio_client_close(&busy);
    server_stop(&second);
  }
}

static void the_user_pointer_is_given_back_without_a_disconnect(void **state) {
  (void)state;
  peal_server_opts opts = opts_of(1);
  server_fixture first = begin(&opts, first_name);
  sio_client client;
  assert_true(sio_client_start(&client, first.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "42[\"mine\"]"));
  serves(&client, "first");
  await_place();
  server_fixture second = begin(&opts, second_name);
  server_join(&first);
  trace_expect("free first\n");
  server_free(&first);
  serves(&client, "second");
  trace_clear();
  sio_client_close(&client);
  trace_expect("disconnecting transport close\n"
               "disconnect transport close\n");
  server_stop(&second);
}

static void an_upgrade_that_begins_meanwhile_ends_well(void **state) {
  (void)state;
  for (int i = 0; i < 10; i++) {
    peal_server_opts opts = opts_of(1 + (unsigned)(i & 1));
    server_fixture it = start(&opts);
    sio_client client;
    open_with(&client, it.port, SIO_POLLING);
    await_place();
    server_fixture second = start(&opts);
    assert_true(sio_client_upgrade(&client));
    echoes(&client);
    server_join(&it);
    server_free(&it);
    echoes(&client);
    sio_client_close(&client);
    server_stop(&second);
  }
}

/* -- a stranger in the place of the next one ----------------------------------- */

#define HELLO 1u
#define READY 4u
#define SESSION 6u
#define BATCH 7u
#define DONE 8u
#define TAKEN 9u
#define PLACE 2u
#define WELCOME 3u

static int dial(void) {
  int fd = -1;
  for (int i = 0; i < 10000 && fd < 0; i++) {
    fd = peal_handover_socket_dial(place);
    usleep(1000);
  }
  assert_true(fd >= 0);
  return fd;
}

static void say(int fd, unsigned type, const char *body, size_t len) {
  assert_int_equal(
      peal_handover_socket_send(fd, (uint8_t)type, (peal_slice){body, len}, -1),
      PEAL_OK);
}

/* The next message; its descriptor is closed. */
static unsigned heard(peal_handover_reader *reader, int fd) {
  peal_err err = peal_handover_reader_next(reader, fd, 10000);
  if (err)
    return 0;
  if (reader->fd >= 0)
    close(reader->fd);
  reader->fd = -1;
  return reader->type;
}

static void await_welcome(peal_handover_reader *reader, int fd) {
  unsigned type;
  while ((type = heard(reader, fd)) == PLACE) {}
  assert_int_equal(type, WELCOME);
}

/* How far it gets before it goes away. */
enum { AFTER_NOTHING, AFTER_HELLO, AFTER_READY, AFTER_BATCH, WAYS_TO_GO };

static void who_goes_away_leaves_all_as_it_was(void **state) {
  (void)state;
  for (int way = AFTER_NOTHING; way < WAYS_TO_GO; way++) {
    peal_server_opts opts = opts_of(2);
    opts.stop_timeout_ms = 60000;
    server_fixture it = begin(&opts, first_name);
    sio_client busy, idle, comes;
    assert_true(sio_client_start(&busy, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_start(&idle, it.port, SIO_WEBSOCKET));
    begin_ack(&busy, NULL);
    peal_handover_reader reader;
    peal_handover_reader_init(&reader, NULL);
    int fd = dial();
    if (way >= AFTER_HELLO) {
      say(fd, HELLO, "\1", 1);
      await_welcome(&reader, fd);
    }
    if (way >= AFTER_READY)
      say(fd, READY, NULL, 0);
    if (way >= AFTER_BATCH) {
      unsigned type;
      while ((type = heard(&reader, fd)) && type != BATCH) {}
      assert_int_equal(type, BATCH);
    }
    peal_handover_reader_deinit(&reader);
    close(fd);
    /* Who was given away has nobody, and hears it. */
    if (way >= AFTER_BATCH)
      assert_true(sio_client_ends(&idle, 10000));
    serves(&busy, "first");
    end_ack(&busy, NULL);
    assert_true(sio_client_start(&comes, it.port, SIO_WEBSOCKET));
    serves(&comes, "first");
    /* And it gives way to a better one. */
    await_place();
    server_fixture second = begin(&opts, second_name);
    server_join(&it);
    server_free(&it);
    serves(&busy, "second");
    serves(&comes, "second");
    sio_client_close(&busy);
    sio_client_close(&idle);
    sio_client_close(&comes);
    server_stop(&second);
  }
}

static void nonsense_ends_the_talk(void **state) {
  (void)state;

  static const struct {
    unsigned type;
    const char *body;
  } said[] = {{READY, ""}, {99, "x"}, {SESSION, "x"}, {DONE, ""}, {0, ""}};

  peal_server_opts opts = opts_of(1);
  server_fixture it = begin(&opts, first_name);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  for (size_t i = 1; i < sizeof said / sizeof *said; i++) {
    int fd = dial();
    say(fd, said[i].type, said[i].body, strlen(said[i].body));
    serves(&client, "first");
    close(fd);
  }
  /* With a descriptor that nobody asked for. */
  int fd = dial();
  assert_int_equal(
      peal_handover_socket_send(fd, HELLO, (peal_slice){"\1", 1}, fd), PEAL_OK);
  close(fd);
  serves(&client, "first");
  sio_client_close(&client);
  server_stop(&it);
}

/* More than one at once; and a hello behind a hello, which ends the talk at any
 * time. */
static void a_stranger_leaves_nothing_behind(void **state) {
  (void)state;
  char two[CMSG_SPACE(2 * sizeof(int))] = {0}, hello[] = {HELLO, 0, 1};
  struct iovec part = {hello, sizeof hello};
  struct msghdr packet = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = two,
                          .msg_controllen = sizeof two};
  peal_server_opts opts = opts_of(2);
  server_fixture it = begin(&opts, first_name);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  int ends[2], fd = dial();
  assert_int_equal(pipe(ends), 0);
  struct cmsghdr *head = CMSG_FIRSTHDR(&packet);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(2 * sizeof(int));
  memcpy(CMSG_DATA(head), (int[]){ends[1], ends[1]}, 2 * sizeof(int));
  assert_true(sendmsg(fd, &packet, 0) > 0);
  close(ends[1]);
  assert_int_equal(read(ends[0], two, 1), 0); /* all others are closed */
  close(ends[0]);
  close(fd);

  peal_handover_reader reader;
  peal_handover_reader_init(&reader, NULL);
  fd = dial();
  say(fd, HELLO, "\1", 1);
  await_welcome(&reader, fd);
  say(fd, READY, NULL, 0);
  say(fd, HELLO, "\1", 1);
  while (heard(&reader, fd)) {}
  peal_handover_reader_deinit(&reader);
  close(fd);
  sio_client_close(&client);
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  serves(&client, "first");
  sio_client_close(&client);
  server_stop(&it);
}

typedef struct next_one {
  peal_handover_door door;
  int channel;
} next_one;

static void dies(void *user) {
  next_one *it = user;
  usleep(300000);
  close(it->door.fd);
  close(it->channel);
}

/* At whose door another one waits: that one gets the first, which is back. */
static void one_dies_at_whose_door_another_waits(void **state) {
  (void)state;
  peal_server_opts opts = opts_of(2);
  server_fixture it = begin(&opts, first_name);
  next_one first = {.channel = dial()};
  peal_handover_reader reader;
  peal_handover_reader_init(&reader, NULL);
  say(first.channel, HELLO, "\1", 1);
  await_welcome(&reader, first.channel);
  peal_handover_reader_deinit(&reader);
  say(first.channel, READY, NULL, 0);
  assert_true(peal_handover_door_open(&first.door, place, true));
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, dies, &first), 0);
  server_fixture second = begin(&opts, second_name);
  uv_thread_join(&thread);
  server_join(&it);
  server_free(&it);
  server_stop(&second);
}

/* Who says nothing keeps the others waiting for a while, not for ever. */
static void who_says_nothing_is_sent_away(void **state) {
  (void)state;
  peal_server_opts opts = opts_of(1);
  server_fixture it = begin(&opts, first_name);
  int fd = dial();
  it = replace(&it, &opts);
  close(fd);
  server_stop(&it);
}

/* Of a later version: it gets the port, and the clients come by themselves. */
static void who_reads_other_records_is_given_no_session(void **state) {
  (void)state;
  peal_server_opts opts = opts_of(1);
  server_fixture it = begin(&opts, first_name);
  sio_client client;
  peal_handover_reader reader;
  peal_handover_reader_init(&reader, NULL);
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  int fd = dial();
  say(fd, HELLO, "\x63", 1);
  await_welcome(&reader, fd);
  say(fd, READY, NULL, 0);
  assert_int_equal(heard(&reader, fd), DONE);
  say(fd, TAKEN, NULL, 0);
  assert_true(sio_client_ends(&client, 10000));
  assert_int_equal(client.close_code, 1001);
  server_join(&it);
  peal_handover_reader_deinit(&reader);
  close(fd);
  sio_client_close(&client);
  server_free(&it);
}

static char much[100000];

static void on_much(peal_socket *socket, const peal_event *event, void *user) {
  (void)event, (void)user;
  memset(much, 'x', sizeof much);
  assert_int_equal(peal_socket_set_data(
                       socket, peal_str_slice((peal_slice){much, sizeof much})),
                   PEAL_OK);
}

/* The socket between them is full: after a second that is the end of it, and no
 * session is with nobody. */
static void who_does_not_read_is_given_up(void **state) {
  (void)state;

  enum { CLIENTS = 12 };

  peal_server_opts opts = opts_of(1);
  opts.stop_timeout_ms = 60000;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "who", on_who, first_name), PEAL_OK);
  assert_int_equal(peal_on(it.root, "much", on_much, NULL), PEAL_OK);
  server_run(&it);
  sio_client clients[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) {
    assert_true(sio_client_start(&clients[i], it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&clients[i], "42[\"much\"]"));
    serves(&clients[i], "first");
  }
  peal_handover_reader reader;
  peal_handover_reader_init(&reader, NULL);
  int fd = dial();
  say(fd, HELLO, "\1", 1);
  await_welcome(&reader, fd);
  say(fd, READY, NULL, 0);
  /* Those that are with it hear it when it goes; the others are served. */
  int given = 0;
  for (int i = 0; i < CLIENTS; i++) {
    if (!sio_client_send(&clients[i], "42[\"who\"]"))
      continue;
    if (i == 0) /* it takes its second */
      usleep(1500000);
  }
  close(fd);
  peal_handover_reader_deinit(&reader);
  for (int i = 0; i < CLIENTS; i++) {
    const sio_packet *packet = sio_client_next(&clients[i], 10000);
    assert_true(packet || sio_client_is_closed(&clients[i]));
    given += packet == NULL;
  }
  assert_true(given < CLIENTS);
  peal_handover_stats stats;
  peal_handover_stats_get(it.server, &stats);
  /* One that had its answer before is given without being noticed here. */
  assert_true((uint64_t)given <= stats.sessions_given);
  assert_true(stats.sessions_given < CLIENTS);
  for (int i = 0; i < CLIENTS; i++)
    sio_client_close(&clients[i]);
  server_stop(&it);
}

static void a_stop_in_the_middle_ends_both_sides(void **state) {
  (void)state;
  peal_server_opts opts = opts_of(2);
  opts.stop_timeout_ms = 60000;
  server_fixture first = begin(&opts, first_name);
  sio_client busy, idle;
  assert_true(sio_client_start(&busy, first.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&idle, first.port, SIO_WEBSOCKET));
  begin_ack(&busy, NULL);
  await_place();
  server_fixture second = begin(&opts, second_name);
  await_given(&first, 1);
  peal_server_stop(first.server);
  assert_true(sio_client_ends(&busy, 10000));
  server_join(&first);
  server_free(&first);
  serves(&idle, "second");
  sio_client comes;
  assert_true(sio_client_start(&comes, second.port, SIO_WEBSOCKET));
  serves(&comes, "second");
  sio_client_close(&busy);
  sio_client_close(&idle);
  sio_client_close(&comes);
  server_stop(&second);
}

static void one_comes_after_the_other(void **state) {
  (void)state;

  enum { SERVERS = 4 };

  peal_server_opts opts = opts_of(1);
  server_fixture its[SERVERS + 1];
  its[0] = start(&opts);
  sio_client client;
  open_with(&client, its[0].port, SIO_WEBSOCKET);
  await_place();
  /* Each asks while the one before it is still being given to. */
  for (int i = 1; i <= SERVERS; i++)
    its[i] = start(&opts);
  for (int i = 0; i < SERVERS; i++) {
    server_join(&its[i]);
    server_free(&its[i]);
  }
  echoes(&client);
  sio_client_close(&client);
  server_stop(&its[SERVERS]);
}

/* -- a stranger in the place of the one before --------------------------------- */

typedef struct giver {
  peal_handover_door door;
  pthread_t thread;
  uint16_t port;
  int client;  /* our end of what is given as a client's connection */
  int client2; /* the same, with a record that is good */
  bool vanishes;
} giver;

static int listening(uint16_t *port) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(fd, 10), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
  *port = ntohs(at.sin_port);
  return fd;
}

static int pair(int *other) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
  *other = fds[1];
  return fds[0];
}

static peal_handover_record record_of(peal_handover_socket *socket) {
  *socket = (peal_handover_socket){.nsp = PEAL_S("/"),
                                   .id = PEAL_S("aaaabbbbccccddddeeee")};
  return (peal_handover_record){.sid = PEAL_S("AAAAbbbbCCCCddddEEEE"),
                                .is_websocket = true,
                                .beat_ms = 20000,
                                .url = PEAL_S("/socket.io/"),
                                .address = PEAL_S("unix"),
                                .sockets = socket,
                                .socket_count = 1};
}

/* With a descriptor (closed), or without. */
static void give(int to, const peal_handover_record *record, int fd) {
  peal_buf body;
  peal_buf_init(&body, NULL, 0);
  peal_handover_record_encode(&body, record);
  assert_int_equal(
      peal_handover_socket_send(to, SESSION, peal_buf_slice(&body), fd),
      PEAL_OK);
  peal_buf_deinit(&body);
  if (fd >= 0)
    close(fd);
}

/* Everything that does not work. */
static void give_nonsense(giver *it, int to) {
  peal_handover_socket socket;
  peal_handover_record record = record_of(&socket);
  give(to, &record, -1); /* a WebSocket without one */
  socket.nsp = PEAL_S("/unknown");
  give(to, &record, pair(&it->client));
  record = record_of(&socket);
  record.socket_count = 0;
  give(to, &record, -1);
  record = record_of(&socket);
  record.is_websocket = false;
  int unasked;
  give(to, &record, pair(&unasked));
  close(unasked);
  say(to, SESSION, "nonsense", 8);
  say(to, SESSION, "", 0);
  say(to, 5, "short", 5);
  say(to, 77, "unknown", 7);
}

static void *give_all(void *user) {
  giver *it = user;
  peal_handover_reader reader;
  peal_handover_reader_init(&reader, NULL);
  int to = -1;
  while (to < 0)
    to = peal_handover_socket_accept(it->door.fd);
  assert_int_equal(heard(&reader, to), HELLO);
  int fd = listening(&it->port);
  assert_int_equal(
      peal_handover_socket_send(to, PLACE, PEAL_S("tcp:0:127.0.0.1"), fd),
      PEAL_OK);
  close(fd);
  say(to, WELCOME, "\1", 1);
  assert_int_equal(heard(&reader, to), READY);
  give_nonsense(it, to);
  peal_handover_socket socket;
  peal_handover_record record = record_of(&socket);
  give(to, &record, pair(&it->client2));
  give(to, &record, -1); /* the same again */
  if (!it->vanishes) {
    say(to, BATCH, "12345678", 8);
    record.sid = PEAL_S("AAAAbbbbCCCCddddFFFF");
    give(to, &record, -1); /* the same socket in another session */
    say(to, DONE, "", 0);
  }
  close(to);
  peal_handover_reader_deinit(&reader);
  return NULL;
}

static void nonsense_is_refused_and_the_rest_goes_on(void **state) {
  (void)state;
  for (int vanishes = 0; vanishes < 2; vanishes++) {
    for (unsigned workers = 1; workers <= 2; workers++) {
      giver it = {.vanishes = vanishes};
      assert_true(peal_handover_door_open(&it.door, place, false));
      assert_int_equal(pthread_create(&it.thread, NULL, give_all, &it), 0);
      peal_server_opts opts = opts_of(workers);
      server_fixture server = start(&opts);
      pthread_join(it.thread, NULL);
      assert_int_equal(server.port, it.port);
      char got[64];
      assert_int_equal(read(it.client, got, sizeof got), 0); /* closed */
      sio_client comes, good = {.fd = it.client2, .post_fd = -1};
      assert_true(sio_client_start(&comes, server.port, SIO_WEBSOCKET));
      echoes(&comes);
      echoes(&good);
      peal_handover_stats stats;
      peal_handover_stats_get(server.server, &stats);
      assert_int_equal(stats.sessions_taken, 1);
      assert_true(stats.sessions_refused >= 6);
      sio_client_close(&comes);
      sio_client_close(&good);
      close(it.client);
      peal_handover_door_close(&it.door, NULL);
      server_stop(&server);
    }
  }
}

/* -- the place -------------------------------------------------------------------- */

static void a_file_that_is_no_socket_stays(void **state) {
  (void)state;
  int fd = open(place, O_CREAT | O_RDWR, 0600);
  assert_true(fd >= 0);
  close(fd);
  peal_server_opts opts = opts_of(1);
  server_fixture it = begin(&opts, first_name);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  serves(&client, "first");
  sio_client_close(&client);
  server_stop(&it);
  assert_int_equal(access(place, F_OK), 0);
  unlink(place);
}

static void the_place_is_for_the_owner_alone_and_goes_with_the_server(
    void **state) {
  (void)state;
  peal_server_opts opts = opts_of(1);
  server_fixture it = begin(&opts, first_name);
  await_place();
  struct stat file;
  assert_int_equal(stat(place, &file), 0);
  assert_int_equal(file.st_mode & 07777, 0600);
  server_stop(&it);
  assert_int_equal(access(place, F_OK), -1);
  /* One that a killed process has left gives way. */
  peal_handover_door door;
  assert_true(peal_handover_door_open(&door, place, false));
  close(door.fd);
  it = begin(&opts, first_name);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  serves(&client, "first");
  sio_client_close(&client);
  for (int i = 0; i < 10000 && (stat(place, &file) || file.st_ino == door.ino);
       i++)
    usleep(1000);
  server_fixture second = begin(&opts, second_name);
  server_join(&it);
  server_free(&it);
  server_stop(&second);
}

static void a_path_that_is_too_long_makes_no_server(void **state) {
  (void)state;
  char path[200];
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = 0;
  peal_server_opts opts = opts_of(1);
  opts.handover = path;
  assert_null(peal_server_new(&opts));
  opts.handover = "";
  assert_null(peal_server_new(&opts));
}

/* As systemd is told whose the service is. */
static void the_service_manager_is_told(void **state) {
  (void)state;
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  snprintf(at.sun_path, sizeof at.sun_path, "/tmp/peal-notify-%d",
           (int)getpid());
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(setenv("NOTIFY_SOCKET", at.sun_path, 1), 0);
  peal_server_opts opts = opts_of(1);
  server_fixture it = begin(&opts, first_name);
  char got[128] = "", expected[128];
  assert_true(read(fd, got, sizeof got - 1) > 0);
  snprintf(expected, sizeof expected, "MAINPID=%d\nREADY=1", (int)getpid());
  assert_string_equal(got, expected);
  unsetenv("NOTIFY_SOCKET");
  server_stop(&it);
  close(fd);
  unlink(at.sun_path);
}

static void without_the_option_nothing_is_there(void **state) {
  (void)state;
  peal_handover_stats stats = {.has_taken = true};
  server_fixture it = server_make(NULL);
  peal_handover_stats_get(it.server, &stats);
  assert_false(stats.has_taken);
  peal_handover_stats_get(NULL, &stats);
  peal_handover_stats_get(it.server, NULL);
  assert_int_equal(peal_on_handover(NULL, on_handover, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_handover(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_adopted(NULL, on_adopted, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_off_handover(it.root, on_handover, NULL), PEAL_OK);
  assert_int_equal(peal_off_adopted(it.root, on_adopted, NULL), PEAL_OK);
  server_free(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_client_goes_on),
      cmocka_unit_test(a_client_of_socket_io_2_goes_on),
      cmocka_unit_test(what_is_under_way_stays_until_it_is_over),
      cmocka_unit_test(what_is_never_over_is_told_to_come_back),
      cmocka_unit_test(the_user_pointer_is_given_back_without_a_disconnect),
      cmocka_unit_test(an_upgrade_that_begins_meanwhile_ends_well),
      cmocka_unit_test(who_goes_away_leaves_all_as_it_was),
      cmocka_unit_test(nonsense_ends_the_talk),
      cmocka_unit_test(a_stranger_leaves_nothing_behind),
      cmocka_unit_test(one_dies_at_whose_door_another_waits),
      cmocka_unit_test(who_says_nothing_is_sent_away),
      cmocka_unit_test(who_reads_other_records_is_given_no_session),
      cmocka_unit_test(who_does_not_read_is_given_up),
      cmocka_unit_test(a_stop_in_the_middle_ends_both_sides),
      cmocka_unit_test(one_comes_after_the_other),
      cmocka_unit_test(nonsense_is_refused_and_the_rest_goes_on),
      cmocka_unit_test(a_file_that_is_no_socket_stays),
      cmocka_unit_test(
          the_place_is_for_the_owner_alone_and_goes_with_the_server),
      cmocka_unit_test(a_path_that_is_too_long_makes_no_server),
      cmocka_unit_test(the_service_manager_is_told),
      cmocka_unit_test(without_the_option_nothing_is_there),
  };
  return cmocka_run_group_tests(tests, set_place, NULL);
}
