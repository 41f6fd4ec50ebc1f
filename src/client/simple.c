/* SPDX-License-Identifier: MIT */
/* simple: a client whose calls wait, on top of <peal/client.h>: a thread of its
 * own, an inbox, and a condition for all that changes. */
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include <peal/simple.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "wire/doc.h"

#define OPEN_TIMEOUT_MS 5000u
#define INBOX_EVENTS 10000u
#define INBOX_BYTES (8u << 20)
#define SID_BYTES 64u

typedef struct letter {
  struct letter *next;
  peal_doc *doc;
  size_t bytes;
} letter;

struct peal_simple {
  const peal_mem *mem;
  peal_client *client;
  peal_client_nsp *nsp;
  uv_mutex_t lock; /* of all below */
  uv_cond_t changed;
  letter *first, **last;
  size_t bytes, max_bytes;
  uint32_t count, max_count;
  uint64_t dropped;
  bool drops_newest;
  bool is_connected;
  bool is_over; /* for good */
  bool has_problem;
  bool retries_first;
  peal_client_problem problem; /* the last one */
  char sid[SID_BYTES];
};

/* -- the inbox, under the lock --------------------------------------------- */

static letter *take_first(peal_simple *simple) {
  letter *it = simple->first;
  simple->first = it->next;
  if (!simple->first)
    simple->last = &simple->first;
  simple->count--;
  simple->bytes -= it->bytes;
  return it;
}

static void drop(peal_simple *simple, letter *it) {
  peal_doc_free(it->doc);
  peal_mem_free(simple->mem, it);
  simple->dropped++;
}

static bool is_full_for(const peal_simple *simple, size_t bytes) {
  return simple->count &&
         (simple->count >= simple->max_count || bytes > simple->max_bytes ||
          simple->bytes > simple->max_bytes - bytes);
}

static void put(peal_simple *simple, letter *it) {
  if (simple->drops_newest && is_full_for(simple, it->bytes)) {
    drop(simple, it);
    return;
  }
  while (is_full_for(simple, it->bytes))
    drop(simple, take_first(simple));
  *simple->last = it;
  simple->last = &it->next;
  simple->count++;
  simple->bytes += it->bytes;
}

/* -- on the client's thread ------------------------------------------------ */

static peal_doc *doc_of(const peal_mem *mem, const peal_event *event) {
  peal_args args = peal_event_args(event);
  peal_val *all = peal_mem_alloc(mem, (args.count + 1) * sizeof *all);
  if (!all)
    return NULL;
  all[0] = peal_str_slice(peal_event_name(event));
  if (args.count)
    memcpy(all + 1, args.items, args.count * sizeof *all);
  peal_doc *doc = peal_doc_new(peal_array(all, args.count + 1));
  peal_mem_free(mem, all);
  return doc;
}

static letter *letter_of(const peal_mem *mem, const peal_event *event) {
  letter *it = peal_mem_zalloc(mem, sizeof *it);
  if (!it)
    return NULL;
  it->doc = doc_of(mem, event);
  if (!it->doc) {
    peal_mem_free(mem, it);
    return NULL;
  }
  it->bytes = sizeof *it + peal_doc_bytes(it->doc);
  return it;
}

static void on_any(peal_client_nsp *nsp, const peal_event *event, void *user) {
  peal_simple *simple = user;
  letter *it = letter_of(simple->mem, event);
  (void)nsp;
  (void)peal_ack(event, PEAL_NO_ARGS);
  uv_mutex_lock(&simple->lock);
  if (it)
    put(simple, it);
  else
    simple->dropped++;
  uv_cond_broadcast(&simple->changed);
  uv_mutex_unlock(&simple->lock);
}

static void note(peal_simple *simple, bool is_connected, const char *sid,
                 bool is_over) {
  uv_mutex_lock(&simple->lock);
  simple->is_connected = is_connected;
  simple->is_over = is_over;
  snprintf(simple->sid, sizeof simple->sid, "%s", sid);
  uv_cond_broadcast(&simple->changed);
  uv_mutex_unlock(&simple->lock);
}

static void on_connect(peal_client_nsp *nsp, void *user) {
  note(user, true, peal_client_id(nsp), false);
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  (void)reason;
  (void)err;
  note(user, false, "", !peal_client_is_active(nsp));
}

static void on_connect_error(peal_client_nsp *nsp,
                             const peal_client_problem *problem, void *user) {
  peal_simple *simple = user;
  uv_mutex_lock(&simple->lock);
  simple->problem = *problem;
  simple->problem.data = peal_undefined(); /* it is borrowed */
  simple->has_problem = true;
  uv_mutex_unlock(&simple->lock);
  note(simple, false, "", !peal_client_is_active(nsp));
}

