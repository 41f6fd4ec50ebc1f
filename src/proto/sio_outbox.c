/* SPDX-License-Identifier: MIT */
#include "proto/sio_outbox.h"

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/proto_limits.h"

static bool is_retry(const peal_sio_out *out) {
  return PEAL_ROLE_HAS_RETRIES && out->is_retry;
}

/* -- sending ------------------------------------------------------------------------ */

void peal_sio_outbox_send(peal_sio_out *out) {
  peal_sio_client *client = out->news.nsp->client;
  peal_sio_out_leave(out);
  out->link = out->news.nsp->link;
  if (out->has_id)
    peal_sio_out_remember(out);
  if (is_retry(out))
    peal_sio_out_arm(out); /* the time of each try; of others it runs already */
  else
    peal_sio_out_uncount(out);
  out->is_sending = true;
  client->sending_bytes += out->message_cost;
  peal_list_push(&client->sends, &out->news.at);
}

/* The one in flight again, or the next of the queue. */
static void try_next(peal_sio_client_nsp *nsp) {
  if (!PEAL_ROLE_HAS_RETRIES)
    return;
  if (!nsp->in_flight && !peal_list_is_empty(&nsp->retries))
    nsp->in_flight = peal_sio_out_of(nsp->retries.next);
  if (!nsp->in_flight)
    return;
  nsp->in_flight->tries++;
  peal_sio_outbox_send(nsp->in_flight);
}

/* Strictly one after the other. */
static void drain(peal_sio_client_nsp *nsp) {
  if (nsp->phase == PEAL_SIO_CLIENT_IN && !nsp->in_flight)
    try_next(nsp);
}

static void send_buffer(peal_sio_client_nsp *nsp) {
  while (!peal_list_is_empty(&nsp->buffer))
    peal_sio_outbox_send(peal_sio_out_of(nsp->buffer.next));
}

void peal_sio_outbox_flush(peal_sio_client_nsp *nsp) {
  send_buffer(nsp);
  try_next(nsp); /* one that was in flight when the connection went, too */
}

/* -- waiting ------------------------------------------------------------------------ */

static bool has_room(const peal_sio_client *client, size_t cost) {
  size_t max = client->opts->max_buffer_bytes;
  uint32_t count = client->opts->max_buffer_events;
  if (!max)
    max = PEAL_LIMIT_SIO_BUFFER_BYTES;
  return cost <= max && client->buffered_bytes <= max - cost &&
         (!count || client->buffered_count < count);
}

static void drop(peal_sio_client *client, peal_sio_out *out) {
  peal_sio_out_end(out, PEAL_ERR_QUEUE_FULL);
  client->dropped.number++;
  peal_sio_client_state_tell(client, &client->dropped);
}

static peal_err make_room(peal_sio_client *client, size_t cost) {
  size_t max = client->opts->max_buffer_bytes;
  if (cost > (max ? max : PEAL_LIMIT_SIO_BUFFER_BYTES))
    return PEAL_FAIL(PEAL_ERR_QUEUE_FULL); /* and drop nothing for it */
  while (!has_room(client, cost)) {
    if (!client->opts->drop_oldest || peal_list_is_empty(&client->ages))
      return PEAL_FAIL(PEAL_ERR_QUEUE_FULL);
    drop(client, PEAL_LIST_OF(client->ages.next, peal_sio_out, age));
  }
  return PEAL_OK;
}

static peal_err wait(peal_sio_out *out, peal_list *list) {
  peal_sio_client *client = out->news.nsp->client;
  peal_err err = make_room(client, out->cost);
  if (err)
    return err;
  peal_sio_out_count(out);
  peal_list_push(&client->ages, &out->age);
  peal_list_push(list, &out->news.at);
  return PEAL_OK;
}

/* -- emitting ----------------------------------------------------------------------- */

static uint32_t timeout_of(const peal_sio_client *client,
                           const peal_sio_client_emit *emit) {
  uint32_t ms =
      emit->timeout_ms ? emit->timeout_ms : client->opts->ack_timeout_ms;
  return ms == UINT32_MAX ? 0 : ms;
}

