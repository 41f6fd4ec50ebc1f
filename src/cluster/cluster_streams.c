/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_streams.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/cluster_pump.h"
#include "proto/bus_node.h"
#include "server/stored.h"

#define DEFAULT_MAX_LEN 10000u
#define BLOCK_MS 5000u
#define ENTRIES "100"
#define BLOCK "5000"
/* The field in which a node of Peal finds its own number again. */
#define NUMBER_FIELD "peal"

typedef struct text {
  char at[64];
} text;

static text number_text(uint64_t number) {
  text out;
  (void)snprintf(out.at, sizeof out.at, "%llu", (unsigned long long)number);
  return out;
}

peal_slice peal_cluster_streams_name(peal_cluster *cluster, unsigned stream) {
  peal_buf *name = &cluster->channel;
  peal_buf_reset(name);
  peal_buf_add(name, peal_slice_of(cluster->opts.stream));
  if (cluster->opts.stream_count > 1) {
    peal_buf_add_char(name, '-');
    peal_buf_add_u64(name, stream);
  }
  return name->err ? (peal_slice){0} : peal_buf_slice(name);
}

/* -- adding -------------------------------------------------------------------------- */

typedef struct adding {
  peal_cluster *cluster;
  uint64_t number;
} adding;

static void tell_added(peal_cluster *cluster, uint64_t number, peal_slice id,
                       peal_err err) {
  (void)pthread_mutex_lock(&cluster->lock);
  peal_cluster_machine_added(&cluster->machine, number, id, err,
                             peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
}

/* Who waits for this number; `number` 0: all. */
void peal_cluster_streams_stored(peal_cluster *cluster, uint64_t number,
                                 peal_err err, peal_slice id) {
  peal_list *at = cluster->stored.next;
  while (at != &cluster->stored) {
    peal_stored *one = PEAL_LIST_OF(at, peal_stored, node);
    at = at->next;
    if (number && one->number > number)
      return;
    if (!number || one->number == number)
      peal_stored_tell(one, err, id);
  }
}

static void on_added(peal_redis *redis, peal_err err,
                     const peal_redis_reply *reply, void *user) {
  adding it = *(adding *)user;
  (void)redis;
  peal_mem_free(peal_cluster_mem(it.cluster), user);
  if (!err)
    peal_cluster_count(&it.cluster->counts.published);
  peal_cluster_streams_stored(it.cluster, it.number, err,
                              err ? (peal_slice){0}
                                  : peal_redis_reply_text(reply));
  tell_added(it.cluster, it.number,
             err ? (peal_slice){0} : peal_redis_reply_text(reply), err);
}

static peal_err add(peal_cluster *cluster, const peal_cluster_event *event,
                    adding *it) {
  peal_bus_entry entry;
  peal_buf_reset(&cluster->payload);
  peal_bus_node_encode_entry(&entry, &cluster->payload, event->msg,
                             &cluster->told);
  if (cluster->payload.err)
    return cluster->payload.err;
  text max =
      number_text(cluster->opts.stream_max_len ? cluster->opts.stream_max_len
                                               : DEFAULT_MAX_LEN);
  text number = number_text(event->number);
  peal_slice name = peal_cluster_streams_name(cluster, event->stream);
  peal_slice argv[16] = {
      PEAL_S("XADD"),        name,        PEAL_S("MAXLEN"), PEAL_S("~"),
      peal_slice_of(max.at), PEAL_S("*"), PEAL_S("uid"),    entry.uid,
      PEAL_S("nsp"),         entry.nsp,   PEAL_S("type"),   entry.type};
  size_t argc = 12;
  if (entry.data.ptr) {
    argv[argc++] = PEAL_S("data");
    argv[argc++] = entry.data;
  }
  argv[argc++] = PEAL_S(NUMBER_FIELD);
  argv[argc++] = peal_slice_of(number.at);
  return peal_redis_command(cluster->redis, name, argv, argc, on_added, it);
}

void peal_cluster_streams_add(peal_cluster *cluster,
                              const peal_cluster_event *event) {
  adding *it = peal_mem_alloc(peal_cluster_mem(cluster), sizeof *it);
  peal_err err = PEAL_ERR_NOMEM;
  if (!cluster->redis)
    err = PEAL_ERR_OPTION;
  else if (it) {
    *it = (adding){cluster, event->number};
    err = add(cluster, event, it);
  }
  if (!err)
    return;
  peal_mem_free(peal_cluster_mem(cluster), it);
  /* It was not sent: not stored, whatever the reason. */
  peal_cluster_streams_stored(cluster, event->number, err, (peal_slice){0});
  tell_added(cluster, event->number, (peal_slice){0},
             err == PEAL_ERR_CLOSED ? PEAL_ERR_QUEUE_FULL : err);
}

/* -- what is read ---------------------------------------------------------------------- */

/* One answer is waited for at a time; an older reading ends with its own. */
struct peal_cluster_reading {
  peal_cluster *cluster;
  unsigned stream;
  uint64_t generation;
  bool is_current;
  char last[48]; /* the id behind which it goes on */
};

static bool is_wanted(const peal_cluster_reading *it) {
  return it->generation == it->cluster->generations[it->stream];
}

static void take_field(peal_bus_entry *entry, uint64_t *number, peal_slice name,
                       peal_slice value) {
  if (peal_slice_is(name, "uid"))
    entry->uid = value;
  else if (peal_slice_is(name, "nsp"))
    entry->nsp = value;
  else if (peal_slice_is(name, "type"))
    entry->type = value;
  else if (peal_slice_is(name, "data"))
    entry->data = value;
  else if (peal_slice_is(name, NUMBER_FIELD))
    for (size_t i = 0; i < value.len && i < 19; i++)
      *number = *number * 10 + (unsigned)(value.ptr[i] - '0') % 10;
}

bool peal_cluster_streams_decode(peal_cluster *cluster,
                                 const peal_redis_reply *fields,
                                 peal_bus_msg *msg) {
  peal_bus_entry entry = {0};
  uint64_t number = 0;
  peal_arena_reset(&cluster->decoded);
  for (size_t i = 0; fields && i + 1 < fields->count; i += 2)
    take_field(&entry, &number, peal_redis_reply_text_at(fields, i),
               peal_redis_reply_text_at(fields, i + 1));
  if (!entry.uid.ptr || !entry.nsp.ptr || !entry.type.ptr ||
      peal_bus_node_decode_entry(msg, &entry, &cluster->decoded))
    return false;
  msg->number = number;
  return true;
}

static void take_entry(peal_cluster_reading *it,
                       const peal_redis_reply *entry) {
  peal_cluster *cluster = it->cluster;
  peal_bus_msg msg = {0};
  peal_slice id = peal_redis_reply_text_at(entry, 0);
  if (!id.ptr || id.len >= sizeof it->last)
    return;
  memcpy(it->last, id.ptr, id.len);
  it->last[id.len] = 0;
  bool known =
      peal_cluster_streams_decode(cluster, peal_redis_reply_at(entry, 1), &msg);
  (void)pthread_mutex_lock(&cluster->lock);
  (void)peal_cluster_machine_entry(&cluster->machine, it->stream, id,
                                   known ? &msg : NULL,
                                   peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
  peal_message_unref(msg.op.message);
  peal_cluster_count(known ? &cluster->counts.received
                           : &cluster->counts.dropped_in);
}

/* How many there were. */
static size_t take_entries(peal_cluster_reading *it,
                           const peal_redis_reply *reply) {
  const peal_redis_reply *entries =
      peal_redis_reply_at(peal_redis_reply_at(reply, 0), 1);
  size_t count = entries ? entries->count : 0;
  for (size_t i = 0; i < count && is_wanted(it); i++)
    take_entry(it, peal_redis_reply_at(entries, i));
  return count;
}

/* -- reading ---------------------------------------------------------------------------- */

static void tell_current(peal_cluster_reading *it) {
  peal_cluster *cluster = it->cluster;
  it->is_current = true;
  (void)pthread_mutex_lock(&cluster->lock);
  peal_cluster_machine_current(&cluster->machine, it->stream,
                               peal_slice_of(it->last),
                               peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
}

static void on_read(peal_redis *redis, peal_err err,
                    const peal_redis_reply *reply, void *user);

/* What is there at once, then what comes. When Redis is away, the machine will
 * say anew where to read. */
static void read_on(peal_cluster_reading *it) {
  peal_cluster *cluster = it->cluster;
  peal_slice name = peal_cluster_streams_name(cluster, it->stream);
  peal_slice last = peal_slice_of(it->last);
  const peal_slice at_once[] = {PEAL_S("XREAD"),
                                PEAL_S("COUNT"),
                                PEAL_S(ENTRIES),
                                PEAL_S("STREAMS"),
                                name,
                                last};
  const peal_slice waits[] = {
      PEAL_S("XREAD"), PEAL_S("BLOCK"),   PEAL_S(BLOCK), PEAL_S("COUNT"),
      PEAL_S(ENTRIES), PEAL_S("STREAMS"), name,          last};
  peal_err err = it->is_current ? peal_redis_wait(cluster->redis, name, waits,
                                                  8, BLOCK_MS, on_read, it)
                                : peal_redis_command(cluster->redis, name,
                                                     at_once, 6, on_read, it);
  if (err)
    peal_mem_free(peal_cluster_mem(cluster), it);
}

static void on_read(peal_redis *redis, peal_err err,
                    const peal_redis_reply *reply, void *user) {
  peal_cluster_reading *it = user;
  (void)redis;
  size_t count = !err && is_wanted(it) ? take_entries(it, reply) : 0;
  if (!err && is_wanted(it) && !count && !it->is_current)
    tell_current(it);
  bool goes_on = is_wanted(it) && (!err || err == PEAL_ERR_TIMEOUT);
  if (goes_on)
    read_on(it);
  else
    peal_mem_free(peal_cluster_mem(it->cluster), it);
}

/* Where it ends now: its newest entry, or nothing. */
static void on_end(peal_redis *redis, peal_err err,
                   const peal_redis_reply *reply, void *user) {
  peal_cluster_reading *it = user;
  peal_slice id = peal_redis_reply_text_at(peal_redis_reply_at(reply, 0), 0);
  (void)redis;
  if (err || !is_wanted(it)) {
    peal_mem_free(peal_cluster_mem(it->cluster), it);
    return;
  }
  if (id.ptr && id.len < sizeof it->last) {
    memcpy(it->last, id.ptr, id.len);
    it->last[id.len] = 0;
  }
  memcpy(it->cluster->begins[it->stream], it->last,
         sizeof it->cluster->begins[0] - 1);
  tell_current(it);
  read_on(it);
}

/* Was something trimmed that was not read? */
static void on_info(peal_redis *redis, peal_err err,
                    const peal_redis_reply *reply, void *user) {
  peal_cluster_reading *it = user;
  peal_cluster *cluster = it->cluster;
  (void)redis;
  for (size_t i = 0; !err && is_wanted(it) && i + 1 < reply->count; i += 2)
    if (peal_slice_is(peal_redis_reply_text_at(reply, i),
                      "max-deleted-entry-id")) {
      (void)pthread_mutex_lock(&cluster->lock);
      peal_cluster_machine_trimmed(&cluster->machine, it->stream,
                                   peal_redis_reply_text_at(reply, i + 1));
      (void)pthread_mutex_unlock(&cluster->lock);
      peal_cluster_pump(cluster);
    }
  if (is_wanted(it) && err != PEAL_ERR_CLOSED)
    read_on(it);
  else
    peal_mem_free(peal_cluster_mem(cluster), it);
}

static peal_err begin(peal_cluster_reading *it) {
  peal_cluster *cluster = it->cluster;
  peal_slice name = peal_cluster_streams_name(cluster, it->stream);
  const peal_slice end[] = {PEAL_S("XREVRANGE"), name,
                            PEAL_S("+"),         PEAL_S("-"),
                            PEAL_S("COUNT"),     PEAL_S("1")};
  const peal_slice info[] = {PEAL_S("XINFO"), PEAL_S("STREAM"), name};
  bool from_end = it->last[0] == 0;
  if (from_end)
    memcpy(it->last, "0-0", 4);
  return from_end
             ? peal_redis_command(cluster->redis, name, end, 6, on_end, it)
             : peal_redis_command(cluster->redis, name, info, 3, on_info, it);
}

void peal_cluster_streams_read(peal_cluster *cluster,
                               const peal_cluster_event *event) {
  peal_cluster_reading *it =
      peal_mem_zalloc(peal_cluster_mem(cluster), sizeof *it);
  if (!it || !cluster->redis || event->offset.len >= sizeof it->last) {
    peal_mem_free(peal_cluster_mem(cluster), it);
    return;
  }
  it->cluster = cluster;
  it->stream = event->stream;
  it->generation = ++cluster->generations[event->stream];
  if (event->offset.len)
    memcpy(it->last, event->offset.ptr, event->offset.len);
  if (begin(it))
    peal_mem_free(peal_cluster_mem(cluster), it);
}
