/* SPDX-License-Identifier: MIT */
#include "proto/cluster_request.h"

#include <string.h>

#include "base/mem.h"
#include "proto/cluster_say.h"
#include "proto/names.h"
#include "proto/proto_limits.h"

#define NEVER UINT64_MAX

/* -- life -------------------------------------------------------------------------- */

static peal_cluster_request *of_due(peal_due *due) {
  return PEAL_LIST_OF(due, peal_cluster_request, due);
}

static peal_slice id_of(const peal_cluster_request *it) {
  return (peal_slice){it->id, sizeof it->id - 1};
}

static void write_id(char *out, uint64_t bits) {
  for (unsigned i = 0; i < 16; i++, bits >>= 4)
    out[i] = "0123456789abcdef"[bits & 15];
  out[16] = 0;
}

static void free_request(peal_cluster_machine *machine,
                         peal_cluster_request *it) {
  peal_cluster_state_free(machine, it->heard,
                          it->heard_cap * sizeof *it->heard);
  peal_cluster_state_free(machine, it, sizeof *it);
}

static void finish(peal_cluster_machine *machine, peal_cluster_request *it,
                   peal_err err) {
  peal_map_remove(&machine->requests, id_of(it));
  peal_due_remove(&machine->due, &it->due);
  it->is_over = true;
  it->err = err;
  if (!err && (it->given_up || it->answered < it->expected))
    it->err = PEAL_ERR_TIMEOUT;
  if (it->err == PEAL_ERR_TIMEOUT)
    machine->figures.timeouts++;
  machine->open--;
  peal_list_push(&machine->done, &it->at);
}

static void set_due(peal_cluster_machine *machine, peal_cluster_request *it) {
  uint64_t sift = it->begun_ms + machine->opts.request_ms;
  peal_due_remove(&machine->due, &it->due);
  peal_due_add(&machine->due, &it->due,
               it->kind == PEAL_BUS_ASK && !it->has_sifted &&
                       sift < it->until_ms
                   ? sift
                   : it->until_ms);
}

/* -- is it over? --------------------------------------------------------------------- */

/* A client of Python's has none but its own server to tell about it: if the room
 * has clients here or at others, it is taken for theirs. */
static bool waits_for_python(const peal_cluster_request *it) {
  return it->hears_python && !it->has_python && !it->local && !it->asked;
}

static void settle(peal_cluster_machine *machine, peal_cluster_request *it) {
  if (it->is_over || !it->is_counted || it->answered < it->expected ||
      it->acked < it->asked || waits_for_python(it))
    return;
  finish(machine, it, PEAL_OK);
}

/* -- asking -------------------------------------------------------------------------- */

/* Python's callbacks are those of one room: there a socket's id, as a rule. */
static peal_slice room_of(const peal_op *op) {
  peal_names_walk rooms = peal_names_rooms(&op->to);
  peal_slice room = {0};
  if (peal_names_count(rooms) == 1)
    peal_names_next(&rooms, &room);
  return room;
}

static void say_to_python(peal_cluster_machine *machine,
                          const peal_cluster_request *it,
                          const peal_bus_msg *question) {
  peal_bus_msg out = *question;
  out.number = it->number;
  out.room = room_of(&question->op);
  peal_cluster_say_op(machine, PEAL_CLUSTER_OF_PYTHON, &out, false);
}

static void say(peal_cluster_machine *machine, peal_cluster_request *it,
                const peal_bus_msg *question) {
  peal_bus_msg out = *question;
  peal_cluster_event *event = peal_cluster_say_add(
      machine, PEAL_CLUSTER_DO_COUNT, (peal_cluster_dialect)it->dialect, NULL);
  event->number = it->number;
  if (it->dialect == PEAL_CLUSTER_OF_NODE)
    event->nsp = question->nsp;
  out.request = id_of(it);
  peal_cluster_say_op(machine, (peal_cluster_dialect)it->dialect, &out, false);
  if (it->hears_python)
    say_to_python(machine, it, question);
}

