/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/cluster_streams.h"
#include "net/worker_impl.h"
#include "proto/cluster_places.h"
#include "proto/names.h"
#include "proto/proto_limits.h"
#include "server/recovery.h"
#include "server/recovery_store.h"
#include "server/server_limits.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/msgpack.h"

#define KEY_PREFIX "sio:session:"
#define PAGE_ENTRIES 500u
#define PAGE "500"
#define PAGES_MAX 200u
#define MISSED_FIRST 16u

struct peal_cluster_sessions {
  peal_recovery_store store; /* first: a server knows it by this */
  peal_cluster *cluster;
  peal_list asking; /* answers that are waited for */
};

static peal_cluster_sessions *of(peal_recovery_store *store) {
  return (peal_cluster_sessions *)store;
}

/* -- a session as bytes -------------------------------------------------------------- */

static void put_text(peal_buf *out, const char *key, peal_slice text) {
  peal_msgpack_add_str(out, peal_slice_of(key));
  peal_msgpack_add_str(out, text);
}

/* The application's value, {} if there is none. */
static peal_err put_data(peal_buf *out, peal_slice json, peal_arena *arena) {
  peal_val data = peal_object(NULL, 0);
  peal_err err =
      json.ptr ? peal_json_decode(&data, json, arena, NULL) : PEAL_OK;
  peal_msgpack_add_str(out, PEAL_S("data"));
  if (!err)
    peal_msgpack_encode(out, data, PEAL_MSGPACK_PLAIN);
  return err;
}

static peal_err encode(peal_buf *out, const peal_recovery_session *session,
                       peal_arena *arena) {
  peal_buf_reset(out);
  peal_msgpack_add_map(out, session->since[0] ? 5 : 4);
  put_text(out, "sid", peal_slice_of(session->sid));
  put_text(out, "pid", peal_slice_of(session->pid));
  peal_msgpack_add_str(out, PEAL_S("rooms"));
  peal_msgpack_add_array(out, session->room_count + 1);
  peal_msgpack_add_str(out, peal_slice_of(session->sid));
  for (size_t i = 0; i < session->room_count; i++)
    peal_msgpack_add_str(out, session->rooms[i]);
  peal_err err = put_data(out, session->data, arena);
  if (session->since[0])
    put_text(out, "since", peal_slice_of(session->since));
  return err ? err : out->err;
}

static bool copy_text(char *out, size_t size, peal_slice text) {
  if (!text.len || text.len >= size || memchr(text.ptr, 0, text.len))
    return false;
  memcpy(out, text.ptr, text.len);
  out[text.len] = 0;
  return true;
}

static size_t bytes_of(peal_val rooms) {
  size_t bytes = 0;
  for (size_t i = 0; i < rooms.len; i++)
    bytes += peal_val_str(peal_val_at(rooms, i)).len;
  return bytes;
}

/* Rooms that are names, without its own. */
static void take_rooms(peal_recovery_session *session, peal_val rooms) {
  char *at = peal_recovery_sessions_names(session);
  size_t count = 0;
  for (size_t i = 0; i < rooms.len; i++) {
    peal_slice name = peal_val_str(peal_val_at(rooms, i));
    if (!name.ptr || peal_slice_is(name, session->sid))
      continue;
    if (name.len)
      memcpy(at, name.ptr, name.len);
    session->rooms[count++] = (peal_slice){at, name.len};
    at += name.len;
  }
  session->room_count = count;
  if (count)
    qsort(session->rooms, count, sizeof *session->rooms,
          peal_recovery_log_compare);
}

static peal_recovery_session *session_of(peal_cluster_sessions *it,
                                         peal_val map, peal_slice json) {
  peal_val rooms = peal_val_get(map, "rooms");
  if (!peal_val_is(rooms, PEAL_ARRAY) || rooms.len > PEAL_LIMIT_ROOMS)
    return NULL;
  peal_recovery_session *session = peal_recovery_sessions_new(
      &it->store.sessions, rooms.len, bytes_of(rooms), json);
  if (!session)
    return NULL;
  if (copy_text(session->sid, sizeof session->sid,
                peal_val_str(peal_val_get(map, "sid"))) &&
      copy_text(session->pid, sizeof session->pid,
                peal_val_str(peal_val_get(map, "pid")))) {
    (void)copy_text(session->since, sizeof session->since,
                    peal_val_str(peal_val_get(map, "since")));
    take_rooms(session, rooms);
    return session;
  }
  peal_recovery_sessions_drop(&it->store.sessions, session);
  return NULL;
}

