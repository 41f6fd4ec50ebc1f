/* SPDX-License-Identifier: MIT */
#include "engine/handover.h"

#include <errno.h>
#include <string.h>

#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/arrivals.h"
#include "engine/handover_give.h"
#include "engine/handover_link.h"
#include "engine/handover_send.h"
#include "engine/handover_take.h"
#include "http/http_give.h"
#include "http/http_home.h"
#include "http/http_upgrade.h"
#include "net/hooks.h"
#include "net/notify.h"
#include "net/system.h"
#include "proto/handover_record.h"

/* For each thing that the other one is to say at once. */
#define PATIENCE_MS 5000
/* Until it is our turn: others may come and go before. */
#define TURN_MS 30000
#define AGAIN_MS 20u
#define ASKS 50

static const peal_slice none = {NULL, 0};

static void say(const peal_handover *it, peal_log_level level,
                const char *text) {
  peal_logger_write(it->log, level, "handover", none, none, "%s", text);
}

static peal_err send_version(peal_handover *it, peal_handover_type type) {
  const char version = PEAL_HANDOVER_RECORD_VERSION;
  return peal_handover_send(it, type, (peal_slice){&version, 1}, -1);
}

/* Do both write the same records? */
static bool is_version(const peal_handover *it) {
  return it->reader.body.len >= 1 &&
         (uint8_t)it->reader.body.ptr[0] == PEAL_HANDOVER_RECORD_VERSION;
}

static void hang_up(peal_handover *it) {
  atomic_store(&it->passes, false);
  peal_watch_free(it->channel_watch);
  it->channel_watch = NULL;
  atomic_store(&it->is_broken, true);
  uv_mutex_lock(&it->sending); /* nobody is inside */
  if (it->channel >= 0)
    close(it->channel);
  it->channel = -1;
  uv_mutex_unlock(&it->sending);
  peal_handover_reader_deinit(&it->reader);
  it->has_asked = it->knows = it->is_ready = it->is_done = false;
}

static void close_door(peal_handover *it, bool removes) {
  peal_watch_free(it->door_watch);
  it->door_watch = NULL;
  peal_handover_door_close(&it->door, removes ? it->path : NULL);
}

/* -- before the run -------------------------------------------------------- */

/* Its sockets, until it has said welcome. */
static peal_err take_places(peal_handover *it) {
  for (int wait_ms = TURN_MS;; wait_ms = PATIENCE_MS) {
    peal_err err = peal_handover_reader_next(&it->reader, it->channel, wait_ms);
    if (err == PEAL_ERR_AGAIN)
      return PEAL_ERR_TIMEOUT;
    if (err)
      return err;
    if (it->reader.type == PEAL_HANDOVER_WELCOME)
      return is_version(it) ? PEAL_OK : PEAL_ERR_OPTION;
    if (it->reader.type != PEAL_HANDOVER_PLACE || it->reader.fd < 0)
      return PEAL_ERR_CLOSED;
    int fd = it->reader.fd;
    it->reader.fd = -1;
    err = peal_http_give_take_place(it->http, peal_buf_slice(&it->reader.body),
                                    fd);
    if (err)
      return err;
  }
}

static peal_err ask_once(peal_handover *it) {
  atomic_store(&it->is_broken, false);
  peal_handover_reader_init(&it->reader, it->mem);
  it->channel = peal_handover_socket_dial(it->path);
  if (it->channel < 0) {
    if (errno == EPERM)
      say(it, PEAL_LOG_WARN, "somebody else listens at the path");
    return PEAL_ERR_AGAIN;
  }
  peal_err err = send_version(it, PEAL_HANDOVER_HELLO);
  return err ? err : take_places(it);
}

/* Nobody at the path, or one who goes. */
static bool is_moving(peal_err err) {
  return err == PEAL_ERR_CLOSED || err == PEAL_ERR_AGAIN;
}

/* With another form of records only the places are taken: sessions stay there
 * and are told to come back. Who has just given way to somebody else hangs up:
 * that one is at the path then. Who has died before it had all leaves nobody
 * there, until the one before is back. */
