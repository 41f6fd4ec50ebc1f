/* SPDX-License-Identifier: MIT */
/* sim_node: a process: the machine with the glue that a program has around it,
 * and beside them a server of Python's and one of Node's, which know nothing of
 * Peal and must not hear anything twice either. */
#include "base/mem.h"
#include "proto/bus_channel.h"
#include "proto/bus_node.h"
#include "proto/bus_peal.h"
#include "proto/bus_python.h"
#include "proto/names.h"
#include "sim.h"

#define PREFIX PEAL_S("socket.io")
#define NSP PEAL_S("/")
#define PYTHON_HOST "00112233445566778899aabbccddeeff"
#define NODE_UID "fedcba9876543210"
#define RETRY_MS 1000u
#define REQUEST_MS 5000u

static void pump(unsigned node);

/* -- events ------------------------------------------------------------------------------ */

unsigned sim_event_new(unsigned origin, unsigned rooms, unsigned except) {
  if (!w.event_count)
    w.event_count = 1;
  if (w.event_count == SIM_EVENTS)
    return 0;
  unsigned life = origin < SIM_NODES ? w.nodes[origin].life : 0;
  w.events[w.event_count] = (sim_event){.life = life,
                                        .origin = origin,
                                        .at_ms = w.now_ms,
                                        .rooms = rooms,
                                        .except = except};
  sim_trace("event %u of %u to %x but %x", w.event_count, origin, rooms,
            except);
  return w.event_count++;
}

peal_message *sim_event_message(unsigned event) {
  char text[40];
  snprintf(text, sizeof text, "2[\"e\",%u]", event);
  return peal_message_new(peal_slice_of(text), NULL, 0, NULL);
}

bool sim_event_of(const peal_op *op, peal_arena *arena, unsigned *out) {
  peal_sio_packet packet;
  if (!op->message || peal_op_values(&packet, op, arena))
    return false;
  *out = (unsigned)peal_val_int(peal_val_at(packet.data, 1), 0);
  return *out && *out < w.event_count;
}

/* -- dialects ------------------------------------------------------------------------------ */

static void set_channel(sim_packet *packet, const peal_buf *name) {
  snprintf(packet->channel, sizeof packet->channel, "%.*s", (int)name->len,
           name->ptr ? name->ptr : "");
}

static void channel_of(sim_packet *packet, peal_cluster_dialect dialect,
                       const peal_bus_msg *msg, peal_slice nsp,
                       peal_slice tail) {
  peal_buf name;
  peal_buf_init(&name, NULL, 0);
  if (dialect == PEAL_CLUSTER_OF_PYTHON)
    peal_buf_add_str(&name, "flask-socketio");
  else if (dialect == PEAL_CLUSTER_OF_PEAL)
    peal_buf_add_str(&name, "socket.io-peal#");
  else if (msg)
    peal_bus_channel_node(&name, PREFIX, msg,
                          w.config.dynamic ? PEAL_BUS_ROOMS_DYNAMIC
                                           : PEAL_BUS_ROOMS_STATIC);
  else
    peal_bus_channel_add(&name, PREFIX, "", nsp, tail);
  set_channel(packet, &name);
  peal_buf_deinit(&name);
}

static bool encode(peal_buf *out, peal_cluster_dialect dialect,
                   const peal_bus_msg *msg) {
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  if (dialect == PEAL_CLUSTER_OF_PYTHON)
    peal_bus_python_encode(out, msg, &arena);
  else if (dialect == PEAL_CLUSTER_OF_PEAL)
    peal_bus_peal_encode(out, msg);
  else
    peal_bus_node_encode(
        out, msg,
        w.config.streams ? PEAL_BUS_NODE_PLAIN : PEAL_BUS_NODE_SHARDED, &arena);
  peal_arena_deinit(&arena);
  return out->err == PEAL_OK;
}

static bool decode(peal_bus_msg *out, const char *channel, peal_slice data,
                   peal_cluster_dialect *dialect, peal_arena *arena) {
  if (!strcmp(channel, "flask-socketio")) {
    *dialect = PEAL_CLUSTER_OF_PYTHON;
    return !peal_bus_python_decode(out, data, arena);
  }
  if (!strcmp(channel, "socket.io-peal#")) {
    *dialect = PEAL_CLUSTER_OF_PEAL;
    return !peal_bus_peal_decode(out, data, arena);
  }
  *dialect = PEAL_CLUSTER_OF_NODE;
  return !peal_bus_node_decode(out, data, arena);
}

static void publish(unsigned link, peal_cluster_dialect dialect,
                    const peal_bus_msg *msg) {
  peal_bus_msg out = *msg;
  peal_buf data;
  if (dialect == PEAL_CLUSTER_OF_NODE && !out.nsp.len)
    out.nsp = NSP;
  peal_buf_init(&data, NULL, 0);
  if (encode(&data, dialect, &out)) {
    sim_packet *packet = sim_packet_new(SIM_PUBLISH);
    channel_of(packet, dialect, &out, NSP, (peal_slice){0});
    packet->data = malloc(data.len + 1);
    memcpy(packet->data, data.ptr, data.len);
    packet->len = data.len;
    sim_redis_send(link, packet);
  }
  peal_buf_deinit(&data);
}