/* From what Redis had: somebody else may have written it. */
static peal_recovery_session *decode(peal_cluster_sessions *it,
                                     peal_slice text) {
  peal_cluster *cluster = it->cluster;
  peal_arena *arena = &cluster->decoded;
  peal_recovery_session *session = NULL;
  size_t len = 0;
  peal_val map;
  peal_buf json;
  peal_arena_reset(arena);
  char *bytes = peal_arena_alloc(arena, peal_base64_decode_max(text.len) + 1);
  if (!bytes || peal_base64_decode(bytes, &len, text) ||
      peal_msgpack_decode(&map, (peal_slice){bytes, len}, arena) ||
      !peal_val_is(map, PEAL_OBJECT))
    return NULL;
  peal_val data = peal_val_get(map, "data");
  bool has_data = peal_val_is(data, PEAL_OBJECT) && data.len;
  peal_buf_init(&json, peal_cluster_mem(cluster), 0);
  if (has_data)
    peal_json_encode(&json, data, NULL);
  if (!json.err)
    session =
        session_of(it, map, has_data ? peal_buf_slice(&json) : (peal_slice){0});
  peal_buf_deinit(&json);
  return session;
}

/* -- keeping one --------------------------------------------------------------------- */

/* The key of a session's word, in the cluster's scratch. */
static peal_slice key_of(peal_cluster *cluster, peal_slice pid) {
  peal_buf_reset(&cluster->channel);
  peal_buf_add(&cluster->channel, PEAL_S(KEY_PREFIX));
  peal_buf_add(&cluster->channel, pid);
  return cluster->channel.err ? (peal_slice){0}
                              : peal_buf_slice(&cluster->channel);
}

typedef struct saving {
  peal_cluster_sessions *sessions;
  peal_recovery_session *session;
} saving;

/* Redis is away: it waits here, until its time is over; one that is connected is
 * saved anew. */
static void wait_here(peal_cluster_sessions *it,
                      peal_recovery_session *session) {
  if (session->is_live || session->is_over)
    peal_recovery_sessions_drop(&it->store.sessions, session);
  else
    peal_recovery_sessions_save(&it->store.sessions, session);
}

static void on_saved(peal_redis *redis, peal_err err,
                     const peal_redis_reply *reply, void *user) {
  saving one = *(saving *)user;
  (void)redis;
  (void)reply;
  peal_mem_free(peal_cluster_mem(one.sessions->cluster), user);
  if (err == PEAL_ERR_CLOSED || err == PEAL_ERR_TIMEOUT)
    wait_here(one.sessions, one.session);
  else
    peal_recovery_sessions_drop(&one.sessions->store.sessions, one.session);
}

/* One that is connected is saved again before that. */
static uint64_t left_of(const peal_cluster_sessions *it,
                        const peal_recovery_session *session) {
  uint64_t now = peal_recovery_now_ms();
  uint64_t end = session->left_ms + it->store.sessions.window_ms +
                 (session->is_live ? it->store.live_ms : 0);
  return end > now ? end - now : 0;
}

static peal_err forget(peal_cluster_sessions *it, saving *one) {
  peal_cluster *cluster = it->cluster;
  peal_slice key = key_of(cluster, peal_slice_of(one->session->pid));
  const peal_slice argv[] = {PEAL_S("DEL"), key};
  return peal_redis_command(cluster->redis, key, argv, 2, on_saved, one);
}

