/* SPDX-License-Identifier: MIT */
#include "engine/away_send.h"

#include <string.h>

#include "base/mem.h"

/* Posts are between threads. */
static const peal_mem *mem_of(const peal_away *away) {
  return away->local->engine->mem;
}

static size_t weight(const peal_away_post *post) {
  return sizeof *post + post->payload.len;
}

static void free_post(peal_away_post *post) {
  const peal_away *away = post->away;
  peal_buf_deinit(&post->payload);
  peal_mem_free(mem_of(away), post);
}

void peal_away_send_end(peal_away_post *post) {
  const peal_away *away = post->away;
  peal_account_worker_release(away->local->account, weight(post));
  free_post(post);
}

size_t peal_away_send_load(const peal_eio_away *msg) {
  size_t load = 64 * msg->packet_count;
  for (size_t i = 0; i < msg->packet_count; i++)
    load += msg->packets[i].data.len;
  return load;
}

static peal_away_post *post_new(peal_away *away, const peal_eio_away *msg,
                                uint64_t number) {
  peal_away_post *post = peal_mem_zalloc(mem_of(away), sizeof *post);
  if (!post)
    return NULL;
  post->bus = away->bus;
  post->from = away->local->worker;
  post->away = away;
  post->number = number;
  post->load = peal_away_send_load(msg);
  post->is_urgent =
      msg->type == PEAL_EIO_AWAY_LOCK || msg->type == PEAL_EIO_AWAY_LOCK_ANSWER;
  peal_buf_init(&post->payload, mem_of(away), 0);
  if (msg->recipient.len == PEAL_EIO_AWAY_NODE)
    memcpy(post->to, msg->recipient.ptr, PEAL_EIO_AWAY_NODE);
  if (msg->sid.len == PEAL_SID_LEN)
    memcpy(post->sid, msg->sid.ptr, PEAL_SID_LEN);
  peal_eio_away_encode(&post->payload, msg);
  return post;
}

peal_err peal_away_send(peal_away *away, peal_eio_away *msg, uint64_t number,
                        void (*done)(peal_away_post *post)) {
  if (!*away->name)
    return PEAL_ERR_CLOSED;
  msg->sender = peal_slice_of(away->name);
  peal_away_post *post = post_new(away, msg, number);
  if (!post)
    return PEAL_ERR_NOMEM;
  peal_err err = post->payload.err;
  if (!err)
    err = peal_account_worker_charge(away->local->account, weight(post));
  if (err) {
    free_post(post);
    return err;
  }
  post->done = done ? done : peal_away_send_end;
  away->bus->send(away->bus, post);
  return PEAL_OK;
}

void peal_away_send_close_to(peal_away *away, peal_slice node, peal_slice sid,
                             const char *reason) {
  peal_eio_away msg = {.type = PEAL_EIO_AWAY_CLOSE,
                       .recipient = node,
                       .sid = sid,
                       .reason = peal_slice_of(reason)};
  /* Who is not told finds out by its own deadlines. */
  (void)!peal_away_send(away, &msg, 0, NULL);
}

void peal_away_send_close(const peal_away_entry *entry, const char *reason) {
  peal_away_send_close_to(entry->away, peal_slice_of(entry->home),
                          peal_slice_of(entry->sid), reason);
}