static peal_cluster_request *make(peal_cluster_machine *machine,
                                  const peal_bus_msg *question,
                                  uint32_t timeout_ms, void *user) {
  peal_cluster_request *it = peal_cluster_state_alloc(machine, sizeof *it);
  if (!it)
    return NULL;
  write_id(it->id, peal_cluster_state_roll(machine));
  peal_list_init(&it->at);
  it->kind = question->kind;
  it->dialect = machine->opts.node && question->kind != PEAL_BUS_COUNT
                    ? PEAL_CLUSTER_OF_NODE
                    : PEAL_CLUSTER_OF_PEAL;
  it->hears_python = machine->opts.python && question->kind == PEAL_BUS_ASK &&
                     room_of(&question->op).ptr;
  it->number = ++machine->last_number;
  it->begun_ms = machine->now_ms;
  it->until_ms = machine->now_ms + timeout_ms;
  it->local = question->kind == PEAL_BUS_ASK ? question->count : 0;
  it->user = user;
  if (!peal_map_add(&machine->requests, id_of(it), it))
    return it;
  peal_cluster_state_free(machine, it, sizeof *it);
  return NULL;
}

static uint32_t limit_of(const peal_cluster_machine *machine, uint8_t kind,
                         uint32_t timeout_ms) {
  if (timeout_ms)
    return timeout_ms;
  return kind == PEAL_BUS_ASK ? PEAL_LIMIT_CLUSTER_ASK_MS
                              : machine->opts.request_ms;
}

peal_err peal_cluster_request_ask(peal_cluster_machine *machine,
                                  const peal_bus_msg *question,
                                  uint32_t timeout_ms, void *user) {
  if (!peal_cluster_say_has_room(machine, 3))
    return PEAL_ERR_USAGE;
  if (machine->open >= machine->opts.max_requests)
    return PEAL_ERR_LIMIT;
  peal_cluster_request *it = make(
      machine, question, limit_of(machine, question->kind, timeout_ms), user);
  if (!it)
    return PEAL_ERR_NOMEM;
  machine->open++;
  machine->figures.requests++;
  if (!peal_cluster_state_is_on(machine)) {
    it->expected = 0;
    finish(machine, it, PEAL_ERR_CLOSED);
    return PEAL_OK;
  }
  set_due(machine, it);
  say(machine, it, question);
  return PEAL_OK;
}

static peal_cluster_request *by_number(const peal_cluster_machine *machine,
                                       uint64_t number) {
  uint32_t cursor = 0;
  peal_cluster_request *it;
  while ((it = peal_map_next(&machine->requests, &cursor)))
    if (it->number == number)
      break;
  return it;
}

void peal_cluster_request_count(peal_cluster_machine *machine, uint64_t number,
                                uint64_t nodes) {
  peal_cluster_request *it = by_number(machine, number);
  if (!it || it->is_counted || nodes == UINT64_MAX)
    return;
  it->is_counted = true;
  it->expected = nodes > 1 ? (size_t)nodes - 1 : 0;
  settle(machine, it);
}

/* -- answers ------------------------------------------------------------------------- */

static peal_cluster_heard *find_heard(const peal_cluster_request *it,
                                      uint64_t who) {
  for (size_t i = 0; i < it->heard_count; i++)
    if (it->heard[i].who == who)
      return &it->heard[i];
  return NULL;
}

static peal_err grow_heard(peal_cluster_machine *machine,
                           peal_cluster_request *it) {
  size_t cap = it->heard_cap ? it->heard_cap * 2 : 4;
  if (it->heard_count < it->heard_cap)
    return PEAL_OK;
  if (it->heard_count >= machine->opts.max_nodes)
    return PEAL_ERR_LIMIT;
  peal_cluster_heard *heard =
      peal_cluster_state_alloc(machine, cap * sizeof *heard);
  if (!heard)
    return PEAL_ERR_NOMEM;
  if (it->heard_count)
    memcpy(heard, it->heard, it->heard_count * sizeof *heard);
  peal_cluster_state_free(machine, it->heard, it->heard_cap * sizeof *heard);
  it->heard = heard;
  it->heard_cap = cap;
  return PEAL_OK;
}