/* -- the glue: what the machine wants -------------------------------------------------------- */

static void subscribe(unsigned node, const peal_cluster_event *event) {
  sim_packet *packet = sim_packet_new(event->type == PEAL_CLUSTER_DO_SUBSCRIBE
                                          ? SIM_SUBSCRIBE
                                          : SIM_UNSUBSCRIBE);
  channel_of(packet, (peal_cluster_dialect)event->dialect, NULL, NSP,
             event->room.len ? event->room : (peal_slice){0});
  sim_redis_send(node, packet);
}

static void add(unsigned node, const peal_cluster_event *event) {
  sim_node *it = &w.nodes[node];
  peal_bus_entry entry;
  peal_buf data, all;
  unsigned number = 0;
  peal_buf_init(&data, NULL, 0);
  peal_buf_init(&all, NULL, 0);
  peal_bus_node_encode_entry(&entry, &data, event->msg, &it->decoded);
  const peal_slice fields[] = {entry.uid, entry.nsp, entry.type, entry.data};
  for (unsigned i = 0; i < 4; i++) {
    peal_buf_add(&all, fields[i]);
    peal_buf_add_char(&all, 0);
  }
  sim_packet *packet = sim_packet_new(SIM_ADD);
  packet->number = event->number;
  packet->data = malloc(all.len);
  memcpy(packet->data, all.ptr, all.len);
  (void)sim_event_of(&event->msg->op, &it->decoded, &number);
  packet->client = number;
  it->adds[it->add_end++ % 4096] = event->number;
  sim_redis_send(node, packet);
  peal_buf_deinit(&data);
  peal_buf_deinit(&all);
}

static void count(unsigned node, const peal_cluster_event *event) {
  sim_node *it = &w.nodes[node];
  sim_packet *packet = sim_packet_new(SIM_NUMSUB);
  channel_of(packet, (peal_cluster_dialect)event->dialect, NULL, NSP,
             (peal_slice){0});
  packet->number = event->number;
  if (it->count_count < 256)
    it->counts[it->count_count++] = event->number;
  sim_redis_send(node, packet);
}

static void read_from(unsigned node, const peal_cluster_event *event) {
  sim_packet *packet = sim_packet_new(SIM_READ);
  packet->has_place = peal_cluster_places_parse(&packet->place, event->offset);
  /* What was asked for before the link broke comes once more. */
  if (packet->place.ms > 2000 && sim_chance(30))
    packet->place.ms -= sim_roll(2000);
  w.links[node].reads = false;
  sim_redis_send(node, packet);
}

static void run(unsigned node, const peal_cluster_event *event) {
  sim_node *it = &w.nodes[node];
  const peal_op *op = &event->msg->op;
  unsigned number;
  if (op->kind != PEAL_OP_EMIT) {
    sim_client_move(node, op);
    return;
  }
  if (!sim_event_of(op, &it->decoded, &number))
    return;
  if (event->own)
    w.events[number].has_run = true;
  /* Too much waits for the bus: it is run here alone, and overtakes what comes
     late to those who came back. */
  if (event->own && !event->msg->number)
    w.events[number].refused = true;
  sim_trace("node %u runs %u, number %llu at %.*s", node, number,
            (unsigned long long)event->msg->number, PEAL_SFMT(event->offset));
  sim_client_run(node, number, event->msg, event->offset);
}

/* -- questions of others ----------------------------------------------------------------------- */

static void answer(unsigned node, const peal_cluster_event *event,
                   peal_bus_msg *msg) {
  sim_node *it = &w.nodes[node];
  msg->nsp = event->msg->nsp;
  msg->to = event->msg->from;
  msg->request = event->msg->request;
  if (peal_cluster_machine_answer(
          &it->machine, (peal_cluster_dialect)event->dialect, msg, w.now_ms))
    sim_fail("node %u cannot answer", node);
}

static peal_val *one_of(unsigned node, peal_val value) {
  peal_val *out = peal_arena_alloc(&w.nodes[node].told, sizeof *out);
  *out = value;
  return out;
}

static void answer_ask(unsigned node, const peal_cluster_event *event) {
  unsigned clients = sim_client_count(node, &event->msg->op);
  peal_bus_msg msg = {.kind = PEAL_BUS_ASKED, .count = clients};
  answer(node, event, &msg);
  /* The ring of what is said is short: more would come with time. */
  for (unsigned i = 0; i < clients && i < 4; i++) {
    msg = (peal_bus_msg){.kind = PEAL_BUS_ACKED,
                         .args = {one_of(node, peal_int(1)), 1}};
    if (sim_chance(95))
      answer(node, event, &msg);
  }
}

