/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <peal/kit_calls.h>

#include "kit/kit_call_request.h"
#include "kit/kit_curl.h"

enum {
  MAX_PAUSE_MS = 8000, /* of our own doubling */
  FIRST_STATUS_OK = 200,
  LAST_STATUS_OK = 299,
  FIRST_BYTES = 4096,    /* of what is kept */
  REFUSAL_BYTES = 65536, /* of an answer that nobody reads */
};

typedef enum call_state {
  WAITING, /* behind others */
  TRYING,  /* libcurl has it */
  PAUSING, /* before another try */
  OVER,    /* cancelled inside of libcurl: ends when that has returned */
  ENDING   /* on_end is on the stack */
} call_state;

struct peal_kit_call {
  peal_kit_calls *calls;
  peal_kit_call *next, **link; /* in one of the two lists */
  call_state state;
  peal_timer *timer; /* of the stall, or of the pause */
  CURL *easy;
  peal_kit_call_request request;
  peal_kit_call_opts opts; /* without what the caller lends */
  peal_kit_call_end end;
  /* Of this try, in bytes. */
  uint64_t refused;  /* of an answer that nobody reads */
  uint64_t up, down; /* sent, received */
  char *whole;       /* what is kept, as much as end.bytes */
  size_t whole_cap;
  uint64_t looked_at; /* of both, when the stall was looked at last */
  bool is_stalled, is_too_long, is_out_of_memory;
};

typedef struct call_list {
  peal_kit_call *first, **end;
} call_list;

struct peal_kit_calls {
  peal_worker *worker;
  peal_kit_curl *curl;
  peal_timer *pump; /* begins what waits */
  char *user_agent, *ca_file;
  uint32_t max_running, max_waiting, connect_ms;
  call_list running, waiting;
  peal_kit_calls_stats stats;
  unsigned depth; /* of callbacks on the stack */
  bool is_closing;
};

/* ---- lists ------------------------------------------------------------------- */

static void list_push(call_list *list, peal_kit_call *call) {
  call->next = NULL;
  call->link = list->end;
  *list->end = call;
  list->end = &call->next;
}

static void list_take(call_list *list, peal_kit_call *call) {
  *call->link = call->next;
  if (call->next != NULL)
    call->next->link = call->link;
  else
    list->end = call->link;
}

/* ---- one call ------------------------------------------------------------------ */

static void call_free(peal_kit_call *call) {
  if (call == NULL)
    return;
  peal_timer_free(call->timer);
  if (call->easy != NULL)
    curl_easy_cleanup(call->easy);
  peal_kit_call_request_deinit(&call->request);
  free(call->whole);
  free(call);
}

/* Out of its list and of libcurl. */
static void part(peal_kit_call *call) {
  peal_kit_calls *calls = call->calls;
  if (call->state == WAITING) {
    list_take(&calls->waiting, call);
    calls->stats.waiting--;
    return;
  }
  if (call->state == TRYING)
    peal_kit_curl_remove(calls->curl, call->easy);
  list_take(&calls->running, call);
  calls->stats.running--;
  peal_timer_start(calls->pump, 0, 0);
}

/* The end, by a word of its own. */
static void finish(peal_kit_call *call, peal_err err, const char *message) {
  peal_kit_calls *calls = call->calls;
  part(call);
  call->state = ENDING;
  call->end.err = err;
  call->end.message = message;
  if (err == PEAL_OK && call->opts.is_whole)
    call->end.whole = (peal_slice){call->whole, (size_t)call->end.bytes};
  if (err == PEAL_OK)
    calls->stats.done++;
  else
    calls->stats.failed++;
  if (call->opts.on_end != NULL) {
    calls->depth++;
    call->opts.on_end(call, &call->end, call->opts.user);
    calls->depth--;
  }
  call_free(call);
}

/* ---- what libcurl says ---------------------------------------------------------- */

static int status_of(peal_kit_call *call) {
  long status = 0;
  curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
  return (int)status;
}