static void ask(peal_handover *it) {
  peal_err err = ask_once(it);
  bool was_closed = err == PEAL_ERR_CLOSED;
  for (int i = 1; i < ASKS && was_closed && is_moving(err); i++) {
    hang_up(it);
    uv_sleep(AGAIN_MS);
    err = ask_once(it);
  }
  if (err && err != PEAL_ERR_OPTION)
    hang_up(it);
  it->takes = it->has_taken = !err || err == PEAL_ERR_OPTION;
  if (it->takes)
    say(it, PEAL_LOG_INFO, "taking over from the process before");
  else if (err != PEAL_ERR_AGAIN)
    peal_logger_write(it->log, PEAL_LOG_WARN, "handover", none, none,
                      "the process before does not give way: %s",
                      peal_err_message(err));
}

static peal_err init_threads(peal_handover *it) {
  it->has_mutex = uv_mutex_init(&it->sending) == 0;
  if (it->has_mutex)
    it->has_barrier = uv_barrier_init(&it->together, it->worker_count) == 0;
  return it->has_barrier ? PEAL_OK : PEAL_ERR_SYSTEM;
}

static peal_err set_homes(peal_handover *it) {
  it->homes = peal_mem_zalloc(it->mem, it->worker_count * sizeof *it->homes);
  if (!it->homes)
    return PEAL_ERR_NOMEM;
  for (unsigned i = 0; i < it->worker_count; i++) {
    peal_handover_home *home = &it->homes[i];
    home->handover = it;
    home->worker = peal_workers_get(it->workers, i);
    peal_wheel_timer_init(&home->timer, NULL);
  }
  return PEAL_OK;
}

