/* SPDX-License-Identifier: MIT */
#include "proto/sio_out.h"

#include "base/err_site.h"
#include "base/mem.h"
#include "base/mem_cache.h"
#include "proto/proto_limits.h"
#include "proto/role.h"
#include "proto/sio_form.h"

#define FEW_PARTS 16u
#define KEPT_SLOTS 256u
#define PART_COST 64u /* of each part of a message, with its share of it */

/* -- records ---------------------------------------------------------------------- */

peal_sio_out *peal_sio_out_of(peal_list *node) {
  return PEAL_LIST_OF(node, peal_sio_out, news.at);
}

static peal_sio_out *take_spare(peal_sio_client *client) {
  peal_list *node = peal_list_shift(&client->spare);
  if (!node)
    return NULL;
  client->spare_count--;
  return peal_sio_out_of(node);
}

peal_err peal_sio_out_new(peal_sio_out **out, peal_sio_client_nsp *nsp) {
  peal_sio_client *client = nsp->client;
  const peal_mem *mem = peal_sio_client_state_mem(client);
  peal_err err = peal_sio_client_state_charge(client, sizeof **out);
  *out = NULL;
  if (err)
    return err;
  *out = take_spare(client);
  if (!*out)
    *out = peal_mem_alloc(mem, sizeof **out);
  if (!*out) {
    peal_sio_client_state_release(client, sizeof **out);
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  **out = (peal_sio_out){.cost = sizeof **out};
  peal_sio_client_state_news_init(&(*out)->news, PEAL_SIO_CLIENT_ACK, nsp);
  peal_list_init(&(*out)->age);
  return PEAL_OK;
}

static void drop_message(peal_sio_out *out) {
  peal_message_unref(out->message);
  peal_sio_client_state_release(out->news.nsp->client, out->message_cost);
  out->cost -= out->message_cost;
  out->message_cost = 0;
  out->message = NULL;
}

void peal_sio_out_free(peal_sio_out *out) {
  peal_sio_client *client = out->news.nsp->client;
  peal_sio_out_uncount(out);
  peal_sio_out_forget(out);
  peal_sio_out_leave(out);
  drop_message(out);
  peal_sio_client_state_release(client, out->cost);
  if (client->spare_count < PEAL_LIMIT_SIO_SPARE &&
      !PEAL_MEM_CACHE_PASS_THROUGH) {
    peal_list_push(&client->spare, &out->news.at);
    client->spare_count++;
    return;
  }
  peal_mem_free(peal_sio_client_state_mem(client), out);
}

/* -- messages ---------------------------------------------------------------------- */

peal_err peal_sio_out_set(peal_sio_out *out, peal_message *message) {
  size_t cost =
      peal_message_len(message) + peal_message_count(message) * PART_COST;
  peal_err err = peal_sio_client_state_charge(out->news.nsp->client, cost);
  if (err) {
    peal_message_unref(message);
    return err;
  }
  out->message = message;
  out->message_cost = cost;
  out->cost += cost;
  return PEAL_OK;
}

/* The text and a copy of each attachment; NULL if memory is out. */
static peal_message *message_of(const peal_mem *mem, peal_slice text,
                                peal_args args, size_t count) {
  peal_slice few[FEW_PARTS];
  peal_slice *attachments = few;
  if (count > FEW_PARTS)
    attachments = peal_mem_alloc(mem, count * sizeof *attachments);
  if (!attachments)
    return NULL;
  (void)peal_sio_packet_binaries(args, attachments, count);
  peal_message *message = peal_message_new(text, attachments, count, mem);
  if (attachments != few)
    peal_mem_free(mem, attachments);
  return message;
}

static peal_err finish(peal_sio_out *out, peal_buf *text, peal_args args,
                       size_t attachments) {
  peal_err err = text->err;
  peal_message *message = NULL;
  if (!err && attachments > PEAL_LIMIT_SIO_BINARIES)
    err = PEAL_FAIL(PEAL_ERR_LIMIT);
  if (!err) {
    message = message_of(text->mem, peal_buf_slice(text), args, attachments);
    err = message ? peal_sio_out_set(out, message) : PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  peal_buf_deinit(text);
  return err;
}

static peal_slice name_of(const peal_sio_out *out) {
  return (peal_slice){out->news.nsp->name, out->news.nsp->name_len};
}

static peal_buf buf_for(const peal_sio_out *out) {
  peal_buf buf;
  peal_buf_init(&buf, peal_sio_client_state_mem(out->news.nsp->client), 0);
  return buf;
}

/* Of another parser than the default one. `event` without a ptr: an ACK. */
static peal_err encode_form(peal_sio_out *out, const peal_parser *parser,
                            peal_slice event, peal_args args,
                            const uint64_t *id) {
  peal_buf scratch = buf_for(out);
  peal_message *message = NULL;
  peal_err err = peal_sio_form_event(&message, parser, &scratch,
                                     (peal_sio_form_owner){.mem = scratch.mem},
                                     name_of(out), event, args, id);
  peal_buf_deinit(&scratch);
  return err ? err : peal_sio_out_set(out, message);
}

static const peal_parser *parser_of(const peal_sio_out *out) {
  return PEAL_ROLE_PARSER(&out->news.nsp->client->opts->conn);
}

peal_err peal_sio_out_encode_event(peal_sio_out *out, peal_slice event,
                                   peal_args args) {
  size_t attachments = 0;
  const uint64_t *id = out->has_id ? &out->id : NULL;
  if (parser_of(out))
    return encode_form(out, parser_of(out), event, args, id);
  peal_buf text = buf_for(out);
  peal_sio_packet_encode_event(&text, name_of(out), event, args, id,
                               &attachments);
  return finish(out, &text, args, attachments);
}

peal_err peal_sio_out_encode_ack(peal_sio_out *out, uint64_t id,
                                 peal_args args) {
  size_t attachments = 0;
  if (parser_of(out))
    return encode_form(out, parser_of(out), (peal_slice){NULL, 0}, args, &id);
  peal_buf text = buf_for(out);
  peal_sio_packet_encode_ack(&text, name_of(out), id, args, &attachments);
  return finish(out, &text, args, attachments);
}

peal_message *peal_sio_out_give(peal_sio_out *out) {
  peal_message *message = out->message;
  if (out->is_retry)
    return peal_message_ref(message);
  out->message = NULL;
  drop_message(out);
  return message;
}

/* -- ids ----------------------------------------------------------------------------- */

/* Ids of one namespace are numbered one by one, so they spread by themselves;
 * no peer chooses them. */
static uint32_t slot_of(const peal_sio_client *client,
                        const peal_sio_client_nsp *nsp, uint64_t id) {
  uint32_t hash = (uint32_t)id + nsp->salt;
  return hash & (client->id_slots - 1);
}

static void put(peal_sio_client *client, peal_sio_out *out) {
  uint32_t slot = slot_of(client, out->news.nsp, out->id);
  out->same_place = client->ids[slot];
  client->ids[slot] = out;
}

static void free_table(peal_sio_client *client, peal_sio_out **ids,
                       uint32_t count) {
  if (ids == client->few_ids)
    return;
  peal_sio_client_state_release(client, count * sizeof(peal_sio_out *));
  peal_mem_free(peal_sio_client_state_mem(client), ids);
}

void peal_sio_out_ids_init(peal_sio_client *client) {
  client->ids = client->few_ids;
  client->id_slots = PEAL_SIO_CLIENT_FEW_IDS;
}

/* Without memory for a larger table the old one serves, only slower. */
static void grow(peal_sio_client *client) {
  const peal_mem *mem = peal_sio_client_state_mem(client);
  peal_sio_out **old = client->ids;
  uint32_t count = client->id_slots, doubled = count * 2;
  size_t bytes = doubled * sizeof(peal_sio_out *);
  if (count > UINT32_MAX / 4 || peal_sio_client_state_charge(client, bytes))
    return;
  peal_sio_out **ids = peal_mem_zalloc(mem, bytes);
  if (!ids) {
    peal_sio_client_state_release(client, bytes);
    return;
  }
  client->ids = ids;
  client->id_slots = doubled;
  for (uint32_t i = 0; i < count; i++)
    for (peal_sio_out *out = old[i], *next; out; out = next) {
      next = out->same_place;
      put(client, out);
    }
  free_table(client, old, count);
}

/* An empty table. What was needed once for many goes back. */
static void shrink(peal_sio_client *client) {
  free_table(client, client->ids, client->id_slots);
  peal_sio_out_ids_init(client);
}

void peal_sio_out_ids_deinit(peal_sio_client *client) {
  shrink(client);
}

void peal_sio_out_remember(peal_sio_out *out) {
  peal_sio_client *client = out->news.nsp->client;
  if (out->is_known)
    return;
  if (client->id_count >= client->id_slots)
    grow(client);
  put(client, out);
  client->id_count++;
  out->is_known = true;
}

peal_sio_out *peal_sio_out_find(const peal_sio_client_nsp *nsp, uint64_t id) {
  peal_sio_out *out = nsp->client->ids[slot_of(nsp->client, nsp, id)];
  while (out && (out->id != id || out->news.nsp != nsp))
    out = out->same_place;
  return out;
}

static void remove_id(peal_sio_client *client, peal_sio_out *out) {
  peal_sio_out **at = &client->ids[slot_of(client, out->news.nsp, out->id)];
  while (*at != out)
    at = &(*at)->same_place;
  *at = out->same_place;
  out->is_known = false;
  if (!--client->id_count && client->id_slots > KEPT_SLOTS)
    shrink(client);
}

/* -- its end -------------------------------------------------------------------------- */

void peal_sio_out_arm(peal_sio_out *out) {
  peal_sio_client *client = out->news.nsp->client;
  if (out->timeout_ms && !out->due.is_in)
    peal_due_add(&client->due, &out->due,
                 peal_sio_client_state_at(client, out->timeout_ms));
}

void peal_sio_out_forget(peal_sio_out *out) {
  peal_sio_client *client = out->news.nsp->client;
  peal_due_remove(&client->due, &out->due);
  if (out->is_known)
    remove_id(client, out);
}

void peal_sio_out_end(peal_sio_out *out, peal_err err) {
  peal_sio_client *client = out->news.nsp->client;
  if (!out->fn) {
    peal_sio_out_free(out);
    return;
  }
  peal_sio_out_uncount(out);
  peal_sio_out_forget(out);
  peal_sio_out_leave(out);
  drop_message(out);
  out->news.err = (int16_t)err;
  peal_sio_client_state_tell(client, &out->news);
}

void peal_sio_out_leave(peal_sio_out *out) {
  peal_list_remove(&out->age);
  peal_list_remove(&out->news.at);
  if (out->is_sending)
    out->news.nsp->client->sending_bytes -= out->message_cost;
  out->is_sending = false;
}

/* -- what waits ------------------------------------------------------------------------ */

void peal_sio_out_count(peal_sio_out *out) {
  peal_sio_client *client = out->news.nsp->client;
  out->is_counted = true;
  client->buffered_bytes += out->cost;
  client->buffered_count++;
}

void peal_sio_out_uncount(peal_sio_out *out) {
  peal_sio_client *client = out->news.nsp->client;
  if (!out->is_counted)
    return;
  out->is_counted = false;
  client->buffered_bytes -= out->cost;
  client->buffered_count--;
}
