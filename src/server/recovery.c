/* SPDX-License-Identifier: MIT */
#include "server/recovery.h"

#include <string.h>

#include "base/mem.h"
#include "proto/proto_limits.h"
#include "server/form.h"
#include "server/nsp_life.h"
#include "server/server_limits.h"

/* Of a sweep of both, so that it holds nobody up. */
#define SWEPT_AT_ONCE 256u
/* Behind the last sign of life of a client. */
#define SLACK_MS 5000u

uint64_t peal_recovery_now_ms(void) {
  return peal_worker_impl_clock_ms();
}

/* -- sweeping -------------------------------------------------------------------- */

static bool is_empty(const peal_recovery *recovery) {
  return recovery->log.first == recovery->log.next &&
         peal_list_is_empty(&recovery->sessions.oldest);
}

static void on_sweep(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_recovery *it = PEAL_LIST_OF(timer, peal_recovery, timer);
  uint64_t clock_ms = peal_recovery_now_ms();
  peal_lanes_begin(&it->lanes);
  bool more = peal_recovery_log_sweep(&it->log, clock_ms, SWEPT_AT_ONCE);
  more = peal_recovery_sessions_sweep(&it->sessions, clock_ms, SWEPT_AT_ONCE) ||
         more;
  it->is_sweeping = !is_empty(it);
  bool again = it->is_sweeping;
  uv_mutex_unlock(&it->lanes.lock);
  if (again)
    peal_wheel_set(&it->home->wheel, timer,
                   more ? now_ms + 1 : now_ms + it->sweep_ms);
}

/* On the home worker; behind its end nothing is swept any more. */
static void on_start(peal_worker *worker, peal_mail *mail) {
  peal_recovery *it = PEAL_LIST_OF(mail, peal_recovery, start);
  if (!peal_worker_impl_is_ending(worker))
    peal_wheel_set(&worker->wheel, &it->timer, worker->now_ms + it->sweep_ms);
}

void peal_recovery_sweep_later(peal_recovery *recovery) {
  if (recovery->is_sweeping)
    return;
  recovery->is_sweeping = true;
  /* Mail to a worker that has ended would run at once, here. */
  (void)!peal_mail_put(recovery->home, &recovery->start);
}

/* -- life ------------------------------------------------------------------------ */

static uint64_t or_default(uint32_t value, uint32_t otherwise) {
  return value ? value : otherwise;
}

/* A client that is sure to have got all that was emitted before: it answered a
 * ping behind it. */
static uint64_t keep_ms(const peal_server_opts *opts) {
  return opts->recovery.window_ms + or_default(opts->ping_interval_ms, 25000) +
         or_default(opts->ping_timeout_ms, 20000) + SLACK_MS;
}

static uint64_t sweep_ms(uint32_t window_ms) {
  uint64_t ms = window_ms / 8u;
  return ms < 50 ? 50 : ms > 10000 ? 10000 : ms;
}

static void set(peal_recovery *it, peal_server *server) {
  const peal_server_opts *opts = &server->opts;
  size_t max = opts->recovery.max_bytes ? opts->recovery.max_bytes
                                        : PEAL_LIMIT_RECOVERY_BYTES;
  size_t queue =
      opts->max_queue_bytes ? opts->max_queue_bytes : PEAL_LIMIT_QUEUE_BYTES;
  it->run_middlewares = opts->recovery.run_middlewares;
  it->max_missed_bytes = queue / 2;
  it->home = peal_workers_get(server->workers, 0);
  it->sweep_ms = sweep_ms(opts->recovery.window_ms);
  it->start.fn = on_start;
  peal_wheel_timer_init(&it->timer, on_sweep);
  peal_recovery_log_init(&it->log, server->mem, server->load.account,
                         max - max / 4, keep_ms(opts), server->seed);
  peal_recovery_sessions_init(&it->sessions, server->mem, server->load.account,
                              max / 4, opts->recovery.window_ms, server->seed);
  it->sessions.let_go = peal_nsp_life_let_go;
}

