/* SPDX-License-Identifier: MIT */
#include "proto/cluster_log.h"

#include <string.h>

#include "base/mem.h"
#include "proto/cluster_places.h"
#include "proto/cluster_say.h"
#include "proto/proto_limits.h"

typedef enum way {
  WAITS,   /* ADD is to be told */
  SENT,    /* it was, and is not answered */
  STORED,  /* and comes back */
  DOUBTED, /* the connection broke: stored or not */
  DONE     /* it has come back, or will not; it has still to run */
} way;

typedef struct entry {
  peal_list at;
  uint64_t number;
  uint64_t nsp; /* a hash of its name */
  uint8_t way;
  unsigned stream;
  peal_cluster_place place; /* STORED */
  uint64_t rank;            /* of those that run without an offset */
  bool runs;                /* RUN is to be told, without an offset */
  bool has_run;             /* it was */
  bool relayed;
  size_t len;
  char bytes[]; /* proto/op */
} entry;

/* -- life ---------------------------------------------------------------------------- */

void peal_cluster_log_init(peal_cluster_machine *machine) {
  peal_list_init(&machine->log);
  machine->log_waits = &machine->log;
}

static size_t bytes_of(const entry *it) {
  return sizeof *it + it->len;
}

static void drop(peal_cluster_machine *machine, entry *it) {
  if (machine->log_waits == &it->at)
    machine->log_waits = it->at.next;
  machine->log_runs -= it->runs;
  peal_list_remove(&it->at);
  machine->log_bytes -= bytes_of(it);
  peal_cluster_state_free(machine, it, bytes_of(it));
}

void peal_cluster_log_deinit(peal_cluster_machine *machine) {
  while (!peal_list_is_empty(&machine->log))
    drop(machine, PEAL_LIST_OF(machine->log.next, entry, at));
}

/* Walk: `it` NULL: the first. NULL at the end. */
static entry *next_of(const peal_cluster_machine *machine, const entry *it) {
  peal_list *at = it ? it->at.next : machine->log.next;
  return at == &machine->log ? NULL : PEAL_LIST_OF(at, entry, at);
}

static entry *find(const peal_cluster_machine *machine, uint64_t number) {
  entry *it = NULL;
  while ((it = next_of(machine, it)))
    if (it->number == number)
      break;
  return it;
}

/* Is anything of it still to be done or to come? */
static bool is_wanted(const peal_cluster_machine *machine, const entry *it) {
  if (!it->has_run || it->way == SENT || it->way == STORED)
    return true;
  if (it->way == DONE)
    return false;
  if (it->way == DOUBTED && !peal_cluster_state_is_over(machine))
    return true;
  return machine->opts.keep && !peal_cluster_state_is_over(machine);
}

static void tidy(peal_cluster_machine *machine, entry *it) {
  if (!is_wanted(machine, it))
    drop(machine, it);
}

/* -- running --------------------------------------------------------------------------- */

static void set_runs(peal_cluster_machine *machine, entry *it) {
  if (it->has_run || it->runs)
    return;
  it->runs = true;
  it->rank = ++machine->plain_ranks;
  machine->log_runs++;
}

/* What of the namespace of `last` stands before it, or all. */
static void run_before(peal_cluster_machine *machine, const entry *last) {
  entry *it = NULL;
  while ((it = next_of(machine, it)) && it != last)
    if (!last || it->nsp == last->nsp)
      set_runs(machine, it);
}

static void run_all_of(peal_cluster_machine *machine, uint64_t nsp) {
  entry *it = NULL;
  while ((it = next_of(machine, it)))
    if (it->nsp == nsp)
      set_runs(machine, it);
}

/* It has run without an offset. */
static void note(peal_cluster_machine *machine, uint64_t number,
                 uint64_t rank) {
  unsigned count = machine->plain_count;
  peal_cluster_range *it =
      &machine
           ->plain[(machine->plain_first + count - 1) % PEAL_CLUSTER_PLAIN_MAX];
  if (count && it->last + 1 == number &&
      it->rank + (number - it->first) == rank) {
    it->last = number;
    return;
  }
  if (count == PEAL_CLUSTER_PLAIN_MAX)
    machine->plain_first = (machine->plain_first + 1) % PEAL_CLUSTER_PLAIN_MAX;
  else
    machine->plain_count++;
  machine->plain[(machine->plain_first + machine->plain_count - 1) %
                 PEAL_CLUSTER_PLAIN_MAX] =
      (peal_cluster_range){number, number, rank};
}

/* -- adding ----------------------------------------------------------------------------- */

static peal_err make(peal_cluster_machine *machine, const peal_op *op,
                     entry **out) {
  peal_buf buf;
  peal_buf_init(&buf, machine->opts.mem, 0);
  peal_op_encode(&buf, op);
  peal_err err = buf.err;
  entry *it =
      err ? NULL : peal_cluster_state_alloc(machine, sizeof *it + buf.len);
  if (it) {
    it->len = buf.len;
    it->nsp = peal_cluster_state_hash(op->nsp);
    it->stream = peal_cluster_places_stream(machine, op->nsp);
    memcpy(it->bytes, buf.ptr, buf.len);
  } else if (!err) {
    err = PEAL_ERR_NOMEM;
  }
  peal_buf_deinit(&buf);
  *out = it;
  return err;
}