static peal_err set(peal_cluster_sessions *it, saving *one) {
  peal_cluster *cluster = it->cluster;
  peal_buf text;
  char ms[24];
  uint64_t left_ms = left_of(it, one->session);
  peal_arena_reset(&cluster->decoded);
  peal_err err = encode(&cluster->payload, one->session, &cluster->decoded);
  if (err || !left_ms)
    return err ? err : PEAL_ERR_OPTION;
  peal_buf_init(&text, peal_cluster_mem(cluster), 0);
  peal_base64_encode(&text, peal_buf_slice(&cluster->payload));
  (void)snprintf(ms, sizeof ms, "%llu", (unsigned long long)left_ms);
  peal_slice key = key_of(cluster, peal_slice_of(one->session->pid));
  const peal_slice argv[] = {PEAL_S("SET"),         key,
                             peal_buf_slice(&text), PEAL_S("PX"),
                             peal_slice_of(ms),     PEAL_S("XX")};
  /* Whoever has taken it meanwhile is somewhere else. */
  size_t argc = one->session->is_live && !one->session->is_first ? 6 : 5;
  err = text.err ? text.err
                 : peal_redis_command(cluster->redis, key, argv, argc, on_saved,
                                      one);
  peal_buf_deinit(&text);
  return err;
}

static void save_now(peal_cluster_sessions *it,
                     peal_recovery_session *session) {
  const peal_mem *mem = peal_cluster_mem(it->cluster);
  saving *one = it->cluster->redis ? peal_mem_alloc(mem, sizeof *one) : NULL;
  if (!one) {
    wait_here(it, session);
    return;
  }
  *one = (saving){it, session};
  peal_err err = session->is_over ? forget(it, one) : set(it, one);
  if (!err)
    return;
  peal_mem_free(mem, one);
  if (err == PEAL_ERR_CLOSED || err == PEAL_ERR_QUEUE_FULL)
    wait_here(it, session);
  else
    peal_recovery_sessions_drop(&it->store.sessions, session);
}

void peal_cluster_sessions_up(peal_cluster *cluster) {
  peal_cluster_sessions *it = cluster->sessions;
  if (!it)
    return;
  for (unsigned i = 0; i < cluster->server->worker_count; i++)
    peal_live_sessions_again(&cluster->server->locals[i].live);
  peal_list waiting;
  peal_list_init(&waiting);
  peal_list_move(&waiting, &it->store.sessions.oldest);
  while (!peal_list_is_empty(&waiting)) {
    peal_recovery_session *session =
        PEAL_LIST_OF(waiting.next, peal_recovery_session, node);
    peal_recovery_sessions_take(&it->store.sessions, session);
    save_now(it, session);
  }
}

/* -- the ways to worker 0 ------------------------------------------------------------- */

typedef struct save_mail {
  peal_mail mail;
  peal_cluster_sessions *sessions;
  peal_recovery_session *session;
} save_mail;

/* A stream that this socket has had nothing of: from where it was read first. */
static void complete(peal_cluster_sessions *it,
                     peal_recovery_session *session) {
  peal_cluster *cluster = it->cluster;
  const peal_nsp *nsp = session->scope;
  unsigned stream = peal_cluster_places_stream(
      &cluster->machine, (peal_slice){nsp->name, nsp->name_len});
  if (!session->since[0])
    memcpy(session->since, cluster->begins[stream], sizeof session->since);
}

static void on_save(peal_worker *worker, peal_mail *mail) {
  save_mail it = *(save_mail *)mail;
  (void)worker;
  peal_mem_free(peal_cluster_mem(it.sessions->cluster), mail);
  complete(it.sessions, it.session);
  save_now(it.sessions, it.session);
}

static void save(peal_recovery_store *store, peal_recovery_session *session) {
  peal_cluster_sessions *it = of(store);
  save_mail *mail = peal_mem_alloc(peal_cluster_mem(it->cluster), sizeof *mail);
  if (!mail) {
    peal_recovery_sessions_drop(&store->sessions, session);
    return;
  }
  *mail = (save_mail){{NULL, on_save}, it, session};
  peal_worker_impl_send(it->cluster->worker, &mail->mail);
}

/* -- taking one ------------------------------------------------------------------------ */

/* A question, its answers one after the other, and the way home. */
typedef struct taking {
  peal_mail mail; /* to worker 0, and home */
  peal_list node;
  peal_cluster_sessions *sessions;
  peal_recovery_asker *asker;
  const peal_nsp *nsp;
  char pid[PEAL_RECOVERY_PID_BYTES];
  char offset[PEAL_RECOVERY_STORE_OFFSET]; /* behind which it goes on */
  bool has_offset;
  unsigned stream;
  unsigned pages;
  size_t bytes; /* of what was missed */
  size_t cap;
  peal_recovery_found found;
} taking;