peal_err peal_recovery_new(peal_recovery **out, peal_server *server) {
  *out = NULL;
  if (!server->opts.recovery.window_ms)
    return PEAL_OK;
  peal_recovery *it = peal_mem_zalloc(server->mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_lanes_init(&it->lanes, server->workers, server->mem);
  if (err) {
    peal_mem_free(server->mem, it);
    return err;
  }
  set(it, server);
  *out = it;
  return PEAL_OK;
}

void peal_recovery_free(peal_recovery *recovery, const peal_mem *mem) {
  if (!recovery)
    return;
  peal_wheel_stop(&recovery->home->wheel, &recovery->timer);
  peal_recovery_log_deinit(&recovery->log);
  peal_recovery_sessions_deinit(&recovery->sessions);
  peal_lanes_deinit(&recovery->lanes);
  peal_mem_free(mem, recovery);
}

/* -- another process's ------------------------------------------------------------- */

/* Sessions that follow later may have got a few more. */
#define GAP (UINT64_C(1) << 24)

uint64_t peal_recovery_counted(peal_recovery *recovery) {
  uv_mutex_lock(&recovery->lanes.lock);
  uint64_t head = peal_recovery_log_head(&recovery->log);
  uv_mutex_unlock(&recovery->lanes.lock);
  return head;
}

void peal_recovery_count_on(peal_recovery *recovery, uint64_t counted) {
  uv_mutex_lock(&recovery->lanes.lock);
  peal_recovery_log_skip(&recovery->log, counted + GAP);
  uv_mutex_unlock(&recovery->lanes.lock);
}

/* -- offsets --------------------------------------------------------------------- */

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void peal_recovery_offset_put(char out[PEAL_RECOVERY_OFFSET_BYTES],
                              uint64_t number) {
  for (unsigned i = PEAL_RECOVERY_OFFSET_BYTES; i--; number >>= 6)
    out[i] = digits[number & 63];
}

bool peal_recovery_offset_get(peal_slice text, uint64_t *number) {
  *number = 0;
  if (text.len != PEAL_RECOVERY_OFFSET_BYTES)
    return false;
  for (size_t i = 0; i < text.len; i++) {
    const char *digit =
        text.ptr[i] ? memchr(digits, text.ptr[i], sizeof digits - 1) : NULL;
    if (!digit)
      return false;
    *number = *number << 6 | (uint64_t)(digit - digits);
  }
  return true;
}

/* -- emitting -------------------------------------------------------------------- */

#define PLACE ",\"" PEAL_FORM_PLACE "\"]"

void peal_recovery_make_place(peal_buf *text) {
  if (text->err)
    return;
  text->len--; /* the array's end */
  peal_buf_add(text, PEAL_S(PLACE));
}

static peal_slice name_of(const peal_nsp *nsp) {
  return (peal_slice){nsp->name, nsp->name_len};
}

peal_message *peal_recovery_copy(const peal_nsp *nsp, peal_message *message) {
  return peal_form_stamp(nsp->server, name_of(nsp), message,
                         PEAL_S(PEAL_FORM_PLACE));
}

/* Who made the place has seen to it that it can be found. */
static void write_offset(const peal_nsp *nsp, peal_message *message,
                         uint64_t number) {
  char offset[PEAL_RECOVERY_OFFSET_BYTES];
  size_t at = peal_form_place(nsp->server, name_of(nsp), message);
  peal_recovery_offset_put(offset, number);
  if (at != SIZE_MAX)
    peal_message_patch(message, at, (peal_slice){offset, sizeof offset});
}

void peal_recovery_number(peal_recovery *recovery, const peal_nsp *nsp,
                          const peal_op *op, uint64_t key, const char *also) {
  write_offset(nsp, op->message, recovery->log.next);
  peal_recovery_log_add(&recovery->log, nsp, op, key, also,
                        peal_recovery_now_ms());
  peal_recovery_sweep_later(recovery);
}
