/* SPDX-License-Identifier: MIT */
#include "proto/sio_client.h"

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/proto_limits.h"
#include "proto/sio_conn.h"
#include "proto/sio_dial.h"
#include "proto/sio_member.h"
#include "proto/sio_outbox.h"
#include "wire/sio_check.h"

#define NEVER UINT64_MAX

/* -- life -------------------------------------------------------------------------- */

static void init_news(peal_sio_client *client) {
  const struct {
    peal_sio_client_news *news;
    peal_sio_client_event_type type;
  } all[] = {{&client->dial, PEAL_SIO_CLIENT_DIAL},
             {&client->hangup, PEAL_SIO_CLIENT_HANGUP},
             {&client->open, PEAL_SIO_CLIENT_OPEN},
             {&client->failed, PEAL_SIO_CLIENT_ERROR},
             {&client->closed, PEAL_SIO_CLIENT_CLOSED},
             {&client->wait, PEAL_SIO_CLIENT_RECONNECT_WAIT},
             {&client->attempt, PEAL_SIO_CLIENT_RECONNECT_ATTEMPT},
             {&client->again, PEAL_SIO_CLIENT_RECONNECTED},
             {&client->dropped, PEAL_SIO_CLIENT_DROPPED}};

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    peal_sio_client_state_news_init(all[i].news, all[i].type, NULL);
}

static uint32_t jitter_of(uint32_t jitter) {
  if (jitter == UINT32_MAX)
    return 0;
  if (!jitter || jitter > PEAL_BACKOFF_ONE)
    return PEAL_BACKOFF_ONE / 2;
  return jitter;
}

static uint32_t delay_of(uint32_t ms, uint32_t usual) {
  return ms == UINT32_MAX ? 0 : peal_sio_state_or(ms, usual);
}

void peal_sio_client_init(peal_sio_client *client,
                          const peal_sio_client_opts *opts,
                          peal_account *account, uint32_t seed,
                          uint64_t now_ms) {
  *client = (peal_sio_client){
      .opts = opts, .account = account, .now_ms = now_ms, .dice = seed};
  client->backoff = (peal_backoff){.min_ms = delay_of(opts->delay_ms, 1000),
                                   .max_ms = delay_of(opts->delay_max_ms, 5000),
                                   .jitter = jitter_of(opts->jitter)};
  peal_list_init(&client->nsps);
  peal_list_init(&client->sends);
  peal_list_init(&client->news);
  peal_list_init(&client->ages);
  peal_list_init(&client->spare);
  peal_sio_out_ids_init(client);
  init_news(client);
}

static void free_outs(peal_list *list, bool of_news) {
  peal_list *at = list->next;
  while (at != list) {
    peal_sio_client_news *news = PEAL_LIST_OF(at, peal_sio_client_news, at);
    peal_sio_out *out = peal_sio_out_of(at);
    at = at->next;
    if (!of_news || news->type == PEAL_SIO_CLIENT_ACK)
      peal_sio_out_free(out);
  }
}

/* They stand in other lists, too. */
static void free_in_flight(peal_sio_client *client) {
  peal_sio_client_nsp *nsp = NULL;
  while ((nsp = peal_sio_client_nsp_next(client, nsp)))
    if (nsp->in_flight)
      peal_sio_out_free(nsp->in_flight);
}

static void free_spare(peal_sio_client *client) {
  peal_list *node;
  while ((node = peal_list_shift(&client->spare)))
    peal_mem_free(peal_sio_client_state_mem(client), peal_sio_out_of(node));
  client->spare_count = 0;
}

void peal_sio_client_deinit(peal_sio_client *client) {
  peal_sio_client_nsp *nsp = peal_sio_client_nsp_next(client, NULL), *next;
  client->stage = PEAL_SIO_CLIENT_IDLE;
  client->is_lent = false;
  peal_sio_dial_tidy(client);
  free_in_flight(client);
  free_outs(&client->sends, false);
  free_outs(&client->news, true);
  for (; nsp; nsp = next) {
    next = peal_sio_client_nsp_next(client, nsp);
    peal_sio_member_free(nsp);
  }
  free_spare(client);
  peal_sio_out_ids_deinit(client);
  peal_sio_client_state_forget(client, &client->session);
}