static bool is_fine(int status) {
  return status >= FIRST_STATUS_OK && status <= LAST_STATUS_OK;
}

static bool keep(peal_kit_call *call, peal_slice piece) {
  size_t len = (size_t)call->end.bytes, need = len + piece.len;
  if (need > call->whole_cap) {
    size_t cap = call->whole_cap > 0 ? call->whole_cap * 2 : FIRST_BYTES;
    cap = cap < need ? need : cap;
    char *longer = realloc(call->whole, cap);
    if (longer == NULL)
      return false;
    call->whole = longer;
    call->whole_cap = cap;
  }
  memcpy(call->whole + len, piece.ptr, piece.len);
  return true;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *user) {
  peal_kit_call *call = user;
  peal_kit_calls *calls = call->calls;
  size_t len = size * count;
  if (call->state == OVER)
    return 0;
  call->down += len;
  if (!is_fine(status_of(call))) {
    call->refused += len;
    return call->refused > REFUSAL_BYTES ? 0 : len;
  }
  if (len > call->opts.max_bytes - call->end.bytes) {
    call->is_too_long = true;
    return 0;
  }
  if (call->opts.is_whole && len > 0 && !keep(call, (peal_slice){bytes, len})) {
    call->is_out_of_memory = true;
    return 0;
  }
  call->end.bytes += len;
  if (!call->opts.is_whole && call->opts.on_piece != NULL && len > 0) {
    calls->depth++;
    call->opts.on_piece(call, (peal_slice){bytes, len}, call->opts.user);
    calls->depth--;
  }
  return call->state == OVER ? 0 : len;
}

static int on_progress(void *user, curl_off_t down_all, curl_off_t down,
                       curl_off_t up_all, curl_off_t up) {
  peal_kit_call *call = user;
  (void)down_all, (void)down, (void)up_all;
  call->up = (uint64_t)up;
  return call->state == OVER ? 1 : 0;
}

/* ---- words ----------------------------------------------------------------------- */

static peal_err err_of_status(int status, const char **words) {
  if (is_fine(status)) {
    *words = "done";
    return PEAL_OK;
  }
  *words = status == 401 || status == 403 ? "the key was refused"
           : status == 404                ? "there is nothing at this address"
           : status == 429                ? "too many requests"
           : status >= 500                ? "the service failed"
                                          : "the request was refused";
  return PEAL_ERR_REFUSED;
}

static peal_err err_of_connection(CURLcode code, const char **words) {
  switch ((int)code) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
    *words = "there is no such host";
    return PEAL_ERR_HOST;
  case CURLE_COULDNT_CONNECT:
    *words = "no connection could be made";
    return PEAL_ERR_CONNECT;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
    *words = "the certificate is not believed";
    return PEAL_ERR_CERT;
  case CURLE_SSL_CONNECT_ERROR:
    *words = "no encryption could be agreed on";
    return PEAL_ERR_TLS_PEER;
  case CURLE_OPERATION_TIMEDOUT:
    *words = "there was no answer in time";
    return PEAL_ERR_TIMEOUT;
  case CURLE_OUT_OF_MEMORY:
    *words = "memory is out";
    return PEAL_ERR_NOMEM;
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_HTTP2:
    *words = "what answers speaks no HTTP";
    return PEAL_ERR_ANSWER;
  default:
    *words = "the connection broke off";
    return PEAL_ERR_CLOSED;
  }
}

static peal_err err_of(const peal_kit_call *call, CURLcode code,
                       const char **words) {
  if (call->is_too_long) {
    *words = "the answer is too long";
    return PEAL_ERR_TOO_LONG;
  }
  if (call->is_out_of_memory) {
    *words = "memory is out";
    return PEAL_ERR_NOMEM;
  }
  if (call->is_stalled) {
    *words = "the answer came to a halt";
    return PEAL_ERR_TIMEOUT;
  }
  // that the rest of a refusal was not read does not matter
  if (code == CURLE_OK || (call->end.status > 0 && !is_fine(call->end.status)))
    return err_of_status(call->end.status, words);
  return err_of_connection(code, words);
}

