/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "load_mode.h"

#include <string.h>

#include "load_idle.h"
#include "load_paced.h"
#include "load_run.h"
#include "load_sys.h"

/* -- echo, ack, polling: each client keeps `inflight` messages going ------- */

static void traffic_drive(load_run *run) {
  load_run_open(run, 0, run->count);
  load_run_measure(run);
}

static void echo_start(load_run *run) {
  for (uint32_t i = 0; i < run->count; i++) {
    run->clients[i].credits = run->opts->inflight;
    load_client_turn(run, &run->clients[i]);
  }
}

static void echo_reply(load_run *run, load_client *client,
                       const uint8_t *packet, size_t len) {
  load_client_check(run, client, client, packet, len);
  client->credits++;
}

static void credits_spend(load_run *run, load_client *client) {
  if (client->credits == 0 || !load_run_may_send(run))
    return;
  uint32_t count = client->credits;
  load_client_send(run, client, count < run->left ? count : (uint32_t)run->left,
                   run->now_ns);
}

/* -- broadcast: client 0 sends bursts, each when all of the last arrived --- */

static void broadcast_burst(load_run *run) {
  if (run->unanswered > 0)
    return;
  run->clients[0].credits = run->opts->inflight;
  load_client_turn(run, &run->clients[0]);
}

static void broadcast_reply(load_run *run, load_client *client,
                            const uint8_t *packet, size_t len) {
  load_client_check(run, client, &run->clients[0], packet, len);
}

/* -- connect: clients join and leave, over and over ------------------------ */

static void connect_fill(load_run *run) {
  for (uint32_t i = 0; i < run->count && load_run_may_send(run); i++)
    if (run->clients[i].phase == LOAD_CLOSED) {
      run->left--;
      load_client_open(run, &run->clients[i]);
    }
}

static void connect_ready(load_run *run, load_client *client) {
  client->leaving = true;
  load_run_count(run, client->opened_ns);
}

static const load_mode modes[] = {
    {.name = "echo",
     .clients = 100,
     .kind = LOAD_MSG_ECHO,
     .transport = &load_transport_websocket,
     .drive = traffic_drive,
     .start = echo_start,
     .reply = echo_reply,
     .turn = credits_spend},
    {.name = "ack",
     .clients = 100,
     .kind = LOAD_MSG_ACK,
     .transport = &load_transport_websocket,
     .drive = traffic_drive,
     .start = echo_start,
     .reply = echo_reply,
     .turn = credits_spend},
    {.name = "broadcast",
     .clients = 1000,
     .kind = LOAD_MSG_BROADCAST,
     .transport = &load_transport_websocket,
     .drive = traffic_drive,
     .start = broadcast_burst,
     .reply = broadcast_reply,
     .turn = credits_spend,
     .batch = broadcast_burst},
    {.name = "connect",
     .clients = 50,
     .transport = &load_transport_websocket,
     .drive = load_run_measure,
     .start = connect_fill,
     .ready = connect_ready,
     .batch = connect_fill},
    {.name = "idle",
     .clients = 5000,
     .transport = &load_transport_websocket,
     .drive = load_idle_drive},
    {.name = "churn",
     .clients = 50,
     .transport = &load_transport_websocket,
     .drive = load_idle_churn,
     .ready = connect_ready,
     .batch = connect_fill},
    {.name = "turns",
     .clients = 1000,
     .transport = &load_transport_websocket,
     .drive = load_idle_turns},
    {.name = "waiting",
     .clients = 1000,
     .transport = &load_transport_polling,
     .waits = true,
     .drive = load_idle_turns},
    {.name = "paced",
     .clients = 100,
     .kind = LOAD_MSG_ECHO,
     .transport = &load_transport_websocket,
     .paced = true,
     .drive = load_paced_drive,
     .reply = load_paced_reply,
     .batch = load_paced_batch},
    {.name = "polling",
     .clients = 100,
     .kind = LOAD_MSG_ECHO,
     .transport = &load_transport_polling,
     .drive = traffic_drive,
     .start = echo_start,
     .reply = echo_reply,
     .turn = credits_spend},
};

const load_mode *load_mode_find(const char *name) {
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (strcmp(modes[i].name, name) == 0)
      return &modes[i];
  load_sys_die("expected a mode, got \"%s\"", name);
}