static void on_notice(peal_client *client, const peal_client_notice *notice,
                      void *user) {
  peal_simple *simple = user;
  (void)client;
  if (notice->type == PEAL_CLIENT_RECONNECT_FAILED)
    note(simple, false, "", true);
}

/* -- opening --------------------------------------------------------------- */

static peal_err fail(peal_client_problem *why, peal_err err, const char *text) {
  if (!why)
    return err;
  *why = (peal_client_problem){.err = err};
  snprintf(why->text, sizeof why->text, "%s",
           text ? text : peal_err_message(err));
  return err;
}

static const char *wrong(const peal_simple_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return "an option that this library does not know";
  if (opts->client.worker)
    return "a simple client has a thread of its own, and takes no worker";
  if ((unsigned)opts->inbox_full > PEAL_SIMPLE_DROP_NEWEST)
    return "inbox_full is none of its words";
  return NULL;
}

static void set_limits(peal_simple *simple, const peal_simple_opts *opts) {
  simple->last = &simple->first;
  simple->max_count =
      opts->max_inbox_events ? opts->max_inbox_events : INBOX_EVENTS;
  simple->max_bytes =
      opts->max_inbox_bytes ? opts->max_inbox_bytes : INBOX_BYTES;
  simple->drops_newest = opts->inbox_full == PEAL_SIMPLE_DROP_NEWEST;
  simple->retries_first = opts->retry_first;
}

static peal_err set_handlers(peal_simple *simple, peal_val auth) {
  peal_client_nsp *nsp = peal_client_of(simple->client, NULL);
  if (!nsp)
    return PEAL_ERR_NOMEM;
  simple->nsp = nsp;
  peal_err err = peal_client_set_auth(nsp, auth);
  if (!err)
    err = peal_client_on_any(nsp, on_any, simple);
  if (!err)
    err = peal_client_on_connect(nsp, on_connect, simple);
  if (!err)
    err = peal_client_on_disconnect(nsp, on_disconnect, simple);
  if (!err)
    err = peal_client_on_connect_error(nsp, on_connect_error, simple);
  if (!err)
    err = peal_client_on_notice(simple->client, on_notice, simple);
  return err;
}

static peal_err start(peal_simple *simple, const peal_simple_opts *opts,
                      peal_client_problem *why) {
  peal_client_opts client = opts->client;
  client.no_first_retry = !opts->retry_first;
  peal_err err = peal_client_new(&simple->client, &client, why);
  if (err)
    return err;
  err = set_handlers(simple, opts->auth);
  if (!err)
    err = peal_client_start(simple->client);
  return err ? fail(why, err, NULL) : PEAL_OK;
}

/* How long to wait on; 0: not at all. */
static uint64_t left_ns(uint64_t end_ns) {
  uint64_t now_ns = uv_hrtime();
  return end_ns > now_ns ? end_ns - now_ns : 0;
}

static uint64_t end_of(uint32_t timeout_ms) {
  return timeout_ms == PEAL_OFF ? UINT64_MAX
                                : uv_hrtime() + timeout_ms * UINT64_C(1000000);
}

/* Something may have changed, or the time is over: false. */
static bool wait_once(peal_simple *simple, uint64_t end_ns) {
  if (end_ns == UINT64_MAX) {
    uv_cond_wait(&simple->changed, &simple->lock);
    return true;
  }
  uint64_t ns = left_ns(end_ns);
  return ns && uv_cond_timedwait(&simple->changed, &simple->lock, ns) == 0;
}

static peal_err await_first(peal_simple *simple, uint32_t timeout_ms,
                            peal_client_problem *why) {
  uint64_t end_ns = end_of(timeout_ms ? timeout_ms : OPEN_TIMEOUT_MS);
  bool is_late = false;
  uv_mutex_lock(&simple->lock);
  while (!simple->is_connected && !simple->is_over && !is_late)
    is_late = !wait_once(simple, end_ns);
  bool is_connected = simple->is_connected;
  bool has_problem = simple->has_problem;
  peal_client_problem problem = simple->problem;
  uv_mutex_unlock(&simple->lock);
  if (is_connected)
    return PEAL_OK;
  if (!has_problem)
    return fail(why, is_late ? PEAL_ERR_TIMEOUT : PEAL_ERR_CLOSED, NULL);
  if (why)
    *why = problem;
  return problem.err;
}