/* Does it pass by itself? */
static bool is_passing(peal_err err, int status) {
  switch ((int)err) {
  case PEAL_ERR_REFUSED:
    return status == 429 || (status >= 500 && status != 501);
  case PEAL_ERR_HOST:
  case PEAL_ERR_CONNECT:
  case PEAL_ERR_TIMEOUT:
  case PEAL_ERR_CLOSED:
    return true;
  default:
    return false;
  }
}

/* ---- tries ------------------------------------------------------------------------ */

/* Between half and all of `ms`, so that calls that failed together do not come
 * back together. */
static uint32_t jitter(uint32_t ms) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t dice = (uint64_t)now.tv_nsec * 0x9E3779B97F4A7C15u;
  return ms / 2 + (uint32_t)((dice >> 33) % (ms / 2 + 1));
}

static uint32_t pause_of(const peal_kit_call *call) {
  uint64_t ms = call->opts.backoff_ms;
  for (uint32_t i = 1; i < call->end.tries && ms < MAX_PAUSE_MS; i++)
    ms *= 2;
  uint32_t own = jitter(ms < MAX_PAUSE_MS ? (uint32_t)ms : MAX_PAUSE_MS);
  uint32_t asked = call->end.retry_after_ms;
  return own > asked ? own : asked;
}

static void ended(peal_kit_call *call, CURLcode code) {
  const char *words;
  curl_off_t retry_s = 0;
  call->end.status = status_of(call);
  curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_s);
  call->end.retry_after_ms =
      retry_s > UINT32_MAX / 1000 ? UINT32_MAX : (uint32_t)retry_s * 1000;
  peal_err err = err_of(call, code, &words);
  call->state = PAUSING;
  if (call->opts.is_whole && err != PEAL_OK)
    call->end.bytes = 0; // nobody has seen it
  if (!is_passing(err, call->end.status) || call->end.bytes > 0 ||
      call->end.tries > call->opts.retries ||
      call->end.retry_after_ms > call->opts.max_retry_after_ms) {
    finish(call, err, words);
    return;
  }
  call->calls->stats.retries++;
  peal_timer_start(call->timer, pause_of(call), 0);
}

static void try_it(peal_kit_call *call) {
  call->end.tries++;
  call->end.status = 0;
  call->refused = call->up = call->down = call->looked_at = 0;
  call->is_stalled = false;
  if (!peal_kit_curl_add(call->calls->curl, call->easy)) {
    call->state = PAUSING;
    finish(call, PEAL_ERR_NOMEM, "memory is out");
    return;
  }
  call->state = TRYING;
  peal_timer_start(call->timer, call->opts.stall_ms, 0);
}

/* ---- all of them -------------------------------------------------------------------- */

static void free_now(peal_kit_calls *calls) {
  peal_kit_curl_free(calls->curl);
  peal_timer_free(calls->pump);
  free(calls->user_agent);
  free(calls->ca_file);
  free(calls);
}

static void end_all(peal_kit_calls *calls) {
  for (;;) {
    peal_kit_call *call = calls->running.first != NULL ? calls->running.first
                                                       : calls->waiting.first;
    if (call == NULL)
      return;
    finish(call, PEAL_ERR_CANCELLED, "cancelled");
  }
}

/* At the end of every callback of the worker's: what could not be done inside
 * of libcurl or of a callback of ours is done now. `calls` may be gone. */
static void settle(peal_kit_calls *calls) {
  if (calls->depth > 0 || peal_kit_curl_is_inside(calls->curl))
    return;
  for (peal_kit_call *call = calls->running.first, *next; call != NULL;
       call = next) {
    next = call->next;
    if (call->state != OVER)
      continue;
    call->state = TRYING;
    part(call);
    call_free(call);
  }
  if (calls->is_closing) {
    end_all(calls);
    free_now(calls);
  }
}