/* The record of who answers; those who do not say who they are share one. */
static peal_err hear(peal_cluster_machine *machine, peal_cluster_request *it,
                     peal_slice from, peal_cluster_heard **out) {
  uint64_t who = from.len ? peal_cluster_state_hash(from) : 0;
  *out = find_heard(it, who);
  if (*out)
    return PEAL_OK;
  peal_err err = grow_heard(machine, it);
  if (err)
    return err;
  *out = &it->heard[it->heard_count++];
  **out = (peal_cluster_heard){.who = who};
  return PEAL_OK;
}

static bool is_answer_to(uint8_t kind, uint8_t question) {
  switch (kind) {
  case PEAL_BUS_ASKED:
  case PEAL_BUS_ACKED:
    return question == PEAL_BUS_ASK;
  case PEAL_BUS_FETCHED:
    return question == PEAL_BUS_FETCH;
  case PEAL_BUS_IDS_ARE:
    return question == PEAL_BUS_IDS;
  case PEAL_BUS_ROOMS_ARE:
    return question == PEAL_BUS_ROOMS;
  case PEAL_BUS_RETURN:
    return question == PEAL_BUS_CALL;
  case PEAL_BUS_COUNTED:
    return question == PEAL_BUS_COUNT;
  default:
    return false;
  }
}

static void say_part(peal_cluster_machine *machine,
                     const peal_cluster_request *it,
                     peal_cluster_dialect dialect, const peal_bus_msg *answer) {
  peal_cluster_say_add(machine, PEAL_CLUSTER_IS_PART, dialect, answer)->user =
      it->user;
}

/* More acknowledgements than clients that were asked are nobody's. */
static bool take_ack(peal_cluster_request *it, peal_cluster_heard *from) {
  if (from->has_answered && from->acked >= from->asked)
    return false;
  from->acked++;
  it->acked++;
  return true;
}

static bool take(peal_cluster_request *it, peal_cluster_heard *from,
                 const peal_bus_msg *answer) {
  if (answer->kind == PEAL_BUS_ACKED)
    return take_ack(it, from);
  if (from->who && from->has_answered)
    return false;
  if (it->is_counted && it->answered >= it->expected)
    return false;
  from->has_answered = true;
  it->answered++;
  if (answer->kind == PEAL_BUS_ASKED) {
    size_t count = answer->count < PEAL_LIMIT_CLUSTER_CLIENTS
                       ? answer->count
                       : PEAL_LIMIT_CLUSTER_CLIENTS;
    from->asked += count;
    it->asked += count;
  } else if (answer->kind == PEAL_BUS_COUNTED) {
    it->count += answer->count;
  }
  return true;
}

static peal_err answer_python(peal_cluster_machine *machine,
                              const peal_bus_msg *answer) {
  peal_cluster_request *it = by_number(machine, answer->number);
  if (!it || !it->hears_python || it->has_python)
    return PEAL_ERR_NOT_FOUND;
  it->has_python = true;
  say_part(machine, it, PEAL_CLUSTER_OF_PYTHON, answer);
  settle(machine, it);
  return PEAL_OK;
}

peal_err peal_cluster_request_answer(peal_cluster_machine *machine,
                                     peal_cluster_dialect dialect,
                                     const peal_bus_msg *answer) {
  if (!peal_cluster_say_has_room(machine, 1))
    return PEAL_ERR_USAGE;
  if (answer->kind == PEAL_BUS_CALLBACK)
    return answer_python(machine, answer);
  peal_cluster_request *it = peal_map_get(&machine->requests, answer->request);
  peal_cluster_heard *from;
  if (!it || it->dialect != dialect || !is_answer_to(answer->kind, it->kind))
    return PEAL_ERR_NOT_FOUND;
  peal_err err = hear(machine, it, answer->from, &from);
  if (err)
    return err;
  if (!take(it, from, answer))
    return PEAL_ERR_EXISTS;
  say_part(machine, it, dialect, answer);
  settle(machine, it);
  return PEAL_OK;
}

