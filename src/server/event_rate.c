/* SPDX-License-Identifier: MIT */
#include "server/event_rate.h"

#include "net/worker_impl.h"
#include "server/event_bucket.h"
#include "server/event_error.h"
#include "server/server_limits.h"

#define MILLI 1000u /* parts of a token: what a millisecond brings is small */

/* -- limits ------------------------------------------------------------------------ */

/* Workers read the three apart: for one event they may not belong together. */
peal_err peal_nsp_set_event_rate(peal_nsp *nsp, const peal_event_rate *rate) {
  if (!nsp)
    return PEAL_ERR_USAGE;
  peal_nsp_rate *own = &nsp->rate;
  if (rate) {
    atomic_store_explicit(&own->burst, rate->burst, memory_order_relaxed);
    atomic_store_explicit(&own->policy, rate->policy, memory_order_relaxed);
    atomic_store_explicit(&own->per_s, rate->per_s, memory_order_relaxed);
  }
  atomic_store_explicit(&own->is_set, rate != NULL, memory_order_release);
  peal_server_set_odd(nsp->server, PEAL_ODD_RATE, true);
  return PEAL_OK;
}

/* Its own, or its parent's (parent); NULL: the server's. */
static const peal_nsp_rate *rate_in(const peal_nsp *nsp) {
  for (; nsp; nsp = nsp->child_of)
    if (atomic_load_explicit(&nsp->rate.is_set, memory_order_acquire))
      return &nsp->rate;
  return NULL;
}

static peal_event_rate rate_of(const peal_socket *socket,
                               const peal_event_bucket *bucket) {
  const peal_nsp *nsp = socket->local->nsp;
  if (bucket && bucket->has_own)
    return bucket->own;
  const peal_nsp_rate *of = rate_in(nsp);
  if (!of)
    return nsp->server->opts.event_rate;
  return (peal_event_rate){
      .per_s = atomic_load_explicit(&of->per_s, memory_order_relaxed),
      .burst = atomic_load_explicit(&of->burst, memory_order_relaxed),
      .policy = (peal_rate_policy)atomic_load_explicit(&of->policy,
                                                       memory_order_relaxed)};
}

/* -- buckets ----------------------------------------------------------------------- */

peal_err peal_socket_set_event_rate(peal_socket *socket,
                                    const peal_event_rate *rate) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  peal_event_bucket *bucket;
  if (!socket)
    return PEAL_ERR_USAGE;
  if (socket->state == PEAL_SOCKET_GONE)
    return PEAL_ERR_CLOSED;
  if (!rate && !peal_event_bucket_of(socket))
    return PEAL_OK;
  peal_err err = peal_event_bucket_open(socket, &bucket);
  if (err)
    return err;
  bucket->has_own = rate != NULL;
  bucket->is_new = true;
  if (rate)
    bucket->own = *rate;
  peal_server_set_odd(socket->local->nsp->server, PEAL_ODD_RATE, true);
  return PEAL_OK;
}

static uint64_t full(const peal_event_rate *rate) {
  return (uint64_t)(rate->burst ? rate->burst : rate->per_s) * MILLI;
}

/* A thousandth of `per_s` tokens for each millisecond. */
static void fill(peal_event_bucket *bucket, const peal_event_rate *rate,
                 uint64_t now_ms) {
  uint64_t most = full(rate), span_ms = now_ms - bucket->at_ms;
  bool is_full = bucket->is_new || span_ms > most / rate->per_s;
  bucket->milli = is_full ? most : bucket->milli + span_ms * rate->per_s;
  if (bucket->milli > most)
    bucket->milli = most;
  bucket->at_ms = now_ms;
  bucket->is_new = false;
}

/* -- one too many ------------------------------------------------------------------- */

/* Once for each client in a while, and how many they were. */
static void say(peal_event_bucket *bucket, const peal_socket *socket,
                const peal_event *event) {
  uint64_t now_ms = socket->local->worker->now_ms;
  static const peal_slice none;
  bucket->dropped++;
  if (bucket->log_ms && now_ms - bucket->log_ms < PEAL_LIMIT_RATE_LOG_MS)
    return;
  bucket->log_ms = now_ms;
  peal_logger_write(socket->local->nsp->server->log, PEAL_LOG_WARN, "server",
                    none, peal_slice_of(socket->id),
                    "too many events in %s: %u above the rate, now \"%.*s\"",
                    socket->local->nsp->name, bucket->dropped,
                    (int)(event->name.len < 64 ? event->name.len : 64),
                    event->name.ptr);
  bucket->dropped = 0;
}

/* It cannot pay for a bucket: it is over another limit, and sends no less. */
static void say_poor(const peal_socket *socket, peal_err err) {
  static const peal_slice none;
  peal_figures_add(&peal_figures_of(socket)->rate_limited, 1);
  peal_logger_write(socket->local->nsp->server->log, PEAL_LOG_WARN, "server",
                    none, peal_slice_of(socket->id),
                    "an event in %s was dropped, for its rate cannot be "
                    "measured: %s",
                    socket->local->nsp->name, peal_err_message(err));
}

static void refuse(peal_socket *socket, const peal_event *event,
                   peal_rate_policy policy) {
  switch (policy) {
  case PEAL_RATE_DROP:
    break;
  case PEAL_RATE_ERROR:
    if (peal_event_error_is_heard(socket))
      (void)peal_event_error_tell(socket, event, PEAL_ERR_LIMIT,
                                  "too many events");
    break;
  case PEAL_RATE_DISCONNECT:
    peal_disconnect(socket, true);
    break;
  }
}

bool peal_event_rate_take(peal_socket *socket, const peal_event *event) {
  peal_event_bucket *bucket = peal_event_bucket_of(socket);
  peal_event_rate rate = rate_of(socket, bucket);
  if (!rate.per_s)
    return true;
  peal_err err = peal_event_bucket_open(socket, &bucket);
  if (err) {
    say_poor(socket, err);
    return false;
  }
  fill(bucket, &rate, socket->local->worker->now_ms);
  if (bucket->milli >= MILLI) {
    bucket->milli -= MILLI;
    return true;
  }
  peal_figures_add(&peal_figures_of(socket)->rate_limited, 1);
  say(bucket, socket, event);
  refuse(socket, event, rate.policy);
  return false;
}