static bool is_slow(peal_kit_call *call) {
  uint64_t moved = call->up + call->down;
  bool is_quick = moved - call->looked_at >= call->opts.stall_bytes;
  call->looked_at = moved;
  return !is_quick;
}

static void on_call_time(peal_timer *timer, void *user) {
  peal_kit_call *call = user;
  peal_kit_calls *calls = call->calls;
  if (call->state == PAUSING) {
    try_it(call);
  } else if (!is_slow(call)) {
    peal_timer_start(timer, call->opts.stall_ms, 0);
  } else {
    call->is_stalled = true;
    peal_kit_curl_remove(calls->curl, call->easy);
    ended(call, CURLE_OPERATION_TIMEDOUT);
  }
  settle(calls);
}

static void on_done(CURL *easy, CURLcode code, void *user) {
  peal_kit_call *call = NULL;
  (void)user;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
  // one that was cancelled is freed behind this
  if (call->state != OVER)
    ended(call, code);
}

static void on_rest(void *user) {
  settle(user);
}

static void on_pump(peal_timer *timer, void *user) {
  peal_kit_calls *calls = user;
  (void)timer;
  while (!calls->is_closing && calls->waiting.first != NULL &&
         calls->stats.running < calls->max_running) {
    peal_kit_call *call = calls->waiting.first;
    list_take(&calls->waiting, call);
    calls->stats.waiting--;
    list_push(&calls->running, call);
    calls->stats.running++;
    try_it(call);
  }
  settle(calls);
}

/* ---- asking --------------------------------------------------------------------------- */

static void set_defaults(peal_kit_call_opts *opts) {
  opts->stall_ms = opts->stall_ms > 0 ? opts->stall_ms : 30000;
  opts->stall_bytes = opts->stall_bytes > 0 ? opts->stall_bytes : 1;
  opts->retries = opts->retries == PEAL_OFF ? 0
                  : opts->retries > 0       ? opts->retries
                                            : 2;
  opts->backoff_ms = opts->backoff_ms > 0 ? opts->backoff_ms : 500;
  opts->max_retry_after_ms =
      opts->max_retry_after_ms > 0 ? opts->max_retry_after_ms : 30000;
  opts->max_bytes = opts->max_bytes > 0 ? opts->max_bytes : 1 << 20;
}

static bool set_up(peal_kit_call *call) {
  const peal_kit_calls *calls = call->calls;
  CURL *easy = call->easy;
  bool is_set = true;
#define SET(option, value)                                                     \
  is_set = curl_easy_setopt(easy, option, value) == CURLE_OK && is_set
  SET(CURLOPT_URL, call->request.url);
  SET(CURLOPT_PRIVATE, call);
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
  // a redirect would carry body and key to an address nobody configured
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  if (calls->ca_file != NULL)
    SET(CURLOPT_CAINFO, calls->ca_file);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_HTTPHEADER, call->request.headers);
  SET(CURLOPT_USERAGENT, calls->user_agent);
  if (call->request.body_len > 0 || strcmp(call->request.method, "POST") == 0) {
    SET(CURLOPT_POSTFIELDS, call->request.body);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->request.body_len);
  }
  if (strcmp(call->request.method, "HEAD") == 0)
    SET(CURLOPT_NOBODY, 1L);
  else if (strcmp(call->request.method, "GET") != 0 ||
           call->request.body_len > 0)
    SET(CURLOPT_CUSTOMREQUEST, call->request.method);
  SET(CURLOPT_CONNECTTIMEOUT_MS, (long)calls->connect_ms);
  SET(CURLOPT_TIMEOUT_MS, (long)call->opts.timeout_ms);
  SET(CURLOPT_WRITEFUNCTION, on_bytes);
  SET(CURLOPT_WRITEDATA, call);
  SET(CURLOPT_NOPROGRESS, 0L);
  SET(CURLOPT_XFERINFOFUNCTION, on_progress);
  SET(CURLOPT_XFERINFODATA, call);
