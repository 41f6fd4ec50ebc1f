/* SPDX-License-Identifier: MIT */
#include "client/outbox_send.h"

#include <string.h>

#include "base/mem.h"

/* -- the link ---------------------------------------------------------------- */

peal_outbox_link *peal_outbox_send_link(peal_outbox *outbox,
                                        peal_client_nsp *nsp) {
  peal_outbox_link *link = peal_mem_zalloc(outbox->mem, sizeof *link);
  if (!link)
    return NULL;
  if (uv_mutex_init_recursive(&link->lock)) {
    peal_mem_free(outbox->mem, link);
    return NULL;
  }
  link->mem = outbox->mem;
  link->outbox = outbox;
  link->nsp = nsp;
  atomic_init(&link->refs, 1);
  return link;
}

void peal_outbox_send_ref(peal_outbox_link *link) {
  atomic_fetch_add(&link->refs, 1);
}

void peal_outbox_send_unref(peal_outbox_link *link) {
  if (atomic_fetch_sub(&link->refs, 1) != 1)
    return;
  uv_mutex_destroy(&link->lock);
  peal_mem_free(link->mem, link);
}

void peal_outbox_send_unlink(peal_outbox_link *link) {
  if (!link)
    return;
  uv_mutex_lock(&link->lock);
  link->outbox = NULL;
  uv_mutex_unlock(&link->lock);
  peal_outbox_send_unref(link);
}

/* -- what comes of an event, on the client's worker ----------------------------- */

static peal_outbox_answer_kind kind_of(const peal_outbox *outbox,
                                       const peal_outbox_flight *flight,
                                       peal_err err, peal_args args) {
  const peal_outbox_opts *opts = &outbox->opts;
  if (err)
    return err == PEAL_ERR_TIMEOUT ? PEAL_OUTBOX_ANSWER_LATE
                                   : PEAL_OUTBOX_ANSWER_LOST;
  peal_slice id = {flight->id, flight->id_len};
  peal_outbox_verdict verdict =
      opts->accept ? opts->accept(id, args, opts->user) : PEAL_OUTBOX_DONE;
  return verdict == PEAL_OUTBOX_AGAIN     ? PEAL_OUTBOX_ANSWER_REFUSED
         : verdict == PEAL_OUTBOX_GIVE_UP ? PEAL_OUTBOX_ANSWER_GIVEN_UP
                                          : PEAL_OUTBOX_ANSWER_DONE;
}

/* The client is being freed, and the outbox was not detached before: nothing is
 * sent there any more. */
static void forget_client(peal_outbox *outbox, peal_outbox_link *link) {
  uv_mutex_lock(&outbox->lock);
  bool is_attached = outbox->link == link;
  if (is_attached) {
    outbox->link = NULL;
    peal_outbox_queue_connect(&outbox->queue, false);
  }
  uv_mutex_unlock(&outbox->lock);
  link->outbox = NULL;
  if (is_attached)
    peal_outbox_send_unref(link); // not the last: an answer has one, too
}

static void push_answer(peal_outbox *outbox, peal_outbox_flight *flight) {
  uv_mutex_lock(&outbox->lock);
  flight->next = NULL;
  if (outbox->last_answer)
    outbox->last_answer->next = flight;
  else
    outbox->first_answer = flight;
  outbox->last_answer = flight;
  uv_cond_signal(&outbox->more);
  uv_mutex_unlock(&outbox->lock);
}

static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  peal_outbox_flight *flight = user;
  peal_outbox_link *link = flight->link;
  uv_mutex_lock(&link->lock);
  flight->link = NULL;
  if (!nsp && link->outbox)
    forget_client(link->outbox, link);
  if (link->outbox)
    flight->kind = kind_of(link->outbox, flight, err, args);
  if (link->outbox) // `accept` may have freed it
    push_answer(link->outbox, flight);
  else
    peal_mem_free(flight->mem, flight);
  uv_mutex_unlock(&link->lock);
  peal_outbox_send_unref(link);
}

/* -- sending ------------------------------------------------------------------- */

static peal_outbox_flight *flight_new(peal_outbox_link *link, uint64_t seq,
                                      peal_slice id) {
  peal_outbox_flight *flight =
      peal_mem_alloc(link->mem, sizeof *flight + id.len);
  if (!flight)
    return NULL;
  *flight = (peal_outbox_flight){
      .link = link, .mem = link->mem, .seq = seq, .id_len = id.len};
  if (id.len)
    memcpy(flight->id, id.ptr, id.len);
  return flight;
}

peal_err peal_outbox_send(peal_outbox_link *link, const peal_outbox_opts *opts,
                          uint64_t seq, const peal_outbox_event *event) {
  peal_outbox_flight *flight = flight_new(link, seq, event->id);
  if (!flight)
    return PEAL_ERR_NOMEM;
  peal_outbox_send_ref(link);
  // the outbox sends again by itself, and knows in which order
  peal_client_how how = {.no_retry = true, .timeout_ms = opts->ack_timeout_ms};
  peal_err err = peal_client_emit_ack_n(link->nsp, &how, event->name,
                                        event->args, on_ack, flight);
  if (!err)
    return PEAL_OK;
  peal_mem_free(link->mem, flight);
  peal_outbox_send_unref(link);
  return err;
}