peal_err peal_handover_new(peal_handover **out, const char *path,
                           peal_http_server *http) {
  const peal_mem *mem = peal_http_server_mem(http);
  *out = NULL;
  if (!*path || strlen(path) + 1 >= sizeof((struct sockaddr_un *)0)->sun_path)
    return PEAL_ERR_OPTION;
  peal_handover *it = peal_mem_zalloc(mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  it->mem = mem;
  it->http = http;
  it->log = peal_http_server_logger(http);
  it->workers = peal_http_server_workers(http);
  it->worker_count = peal_workers_count(it->workers);
  it->channel = -1;
  it->door.fd = -1;
  peal_handover_reader_init(&it->reader, mem);
  it->path = peal_mem_str(mem, peal_slice_of(path));
  peal_err err = it->path ? init_threads(it) : PEAL_ERR_NOMEM;
  if (!err)
    err = set_homes(it);
  if (err) {
    peal_handover_free(it);
    return err;
  }
  ask(it);
  *out = it;
  return PEAL_OK;
}

/* -- the next one ---------------------------------------------------------- */

static void on_channel(peal_watch *watch, unsigned events, void *user);

/* One at a time: who comes second waits. */
static void mind_door(peal_handover *it) {
  if (it->door_watch &&
      peal_watch_set(it->door_watch, it->channel < 0 ? PEAL_WATCH_READ : 0u))
    say(it, PEAL_LOG_ERROR, "cannot listen for the next process");
}

static bool give_place(void *user, peal_slice name, int fd) {
  return peal_handover_send(user, PEAL_HANDOVER_PLACE, name, fd) == PEAL_OK;
}

/* It goes on as before, with what it still has; when all workers do, the door is
 * opened again, for the other one may have put its file in the place of ours. */
static void lose(peal_handover *it, bool was_ready) {
  hang_up(it);
  peal_wheel_stop(&peal_workers_get(it->workers, 0)->wheel, &it->timer);
  if (!was_ready) {
    mind_door(it);
    return;
  }
  say(it, PEAL_LOG_WARN, "the next process has gone away: this one goes on");
  close_door(it, true);
  it->is_lost = it->is_stepping;
  if (!it->is_lost)
    peal_handover_give_abort(it);
}

/* All workers have taken a step. False: nobody is there for the next one. */
static bool end_step(peal_handover *it) {
  bool was_lost = it->is_lost;
  it->is_stepping = it->is_lost = false;
  if (was_lost)
    peal_handover_give_abort(it);
  return !was_lost;
}

static void on_hello(peal_handover *it) {
  peal_wheel_stop(&peal_workers_get(it->workers, 0)->wheel, &it->timer);
  it->has_asked = true;
  it->knows = is_version(it);
  atomic_store(&it->is_broken, false);
  if (!peal_http_give_places(it->http, give_place, it) ||
      send_version(it, PEAL_HANDOVER_WELCOME))
    lose(it, false);
  else if (!it->knows)
    say(it, PEAL_LOG_WARN,
        "the next process knows other records: no session can go there");
  else
    say(it, PEAL_LOG_INFO, "the next process has come");
}

/* All that could leave has, or its time is over: the rest is to be told to come
 * back. */
static void finish(peal_handover *it) {
  peal_worker *worker = peal_workers_get(it->workers, 0);
  if (!it->is_ready || it->is_done || it->takes)
    return;
  if (it->is_stepping) { /* a moment, then */
    peal_wheel_set(&worker->wheel, &it->timer, worker->now_ms + AGAIN_MS);
    return;
  }
  it->is_done = true;
  peal_wheel_set(&worker->wheel, &it->timer, worker->now_ms + PATIENCE_MS);
  if (peal_handover_send(it, PEAL_HANDOVER_DONE, none, -1))
    lose(it, true);
}

/* The other one has all that it can have: this one ends. */
static void conclude(peal_handover *it) {
  unsigned kept = atomic_load(&it->left);
  if (!it->is_done || it->takes)
    return;
  atomic_store(&it->figures.sessions_kept, kept);
  peal_logger_write(
      it->log, PEAL_LOG_INFO, "handover", none, none,
      "%llu sessions and %llu connections have gone to the next process, %u "
      "are told to come back",
      (unsigned long long)atomic_load(&it->figures.sessions_given),
      (unsigned long long)atomic_load(&it->figures.links_given), kept);
  peal_http_give_leave(it->http);
  close_door(it, false);
  hang_up(it);
  peal_workers_stop(it->workers, it->grace_ms);
}

static void on_settled(peal_worker *worker, peal_mail *mail) {
  peal_handover *it = PEAL_LIST_OF(mail, peal_handover, settled_mail);
  (void)worker;
  if (end_step(it))
    conclude(it);
}

static void on_batched(peal_worker *worker, peal_mail *mail) {
  peal_handover *it = PEAL_LIST_OF(mail, peal_handover, batched_mail);
  (void)worker;
  if (end_step(it) && it->is_ready)
    peal_handover_give_batch(it);
}

static void on_ready(peal_handover *it) {
  peal_worker *worker = peal_workers_get(it->workers, 0);
  if (it->is_ready || worker->phase != PEAL_WORKER_RUNNING)
    return;
  it->is_ready = true;
  if (!it->knows) {
    finish(it);
    return;
  }
  peal_wheel_set(&worker->wheel, &it->timer, worker->now_ms + it->limit_ms);
  atomic_store(&it->passes, true);
  peal_handover_give_begin(it);
}

/* A request whose session is still here. */
static void serve_here(peal_handover *it) {
  peal_http_link_offer offer;
  if (it->reader.fd < 0 ||
      !peal_handover_link_decode(&offer, peal_buf_slice(&it->reader.body)))
    return;
  offer.fd = it->reader.fd;
  it->reader.fd = -1;
  peal_http_give_take_link(it->http, peal_workers_get(it->workers, 0), &offer);
}

/* A hello comes once, and first. */
static bool is_expected(const peal_handover *it) {
  return (it->reader.type == PEAL_HANDOVER_HELLO) != it->has_asked;
}

static void hear(peal_handover *it) {
  peal_err err = PEAL_OK;
  while (it->channel >= 0 && !err) {
    err = peal_handover_reader_next(&it->reader, it->channel, 0);
    if (err == PEAL_ERR_AGAIN)
      return;
    if (!err && it->reader.type == PEAL_HANDOVER_LINK && it->knows)
      serve_here(it);
    else if (err || it->reader.fd >= 0 || !is_expected(it))
      lose(it, it->is_ready);
    else if (it->reader.type == PEAL_HANDOVER_HELLO)
      on_hello(it);
    else if (it->reader.type == PEAL_HANDOVER_READY)
      on_ready(it);
    else if (it->reader.type == PEAL_HANDOVER_TAKEN && it->is_done &&
             !it->is_stepping)
      peal_handover_give_settle(it);
  }
}

static bool listen_to(peal_handover *it) {
  it->channel_watch = peal_watch_new(peal_workers_get(it->workers, 0),
                                     it->channel, on_channel, it);
  return it->channel_watch &&
         !peal_watch_set(it->channel_watch, PEAL_WATCH_READ);
}

static void on_door(peal_watch *watch, unsigned events, void *user) {
  peal_handover *it = user;
  peal_worker *worker = peal_workers_get(it->workers, 0);
  int fd = peal_handover_socket_accept(it->door.fd);
  (void)watch;
  (void)events;
  if (fd < 0)
    return;
  peal_handover_reader_init(&it->reader, it->mem);
  it->channel = fd;
  if (listen_to(it))
    peal_wheel_set(&worker->wheel, &it->timer, worker->now_ms + PATIENCE_MS);
  else
    hang_up(it);
  mind_door(it);
}

static void open_door(peal_handover *it, bool replaces) {
  peal_worker *worker = peal_workers_get(it->workers, 0);
  if (worker->phase != PEAL_WORKER_RUNNING)
    return;
  if (!peal_handover_door_open(&it->door, it->path, replaces)) {
    peal_logger_write(it->log, PEAL_LOG_ERROR, "handover", none, none,
                      "cannot listen at %s: %s", it->path,
                      peal_system_error(errno));
    return;
  }
  it->door_watch = peal_watch_new(worker, it->door.fd, on_door, it);
  if (!it->door_watch)
    say(it, PEAL_LOG_ERROR, "cannot listen for the next process");
  mind_door(it);
}

static void on_over(peal_worker *worker, peal_mail *mail) {
  (void)worker;
  finish(PEAL_LIST_OF(mail, peal_handover, over_mail));
}

/* -- the one before -------------------------------------------------------- */

static void end_taking(peal_handover *it, const char *how) {
  if (!it->takes)
    return;
  it->takes = false;
  peal_wheel_stop(&peal_workers_get(it->workers, 0)->wheel, &it->timer);
  hang_up(it);
  peal_http_give_own(it->http);
  say(it, PEAL_LOG_INFO, how);
  peal_handover_take_end(it);
  mind_door(it);
}

/* Those that come one by one. */
static void take_one(peal_handover *it) {
  peal_handover_batch batch;
  if (peal_handover_batch_init(&batch, it))
    return;
  peal_handover_batch_add(&batch, it);
  peal_handover_batch_run(&batch, it);
  peal_handover_batch_deinit(&batch, it);
}

/* It has no session any more that could come: nothing is sent there. */
static void on_done(peal_handover *it) {
  it->is_done = true;
  atomic_store(&it->passes, false);
  /* If it cannot be said the other one is gone, which is seen next. */
  (void)!peal_handover_send(it, PEAL_HANDOVER_TAKEN, none, -1);
}

static void hear_giver(peal_handover *it) {
  while (it->takes) {
    peal_err err = peal_handover_reader_next(&it->reader, it->channel, 0);
    if (err == PEAL_ERR_AGAIN)
      return;
    if (err)
      end_taking(it, it->is_done ? "the process before is done"
                                 : "the process before is gone");
    else if (it->reader.type == PEAL_HANDOVER_DONE)
      on_done(it);
    else if (it->reader.type == PEAL_HANDOVER_SESSION ||
             it->reader.type == PEAL_HANDOVER_LINK)
      take_one(it);
  }
}

static void on_channel(peal_watch *watch, unsigned events, void *user) {
  peal_handover *it = user;
  (void)watch;
  (void)events;
  if (it->takes)
    hear_giver(it);
  else
    hear(it);
}

static void count_on(const peal_handover *it) {
  uint64_t counted = 0;
  if (it->reader.body.len == sizeof counted)
    memcpy(&counted, it->reader.body.ptr, sizeof counted);
  it->engine->callbacks->count_on(counted, it->engine->user);
}

/* All that could leave at once goes on together, so that none of them misses
 * what another one says. */
static peal_err take_batch(peal_handover *it, peal_handover_batch *batch) {
  for (;;) {
    peal_err err =
        peal_handover_reader_next(&it->reader, it->channel, PATIENCE_MS);
    if (err)
      return err;
    if (it->reader.type == PEAL_HANDOVER_BATCH) {
      count_on(it);
      return PEAL_OK;
    }
    if (it->reader.type == PEAL_HANDOVER_DONE) {
      on_done(it);
      return PEAL_OK;
    }
    peal_handover_batch_add(batch, it);
  }
}

static void take_over(peal_handover *it) {
  peal_handover_batch batch = {NULL};
  peal_worker *worker = peal_workers_get(it->workers, 0);
  peal_err err = peal_handover_batch_init(&batch, it);
  if (!err)
    err = peal_handover_send(it, PEAL_HANDOVER_READY, none, -1);
  if (!err)
    err = take_batch(it, &batch);
  if (batch.first)
    peal_handover_batch_run(&batch, it);
  peal_handover_batch_deinit(&batch, it);
  if (err || !listen_to(it)) {
    end_taking(it, "the process before is gone");
    return;
  }
  peal_worker_wake(worker);
  peal_wheel_set(&worker->wheel, &it->timer,
                 worker->now_ms + it->limit_ms + PATIENCE_MS);
}

/* -- the run --------------------------------------------------------------- */

/* Behind the functions that the application has registered for the start. */
static void on_run(peal_worker *worker, peal_mail *mail) {
  peal_handover *it = PEAL_LIST_OF(mail, peal_handover, ready_mail);
  bool takes = it->takes;
  it->is_stepping = false;
  if (worker->phase != PEAL_WORKER_RUNNING)
    return;
  open_door(it, takes); /* who comes next finds one of the two at any time */
  if (takes)
    take_over(it);
  peal_notify_ready();
}

static void on_start(peal_worker *worker, void *user) {
  peal_handover *it = user;
  if (peal_worker_index(worker) == 0)
    peal_mail_send(worker, &it->ready_mail);
}

static void on_patience(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_handover *it = PEAL_LIST_OF(timer, peal_handover, timer);
  (void)now_ms;
  if (it->takes)
    end_taking(it, "the process before says nothing more");
  else if (!it->has_asked)
    lose(it, false); /* whoever that is, others wait behind him */
  else if (it->is_done)
    lose(it, true);
  else
    finish(it);
}

static void close_all(peal_handover *it) {
  close_door(it, true);
  hang_up(it);
}

static void on_stop(peal_worker *worker, void *user) {
  peal_handover *it = user;
  peal_handover_home *home = &it->homes[peal_worker_index(worker)];
  home->gives = false;
  peal_wheel_stop(&worker->wheel, &home->timer);
  if (peal_worker_index(worker) != 0)
    return;
  peal_wheel_stop(&worker->wheel, &it->timer);
  end_taking(it, "stopped");
  close_all(it);
}

peal_err peal_handover_begin(peal_handover *handover, peal_engine *engine,
                             uint32_t limit_ms, uint32_t grace_ms) {
  handover->engine = engine;
  handover->limit_ms = limit_ms;
  handover->grace_ms = grace_ms;
  handover->ready_mail.fn = on_run;
  handover->over_mail.fn = on_over;
  handover->settled_mail.fn = on_settled;
  handover->batched_mail.fn = on_batched;
  peal_wheel_timer_init(&handover->timer, on_patience);
  engine->takes_over = true;
  peal_http_give_set_pass(handover->http, peal_handover_send_request, handover);
  atomic_store(&handover->passes, handover->takes);
  for (unsigned i = 0; handover->takes && i < handover->worker_count; i++)
    peal_arrivals_begin(engine->locals[i]);
  peal_err err = peal_workers_on_start(handover->workers, on_start, handover);
  if (!err)
    err = peal_workers_on_stop(handover->workers, on_stop, handover);
  return err;
}

void peal_handover_free(peal_handover *handover) {
  if (!handover)
    return;
  peal_hooks_forget(handover->workers, handover);
  if (handover->has_mutex)
    close_all(handover);
  if (handover->has_mutex)
    uv_mutex_destroy(&handover->sending);
  if (handover->has_barrier)
    uv_barrier_destroy(&handover->together);
  peal_mem_free(handover->mem, handover->homes);
  peal_mem_free(handover->mem, handover->path);
  peal_mem_free(handover->mem, handover);
}

/* -- figures --------------------------------------------------------------- */

const peal_handover_figures *peal_handover_figures_of(
    const peal_handover *handover) {
  return &handover->figures;
}

bool peal_handover_has_taken(const peal_handover *handover) {
  return handover->has_taken;
}