/* -- those who will not answer -------------------------------------------------------- */

static void give_up_on(peal_cluster_request *it, peal_slice name) {
  const peal_cluster_heard *from =
      find_heard(it, peal_cluster_state_hash(name));
  if (!from || !from->has_answered) {
    if (it->answered < it->expected) {
      it->expected--;
      it->given_up++;
    }
  } else if (from->acked < from->asked) {
    it->asked -= from->asked - from->acked;
    it->given_up++;
  }
}

void peal_cluster_request_lost(peal_cluster_machine *machine, peal_slice name,
                               uint64_t since_ms) {
  uint32_t cursor = 0;
  peal_cluster_request *it;
  while ((it = peal_map_next(&machine->requests, &cursor))) {
    if (!it->is_counted || since_ms > it->begun_ms)
      continue;
    give_up_on(it, name);
    settle(machine, it);
  }
}

/* Nodes that do not even say how many clients they ask have no place in a wait
 * for what their clients say. */
static void sift(peal_cluster_machine *machine, peal_cluster_request *it) {
  it->has_sifted = true;
  if (it->is_counted && it->answered < it->expected) {
    it->given_up += it->expected - it->answered;
    it->expected = it->answered;
  }
  settle(machine, it);
  if (!it->is_over)
    set_due(machine, it);
}

void peal_cluster_request_tick(peal_cluster_machine *machine) {
  while (peal_due_first_ms(&machine->due) <= machine->now_ms) {
    peal_cluster_request *it = of_due(machine->due.first);
    if (it->until_ms <= machine->now_ms)
      finish(machine, it, PEAL_ERR_TIMEOUT);
    else
      sift(machine, it);
  }
}

void peal_cluster_request_end(peal_cluster_machine *machine, peal_err err) {
  uint32_t cursor = 0;
  peal_cluster_request *it;
  while ((it = peal_map_next(&machine->requests, &cursor)))
    finish(machine, it, err);
}

/* -- the end -------------------------------------------------------------------------- */

static size_t missing_of(const peal_cluster_request *it) {
  if (!it->is_counted)
    return SIZE_MAX;
  return it->given_up +
         (it->answered < it->expected ? it->expected - it->answered : 0);
}

bool peal_cluster_request_next(peal_cluster_machine *machine,
                               peal_cluster_event *event) {
  peal_list *node = peal_list_shift(&machine->done);
  if (!node)
    return false;
  peal_cluster_request *it = PEAL_LIST_OF(node, peal_cluster_request, at);
  *event = (peal_cluster_event){
      .type = PEAL_CLUSTER_IS_DONE,
      .dialect = it->dialect,
      .user = it->user,
      .err = it->err,
      .nodes = it->is_counted ? it->expected + it->given_up : SIZE_MAX,
      .missing = missing_of(it),
      .count = it->kind == PEAL_BUS_COUNT ? it->count : it->asked};
  free_request(machine, it);
  return true;
}

void peal_cluster_request_deinit(peal_cluster_machine *machine) {
  peal_cluster_event event;
  peal_cluster_request_end(machine, PEAL_ERR_CLOSED);
  while (peal_cluster_request_next(machine, &event))
    continue;
  peal_map_deinit(&machine->requests);
}

bool peal_cluster_request_check(const peal_cluster_machine *machine) {
  uint32_t cursor = 0;
  size_t count = 0;
  const peal_cluster_request *it;
  while ((it = peal_map_next(&machine->requests, &cursor))) {
    count++;
    if (it->is_over || !it->due.is_in || it->due.at_ms > it->until_ms ||
        it->heard_count > it->heard_cap)
      return false;
    if (it->is_counted && it->answered >= it->expected &&
        it->acked >= it->asked && !waits_for_python(it))
      return false;
  }
  return count == machine->open && count <= machine->opts.max_requests &&
         peal_due_check(&machine->due) == count;
}