static void forget_missed(taking *it) {
  for (size_t i = 0; i < it->found.count; i++)
    peal_message_unref(it->found.items[i].message);
  it->found.count = 0;
}

static void on_home(peal_worker *worker, peal_mail *mail) {
  taking *it = PEAL_LIST_OF(mail, taking, mail);
  const peal_mem *mem = peal_cluster_mem(it->sessions->cluster);
  (void)worker;
  it->asker->done(it->asker, &it->found);
  peal_mem_free(mem, it->found.items);
  peal_mem_free(mem, it);
}

/* In the same mailbox as what runs from now on, and behind what has run; what
 * runs here does so at once. */
static void go_home(taking *it) {
  peal_worker *home = it->asker->home;
  peal_list_remove(&it->node);
  it->mail = (peal_mail){NULL, on_home};
  if (home == it->sessions->cluster->worker && home == peal_worker_self())
    on_home(home, &it->mail);
  else
    peal_worker_impl_send(home, &it->mail);
}

static void fail(taking *it) {
  forget_missed(it);
  peal_recovery_sessions_drop(&it->sessions->store.sessions, it->found.session);
  it->found.session = NULL;
  go_home(it);
}

static peal_err command(taking *it, peal_slice key, const peal_slice *argv,
                        size_t argc, peal_redis_fn fn) {
  peal_cluster *cluster = it->sessions->cluster;
  return cluster->redis && key.ptr
             ? peal_redis_command(cluster->redis, key, argv, argc, fn, it)
             : PEAL_ERR_CLOSED;
}

/* -- what was missed -------------------------------------------------------------------- */

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

static bool is_missed(const taking *it, const peal_bus_msg *msg) {
  const peal_op *op = &msg->op;
  const peal_recovery_session *session = it->found.session;
  peal_slice own = {it->nsp->name, it->nsp->name_len};
  if (msg->kind != PEAL_BUS_OP || op->kind != PEAL_OP_EMIT ||
      !peal_slice_eq(msg->nsp, own) || op->to.is_volatile)
    return false;
  peal_names_walk rooms = peal_names_rooms(&op->to);
  return (!peal_names_are_given(&rooms) || is_any_in(session, rooms)) &&
         !is_any_in(session, peal_names_except(&op->to)) &&
         !(op->without && is_in(session, peal_slice_of(op->without)));
}

static bool has_place(taking *it) {
  const peal_mem *mem = peal_cluster_mem(it->sessions->cluster);
  if (it->found.count < it->cap)
    return true;
  size_t cap = it->cap ? it->cap * 2 : MISSED_FIRST;
  peal_recovery_item *items =
      peal_mem_resize(mem, it->found.items, cap * sizeof *items);
  if (!items)
    return false;
  it->found.items = items;
  it->cap = cap;
  return true;
}

static bool add_missed(taking *it, const peal_op *op, peal_slice offset) {
  peal_cluster *cluster = it->sessions->cluster;
  peal_message *message =
      has_place(it)
          ? peal_recovery_store_stamp(cluster->server, op->message, offset)
          : NULL;
  if (!message)
    return false;
  it->bytes += peal_message_len(message);
  it->found.items[it->found.count++] = (peal_recovery_item){
      .message = message, .no_compress = op->to.no_compress};
  return it->bytes <= it->sessions->store.max_missed_bytes;
}

/* False: it cannot come back to all. */
static bool take_entry(taking *it, const peal_redis_reply *entry) {
  peal_slice id = peal_redis_reply_text_at(entry, 0);
  peal_bus_msg msg = {0};
  bool ok = true;
  if (!copy_text(it->offset, sizeof it->offset, id))
    return false;
  if (peal_cluster_streams_decode(it->sessions->cluster,
                                  peal_redis_reply_at(entry, 1), &msg) &&
      is_missed(it, &msg))
    ok = add_missed(it, &msg.op, id);
  peal_message_unref(msg.op.message);
  return ok;
}

static void read_page(taking *it);

static bool is_read(const taking *it, const char *id) {
  peal_cluster_place place;
  return peal_cluster_places_parse(&place, peal_slice_of(id)) &&
         peal_cluster_places_has_passed(&it->sessions->cluster->machine,
                                        it->stream, place);
}