void peal_sio_client_lend(peal_sio_client *client) {
  client->is_lent = true;
}

void peal_sio_client_end(peal_sio_client *client) {
  peal_sio_client_nsp *nsp = NULL;
  client->ended = true;
  peal_sio_dial_close(client);
  while ((nsp = peal_sio_client_nsp_next(client, nsp)))
    peal_sio_outbox_end(nsp);
}

/* -- time --------------------------------------------------------------------------- */

void peal_sio_client_tick(peal_sio_client *client, uint64_t now_ms) {
  client->now_ms = now_ms;
  peal_sio_outbox_tick(client);
  peal_sio_dial_tick(client);
}

static uint64_t stage_at(const peal_sio_client *client) {
  switch ((peal_sio_client_stage)client->stage) {
  case PEAL_SIO_CLIENT_IDLE:
    break;
  case PEAL_SIO_CLIENT_DIALLING:
  case PEAL_SIO_CLIENT_WAITING:
    return client->stage_at;
  case PEAL_SIO_CLIENT_ONLINE:
    return peal_sio_conn_deadline(&client->conn);
  }
  return NEVER;
}

uint64_t peal_sio_client_deadline(const peal_sio_client *client) {
  if (!peal_list_is_empty(&client->sends) || !peal_list_is_empty(&client->news))
    return 0;
  uint64_t stage = stage_at(client), due = peal_due_first_ms(&client->due);
  return stage < due ? stage : due;
}

/* -- the connection's fate ------------------------------------------------------------ */

peal_err peal_sio_client_set_session(peal_sio_client *client, peal_slice id) {
  return peal_sio_client_state_keep(client, &client->session, id);
}

peal_err peal_sio_client_opened(peal_sio_client *client, uint64_t now_ms) {
  client->now_ms = now_ms;
  return peal_sio_dial_opened(client);
}

peal_err peal_sio_client_feed(peal_sio_client *client, bool binary,
                              peal_slice data, uint64_t now_ms) {
  client->now_ms = now_ms;
  if (client->stage != PEAL_SIO_CLIENT_ONLINE)
    return PEAL_ERR_USAGE;
  peal_err err = peal_sio_conn_feed(&client->conn, binary, data, now_ms);
  if (client->conn.err)
    peal_sio_dial_break(client, PEAL_CLIENT_PARSE_ERROR, err);
  return err;
}

peal_err peal_sio_client_closed(peal_sio_client *client,
                                peal_client_reason reason, peal_err err,
                                uint64_t now_ms) {
  client->now_ms = now_ms;
  return peal_sio_dial_closed(client, reason, err);
}

/* -- connecting ------------------------------------------------------------------------ */

peal_err peal_sio_client_open(peal_sio_client *client, uint64_t now_ms) {
  client->now_ms = now_ms;
  if (client->ended)
    return PEAL_ERR_CLOSED;
  peal_sio_dial_open(client);
  return PEAL_OK;
}

void peal_sio_client_close(peal_sio_client *client, uint64_t now_ms) {
  client->now_ms = now_ms;
  peal_sio_dial_close(client);
}

bool peal_sio_client_is_active(const peal_sio_client *client) {
  return client->stage != PEAL_SIO_CLIENT_IDLE;
}

bool peal_sio_client_is_open(const peal_sio_client *client) {
  return client->stage == PEAL_SIO_CLIENT_ONLINE;
}

static bool is_name(peal_slice name) {
  return name.len <= PEAL_LIMIT_SIO_NSP_BYTES && peal_sio_check_nsp(name);
}

peal_sio_client_nsp *peal_sio_client_of(peal_sio_client *client,
                                        peal_slice name) {
  peal_sio_client_nsp *nsp = NULL;
  while ((nsp = peal_sio_client_nsp_next(client, nsp)))
    if (peal_slice_eq(peal_sio_client_nsp_name(nsp), name))
      return nsp;
  if (client->ended || !is_name(name))
    return NULL;
  return peal_sio_member_new(client, name);
}