/* It waits for nothing, and others are not told. */
static void run_alone(peal_cluster_machine *machine, const peal_op *op) {
  peal_bus_msg msg = {.kind = PEAL_BUS_OP, .nsp = op->nsp, .op = *op};
  peal_cluster_say_add(machine, PEAL_CLUSTER_DO_RUN, PEAL_CLUSTER_OF_NODE, &msg)
      ->own = true;
  machine->figures.refused++;
}

/* Those that wait to be added are the last ones. */
static void push(peal_cluster_machine *machine, entry *it) {
  it->way = WAITS;
  peal_list_push(&machine->log, &it->at);
  if (machine->log_waits == &machine->log)
    machine->log_waits = &it->at;
}

static void put(peal_cluster_machine *machine, entry *it, bool relayed) {
  it->number = ++machine->log_number;
  it->relayed = relayed;
  it->place.ms = UINT64_MAX;
  push(machine, it);
  machine->log_bytes += bytes_of(it);
  if (!peal_cluster_state_is_on(machine))
    set_runs(machine, it);
}

peal_err peal_cluster_log_add(peal_cluster_machine *machine, const peal_op *op,
                              bool relayed) {
  entry *it = NULL;
  bool is_away = !peal_cluster_state_is_on(machine);
  if (!peal_cluster_say_has_room(machine, 1))
    return PEAL_ERR_USAGE;
  if (!is_away || machine->opts.keep) {
    peal_err err = make(machine, op, &it);
    if (err)
      return err;
  }
  if (it && machine->log_bytes + bytes_of(it) <= machine->opts.max_log_bytes) {
    put(machine, it, relayed);
    return PEAL_OK;
  }
  /* The bus is away, or too slow: those here do not wait for it. */
  if (it)
    peal_cluster_state_free(machine, it, bytes_of(it));
  run_before(machine, NULL);
  run_alone(machine, op);
  return PEAL_OK;
}

/* Full, or out of memory: what is behind it must not overtake it here; to the
 * others it comes later. */
static void refuse(peal_cluster_machine *machine, entry *it) {
  run_all_of(machine, it->nsp);
  machine->log_pause_ms = machine->now_ms + PEAL_LIMIT_CLUSTER_ADD_AGAIN_MS;
  machine->figures.refused++;
  if (!machine->opts.keep) {
    it->way = DONE;
    return;
  }
  peal_list_remove(&it->at);
  push(machine, it);
}

/* Stored where it has been read already, and was not seen. */
static void look(peal_cluster_machine *machine, entry *it) {
  if (it->way != STORED ||
      !peal_cluster_places_has_passed(machine, it->stream, it->place))
    return;
  it->way = DONE;
  run_before(machine, it);
  set_runs(machine, it);
  tidy(machine, it);
}

void peal_cluster_log_passed(peal_cluster_machine *machine, unsigned stream) {
  entry *it, *next;
  for (it = next_of(machine, NULL); it; it = next) {
    next = next_of(machine, it);
    if (it->stream == stream)
      look(machine, it);
  }
}

void peal_cluster_log_added(peal_cluster_machine *machine, uint64_t number,
                            peal_slice id, peal_err err) {
  entry *it = find(machine, number);
  if (!it || it->way != SENT)
    return;
  if (!err) {
    it->way = STORED;
    if (peal_cluster_places_parse(&it->place, id))
      look(machine, it);
  } else if (err == PEAL_ERR_CLOSED) {
    it->way = DOUBTED;
    run_all_of(machine, it->nsp);
  } else {
    refuse(machine, it);
    tidy(machine, it);
  }
}

/* -- coming back ------------------------------------------------------------------------- */

static entry *oldest_sent(const peal_cluster_machine *machine, peal_slice nsp) {
  entry *it = NULL;
  uint64_t hash = peal_cluster_state_hash(nsp);
  while ((it = next_of(machine, it)))
    if (it->way != WAITS && it->nsp == hash)
      break;
  return it;
}

bool peal_cluster_log_echo(peal_cluster_machine *machine,
                           const peal_bus_msg *msg, peal_slice offset) {
  entry *it =
      msg->number ? find(machine, msg->number) : oldest_sent(machine, msg->nsp);
  if (!it)
    return false;
  peal_cluster_event *event = peal_cluster_say_add(
      machine,
      it->has_run || it->runs ? PEAL_CLUSTER_IS_STORED : PEAL_CLUSTER_DO_RUN,
      PEAL_CLUSTER_OF_NODE, msg);
  event->own = true;
  event->number = it->number;
  event->offset = offset;
  event->rank = it->rank;
  /* What stood before it has been trimmed before it could be read. */
  run_before(machine, it);
  if (it->runs) {
    it->way = DONE;
    return true;
  }
  drop(machine, it);
  return true;
}