static peal_val describe(unsigned node, const sim_client *client) {
  peal_pair *pairs = peal_arena_alloc(&w.nodes[node].told, 4 * sizeof *pairs);
  pairs[0] = (peal_pair){"id", peal_str(client->id)};
  pairs[1] = (peal_pair){"handshake", peal_object(NULL, 0)};
  pairs[2] = (peal_pair){"rooms", peal_array(NULL, 0)};
  pairs[3] = (peal_pair){"data", peal_object(NULL, 0)};
  return peal_object(pairs, 4);
}

static void answer_fetch(unsigned node, const peal_cluster_event *event) {
  peal_val *items =
      peal_arena_alloc(&w.nodes[node].told, SIM_CLIENTS * sizeof *items);
  size_t have = 0;
  for (unsigned i = 0; i < SIM_CLIENTS; i++)
    if (w.clients[i].node == (int)node &&
        sim_client_names(&event->msg->op, &w.clients[i]))
      items[have++] = describe(node, &w.clients[i]);
  peal_bus_msg msg = {.kind = PEAL_BUS_FETCHED, .args = {items, have}};
  answer(node, event, &msg);
}

static void query(unsigned node, const peal_cluster_event *event) {
  peal_bus_msg msg = {.kind = PEAL_BUS_RETURN,
                      .args = {one_of(node, peal_int((int64_t)node)), 1}};
  if (event->msg->kind == PEAL_BUS_ASK) {
    answer_ask(node, event);
  } else if (event->msg->kind == PEAL_BUS_FETCH) {
    answer_fetch(node, event);
  } else if (event->msg->kind == PEAL_BUS_COUNT) {
    msg = (peal_bus_msg){.kind = PEAL_BUS_COUNTED,
                         .count = sim_client_count(node, &event->msg->op)};
    answer(node, event, &msg);
  } else if (event->msg->request.len) {
    answer(node, event, &msg);
  }
}

/* -- questions of ours ---------------------------------------------------------------------------- */

static void part(const peal_cluster_event *event) {
  sim_request *it = event->user;
  if (it->is_done)
    sim_fail("an answer behind the end of request %td", it - w.requests);
  it->parts++;
}

static void done(unsigned node, const peal_cluster_event *event) {
  sim_request *it = event->user;
  sim_trace("request %td done %s, %zu of %zu missing", it - w.requests,
            peal_err_name(event->err), event->missing, event->nodes);
  if (it->is_done || it->node != node)
    sim_fail("request %td ends twice", it - w.requests);
  it->is_done = true;
  w.totals.timeouts += event->err == PEAL_ERR_TIMEOUT;
  if (w.now_ms > it->until_ms + 2000 &&
      w.now_ms > w.nodes[node].frozen_ms + 2000)
    sim_fail("request %td ends %llu ms late", it - w.requests,
             (unsigned long long)(w.now_ms - it->until_ms));
  if (!event->err && event->missing)
    sim_fail("request %td is well though %zu are missing", it - w.requests,
             event->missing);
  if (!event->err && it->kind != PEAL_BUS_ASK && it->parts != event->nodes)
    sim_fail("request %td has %u answers of %zu nodes", it - w.requests,
             it->parts, event->nodes);
  if (w.is_calm && it->kind != PEAL_BUS_ASK &&
      it->begun_ms > w.calm_ms + 12000 && (event->err || event->missing))
    sim_fail("request %td fails though nothing is wrong", it - w.requests);
}

static void act(unsigned node, const peal_cluster_event *event) {
  unsigned number;
  switch ((peal_cluster_event_type)event->type) {
  case PEAL_CLUSTER_DO_SUBSCRIBE:
  case PEAL_CLUSTER_DO_UNSUBSCRIBE:
    subscribe(node, event);
    break;
  case PEAL_CLUSTER_DO_SEND:
    publish(node, (peal_cluster_dialect)event->dialect, event->msg);
    break;
  case PEAL_CLUSTER_DO_ADD:
    add(node, event);
    break;
  case PEAL_CLUSTER_DO_READ:
    read_from(node, event);
    break;
  case PEAL_CLUSTER_DO_COUNT:
    count(node, event);
    break;
  case PEAL_CLUSTER_DO_RUN:
    run(node, event);
    break;
  case PEAL_CLUSTER_DO_QUERY:
    query(node, event);
    break;
  case PEAL_CLUSTER_IS_PART:
    part(event);
    break;
  case PEAL_CLUSTER_IS_DONE:
    done(node, event);
    break;
  case PEAL_CLUSTER_IS_LOST:
    w.totals.lost++;
    w.nodes[node].has_lost = true;
    break;
  case PEAL_CLUSTER_IS_STORED:
    w.totals.stored++;
    if (event->msg->op.kind == PEAL_OP_EMIT &&
        sim_event_of(&event->msg->op, &w.nodes[node].decoded, &number))
      sim_client_stored(node, number, event->number, event->rank,
                        event->offset);
    break;
  case PEAL_CLUSTER_IS_CLOSED:
    w.nodes[node].is_closed = true;
    break;
  case PEAL_CLUSTER_IS_JOINED:
  case PEAL_CLUSTER_IS_LEFT:
    break;
  }
}