/* As far as this node has read: what is behind that comes by itself. */
static size_t count_read(const taking *it, const peal_redis_reply *reply) {
  char id[PEAL_RECOVERY_STORE_OFFSET];
  size_t count = 0;
  while (count < reply->count) {
    const peal_redis_reply *entry = peal_redis_reply_at(reply, count);
    if (!copy_text(id, sizeof id, peal_redis_reply_text_at(entry, 0)) ||
        !is_read(it, id))
      break;
    count++;
  }
  return count;
}

/* Has this node read what did not stand there yet when Redis was asked? */
static bool is_behind(const taking *it) {
  const peal_cluster_stream *stream =
      &it->sessions->cluster->machine.streams[it->stream];
  peal_cluster_place place;
  return stream->is_known &&
         peal_cluster_places_parse(&place, peal_slice_of(it->offset)) &&
         peal_cluster_places_compare(place, stream->last) < 0;
}

static void on_page(peal_redis *redis, peal_err err,
                    const peal_redis_reply *reply, void *user) {
  taking *it = user;
  (void)redis;
  if (err || reply->kind != PEAL_REDIS_ARRAY || ++it->pages > PAGES_MAX) {
    fail(it);
    return;
  }
  size_t count = count_read(it, reply);
  for (size_t i = 0; i < count; i++)
    if (!take_entry(it, peal_redis_reply_at(reply, i))) {
      fail(it);
      return;
    }
  bool has_more = reply->count >= PAGE_ENTRIES || is_behind(it);
  if (count == reply->count && has_more)
    read_page(it);
  else
    go_home(it);
}

static void read_page(taking *it) {
  peal_cluster *cluster = it->sessions->cluster;
  peal_cluster_place place;
  char from[PEAL_RECOVERY_STORE_OFFSET] = "";
  peal_slice name = peal_cluster_streams_name(cluster, it->stream);
  bool ok = peal_cluster_places_parse(&place, peal_slice_of(it->offset));
  (void)snprintf(from, sizeof from, "%llu-%llu", (unsigned long long)place.ms,
                 (unsigned long long)place.n + 1);
  const peal_slice argv[] = {PEAL_S("XRANGE"),    name,
                             peal_slice_of(from), PEAL_S("+"),
                             PEAL_S("COUNT"),     PEAL_S(PAGE)};
  if (!ok || command(it, name, argv, 6, on_page))
    fail(it);
}

/* -- is all of it still there? ------------------------------------------------------------ */

/* Of a place that is no entry's: nothing behind it was ever trimmed. */
static void on_info(peal_redis *redis, peal_err err,
                    const peal_redis_reply *reply, void *user) {
  taking *it = user;
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
    fail(it);
}

static void on_there(peal_redis *redis, peal_err err,
                     const peal_redis_reply *reply, void *user) {
  taking *it = user;
  (void)redis;
  if (!err && reply->kind == PEAL_REDIS_ARRAY && reply->count) {
    read_page(it);
    return;
  }
  peal_slice name =
      peal_cluster_streams_name(it->sessions->cluster, it->stream);
  const peal_slice argv[] = {PEAL_S("XINFO"), PEAL_S("STREAM"), name};
  if (err || command(it, name, argv, 3, on_info))
    fail(it);
}

static void look_at_stream(taking *it) {
  const peal_recovery_session *session = it->found.session;
  if (!it->has_offset && !session->since[0]) {
    fail(it);
    return;
  }
  if (!it->has_offset)
    memcpy(it->offset, session->since, sizeof it->offset);
  peal_slice name =
      peal_cluster_streams_name(it->sessions->cluster, it->stream);
  peal_slice at = peal_slice_of(it->offset);
  const peal_slice argv[] = {PEAL_S("XRANGE"), name, at, at};
  if (command(it, name, argv, 4, on_there))
    fail(it);
}

/* -- the session ------------------------------------------------------------------------- */

static void on_got(peal_redis *redis, peal_err err,
                   const peal_redis_reply *reply, void *user) {
  taking *it = user;
  peal_slice text = err ? (peal_slice){0} : peal_redis_reply_text(reply);
  (void)redis;
  if (text.ptr)
    it->found.session = decode(it->sessions, text);
  if (!it->found.session ||
      !peal_slice_is(peal_slice_of(it->pid), it->found.session->pid)) {
    fail(it);
    return;
  }
  it->found.session->scope = it->nsp;
  it->found.session->left_ms = peal_recovery_now_ms();
  look_at_stream(it);
}

