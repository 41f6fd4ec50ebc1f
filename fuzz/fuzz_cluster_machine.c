/* SPDX-License-Identifier: MIT */
/* proto/cluster_machine: verbs and messages in any order, of any content: its
 * invariants hold, each question ends once, and nothing is left. The input is a
 * list of steps: u8 what, u8 length, that many bytes. */
#include <stdlib.h>
#include <string.h>

#include "proto/bus_node.h"
#include "proto/bus_peal.h"
#include "proto/bus_python.h"
#include "proto/cluster_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MAX_ASKS 64u

typedef struct life {
  peal_cluster_machine machine;
  peal_account account;
  peal_arena arena;
  uint64_t now_ms, number;
  unsigned asked, done;
  bool has_left;
  char request[32];
} life;

static void must(bool truth) {
  if (!truth)
    abort();
}

static void note(life *it, const peal_cluster_event *event) {
  if (event->type == PEAL_CLUSTER_IS_DONE) {
    unsigned *ends = event->user;
    must(++*ends == 1);
    it->done++;
  }
  if (event->type == PEAL_CLUSTER_DO_COUNT ||
      event->type == PEAL_CLUSTER_DO_ADD)
    it->number = event->number;
  if (event->type == PEAL_CLUSTER_DO_SEND && event->msg->request.len == 16) {
    memcpy(it->request, event->msg->request.ptr, 16);
    it->request[16] = 0;
  }
  if (event->msg && event->msg->op.message)
    must(peal_message_count(event->msg->op.message) > 0);
}

static void drain(life *it) {
  peal_cluster_event event;
  unsigned turns = 0;
  while (peal_cluster_machine_next(&it->machine, &it->arena, &event)) {
    note(it, &event);
    must(++turns < 10000);
  }
  peal_arena_reset(&it->arena);
  must(peal_cluster_machine_check(&it->machine));
  must(peal_cluster_machine_deadline(&it->machine) != 0);
}

/* What a dialect makes of the bytes. */
static void feed_bytes(life *it, unsigned dialect, peal_slice in) {
  peal_bus_msg msg = {0};
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = dialect == PEAL_CLUSTER_OF_PYTHON
                     ? peal_bus_python_decode(&msg, in, &arena)
                 : dialect == PEAL_CLUSTER_OF_PEAL
                     ? peal_bus_peal_decode(&msg, in, &arena)
                     : peal_bus_node_decode(&msg, in, &arena);
  if (!err)
    (void)peal_cluster_machine_feed(&it->machine, (peal_cluster_dialect)dialect,
                                    &msg, it->now_ms);
  drain(it);
  peal_message_unref(msg.op.message);
  peal_arena_deinit(&arena);
}

static unsigned byte_at(peal_slice in, size_t at) {
  return at < in.len ? (unsigned char)in.ptr[at] : 0;
}

/* What no codec would give, too: kind, from, to, numbers, arguments. */
static void make(peal_bus_msg *msg, life *it, peal_slice in, peal_val *items) {
  static const char *const names[] = {"",
                                      "peal3fedcba9876543210",
                                      "peal7fedcba9876543210",
                                      "peal30123456789abcdef",
                                      "node",
                                      "fedcba98765432107065616c30000000"};
  *msg = (peal_bus_msg){.kind = (uint8_t)(byte_at(in, 0) % 20),
                        .from = peal_slice_of(names[byte_at(in, 1) % 6]),
                        .to = peal_slice_of(names[byte_at(in, 2) % 4]),
                        .nsp = PEAL_S("/"),
                        .count = byte_at(in, 3),
                        .number = byte_at(in, 4) % 8};
  if (byte_at(in, 5) % 2)
    msg->request = peal_slice_of(it->request);
  msg->op = (peal_op){.kind = (uint8_t)(byte_at(in, 5) % 8), .nsp = msg->nsp};
  size_t count = byte_at(in, 6) % 8;
  for (size_t i = 0; i < count; i++) {
    unsigned value = byte_at(in, 7 + i);
    items[i] = value < 200 ? peal_int((int64_t)value - 20)
                           : peal_str_slice((peal_slice){
                                 "/abc", value % 4 + (i == 2 ? 1u : 0u)});
  }
  msg->args = (peal_args){items, count};
}

static void feed_made(life *it, peal_slice in) {
  peal_bus_msg msg;
  peal_val items[8];
  char id[8] = {(char)('0' + byte_at(in, 8) % 10), '-',
                (char)('0' + byte_at(in, 9) % 10), 0};
  make(&msg, it, in, items);
  if (byte_at(in, 7) % 4 == 3)
    (void)peal_cluster_machine_entry(
        &it->machine, byte_at(in, 10) % 3, peal_slice_of(id),
        byte_at(in, 11) % 8 ? &msg : NULL, it->now_ms);
  else
    (void)peal_cluster_machine_feed(&it->machine,
                                    (peal_cluster_dialect)(byte_at(in, 7) % 4),
                                    &msg, it->now_ms);
  drain(it);
}