peal_err peal_sio_client_connect(peal_sio_client_nsp *nsp, uint64_t now_ms) {
  peal_sio_client *client = nsp->client;
  client->now_ms = now_ms;
  if (client->ended)
    return PEAL_ERR_CLOSED;
  nsp->wanted = true;
  if (client->stage == PEAL_SIO_CLIENT_ONLINE)
    peal_sio_member_ask(nsp);
  else if (client->stage == PEAL_SIO_CLIENT_IDLE)
    peal_sio_dial_open(client);
  return PEAL_OK;
}

void peal_sio_client_leave(peal_sio_client_nsp *nsp, uint64_t now_ms) {
  peal_sio_client *client = nsp->client;
  client->now_ms = now_ms;
  if (!nsp->wanted)
    return;
  nsp->wanted = false;
  if (!peal_sio_dial_close_if_left(client) && peal_sio_member_leave(nsp, true))
    peal_sio_dial_break(client, PEAL_CLIENT_TRANSPORT_ERROR, PEAL_ERR_NOMEM);
}

/* What to do about an answer that could not be sent. */
static peal_err on_auth_failure(peal_sio_client_nsp *nsp, peal_err err) {
  peal_sio_client *client = nsp->client;
  if (err == PEAL_ERR_DEPTH)
    return err;
  if (err != PEAL_ERR_LIMIT) {
    peal_sio_dial_break(client, PEAL_CLIENT_TRANSPORT_ERROR, err);
    return err;
  }
  nsp->wanted = false;
  peal_sio_member_end(nsp, PEAL_CLIENT_LEFT, PEAL_OK);
  peal_sio_client_state_tell_err(client, &nsp->connect_error, PEAL_CLIENT_LEFT,
                                 err);
  (void)peal_sio_dial_close_if_left(client);
  return err;
}

peal_err peal_sio_client_auth(peal_sio_client_nsp *nsp, uint32_t ask,
                              peal_val auth, uint64_t now_ms) {
  nsp->client->now_ms = now_ms;
  /* A connection that is dead says so by _next. */
  if (nsp->phase != PEAL_SIO_CLIENT_ASKING || ask != nsp->ask ||
      nsp->client->conn.err)
    return PEAL_ERR_CLOSED;
  if (peal_val_is(auth, PEAL_NULL))
    auth = peal_undefined();
  if (!peal_val_is(auth, PEAL_UNDEFINED) && !peal_val_is(auth, PEAL_OBJECT))
    return PEAL_ERR_USAGE;
  peal_err err = peal_sio_member_join(nsp, auth);
  return err ? on_auth_failure(nsp, err) : PEAL_OK;
}

/* -- emitting --------------------------------------------------------------------------- */

peal_err peal_sio_client_send(peal_sio_client_nsp *nsp,
                              const peal_sio_client_emit *emit,
                              uint64_t now_ms) {
  nsp->client->now_ms = now_ms;
  if (nsp->client->ended)
    return PEAL_ERR_CLOSED;
  if (!emit->event.ptr || peal_sio_packet_is_reserved(emit->event))
    return PEAL_ERR_RESERVED;
  return peal_sio_outbox_emit(nsp, emit);
}

peal_err peal_sio_client_ack(peal_sio_client_nsp *nsp, peal_sio_link link,
                             uint64_t id, peal_args args) {
  peal_sio_out *out;
  if (!link || link != nsp->link)
    return PEAL_ERR_CLOSED;
  peal_err err = peal_sio_out_new(&out, nsp);
  if (err)
    return err;
  err = peal_sio_out_encode_ack(out, id, args);
  if (err)
    peal_sio_out_free(out);
  else
    peal_sio_outbox_send(out);
  return err;
}

size_t peal_sio_client_buffered_bytes(const peal_sio_client *client) {
  return client->buffered_bytes;
}

size_t peal_sio_client_sending_bytes(const peal_sio_client *client) {
  return client->sending_bytes;
}
