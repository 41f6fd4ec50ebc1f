/* SPDX-License-Identifier: MIT */
#include "http/http_home.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void peal_http_home_init(peal_http_home *home, peal_http_server *server,
                         peal_worker *worker) {
  const peal_http_server_opts *opts = &server->opts;
  home->server = server;
  home->worker = worker;
  peal_list_init(&home->links);
  peal_list_init(&home->reqs);
  peal_list_init(&home->prefaces);
  peal_account_worker_init(&home->account, &server->account);
  home->conn_opts = (peal_http_conn_opts){
      .limits = {opts->max_head_bytes, opts->max_target_bytes},
      .head_ms = opts->head_timeout_ms,
      .body_ms = opts->body_timeout_ms,
      .body_pace = opts->body_pace_bytes,
      .idle_ms = opts->idle_timeout_ms,
      .write_ms = opts->write_timeout_ms,
      .keep_alive = peal_slice_of(server->keep_alive),
      .mem = worker->mem,
      .account = &home->account,
  };
}

void peal_http_home_json_errors(peal_http_server *server) {
  for (unsigned i = 0; i < server->home_count; i++)
    server->homes[i].conn_opts.json_errors = true;
}

static void raise_to(uint32_t *ms, uint32_t to) {
  if (*ms < to)
    *ms = to;
}

void peal_http_home_set_stop(peal_http_server *server, uint32_t grace_ms,
                             uint32_t linger_ms) {
  uint32_t whole =
      grace_ms > UINT32_MAX - linger_ms ? UINT32_MAX : grace_ms + linger_ms;
  if (server->has_stop)
    raise_to(&server->grace_ms, whole);
  else
    server->grace_ms = whole;
  server->has_stop = true;
  raise_to(&server->linger_ms, linger_ms);
}

void peal_http_home_deinit(peal_http_home *home) {
  peal_account_worker_deinit(&home->account);
}

#define DATE_BYTES 29u

/* Not by strftime, which would ask the locale for the names. */
static void write_date(char *out, size_t room, time_t seconds) {
  static const char days[] = "SunMonTueWedThuFriSat";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  struct tm tm;
  if (!gmtime_r(&seconds, &tm))
    memset(&tm, 0, sizeof(tm));
  snprintf(out, room, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
           days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
           tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

peal_slice peal_http_home_date(peal_http_home *home) {
  uint64_t now_ms = home->worker->now_ms;
  if (now_ms >= home->date_until_ms) {
    int64_t wall_ms = peal_wall_ms();
    write_date(home->date, sizeof(home->date), (time_t)(wall_ms / 1000));
    home->date_until_ms = now_ms + 1000 - (uint64_t)(wall_ms % 1000);
  }
  return (peal_slice){home->date, DATE_BYTES};
}

void peal_http_home_forget(peal_http_home *home, uint32_t tag) {
  peal_worker_impl_count(&home->stats.connections_open, UINT64_MAX);
  if (tag == PEAL_ADDRESS_COUNT_REFUSED) {
    atomic_fetch_sub(&home->server->refusing, 1);
    return;
  }
  atomic_fetch_sub(&home->server->open, 1);
  peal_address_count_remove(&home->server->addresses, tag);
}