static void pump(unsigned node) {
  sim_node *it = &w.nodes[node];
  peal_cluster_event event;
  while (peal_cluster_machine_next(&it->machine, &it->told, &event))
    act(node, &event);
  peal_arena_reset(&it->told);
  peal_arena_reset(&it->decoded);
  if (!peal_cluster_machine_check(&it->machine))
    sim_fail("node %u: an invariant of the machine", node);
}

/* -- life -------------------------------------------------------------------------------------------- */

void sim_node_start(unsigned node) {
  sim_node *it = &w.nodes[node];
  char uid[17];
  unsigned life = it->life + 1;
  *it = (sim_node){.is_alive = true, .life = life, .trouble_ms = w.now_ms};
  torture_init(&it->memory, 0);
  peal_arena_init(&it->told, NULL, 0, 0);
  peal_arena_init(&it->decoded, NULL, 0, 0);
  snprintf(uid, sizeof uid, "%08x%08x", node, life);
  peal_cluster_machine_opts opts = {.uid = peal_slice_of(uid),
                                    .node = true,
                                    .python = w.config.python,
                                    .relay = w.config.relay,
                                    .streams = w.config.streams,
                                    .dynamic = w.config.dynamic,
                                    .keep = w.config.keep,
                                    .max_log_bytes = 4096,
                                    .max_requests = 64,
                                    .account = &it->account,
                                    .mem = &it->memory.mem};
  peal_err err =
      peal_cluster_machine_init(&it->machine, &opts, w.dice + node, w.now_ms);
  err = err ? err : peal_cluster_machine_nsp(&it->machine, NSP);
  if (err)
    sim_fail("node %u: init %s", node, peal_err_name(err));
  it->retry_ms = w.now_ms;
  sim_trace("node %u starts, life %u", node, life);
  pump(node);
}

static void end(unsigned node) {
  sim_node *it = &w.nodes[node];
  sim_redis_cut(node);
  peal_cluster_machine_deinit(&it->machine);
  peal_arena_deinit(&it->told);
  peal_arena_deinit(&it->decoded);
  if (it->memory.live || it->account.used)
    sim_fail("node %u leaves %zu blocks, %zu bytes charged", node,
             it->memory.live, it->account.used);
  it->is_alive = it->is_up = false;
  for (unsigned i = 0; i < w.request_count; i++)
    if (w.requests[i].node == node)
      w.requests[i].is_done = true;
}

void sim_node_crash(unsigned node) {
  sim_trace("node %u crashes", node);
  for (unsigned i = 0; i < SIM_CLIENTS; i++)
    if (w.clients[i].node == (int)node)
      sim_client_drop(i, false);
  end(node);
}

void sim_node_leave(unsigned node) {
  sim_node *it = &w.nodes[node];
  for (unsigned i = 0; i < SIM_CLIENTS; i++)
    if (w.clients[i].node == (int)node)
      sim_client_drop(i, true);
  peal_cluster_machine_leave(&it->machine, w.now_ms);
  pump(node);
  if (!it->is_closed)
    sim_fail("node %u is not closed", node);
  for (unsigned i = 0; i < w.request_count; i++)
    if (w.requests[i].node == node && !w.requests[i].is_done)
      sim_fail("request %u never ends", i);
  end(node);
}

/* -- from Redis --------------------------------------------------------------------------------------- */

static void take_message(unsigned node, const sim_packet *packet) {
  sim_node *it = &w.nodes[node];
  peal_bus_msg msg = {0};
  peal_cluster_dialect dialect;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  if (decode(&msg, packet->channel, (peal_slice){packet->data, packet->len},
             &dialect, &arena)) {
    peal_err err =
        peal_cluster_machine_feed(&it->machine, dialect, &msg, w.now_ms);
    if (err == PEAL_ERR_USAGE || err == PEAL_ERR_NOMEM)
      sim_fail("node %u: fed, %s", node, peal_err_name(err));
    pump(node);
  } else {
    sim_fail("node %u: a message of no form on %s", node, packet->channel);
  }
  peal_message_unref(msg.op.message);
  peal_arena_deinit(&arena);
}

static bool decode_entry(peal_bus_msg *out, const sim_entry *entry,
                         peal_arena *arena) {
  const peal_bus_entry fields = {
      .uid = peal_slice_of(entry->uid),
      .nsp = peal_slice_of(entry->nsp),
      .type = peal_slice_of(entry->type),
      .data = peal_slice_of(*entry->data ? entry->data : NULL)};
  *out = (peal_bus_msg){0};
  if (peal_bus_node_decode_entry(out, &fields, arena))
    return false;
  out->number = entry->number;
  return true;
}