static peal_err make(peal_sio_out **made, peal_sio_client_nsp *nsp,
                     const peal_sio_client_emit *emit) {
  peal_sio_out *out;
  peal_err err = peal_sio_out_new(&out, nsp);
  *made = out;
  if (err)
    return err;
  out->is_event = true;
  out->is_volatile = emit->is_volatile;
  out->is_retry = PEAL_ROLE_HAS_RETRIES && nsp->client->opts->retries &&
                  !emit->is_volatile && !emit->no_retry;
  out->no_compress = emit->no_compress;
  out->has_id = emit->fn || is_retry(out);
  out->id = nsp->next_id;
  err = peal_sio_out_encode_event(out, emit->event, emit->args);
  if (err) {
    peal_sio_out_free(out);
    return err;
  }
  out->fn = emit->fn;
  out->user = emit->user;
  out->timeout_ms = out->has_id ? timeout_of(nsp->client, emit) : 0;
  return PEAL_OK;
}

/* One that is dropped before it was made. */
static peal_err drop_volatile(peal_sio_client_nsp *nsp,
                              const peal_sio_client_emit *emit) {
  peal_sio_out *out;
  if (!emit->fn)
    return PEAL_OK;
  peal_err err = peal_sio_out_new(&out, nsp);
  if (err)
    return err;
  out->fn = emit->fn;
  out->user = emit->user;
  peal_sio_out_end(out, PEAL_ERR_CLOSED);
  return PEAL_OK;
}

/* Would a volatile event leave at once? It need not keep its place. */
static bool takes_volatile(const peal_sio_client_nsp *nsp,
                           const peal_sio_client_emit *emit) {
  return emit->flow == PEAL_SIO_CLIENT_FLOWS &&
         (nsp->phase == PEAL_SIO_CLIENT_IN ||
          nsp->phase == PEAL_SIO_CLIENT_OPENING);
}

static peal_err dispatch(peal_sio_out *out, bool takes) {
  peal_sio_client_nsp *nsp = out->news.nsp;
  peal_err err = PEAL_OK;
  if (is_retry(out)) {
    err = wait(out, &nsp->retries);
    if (!err && takes)
      drain(nsp);
    return err;
  }
  if (!takes)
    err = wait(out, &nsp->buffer);
  if (err)
    return err;
  peal_sio_out_arm(out);
  if (takes && !out->is_volatile)
    send_buffer(nsp); /* first: nothing overtakes what waits */
  if (takes)
    peal_sio_outbox_send(out);
  return PEAL_OK;
}

peal_err peal_sio_outbox_emit(peal_sio_client_nsp *nsp,
                              const peal_sio_client_emit *emit) {
  peal_sio_out *out;
  bool takes =
      nsp->phase == PEAL_SIO_CLIENT_IN && emit->flow != PEAL_SIO_CLIENT_STALE;
  if (emit->is_volatile) {
    takes = takes_volatile(nsp, emit);
    if (!takes)
      return drop_volatile(nsp, emit);
  }
  peal_err err = make(&out, nsp, emit);
  if (err)
    return err;
  bool has_id = out->has_id;
  err = dispatch(out, takes);
  if (err)
    peal_sio_out_free(out);
  else if (has_id)
    nsp->next_id++;
  return err;
}

/* -- what becomes of it ---------------------------------------------------------------- */

/* The membership that it was sent in, or was to be sent in, is over. */
static void settle(peal_sio_out *out) {
  peal_sio_client_nsp *nsp = out->news.nsp;
  if (!is_retry(out)) {
    peal_sio_out_end(out, PEAL_ERR_CLOSED);
    return;
  }
  peal_sio_out_forget(out);
  peal_sio_out_leave(out);
  out->was_sent = false;
  if (out->tries <= nsp->client->opts->retries && !nsp->client->ended)
    return; /* it stays in flight and is sent with the next connection */
  nsp->in_flight = NULL;
  peal_sio_out_end(out, PEAL_ERR_CLOSED);
}