static void on_take(peal_worker *worker, peal_mail *mail) {
  taking *it = PEAL_LIST_OF(mail, taking, mail);
  peal_cluster_sessions *sessions = it->sessions;
  peal_cluster *cluster = sessions->cluster;
  peal_list_push(&sessions->asking, &it->node);
  it->stream = peal_cluster_places_stream(
      &cluster->machine, (peal_slice){it->nsp->name, it->nsp->name_len});
  /* It may not have got to Redis yet. */
  it->found.session = peal_recovery_sessions_find(
      &sessions->store.sessions, it->nsp, peal_slice_of(it->pid),
      peal_recovery_now_ms());
  if (it->found.session) {
    peal_recovery_sessions_take(&sessions->store.sessions, it->found.session);
    look_at_stream(it);
    return;
  }
  peal_slice key = key_of(cluster, peal_slice_of(it->pid));
  const peal_slice argv[] = {PEAL_S("GETDEL"), key};
  if (peal_worker_impl_is_ending(worker) || command(it, key, argv, 2, on_got))
    fail(it);
}

static peal_err take(peal_recovery_store *store, const peal_nsp *nsp,
                     peal_slice pid, peal_slice offset,
                     peal_recovery_asker *asker) {
  peal_cluster_sessions *sessions = of(store);
  taking *it = peal_mem_zalloc(peal_cluster_mem(sessions->cluster), sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  peal_list_init(&it->node);
  it->mail.fn = on_take;
  it->sessions = sessions;
  it->asker = asker;
  it->nsp = nsp;
  it->has_offset = copy_text(it->offset, sizeof it->offset, offset);
  (void)copy_text(it->pid, sizeof it->pid, pid);
  peal_worker_impl_send(sessions->cluster->worker, &it->mail);
  return PEAL_OK;
}

static const peal_recovery_store_verbs verbs = {.save = save, .take = take};

/* -- events ------------------------------------------------------------------------------- */

peal_message *peal_cluster_sessions_stamp(const peal_cluster *cluster,
                                          const peal_op *op,
                                          peal_slice offset) {
  if (!cluster->sessions || !offset.len || op->kind != PEAL_OP_EMIT ||
      op->to.is_volatile || offset.len >= PEAL_RECOVERY_STORE_OFFSET)
    return NULL;
  return peal_recovery_store_stamp(cluster->server, op->message, offset);
}

/* -- life --------------------------------------------------------------------------------- */

peal_err peal_cluster_sessions_init(peal_cluster *cluster) {
  peal_server *server = cluster->server;
  const peal_server_opts *opts = &server->opts;
  const peal_recovery_opts *own = &opts->recovery;
  size_t queue =
      opts->max_queue_bytes ? opts->max_queue_bytes : PEAL_LIMIT_QUEUE_BYTES;
  if (!own->window_ms || !cluster->adapter.orders)
    return PEAL_OK;
  peal_cluster_sessions *it = peal_mem_zalloc(server->mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  it->cluster = cluster;
  it->store.verbs = &verbs;
  it->store.run_middlewares = own->run_middlewares;
  it->store.max_missed_bytes = queue / 2;
  it->store.live_ms = own->window_ms / 3 + 1;
  peal_recovery_sessions_init(
      &it->store.sessions, server->mem, server->load.account,
      own->max_bytes ? own->max_bytes : PEAL_LIMIT_RECOVERY_BYTES,
      own->window_ms, server->seed);
  peal_list_init(&it->asking);
  cluster->sessions = it;
  peal_recovery_free(server->recovery, server->mem);
  server->recovery = NULL;
  server->store = &it->store;
  return PEAL_OK;
}

void peal_cluster_sessions_deinit(peal_cluster *cluster) {
  peal_cluster_sessions *it = cluster->sessions;
  if (!it)
    return;
  cluster->server->store = NULL;
  while (!peal_list_is_empty(&it->asking))
    fail(PEAL_LIST_OF(it->asking.next, taking, node));
  peal_recovery_sessions_deinit(&it->store.sessions);
  peal_mem_free(peal_cluster_mem(cluster), it);
  cluster->sessions = NULL;
}
