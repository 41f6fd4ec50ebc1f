/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_missed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/cluster_session.h"
#include "cluster/cluster_sessions_impl.h"
#include "cluster/cluster_streams.h"
#include "proto/cluster_places.h"
#include "proto/names.h"
#include "server/form.h"

/* Entries that are looked at for one client. */
#define SEEN_MAX 100000u
#define MISSED_FIRST 16u

static peal_err command(peal_cluster_missed *it, peal_slice key,
                        const peal_slice *argv, size_t argc, peal_redis_fn fn) {
  peal_cluster *cluster = it->sessions->cluster;
  return cluster->redis && key.ptr
             ? peal_redis_command(cluster->redis, key, argv, argc, fn, it)
             : PEAL_ERR_CLOSED;
}

static bool is_in(const peal_recovery_session *session, peal_slice name) {
  return peal_slice_is(name, session->sid) ||
         (session->room_count &&
          bsearch(&name, session->rooms, session->room_count, sizeof name,
                  peal_recovery_log_compare));
}

static bool is_any_in(const peal_recovery_session *session,
                      peal_names_walk names) {
  for (peal_slice name; peal_names_next(&names, &name);)
    if (is_in(session, name))
      return true;
  return false;
}

static bool is_missed(const peal_cluster_missed *it, const peal_bus_msg *msg) {
  const peal_op *op = &msg->op;
  const peal_recovery_session *session = it->session;
  peal_slice own = {it->nsp->name, it->nsp->name_len};
  if (msg->kind != PEAL_BUS_OP || op->kind != PEAL_OP_EMIT ||
      !peal_slice_eq(msg->nsp, own) || op->to.is_volatile)
    return false;
  peal_names_walk rooms = peal_names_rooms(&op->to);
  return (!peal_names_are_given(&rooms) || is_any_in(session, rooms)) &&
         !is_any_in(session, peal_names_except(&op->to)) &&
         !(op->without && is_in(session, peal_slice_of(op->without)));
}

static bool has_place(peal_cluster_missed *it) {
  const peal_mem *mem = peal_cluster_mem(it->sessions->cluster);
  if (it->count < it->cap)
    return true;
  size_t cap = it->cap ? it->cap * 2 : MISSED_FIRST;
  peal_recovery_item *items =
      peal_mem_resize(mem, it->items, cap * sizeof *items);
  if (!items)
    return false;
  it->items = items;
  it->cap = cap;
  return true;
}

/* As a client of this node gets it, with its offset. */
static peal_message *stamped(const peal_cluster *cluster, const peal_op *op,
                             peal_slice nsp, peal_slice offset) {
  peal_message *text =
      peal_recovery_store_stamp(cluster->server, op->message, offset);
  peal_message *message =
      text ? peal_form_from_bus(cluster->server, nsp, text) : NULL;
  peal_message_unref(text);
  return message;
}

static bool add_missed(peal_cluster_missed *it, const peal_op *op,
                       peal_slice offset) {
  peal_cluster *cluster = it->sessions->cluster;
  peal_slice nsp = {it->nsp->name, it->nsp->name_len};
  peal_message *message =
      has_place(it) ? stamped(cluster, op, nsp, offset) : NULL;
  if (!message)
    return false;
  it->bytes += peal_message_len(message);
  it->items[it->count++] = (peal_recovery_item){
      .message = message, .no_compress = op->to.no_compress};
  return it->bytes <= it->sessions->store.max_missed_bytes;
}

/* False: it cannot come back to all. */
static bool take_entry(peal_cluster_missed *it, const peal_redis_reply *entry) {
  peal_slice id = peal_redis_reply_text_at(entry, 0);
  peal_bus_msg msg = {0};
  bool ok = true;
  if (!peal_cluster_session_text(it->offset, sizeof it->offset, id))
    return false;
  if (peal_cluster_streams_decode(it->sessions->cluster,
                                  peal_redis_reply_at(entry, 1), &msg) &&
      is_missed(it, &msg))
    ok = add_missed(it, &msg.op, id);
  peal_message_unref(msg.op.message);
  return ok;
}

static void read_page(peal_cluster_missed *it);

static bool is_read(const peal_cluster_missed *it, const char *id) {
  peal_cluster_place place;
  return peal_cluster_places_parse(&place, peal_slice_of(id)) &&
         peal_cluster_places_has_passed(&it->sessions->cluster->machine,
                                        it->stream, place);
}

/* As far as this node has read: what is behind that comes by itself. */
static size_t count_read(const peal_cluster_missed *it,
                         const peal_redis_reply *reply) {
  char id[PEAL_RECOVERY_STORE_OFFSET];
  size_t count = 0;
  while (count < reply->count) {
    const peal_redis_reply *entry = peal_redis_reply_at(reply, count);
    if (!peal_cluster_session_text(id, sizeof id,
                                   peal_redis_reply_text_at(entry, 0)) ||
        !is_read(it, id))
      break;
    count++;
  }
  return count;
}