static void publish(life *it, peal_slice in) {
  const peal_slice room = PEAL_S("a");
  peal_op op = {.kind = PEAL_OP_EMIT, .nsp = PEAL_S("/")};
  op.message = peal_message_new(PEAL_S("2[\"e\"]"), NULL, 0, NULL);
  if (byte_at(in, 0) % 2)
    op.to.room_names = (peal_names){&room, 1};
  /* It was asked for all that it had to say, and memory is enough. */
  if (op.message)
    must(!peal_cluster_machine_publish(&it->machine, &op, it->now_ms) ||
         it->has_left);
  drain(it);
  peal_message_unref(op.message);
}

static void ask(life *it, peal_slice in, unsigned *ends) {
  static const uint8_t kinds[] = {PEAL_BUS_ASK,  PEAL_BUS_FETCH,
                                  PEAL_BUS_IDS,  PEAL_BUS_ROOMS,
                                  PEAL_BUS_CALL, PEAL_BUS_COUNT};
  peal_bus_msg msg = {.kind = kinds[byte_at(in, 0) % 6], .nsp = PEAL_S("/")};
  if (it->asked == MAX_ASKS)
    return;
  msg.op = (peal_op){.kind = PEAL_OP_COUNT, .nsp = msg.nsp};
  if (!peal_cluster_machine_ask(&it->machine, &msg, byte_at(in, 1) * 100,
                                &ends[it->asked], it->now_ms))
    it->asked++;
  drain(it);
}

static void enter(life *it, peal_slice in) {
  char room[1] = {(char)('a' + byte_at(in, 0) % 5)};
  must(!peal_cluster_machine_room(
      &it->machine, PEAL_S("/"),
      (peal_slice){byte_at(in, 0) % 7 ? room : NULL, 1}, byte_at(in, 1) % 3,
      byte_at(in, 2) % 2, it->now_ms));
  drain(it);
}

static void fate(life *it, unsigned what, peal_slice in) {
  static const peal_err errors[] = {PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_REFUSED};
  char id[8] = {(char)('0' + byte_at(in, 0) % 10), '-', '0', 0};
  switch (what) {
  case 0:
    peal_cluster_machine_up(&it->machine, it->now_ms);
    break;
  case 1:
    peal_cluster_machine_down(&it->machine, it->now_ms);
    break;
  case 2:
    peal_cluster_machine_current(&it->machine, byte_at(in, 1) % 3,
                                 peal_slice_of(id), it->now_ms);
    break;
  case 3:
    peal_cluster_machine_added(&it->machine, it->number - byte_at(in, 1) % 4,
                               peal_slice_of(id), errors[byte_at(in, 2) % 3],
                               it->now_ms);
    break;
  case 4:
    peal_cluster_machine_count(&it->machine, it->number - byte_at(in, 1) % 4,
                               byte_at(in, 2) % 5, it->now_ms);
    break;
  case 5:
    peal_cluster_machine_trimmed(&it->machine, 0, peal_slice_of(id));
    break;
  default:
    it->has_left = true;
    peal_cluster_machine_leave(&it->machine, it->now_ms);
    break;
  }
  drain(it);
}

static void step(life *it, unsigned what, peal_slice in, unsigned *ends) {
  it->now_ms += byte_at(in, in.len ? in.len - 1 : 0) * 20u;
  if (what < 3)
    feed_bytes(it, what, in);
  else if (what < 100)
    feed_made(it, in);
  else if (what < 130)
    publish(it, in);
  else if (what < 150)
    ask(it, in, ends);
  else if (what < 170)
    enter(it, in);
  else if (what < 180)
    fate(it, what == 179 ? 6 : 5, in);
  else if (what < 230)
    fate(it, what % 5, in);
  peal_cluster_machine_tick(&it->machine, it->now_ms);
  drain(it);
  must(peal_cluster_machine_deadline(&it->machine) > it->now_ms); /* no spin */
}

static bool begin(life *it, unsigned bits) {
  const peal_cluster_machine_opts opts = {.uid = PEAL_S("0123456789abcdef"),
                                          .node = !(bits & 1) || (bits & 4),
                                          .python = bits & 2,
                                          .relay = (bits & 6) == 6,
                                          .streams = bits & 8,
                                          .dynamic = bits & 16,
                                          .private_too = bits & 32,
                                          .keep = bits & 64,
                                          .streams_count = bits & 128 ? 2 : 0,
                                          .max_requests = 8,
                                          .max_nodes = 4,
                                          .max_presence_bytes = 1000,
                                          .max_log_bytes = 1000,
                                          .account = &it->account};
  peal_arena_init(&it->arena, NULL, 0, 0);
  return !peal_cluster_machine_init(&it->machine, &opts, bits, 1000) &&
         !peal_cluster_machine_nsp(&it->machine, PEAL_S("/"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  life it = {.now_ms = 1000};
  unsigned ends[MAX_ASKS] = {0};
  if (!len)
    return 0;
  must(begin(&it, data[0]));
  for (size_t at = 1; at + 2 <= len;) {
    size_t rest = len - at - 2;
    size_t take = data[at + 1] < rest ? data[at + 1] : rest;
    step(&it, data[at], (peal_slice){(const char *)data + at + 2, take}, ends);
    at += 2 + take;
  }
  peal_cluster_machine_leave(&it.machine, it.now_ms);
  drain(&it);
  must(it.done == it.asked);
  peal_cluster_machine_deinit(&it.machine);
  must(it.account.used == 0);
  peal_arena_deinit(&it.arena);
  return 0;
}
