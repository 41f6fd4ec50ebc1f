/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_fixture: real Redis servers, each in a folder of its own, at a port and
 * at a Unix socket; and a way to them on a worker, which notes what it is told.
 * A server ends with the test, whatever happens to that. */
#include <signal.h>
#include <stdlib.h>

#include <sys/prctl.h>
#include <sys/wait.h>

#include "../net/net_fixture.h"
#include "cluster/redis.h"

/* -- servers ---------------------------------------------------------------- */

typedef struct redis_server {
  char folder[64];
  unsigned port;
  pid_t pid;            /* 0: it does not run */
  const char *args[24]; /* beyond the usual, NULL at the end */
  bool is_sentinel;     /* its settings are in FOLDER/conf */
} redis_server;

static inline unsigned redis_free_port(void) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(at);
  unsigned port;
  do { /* below the range of ports that connections get by themselves */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_port = htons((uint16_t)(12000 + (unsigned)rand() % 18000));
    int taken = bind(fd, (struct sockaddr *)&at, len);
    close(fd);
    port = taken ? 0 : ntohs(at.sin_port);
  } while (!port);
  return port;
}

/* What `command` (a line of words) is answered with: the first bytes of it, as
 * they come. Returns false if nobody is there. */
static inline bool redis_ask_port(unsigned port, const char *command, char *out,
                                  size_t cap) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ssize_t got = -1;
  if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
    (void)!send(fd, command, strlen(command), MSG_NOSIGNAL);
    (void)!send(fd, "\r\n", 2, MSG_NOSIGNAL);
    if (net_readable(fd, 5000))
      got = recv(fd, out, cap - 1, 0);
  }
  close(fd);
  out[got > 0 ? got : 0] = 0;
  return got > 0;
}

static inline void redis_say(const redis_server *server, const char *command,
                             const char *expected) {
  char said[4096];
  assert_true(redis_ask_port(server->port, command, said, sizeof(said)));
  if (!strstr(said, expected))
    fail_msg("%s: \"%s\" says nothing of \"%s\"", command, said, expected);
}

/* Until the answer has the word in it. */
static inline void redis_await(const redis_server *server, const char *command,
                               const char *word) {
  char said[4096] = "";
  for (int i = 0; i < 3000; i++) {
    if (redis_ask_port(server->port, command, said, sizeof(said)) &&
        strstr(said, word))
      return;
    uv_sleep(10);
  }
  fail_msg("port %u: %s: \"%s\" never said \"%s\"", server->port, command, said,
           word);
}