/* -- the bus's fate ----------------------------------------------------------------------- */

void peal_cluster_log_down(peal_cluster_machine *machine) {
  entry *it = NULL, *next;
  run_before(machine, NULL);
  for (it = next_of(machine, NULL); it; it = next) {
    next = next_of(machine, it);
    if (it->way == SENT)
      it->way = DOUBTED;
    tidy(machine, it);
  }
}

void peal_cluster_log_trimmed(peal_cluster_machine *machine, unsigned stream) {
  entry *it, *next;
  for (it = next_of(machine, NULL); it; it = next) {
    next = next_of(machine, it);
    if (it->way != DOUBTED || it->stream != stream)
      continue;
    it->way = DONE;
    set_runs(machine, it);
    tidy(machine, it);
  }
}

void peal_cluster_log_current(peal_cluster_machine *machine) {
  entry *it, *next;
  for (it = next_of(machine, NULL); it; it = next) {
    next = next_of(machine, it);
    if (it->way == DOUBTED)
      it->way = WAITS;
    else if (it->way == STORED)
      it->way = DONE; /* and trimmed */
    if (it->way == DONE)
      set_runs(machine, it);
    tidy(machine, it);
  }
  machine->log_waits = machine->log.next;
  while (machine->log_waits != &machine->log &&
         PEAL_LIST_OF(machine->log_waits, entry, at)->way != WAITS)
    machine->log_waits = machine->log_waits->next;
}

void peal_cluster_log_end(peal_cluster_machine *machine) {
  peal_cluster_log_down(machine);
}

/* -- news --------------------------------------------------------------------------------- */

static entry *next_run(const peal_cluster_machine *machine) {
  entry *it = NULL;
  while ((it = next_of(machine, it)))
    if (it->runs)
      break;
  return it;
}

bool peal_cluster_log_has_news(const peal_cluster_machine *machine) {
  return machine->log_runs || (machine->stage == PEAL_CLUSTER_AT_UP &&
                               machine->log_waits != &machine->log &&
                               machine->log_pause_ms <= machine->now_ms);
}

static entry *next_add(const peal_cluster_machine *machine) {
  if (machine->stage != PEAL_CLUSTER_AT_UP ||
      machine->log_waits == &machine->log ||
      machine->log_pause_ms > machine->now_ms)
    return NULL;
  return PEAL_LIST_OF(machine->log_waits, entry, at);
}

static bool tell(peal_cluster_machine *machine, entry *it, peal_arena *arena,
                 peal_cluster_event_type type, peal_cluster_event *event) {
  peal_bus_msg *msg = &machine->out;
  *msg = (peal_bus_msg){.kind = PEAL_BUS_OP, .number = it->number};
  char *bytes = peal_arena_alloc(arena, it->len);
  if (!bytes)
    return false;
  memcpy(bytes, it->bytes, it->len);
  if (peal_op_decode(&msg->op, (peal_slice){bytes, it->len}, arena))
    return false;
  machine->borrowed = msg->op.message;
  msg->nsp = msg->op.nsp;
  msg->from = peal_cluster_say_name(machine, PEAL_CLUSTER_OF_NODE, it->relayed);
  *event = (peal_cluster_event){.type = (uint8_t)type,
                                .dialect = PEAL_CLUSTER_OF_NODE,
                                .own = true,
                                .msg = msg,
                                .nsp = msg->nsp,
                                .stream = it->stream,
                                .number = it->number};
  return true;
}

bool peal_cluster_log_next_run(peal_cluster_machine *machine, peal_arena *arena,
                               peal_cluster_event *event) {
  entry *it = machine->log_runs ? next_run(machine) : NULL;
  if (!it || !tell(machine, it, arena, PEAL_CLUSTER_DO_RUN, event))
    return false;
  it->runs = false;
  it->has_run = true;
  note(machine, it->number, it->rank);
  machine->log_runs--;
  tidy(machine, it);
  return true;
}

bool peal_cluster_log_next_add(peal_cluster_machine *machine, peal_arena *arena,
                               peal_cluster_event *event) {
  entry *it = next_add(machine);
  if (!it || !tell(machine, it, arena, PEAL_CLUSTER_DO_ADD, event))
    return false;
  it->way = SENT;
  machine->log_waits = it->at.next;
  return true;
}

bool peal_cluster_log_check(const peal_cluster_machine *machine) {
  const entry *it = NULL;
  size_t bytes = 0, runs = 0;
  while ((it = next_of(machine, it))) {
    bytes += bytes_of(it);
    runs += it->runs;
    if (it->number > machine->log_number || (it->runs && it->has_run) ||
        (it->way == DONE && it->has_run))
      return false;
  }
  return runs == machine->log_runs && bytes == machine->log_bytes &&
         bytes <= machine->opts.max_log_bytes;
}