bool peal_sio_outbox_next(peal_sio_client *client,
                          peal_sio_client_event *event) {
  if (peal_list_is_empty(&client->sends))
    return false;
  peal_sio_out *out = peal_sio_out_of(client->sends.next);
  peal_sio_client_nsp *nsp = out->news.nsp;
  peal_sio_out_leave(out);
  event->type = PEAL_SIO_CLIENT_SEND;
  event->nsp = nsp;
  event->no_compress = out->no_compress;
  event->message = peal_sio_out_give(out);
  if (out->link != nsp->link) { /* left in the meantime: no answer comes */
    settle(out);
  } else if (out->has_id) {
    out->was_sent = true;
    peal_list_push(&nsp->awaited, &out->news.at);
  } else {
    peal_sio_out_free(out);
  }
  return true;
}

bool peal_sio_outbox_acked(peal_sio_client_nsp *nsp,
                           const peal_sio_packet *packet,
                           peal_sio_client_event *event) {
  peal_sio_out *out = peal_sio_out_find(nsp, packet->id);
  if (!out || !out->was_sent)
    return false; /* too late, or nobody has asked */
  event->type = PEAL_SIO_CLIENT_ACK;
  event->err = PEAL_OK;
  event->nsp = nsp;
  event->fn = out->fn;
  event->user = out->user;
  event->packet = *packet;
  if (nsp->in_flight == out)
    nsp->in_flight = NULL;
  peal_sio_out_free(out);
  drain(nsp);
  return event->fn != NULL;
}

void peal_sio_outbox_part(peal_sio_client_nsp *nsp) {
  while (!peal_list_is_empty(&nsp->awaited))
    settle(peal_sio_out_of(nsp->awaited.next));
}

/* Before all that waits. */
static void wait_again(peal_sio_out *out) {
  peal_sio_client *client = out->news.nsp->client;
  peal_sio_out_leave(out);
  peal_sio_out_count(out);
  peal_list_push(client->ages.next, &out->age);
  peal_list_push(out->news.nsp->buffer.next, &out->news.at);
}

void peal_sio_outbox_cut(peal_sio_client *client) {
  while (!peal_list_is_empty(&client->sends)) {
    peal_sio_out *out = peal_sio_out_of(client->sends.prev);
    if (out->is_event && !out->is_volatile && !is_retry(out))
      wait_again(out);
    else
      settle(out);
  }
}

static void time_out(peal_sio_out *out) {
  peal_sio_client_nsp *nsp = out->news.nsp;
  peal_due_remove(&nsp->client->due, &out->due);
  if (!is_retry(out)) {
    peal_sio_out_end(out, PEAL_ERR_TIMEOUT);
  } else if (out->tries > nsp->client->opts->retries) {
    nsp->in_flight = NULL;
    peal_sio_out_end(out, PEAL_ERR_TIMEOUT);
    drain(nsp);
  } else if (out->is_sending) {
    peal_sio_out_arm(out); /* nobody has taken it yet: no try */
  } else {
    try_next(nsp);
  }
}

void peal_sio_outbox_tick(peal_sio_client *client) {
  while (peal_due_first_ms(&client->due) <= client->now_ms)
    time_out(PEAL_LIST_OF(client->due.first, peal_sio_out, due));
}

/* -- its end ------------------------------------------------------------------------- */

static void end_all(peal_list *list) {
  while (!peal_list_is_empty(list))
    peal_sio_out_end(peal_sio_out_of(list->next), PEAL_ERR_CLOSED);
}

void peal_sio_outbox_end(peal_sio_client_nsp *nsp) {
  end_all(&nsp->buffer);
  /* One that is about to be sent ends behind that. */
  if (PEAL_ROLE_HAS_RETRIES && nsp->in_flight && !nsp->in_flight->is_sending)
    settle(nsp->in_flight);
  end_all(&nsp->retries);
}