/* Has this node read what did not stand there yet when Redis was asked? */
static bool is_behind(const peal_cluster_missed *it) {
  const peal_cluster_stream *stream =
      &it->sessions->cluster->machine.streams[it->stream];
  peal_cluster_place place;
  return stream->is_known &&
         peal_cluster_places_parse(&place, peal_slice_of(it->offset)) &&
         peal_cluster_places_compare(place, stream->last) < 0;
}

static void on_page(peal_redis *redis, peal_err err,
                    const peal_redis_reply *reply, void *user) {
  peal_cluster_missed *it = user;
  (void)redis;
  if (err == PEAL_ERR_TOO_LONG && it->page > 1)
    it->sessions->page = it->page / 2;
  if (err || reply->kind != PEAL_REDIS_ARRAY ||
      (it->seen += reply->count) > SEEN_MAX) {
    it->done(it, false);
    return;
  }
  size_t count = count_read(it, reply);
  for (size_t i = 0; i < count; i++)
    if (!take_entry(it, peal_redis_reply_at(reply, i))) {
      it->done(it, false);
      return;
    }
  bool has_more = reply->count >= it->page || is_behind(it);
  if (count == reply->count && has_more)
    read_page(it);
  else
    it->done(it, true);
}

static void read_page(peal_cluster_missed *it) {
  peal_cluster *cluster = it->sessions->cluster;
  peal_cluster_place place;
  char from[PEAL_RECOVERY_STORE_OFFSET] = "";
  peal_slice name = peal_cluster_streams_name(cluster, it->stream);
  char most[12];
  bool ok = peal_cluster_places_parse(&place, peal_slice_of(it->offset));
  it->page = it->sessions->page;
  (void)snprintf(most, sizeof most, "%u", it->page);
  (void)snprintf(from, sizeof from, "%llu-%llu", (unsigned long long)place.ms,
                 (unsigned long long)place.n + 1);
  const peal_slice argv[] = {PEAL_S("XRANGE"),    name,
                             peal_slice_of(from), PEAL_S("+"),
                             PEAL_S("COUNT"),     peal_slice_of(most)};
  if (!ok || command(it, name, argv, 6, on_page))
    it->done(it, false);
}

/* Of a place that is no entry's: nothing behind it was ever trimmed. */
static void on_info(peal_redis *redis, peal_err err,
                    const peal_redis_reply *reply, void *user) {
  peal_cluster_missed *it = user;
  peal_cluster_place place, deleted;
  bool ok = false;
  (void)redis;
  for (size_t i = 0; !err && i + 1 < reply->count; i += 2)
    if (peal_slice_is(peal_redis_reply_text_at(reply, i),
                      "max-deleted-entry-id"))
      ok = peal_cluster_places_parse(&place, peal_slice_of(it->offset)) &&
           peal_cluster_places_parse(&deleted,
                                     peal_redis_reply_text_at(reply, i + 1)) &&
           peal_cluster_places_compare(deleted, place) <= 0;
  if (ok)
    read_page(it);
  else
    it->done(it, false);
}

static void on_there(peal_redis *redis, peal_err err,
                     const peal_redis_reply *reply, void *user) {
  peal_cluster_missed *it = user;
  (void)redis;
  if (!err && reply->kind == PEAL_REDIS_ARRAY && reply->count) {
    read_page(it);
    return;
  }
  peal_slice name =
      peal_cluster_streams_name(it->sessions->cluster, it->stream);
  const peal_slice argv[] = {PEAL_S("XINFO"), PEAL_S("STREAM"), name};
  if (err || command(it, name, argv, 3, on_info))
    it->done(it, false);
}

void peal_cluster_missed_read(peal_cluster_missed *it) {
  const peal_recovery_session *session = it->session;
  if (!it->has_offset && !session->since[0]) {
    it->done(it, false);
    return;
  }
  if (!it->has_offset)
    memcpy(it->offset, session->since, sizeof it->offset);
  peal_slice name =
      peal_cluster_streams_name(it->sessions->cluster, it->stream);
  peal_slice at = peal_slice_of(it->offset);
  const peal_slice argv[] = {PEAL_S("XRANGE"), name, at, at};
  if (command(it, name, argv, 4, on_there))
    it->done(it, false);
}

void peal_cluster_missed_drop(peal_cluster_missed *it) {
  for (size_t i = 0; i < it->count; i++)
    peal_message_unref(it->items[i].message);
  it->count = 0;
}