static void take_entry(unsigned node, const sim_packet *packet) {
  sim_node *it = &w.nodes[node];
  const sim_entry *entry = &w.entries[packet->first];
  char id[48];
  peal_bus_msg msg;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)entry->place.ms,
           (unsigned long long)entry->place.n);
  bool known = decode_entry(&msg, entry, &arena);
  if (!known)
    sim_fail("an entry of no form");
  (void)peal_cluster_machine_entry(&it->machine, 0, peal_slice_of(id),
                                   known ? &msg : NULL, w.now_ms);
  pump(node);
  peal_message_unref(msg.op.message);
  peal_arena_deinit(&arena);
}

void sim_node_replay(sim_client *client, const sim_entry *entry) {
  peal_bus_msg msg;
  peal_arena arena;
  unsigned number;
  peal_arena_init(&arena, NULL, 0, 0);
  if (decode_entry(&msg, entry, &arena) && msg.op.kind == PEAL_OP_EMIT &&
      sim_event_of(&msg.op, &arena, &number))
    sim_client_missed(client, number, entry->place);
  peal_message_unref(msg.op.message);
  peal_arena_deinit(&arena);
}

static void take_count(unsigned node, const sim_packet *packet) {
  sim_node *it = &w.nodes[node];
  for (unsigned i = 0; i < it->count_count; i++)
    if (it->counts[i] == packet->number) {
      it->counts[i] = it->counts[--it->count_count];
      break;
    }
  peal_cluster_machine_count(&it->machine, packet->number, packet->place.n,
                             w.now_ms);
}

static void take_added(unsigned node, const sim_packet *packet) {
  sim_node *it = &w.nodes[node];
  char id[48];
  it->add_first++;
  snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)packet->place.ms,
           (unsigned long long)packet->place.n);
  if (!packet->err)
    w.events[packet->client].acked = true;
  peal_cluster_machine_added(&it->machine, packet->number, peal_slice_of(id),
                             packet->err, w.now_ms);
}

/* It reads from now on: what was stored before, it owes to nobody. */
static void take_current(unsigned node, peal_slice id) {
  sim_node *it = &w.nodes[node];
  peal_cluster_machine_current(&it->machine, 0, id, w.now_ms);
  for (unsigned i = 0; i < SIM_CLIENTS && !it->has_read; i++)
    if (w.clients[i].node == (int)node)
      w.clients[i].session_ms = w.now_ms;
  it->has_read = true;
}

static void foreign_take(unsigned link, const sim_packet *packet);

void sim_node_take(unsigned link, sim_packet *packet) {
  if (link >= SIM_NODES) {
    foreign_take(link, packet);
    return;
  }
  sim_node *it = &w.nodes[link];
  char id[48];
  snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)packet->place.ms,
           (unsigned long long)packet->place.n);
  if (packet->kind == SIM_MESSAGE)
    take_message(link, packet);
  else if (packet->kind == SIM_ENTRY)
    take_entry(link, packet);
  else if (packet->kind == SIM_ADDED)
    take_added(link, packet);
  else if (packet->kind == SIM_COUNTED)
    take_count(link, packet);
  else if (packet->kind == SIM_CURRENT)
    take_current(link, peal_slice_of(id));
  else if (packet->kind == SIM_TRIMMED)
    peal_cluster_machine_trimmed(&it->machine, 0, peal_slice_of(id));
  else if (packet->kind == SIM_RESTORED)
    sim_client_restored(packet->client, packet);
  pump(link);
}

/* -- the connection ------------------------------------------------------------------------------------- */

static void resubscribe(unsigned node) {
  static const peal_cluster_dialect all[] = {
      PEAL_CLUSTER_OF_NODE, PEAL_CLUSTER_OF_PYTHON, PEAL_CLUSTER_OF_PEAL};
  for (unsigned i = 0; i < 3; i++) {
    sim_packet *packet = sim_packet_new(SIM_SUBSCRIBE);
    channel_of(packet, all[i], NULL, NSP, (peal_slice){0});
    sim_redis_send(node, packet);
  }
  sim_packet *packet = sim_packet_new(SIM_SUBSCRIBE);
  channel_of(
      packet, PEAL_CLUSTER_OF_NODE, NULL, NSP,
      peal_cluster_machine_name(&w.nodes[node].machine, PEAL_CLUSTER_OF_NODE));
  sim_redis_send(node, packet);
  for (unsigned i = 0; i < SIM_ROOMS && w.config.dynamic; i++) {
    char room[3] = {'r', (char)('0' + i), 0};
    if (!w.nodes[node].has_room[i])
      continue;
    packet = sim_packet_new(SIM_SUBSCRIBE);
    channel_of(packet, PEAL_CLUSTER_OF_NODE, NULL, NSP, peal_slice_of(room));
    sim_redis_send(node, packet);
  }
}