static bool open_lock(peal_simple *simple) {
  if (uv_mutex_init(&simple->lock))
    return false;
  if (!uv_cond_init(&simple->changed))
    return true;
  uv_mutex_destroy(&simple->lock);
  return false;
}

peal_err peal_simple_open(peal_simple **out, const peal_simple_opts *opts,
                          peal_client_problem *why) {
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  const char *text = opts ? wrong(opts) : "no options";
  if (text)
    return fail(why, opts ? PEAL_ERR_OPTION : PEAL_ERR_USAGE, text);
  const peal_mem *mem = peal_mem_or_libc(opts->client.mem);
  peal_simple *simple = peal_mem_zalloc(mem, sizeof *simple);
  if (!simple || !open_lock(simple)) {
    peal_mem_free(mem, simple);
    return fail(why, PEAL_ERR_NOMEM, NULL);
  }
  simple->mem = mem;
  set_limits(simple, opts);
  peal_err err = start(simple, opts, why);
  if (!err)
    err = await_first(simple, opts->open_timeout_ms, why);
  if (err)
    peal_simple_close(simple);
  else
    *out = simple;
  return err;
}

void peal_simple_close(peal_simple *simple) {
  if (!simple)
    return;
  peal_client_stop(simple->client);
  peal_client_free(simple->client);
  while (simple->first)
    drop(simple, take_first(simple));
  uv_cond_destroy(&simple->changed);
  uv_mutex_destroy(&simple->lock);
  peal_mem_free(simple->mem, simple);
}

/* -- talking --------------------------------------------------------------- */

/* False: it is over. */
static bool await_connection(peal_simple *simple) {
  uv_mutex_lock(&simple->lock);
  while (!simple->is_connected && !simple->is_over)
    uv_cond_wait(&simple->changed, &simple->lock);
  bool is_connected = simple->is_connected;
  uv_mutex_unlock(&simple->lock);
  return is_connected;
}

peal_err peal_simple_emit(peal_simple *simple, const char *event,
                          peal_args args) {
  if (!simple || !event)
    return PEAL_ERR_USAGE;
  return await_connection(simple) ? peal_client_emit(simple->nsp, event, args)
                                  : PEAL_ERR_CLOSED;
}

peal_err peal_simple_call(peal_simple *simple, const char *event,
                          peal_args args, uint32_t timeout_ms,
                          peal_doc **answer) {
  if (answer)
    *answer = NULL;
  if (!simple || !event)
    return PEAL_ERR_USAGE;
  if (!await_connection(simple))
    return PEAL_ERR_CLOSED;
  return peal_client_call(simple->nsp, event, args, timeout_ms, answer);
}

peal_err peal_simple_receive(peal_simple *simple, uint32_t timeout_ms,
                             peal_doc **out) {
  if (out)
    *out = NULL;
  if (!simple || !out)
    return PEAL_ERR_USAGE;
  uint64_t end_ns = end_of(timeout_ms);
  bool is_late = false;
  uv_mutex_lock(&simple->lock);
  while (!simple->first && !simple->is_over && !is_late)
    is_late = !wait_once(simple, end_ns);
  letter *it = simple->first ? take_first(simple) : NULL;
  bool is_over = simple->is_over;
  uv_mutex_unlock(&simple->lock);
  if (!it)
    return is_over ? PEAL_ERR_CLOSED : PEAL_ERR_TIMEOUT;
  *out = it->doc;
  peal_mem_free(simple->mem, it);
  return PEAL_OK;
}

/* -- asking ---------------------------------------------------------------- */

uint64_t peal_simple_dropped(peal_simple *simple) {
  if (!simple)
    return 0;
  uv_mutex_lock(&simple->lock);
  uint64_t dropped = simple->dropped;
  uv_mutex_unlock(&simple->lock);
  return dropped;
}

const char *peal_simple_sid(peal_simple *simple, char *out, size_t cap) {
  if (!out || !cap)
    return "";
  *out = 0;
  if (!simple)
    return out;
  uv_mutex_lock(&simple->lock);
  snprintf(out, cap, "%s", simple->sid);
  uv_mutex_unlock(&simple->lock);
  return out;
}

const char *peal_simple_transport(peal_simple *simple) {
  if (!simple)
    return "";
  uv_mutex_lock(&simple->lock);
  bool is_connected = simple->is_connected;
  uv_mutex_unlock(&simple->lock);
  return is_connected ? peal_client_transport(simple->client) : "";
}

peal_client_nsp *peal_simple_nsp(peal_simple *simple) {
  return simple ? simple->nsp : NULL;
}