#undef SET
  return is_set;
}

static peal_kit_call *call_new(peal_kit_calls *calls,
                               const peal_kit_call_opts *opts) {
  peal_kit_call *call = calloc(1, sizeof *call);
  if (call == NULL)
    return NULL;
  call->calls = calls;
  call->opts = *opts;
  call->opts.url = call->opts.method = NULL;
  call->opts.headers = NULL;
  call->opts.body = (peal_slice){0};
  set_defaults(&call->opts);
  call->timer = peal_timer_new(calls->worker, on_call_time, call);
  call->easy = curl_easy_init();
  if (call->timer != NULL && call->easy != NULL &&
      peal_kit_call_request_init(&call->request, opts) && set_up(call))
    return call;
  call_free(call);
  return NULL;
}

peal_err peal_kit_call_start(peal_kit_calls *calls,
                             const peal_kit_call_opts *opts,
                             peal_kit_call **out) {
  if (out != NULL)
    *out = NULL;
  if (calls == NULL || opts == NULL || !peal_kit_call_request_is_good(opts))
    return PEAL_ERR_USAGE;
  if (calls->is_closing)
    return PEAL_ERR_CLOSED;
  if (calls->stats.waiting >= calls->max_waiting)
    return PEAL_ERR_QUEUE_FULL;
  peal_kit_call *call = call_new(calls, opts);
  if (call == NULL)
    return PEAL_ERR_NOMEM;
  list_push(&calls->waiting, call);
  calls->stats.waiting++;
  peal_timer_start(calls->pump, 0, 0);
  if (out != NULL)
    *out = call;
  return PEAL_OK;
}

void peal_kit_call_cancel(peal_kit_call *call) {
  if (call == NULL || call->state == OVER || call->state == ENDING)
    return;
  peal_kit_calls *calls = call->calls;
  // inside of libcurl nothing may be taken out
  if (call->state == TRYING && peal_kit_curl_is_inside(calls->curl)) {
    peal_timer_stop(call->timer);
    call->state = OVER;
    return;
  }
  part(call);
  call_free(call);
}

/* ---- life ------------------------------------------------------------------------------- */

peal_kit_calls *peal_kit_calls_new(peal_worker *worker,
                                   const peal_kit_calls_opts *opts) {
  static const peal_kit_calls_opts none = {0};
  opts = opts != NULL ? opts : &none;
  peal_kit_calls *calls = worker != NULL ? calloc(1, sizeof *calls) : NULL;
  if (calls == NULL)
    return NULL;
  *calls = (peal_kit_calls){
      .worker = worker,
      .max_running = opts->max_running > 0 ? opts->max_running : 16,
      .max_waiting = opts->max_waiting > 0 ? opts->max_waiting : 256,
      .connect_ms = opts->connect_ms > 0 ? opts->connect_ms : 5000};
  calls->running.end = &calls->running.first;
  calls->waiting.end = &calls->waiting.first;
  calls->user_agent = strdup(opts->user_agent != NULL ? opts->user_agent
                                                      : "peal/" PEAL_VERSION);
  calls->ca_file = opts->ca_file != NULL ? strdup(opts->ca_file) : NULL;
  calls->pump = peal_timer_new(worker, on_pump, calls);
  calls->curl = peal_kit_curl_new(worker, on_done, on_rest, calls);
  if (calls->user_agent != NULL && calls->pump != NULL && calls->curl != NULL &&
      (opts->ca_file == NULL || calls->ca_file != NULL))
    return calls;
  free_now(calls);
  return NULL;
}

void peal_kit_calls_free(peal_kit_calls *calls) {
  if (calls == NULL || calls->is_closing)
    return;
  calls->is_closing = true;
  settle(calls);
}

void peal_kit_calls_stats_get(const peal_kit_calls *calls,
                              peal_kit_calls_stats *out) {
  *out = calls->stats;
}