static inline void redis_exec(const redis_server *server) {
  char port[16], at[96], log[96];
  const char *argv[48] = {"redis-server",
                          "--port",
                          port,
                          "--bind",
                          "127.0.0.1",
                          "--save",
                          "",
                          "--dir",
                          server->folder,
                          "--unixsocket",
                          at,
                          "--logfile",
                          log,
                          "--enable-debug-command",
                          "yes"};
  size_t count = 15;
  snprintf(port, sizeof(port), "%u", server->port);
  snprintf(at, sizeof(at), "%s/socket", server->folder);
  snprintf(log, sizeof(log), "%s/log", server->folder);
  for (size_t i = 0; server->args[i]; i++)
    argv[count++] = server->args[i];
  if (server->is_sentinel) {
    snprintf(at, sizeof(at), "%s/conf", server->folder);
    argv[1] = at;
    argv[2] = "--sentinel";
    argv[3] = NULL;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execvp(argv[0], (char *const *)(uintptr_t)argv);
  _exit(127);
}

/* Where it was. */
static inline void redis_server_run(redis_server *server) {
  char said[256];
  assert_int_equal(server->pid, 0);
  server->pid = fork();
  if (!server->pid)
    redis_exec(server);
  for (int i = 0; i < 3000; i++) {
    if (redis_ask_port(server->port, "PING", said, sizeof(said)) &&
        (strstr(said, "PONG") || strstr(said, "NOAUTH")))
      return;
    assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
    uv_sleep(5);
  }
  fail_msg("no redis-server at port %u", server->port);
}

static inline void redis_server_set(redis_server *server) {
  static unsigned seed;
  if (!seed)
    srand(seed = (unsigned)getpid());
  memset(server, 0, sizeof(*server));
  snprintf(server->folder, sizeof(server->folder), "/tmp/peal-redis-XXXXXX");
  assert_non_null(mkdtemp(server->folder));
  server->port = redis_free_port();
}

static inline void redis_server_open(redis_server *server) {
  redis_server_set(server);
  redis_server_run(server);
}

static inline void redis_server_kill(redis_server *server) {
  if (!server->pid)
    return;
  kill(server->pid, SIGKILL);
  waitpid(server->pid, NULL, 0);
  server->pid = 0;
}

static inline void redis_server_close(redis_server *server) {
  char command[128];
  redis_server_kill(server);
  snprintf(command, sizeof(command), "rm -rf '%s'", server->folder);
  assert_int_equal(system(command), 0);
}

/* -- a way to them ---------------------------------------------------------- */

typedef struct redis_scene {
  net_fixture net;
  peal_worker *worker;
  peal_redis_opts opts;
  char url[512];
  peal_redis *redis;
  char why[PEAL_REDIS_TEXT];
  peal_err err; /* of the last call on the worker */
  atomic_int ups, downs, messages, answers, lines;
  char words[PEAL_REDIS_TEXT]; /* of the last outage */
  char got[65536];             /* "way pattern channel payload\n" */
  size_t got_len;
  char log[16384];
  size_t log_len;
  pthread_mutex_t lock; /* of the log */
  peal_err answer_err;
  char answer[4096];
  int64_t count;
  /* What a call is to do. */
  peal_redis_way way;
  peal_slice channel, payload;
  const peal_slice *argv;
  size_t argc;
  uint32_t wait_ms;
  bool free_in_message, free_in_state, free_in_answer;
} redis_scene;

static inline void redis_on_log(const peal_log_record *record, void *user) {
  redis_scene *it = user;
  pthread_mutex_lock(&it->lock);
  size_t left = sizeof(it->log) - it->log_len;
  int len = snprintf(it->log + it->log_len, left, "%.*s\n",
                     (int)record->text.len, record->text.ptr);
  it->log_len += (size_t)len < left ? (size_t)len : left - 1;
  pthread_mutex_unlock(&it->lock);
  atomic_fetch_add(&it->lines, 1);
}

static inline bool redis_log_has(redis_scene *it, const char *words) {
  pthread_mutex_lock(&it->lock);
  bool has = strstr(it->log, words) != NULL;
  pthread_mutex_unlock(&it->lock);
  return has;
}

static inline void redis_free_it(redis_scene *it) {
  peal_redis *redis = it->redis;
  it->redis = NULL;
  peal_redis_free(redis);
}

static inline void redis_on_message(peal_redis *redis,
                                    const peal_redis_message *message,
                                    void *user) {
  redis_scene *it = user;
  size_t left = sizeof(it->got) - it->got_len;
  (void)redis;
  int len = snprintf(
      it->got + it->got_len, left, "%c %.*s %.*s %.*s\n", "CPS"[message->way],
      PEAL_SFMT(message->pattern), PEAL_SFMT(message->channel),
      message -> payload.len > 100 ? 100 : (int)message->payload.len,
      message->payload.ptr);
  it->got_len += (size_t)len < left ? (size_t)len : 0;
  if (it->free_in_message)
    redis_free_it(it);
  atomic_fetch_add(&it->messages, 1);
}

static inline void redis_on_state(peal_redis *redis, bool up, const char *words,
                                  void *user) {
  redis_scene *it = user;
  assert_int_equal(peal_redis_is_up(redis), up);
  if (!up)
    snprintf(it->words, sizeof(it->words), "%s", words);
  if (it->free_in_state)
    redis_free_it(it);
  atomic_fetch_add(up ? &it->ups : &it->downs, 1);
}

static inline void redis_on_answer(peal_redis *redis, peal_err err,
                                   const peal_redis_reply *reply, void *user) {
  redis_scene *it = user;
  peal_slice text = peal_redis_reply_text(reply);
  (void)redis;
  it->answer_err = err;
  assert_int_equal(reply != NULL, err == PEAL_OK || err == PEAL_ERR_REFUSED);
  snprintf(it->answer, sizeof(it->answer), "%.*s", PEAL_SFMT(text));
  if (it->free_in_answer)
    redis_free_it(it);
  atomic_fetch_add(&it->answers, 1);
}

static inline void redis_on_count(peal_redis *redis, int64_t count,
                                  void *user) {
  redis_scene *it = user;
  (void)redis;
  it->count = count;
  atomic_fetch_add(&it->answers, 1);
}

/* -- calls on the worker ---------------------------------------------------- */

static inline void redis_new_on(peal_worker *worker, void *user) {
  redis_scene *it = user;
  it->err = peal_redis_new(&it->redis, worker, &it->opts, it->why);
}

static inline void redis_free_on(peal_worker *worker, void *user) {
  (void)worker;
  redis_free_it(user);
}

static inline void redis_publish_on(peal_worker *worker, void *user) {
  redis_scene *it = user;
  (void)worker;
  it->err = peal_redis_publish(it->redis, it->way, it->channel, it->payload);
}

static inline void redis_subscribe_on(peal_worker *worker, void *user) {
  redis_scene *it = user;
  (void)worker;
  it->err = peal_redis_subscribe(it->redis, it->way, it->channel);
}

static inline void redis_unsubscribe_on(peal_worker *worker, void *user) {
  redis_scene *it = user;
  (void)worker;
  peal_redis_unsubscribe(it->redis, it->way, it->channel);
}

static inline void redis_command_on(peal_worker *worker, void *user) {
  redis_scene *it = user;
  (void)worker;
  it->err = it->wait_ms
                ? peal_redis_wait(it->redis, it->channel, it->argv, it->argc,
                                  it->wait_ms, redis_on_answer, it)
                : peal_redis_command(it->redis, it->channel, it->argv, it->argc,
                                     redis_on_answer, it);
}

static inline void redis_count_on(peal_worker *worker, void *user) {
  redis_scene *it = user;
  (void)worker;
  it->err =
      peal_redis_count(it->redis, it->way, it->channel, redis_on_count, it);
}

typedef struct redis_now {
  redis_scene *scene;
  peal_redis_figures figures;
  unsigned version;
  char words[PEAL_REDIS_TEXT];
} redis_now;

static inline void redis_look_on(peal_worker *worker, void *user) {
  redis_now *now = user;
  const peal_redis *redis = now->scene->redis;
  (void)worker;
  peal_redis_figures_get(redis, &now->figures);
  now->version = peal_redis_version(redis);
  snprintf(now->words, sizeof(now->words), "%s", peal_redis_words(redis));
}

static inline redis_now redis_look(redis_scene *it) {
  redis_now now = {.scene = it};
  net_on_worker(it->worker, redis_look_on, &now);
  return now;
}

static inline peal_err redis_publish(redis_scene *it, peal_redis_way way,
                                     const char *channel, const char *payload) {
  it->way = way;
  it->channel = peal_slice_of(channel);
  it->payload = peal_slice_of(payload);
  net_on_worker(it->worker, redis_publish_on, it);
  return it->err;
}

static inline void redis_subscribe(redis_scene *it, peal_redis_way way,
                                   const char *channel) {
  it->way = way;
  it->channel = peal_slice_of(channel);
  net_on_worker(it->worker, redis_subscribe_on, it);
  assert_int_equal(it->err, PEAL_OK);
}

static inline void redis_unsubscribe(redis_scene *it, peal_redis_way way,
                                     const char *channel) {
  it->way = way;
  it->channel = peal_slice_of(channel);
  net_on_worker(it->worker, redis_unsubscribe_on, it);
}

/* The words are parted by one blank. */
static inline peal_err redis_begin_command(redis_scene *it, const char *key,
                                           const char *words) {
  static peal_slice argv[32];
  size_t argc = 0;
  for (const char *at = words; at; argc++) {
    const char *end = strchr(at, ' ');
    argv[argc] = (peal_slice){at, end ? (size_t)(end - at) : strlen(at)};
    at = end ? end + 1 : NULL;
  }
  it->channel = peal_slice_of(key);
  it->argv = argv;
  it->argc = argc;
  net_on_worker(it->worker, redis_command_on, it);
  return it->err;
}

static inline peal_err redis_command(redis_scene *it, const char *key,
                                     const char *words) {
  int before = atomic_load(&it->answers);
  peal_err err = redis_begin_command(it, key, words);
  if (err)
    return err;
  assert_true(net_wait(&it->answers, before + 1));
  net_sync(it->worker);
  return it->answer_err;
}

static inline int64_t redis_count(redis_scene *it, peal_redis_way way,
                                  const char *channel) {
  int before = atomic_load(&it->answers);
  it->way = way;
  it->channel = peal_slice_of(channel);
  net_on_worker(it->worker, redis_count_on, it);
  if (it->err)
    return -2;
  assert_true(net_wait(&it->answers, before + 1));
  net_sync(it->worker);
  return it->count;
}

/* -- life ------------------------------------------------------------------- */

static inline void redis_scene_set(redis_scene *it) {
  memset(it, 0, sizeof(*it));
  pthread_mutex_init(&it->lock, NULL);
  it->net.workers = peal_workers_new(&(peal_workers_opts){
      .count = 1, .log = {.fn = redis_on_log, .user = it}});
  it->worker = peal_workers_get(it->net.workers, 0);
  it->opts = (peal_redis_opts){.url = it->url,
                               .retry_min_ms = 20,
                               .retry_max_ms = 50,
                               .on_message = redis_on_message,
                               .on_state = redis_on_state,
                               .user = it};
  net_fixture_run(&it->net);
}

static inline void redis_scene_connect(redis_scene *it) {
  net_on_worker(it->worker, redis_new_on, it);
  if (it->err)
    fail_msg("%s", it->why);
}

static inline void redis_scene_await_up(redis_scene *it, int ups) {
  if (!net_wait(&it->ups, ups))
    fail_msg("never up: %s", it->log);
}

static inline void redis_scene_open(redis_scene *it,
                                    const redis_server *server) {
  redis_scene_set(it);
  snprintf(it->url, sizeof(it->url), "redis://127.0.0.1:%u", server->port);
  redis_scene_connect(it);
  redis_scene_await_up(it, 1);
}

static inline void redis_scene_close(redis_scene *it) {
  peal_worker_stats stats;
  net_on_worker(it->worker, redis_free_on, it);
  for (int i = 0; i < 5000; i++) {
    peal_worker_stats_get(it->worker, &stats);
    if (!stats.connections)
      break;
    uv_sleep(1);
  }
  assert_int_equal(stats.connections, 0);
  peal_workers_stop(it->net.workers, 0);
  net_fixture_join(&it->net);
  peal_workers_free(it->net.workers);
  pthread_mutex_destroy(&it->lock);
}