/* R says up when its subscriptions are confirmed. */
static void come_up(unsigned node) {
  sim_node *it = &w.nodes[node];
  it->is_up = true;
  it->add_first = it->add_end = it->count_count = 0;
  it->trouble_ms = w.now_ms + 400;
  sim_trace("node %u up", node);
  peal_cluster_machine_up(&it->machine, w.now_ms);
  pump(node);
}

static void end_commands(unsigned node) {
  sim_node *it = &w.nodes[node];
  for (; it->add_first != it->add_end; it->add_first++) {
    peal_cluster_machine_added(&it->machine, it->adds[it->add_first % 4096],
                               (peal_slice){0}, PEAL_ERR_CLOSED, w.now_ms);
    pump(node);
  }
  while (it->count_count)
    peal_cluster_machine_count(&it->machine, it->counts[--it->count_count],
                               UINT64_MAX, w.now_ms);
}

static void go_down(unsigned node) {
  sim_node *it = &w.nodes[node];
  sim_trace("node %u down", node);
  it->is_up = false;
  it->detects_ms = SIM_NEVER;
  it->trouble_ms = w.now_ms;
  it->retry_ms = w.now_ms + RETRY_MS + sim_roll(RETRY_MS);
  bool first = sim_chance(50);
  if (first)
    end_commands(node);
  peal_cluster_machine_down(&it->machine, w.now_ms);
  pump(node);
  end_commands(node);
  pump(node);
  for (unsigned i = 0; i < SIM_CLIENTS; i++)
    if (w.clients[i].node == (int)node && w.clients[i].is_recovering)
      sim_client_renew(i);
}

static void reconnect(unsigned node) {
  sim_node *it = &w.nodes[node];
  if (!w.redis_is_up || it->cut_ms > w.now_ms) {
    it->retry_ms = w.now_ms + RETRY_MS + sim_roll(RETRY_MS);
    return;
  }
  sim_redis_connect(node);
  resubscribe(node);
  it->up_ms = w.links[node].out_ms > w.redis_slow_ms ? w.links[node].out_ms
                                                     : w.redis_slow_ms;
  it->up_ms++;
  it->retry_ms = SIM_NEVER;
}

