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
#define BLOCK "5000"
/* Entries of one answer, at most; fewer where they are long. */
#define ENTRIES 100u
/* What cannot be asked now is asked again, behind so long. */
#define AGAIN_MS 200u
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
  peal_list node; /* cluster->pausing, while it does */
  peal_wheel_timer timer;
  peal_cluster *cluster;
  unsigned stream;
  uint64_t generation;
  bool has_begun; /* `last` is where it goes on */
  bool is_current;
  char last[48]; /* the id behind which it goes on; or empty: the end */
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
  cluster->fed_bytes = entry.data.len;
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

/* While Redis is there somebody has to read on; when it was away the machine says
 * anew where to. */
static void pause_or_end(peal_cluster_reading *it) {
  peal_cluster *cluster = it->cluster;
  peal_worker *worker = cluster->worker;
  if (!is_wanted(it) || !peal_redis_is_up(cluster->redis)) {
    peal_mem_free(peal_cluster_mem(cluster), it);
    return;
  }
  peal_list_push(&cluster->pausing, &it->node);
  peal_wheel_set(&worker->wheel, &it->timer, worker->now_ms + AGAIN_MS);
}

/* What is there at once, then what comes: on a connection of its own, which
 * breaks alone if the answer is too long. */
static void read_on(peal_cluster_reading *it) {
  peal_cluster *cluster = it->cluster;
  peal_slice name = peal_cluster_streams_name(cluster, it->stream);
  peal_slice last = peal_slice_of(it->last);
  unsigned most = cluster->entries[it->stream];
  text count = number_text(most ? most : ENTRIES);
  peal_slice argv[8] = {PEAL_S("XREAD"), PEAL_S("COUNT"),
                        peal_slice_of(count.at)};
  size_t argc = 3;
  if (it->is_current) {
    argv[argc++] = PEAL_S("BLOCK");
    argv[argc++] = PEAL_S(BLOCK);
  }
  argv[argc++] = PEAL_S("STREAMS");
  argv[argc++] = name;
  argv[argc++] = last;
  it->has_begun = true;
  if (peal_redis_wait(cluster->redis, name, argv, argc,
                      it->is_current ? BLOCK_MS : 1, on_read, it))
    pause_or_end(it);
}

/* Half as many, until nothing more is there. */
static void ask_for_fewer(peal_cluster_reading *it) {
  unsigned *most = &it->cluster->entries[it->stream];
  *most = *most ? *most : ENTRIES;
  *most = *most > 1 ? *most / 2 : 1;
}

static void on_read(peal_redis *redis, peal_err err,
                    const peal_redis_reply *reply, void *user) {
  peal_cluster_reading *it = user;
  (void)redis;
  if (err == PEAL_ERR_TOO_LONG)
    ask_for_fewer(it);
  if (err) {
    pause_or_end(it);
    return;
  }
  size_t count = is_wanted(it) ? take_entries(it, reply) : 0;
  if (is_wanted(it) && !count) {
    it->cluster->entries[it->stream] = 0;
    if (!it->is_current)
      tell_current(it);
  }
  if (is_wanted(it))
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
    pause_or_end(it);
    return;
  }
  memcpy(it->last, "0-0", 4);
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
    pause_or_end(it);
}

static void begin(peal_cluster_reading *it) {
  peal_cluster *cluster = it->cluster;
  peal_slice name = peal_cluster_streams_name(cluster, it->stream);
  const peal_slice end[] = {PEAL_S("XREVRANGE"), name,
                            PEAL_S("+"),         PEAL_S("-"),
                            PEAL_S("COUNT"),     PEAL_S("1")};
  const peal_slice info[] = {PEAL_S("XINFO"), PEAL_S("STREAM"), name};
  peal_err err =
      it->last[0]
          ? peal_redis_command(cluster->redis, name, info, 3, on_info, it)
          : peal_redis_command(cluster->redis, name, end, 6, on_end, it);
  if (err)
    pause_or_end(it);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_cluster_reading *it = PEAL_LIST_OF(timer, peal_cluster_reading, timer);
  (void)now_ms;
  peal_list_remove(&it->node);
  if (!is_wanted(it) || !peal_redis_is_up(it->cluster->redis))
    pause_or_end(it);
  else if (it->has_begun)
    read_on(it);
  else
    begin(it);
}

void peal_cluster_streams_read(peal_cluster *cluster,
                               const peal_cluster_event *event) {
  peal_cluster_reading *it =
      peal_mem_zalloc(peal_cluster_mem(cluster), sizeof *it);
  if (!it || !cluster->redis || event->offset.len >= sizeof it->last) {
    peal_mem_free(peal_cluster_mem(cluster), it);
    return;
  }
  peal_list_init(&it->node);
  peal_wheel_timer_init(&it->timer, on_timer);
  it->cluster = cluster;
  it->stream = event->stream;
  it->generation = ++cluster->generations[event->stream];
  if (event->offset.len)
    memcpy(it->last, event->offset.ptr, event->offset.len);
  begin(it);
}

void peal_cluster_streams_drop(peal_cluster *cluster) {
  while (!peal_list_is_empty(&cluster->pausing)) {
    peal_cluster_reading *it =
        PEAL_LIST_OF(cluster->pausing.next, peal_cluster_reading, node);
    peal_list_remove(&it->node);
    peal_wheel_stop(&cluster->worker->wheel, &it->timer);
    peal_mem_free(peal_cluster_mem(cluster), it);
  }
}