static uint64_t min_ms(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t next_ms(const sim_node *it, const sim_link *link) {
  uint64_t at = peal_cluster_machine_deadline(&it->machine);
  if (it->is_up && !link->is_up)
    at = min_ms(at, it->detects_ms);
  if (!it->is_up)
    at = min_ms(at, it->retry_ms);
  if (!it->is_up && it->up_ms)
    at = min_ms(at, it->up_ms);
  at = at > it->frozen_ms ? at : it->frozen_ms;
  return at > w.now_ms ? at : w.now_ms;
}

uint64_t sim_node_next_ms(unsigned *node) {
  uint64_t first = SIM_NEVER;
  for (unsigned i = 0; i < w.config.nodes; i++) {
    if (!w.nodes[i].is_alive)
      continue;
    uint64_t at = next_ms(&w.nodes[i], &w.links[i]);
    if (at < first) {
      first = at;
      *node = i;
    }
  }
  return first;
}

void sim_node_step(unsigned node) {
  sim_node *it = &w.nodes[node];
  sim_link *link = &w.links[node];
  if (it->is_up && !link->is_up && it->detects_ms <= w.now_ms) {
    go_down(node);
  } else if (!it->is_up && it->up_ms && it->up_ms <= w.now_ms) {
    it->up_ms = 0;
    if (link->is_up)
      come_up(node);
    else
      it->retry_ms = w.now_ms + RETRY_MS;
  } else if (!it->is_up && it->retry_ms <= w.now_ms) {
    reconnect(node);
  } else {
    peal_cluster_machine_tick(&it->machine, w.now_ms);
    pump(node);
    if (peal_cluster_machine_deadline(&it->machine) <= w.now_ms &&
        ++it->spins > 1000)
      sim_fail("node %u spins", node);
    return;
  }
  it->spins = 0;
}

/* -- what a program does ------------------------------------------------------------------------------------ */

static void names_of(peal_to *to, unsigned rooms, unsigned except) {
  static const peal_slice texts[SIM_ROOMS] = {
      {"r0", 2}, {"r1", 2}, {"r2", 2}, {"r3", 2}};
  static peal_slice in[SIM_ROOMS], out[SIM_ROOMS];
  size_t ins = 0, outs = 0;
  for (unsigned i = 0; i < SIM_ROOMS; i++) {
    if (rooms & (1u << i))
      in[ins++] = texts[i];
    if (except & (1u << i))
      out[outs++] = texts[i];
  }
  if (ins)
    to->room_names = (peal_names){in, ins};
  if (outs)
    to->except_names = (peal_names){out, outs};
}

void sim_node_emit(unsigned node) {
  sim_node *it = &w.nodes[node];
  unsigned rooms = sim_chance(40) ? 0 : 1u << sim_roll(SIM_ROOMS);
  unsigned except = sim_chance(20) ? 1u << sim_roll(SIM_MOVED) : 0;
  rooms |= sim_chance(20) ? 1u << sim_roll(SIM_ROOMS) : 0;
  unsigned event = sim_event_new(node, rooms, except);
  if (!event)
    return;
  peal_op op = {
      .kind = PEAL_OP_EMIT, .nsp = NSP, .message = sim_event_message(event)};
  names_of(&op.to, rooms, except);
  if (!w.config.streams) {
    w.events[event].has_run = true;
    sim_client_run(node, event, &(peal_bus_msg){.op = op}, (peal_slice){0});
  }
  if (peal_cluster_machine_publish(&it->machine, &op, w.now_ms))
    sim_fail("node %u cannot publish", node);
  pump(node);
  peal_message_unref(op.message);
}

void sim_node_move(unsigned node, bool joins) {
  sim_node *it = &w.nodes[node];
  peal_op op = {.kind = joins ? PEAL_OP_JOIN : PEAL_OP_LEAVE,
                .nsp = NSP,
                .room = {"r3", 2}};
  names_of(&op.to, 1u << sim_roll(SIM_MOVED), 0);
  if (!w.config.streams)
    sim_client_move(node, &op);
  if (peal_cluster_machine_publish(&it->machine, &op, w.now_ms))
    sim_fail("node %u cannot publish", node);
  pump(node);
}

void sim_node_ask(unsigned node) {
  static const peal_bus_kind kinds[] = {PEAL_BUS_FETCH, PEAL_BUS_CALL,
                                        PEAL_BUS_ASK, PEAL_BUS_COUNT};
  sim_node *it = &w.nodes[node];
  if (w.request_count == 4096)
    return;
  sim_request *request = &w.requests[w.request_count];
  peal_bus_kind kind = kinds[sim_roll(4)];
  peal_val call[] = {peal_str("who"), peal_int(1)};
  peal_bus_msg msg = {.kind = (uint8_t)kind, .nsp = NSP};
  msg.op = (peal_op){.kind = PEAL_OP_COUNT, .nsp = NSP};
  if (kind == PEAL_BUS_CALL)
    msg.args = (peal_args){call, 2};
  if (kind == PEAL_BUS_ASK) {
    unsigned event = sim_event_new(node, 1u << SIM_MOVED, 0);
    if (!event)
      return;
    msg.op = (peal_op){.kind = PEAL_OP_ASK,
                       .nsp = NSP,
                       .timeout_ms = 3000,
                       .message = sim_event_message(event)};
    names_of(&msg.op.to, sim_chance(50) ? 1 : 3, 0);
  }
  uint32_t timeout = kind == PEAL_BUS_ASK ? 3000 : 0;
  *request =
      (sim_request){.is_open = true,
                    .node = node,
                    .kind = kind,
                    .begun_ms = w.now_ms,
                    .until_ms = w.now_ms + (timeout ? timeout : REQUEST_MS)};
  peal_err err =
      peal_cluster_machine_ask(&it->machine, &msg, timeout, request, w.now_ms);
  if (err && err != PEAL_ERR_LIMIT)
    sim_fail("node %u cannot ask: %s", node, peal_err_name(err));
  if (!err) {
    w.request_count++;
    w.totals.requests++;
  }
  pump(node);
  peal_message_unref(msg.op.message);
}

/* Of late requests and of rooms. */
void sim_node_tell_rooms(unsigned node) {
  sim_node *it = &w.nodes[node];
  size_t all = 0, counts[SIM_ROOMS] = {0};
  if (!it->is_alive)
    return;
  for (unsigned i = 0; i < SIM_CLIENTS; i++) {
    const sim_client *client = &w.clients[i];
    if (client->node != (int)node || client->is_recovering)
      continue;
    all++;
    for (unsigned j = 0; j < SIM_ROOMS; j++)
      counts[j] += (client->rooms >> j) & 1;
  }
  peal_err err = peal_cluster_machine_room(&it->machine, NSP, (peal_slice){0},
                                           all, false, w.now_ms);
  for (unsigned j = 0; j < SIM_ROOMS && !err; j++) {
    char room[3] = {'r', (char)('0' + j), 0};
    it->has_room[j] = counts[j] > 0;
    err = peal_cluster_machine_room(&it->machine, NSP, peal_slice_of(room),
                                    counts[j], false, w.now_ms);
  }
  if (err)
    sim_fail("node %u: rooms %s", node, peal_err_name(err));
}

/* -- in the end ------------------------------------------------------------------------------------------------ */

static size_t count_others(unsigned node, unsigned room) {
  size_t count = 0;
  for (unsigned i = 0; i < SIM_CLIENTS; i++) {
    const sim_client *client = &w.clients[i];
    count += client->node >= 0 && client->node != (int)node &&
             !client->is_recovering &&
             (room == SIM_ROOMS || ((client->rooms >> room) & 1));
  }
  return count;
}

static void check_room(unsigned node, unsigned room) {
  char name[3] = {'r', (char)('0' + room), 0};
  peal_cluster_known known;
  peal_cluster_machine_presence(
      &w.nodes[node].machine, NSP,
      room == SIM_ROOMS ? (peal_slice){0} : peal_slice_of(name), &known);
  size_t count = count_others(node, room);
  if (known.unknown || known.nodes != w.config.nodes - 1 ||
      known.count != count)
    sim_fail("node %u: room %u has %zu there, and not %zu; %zu unknown, %zu "
             "known",
             node, room, count, known.count, known.unknown, known.nodes);
}

void sim_node_check(unsigned node) {
  for (unsigned room = 0; room <= SIM_ROOMS; room++)
    check_room(node, room);
  for (unsigned i = 0; i < w.request_count; i++)
    if (w.requests[i].node == node && !w.requests[i].is_done &&
        w.now_ms > w.requests[i].until_ms + 2000)
      sim_fail("request %u never ends", i);
}

/* -- servers of others --------------------------------------------------------------------------------------------- */

void sim_foreign_start(unsigned link) {
  sim_redis_connect(link);
  sim_packet *packet = sim_packet_new(SIM_SUBSCRIBE);
  channel_of(packet,
             link == SIM_PYTHON ? PEAL_CLUSTER_OF_PYTHON : PEAL_CLUSTER_OF_NODE,
             NULL, NSP, (peal_slice){0});
  sim_redis_send(link, packet);
  for (unsigned i = 0; link == SIM_NODE && w.config.dynamic && i < SIM_ROOMS;
       i++) {
    char room[3] = {'r', (char)('0' + i), 0};
    packet = sim_packet_new(SIM_SUBSCRIBE);
    channel_of(packet, PEAL_CLUSTER_OF_NODE, NULL, NSP, peal_slice_of(room));
    sim_redis_send(link, packet);
  }
}

static void foreign_op(unsigned link, const peal_bus_msg *msg,
                       peal_arena *arena) {
  unsigned number;
  if (msg->kind != PEAL_BUS_OP || msg->op.kind != PEAL_OP_EMIT ||
      peal_slice_is(msg->from, link == SIM_PYTHON ? PYTHON_HOST : NODE_UID) ||
      !sim_event_of(&msg->op, arena, &number))
    return;
  sim_trace("%s has %u", link == SIM_PYTHON ? "python" : "node", number);
  if (w.events[number].foreign[link == SIM_NODE]++)
    sim_fail("%s has event %u twice", link == SIM_PYTHON ? "python" : "node",
             number);
}

static void foreign_answer(const peal_bus_msg *msg) {
  peal_bus_msg out = {.from = PEAL_S(NODE_UID),
                      .to = msg->from,
                      .nsp = msg->nsp,
                      .request = msg->request};
  peal_val one = peal_int(7);
  if (msg->kind == PEAL_BUS_FETCH) {
    out.kind = PEAL_BUS_FETCHED;
  } else if (msg->kind == PEAL_BUS_CALL) {
    out.kind = PEAL_BUS_RETURN;
    out.args = (peal_args){&one, 1};
  } else if (msg->kind == PEAL_BUS_ASK) {
    out.kind = PEAL_BUS_ASKED;
  } else {
    return;
  }
  publish(SIM_NODE, PEAL_CLUSTER_OF_NODE, &out);
  if (sim_chance(20))
    publish(SIM_NODE, PEAL_CLUSTER_OF_NODE, &out);
}

static void foreign_take(unsigned link, const sim_packet *packet) {
  peal_bus_msg msg = {0};
  peal_cluster_dialect dialect;
  peal_arena arena;
  if (packet->kind != SIM_MESSAGE)
    return;
  peal_arena_init(&arena, NULL, 0, 0);
  if (decode(&msg, packet->channel, (peal_slice){packet->data, packet->len},
             &dialect, &arena)) {
    foreign_op(link, &msg, &arena);
    if (link == SIM_NODE && msg.request.len)
      foreign_answer(&msg);
  }
  peal_message_unref(msg.op.message);
  peal_arena_deinit(&arena);
}

void sim_foreign_emit(unsigned link) {
  unsigned rooms = sim_chance(50) ? 0 : 1u << sim_roll(SIM_MOVED);
  if (!w.links[link].is_up)
    return;
  unsigned event = sim_event_new(link, rooms, 0);
  if (!event)
    return;
  peal_bus_msg msg = {.kind = PEAL_BUS_OP, .nsp = NSP};
  msg.from = link == SIM_PYTHON ? PEAL_S(PYTHON_HOST) : PEAL_S(NODE_UID);
  msg.op = (peal_op){
      .kind = PEAL_OP_EMIT, .nsp = NSP, .message = sim_event_message(event)};
  names_of(&msg.op.to, rooms, 0);
  publish(link,
          link == SIM_PYTHON ? PEAL_CLUSTER_OF_PYTHON : PEAL_CLUSTER_OF_NODE,
          &msg);
  peal_message_unref(msg.op.message);
}
