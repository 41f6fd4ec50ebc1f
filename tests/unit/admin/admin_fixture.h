/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_fixture: a server with an admin side, and raw clients that look. */
#include <peal/admin.h>

#include "../server/server_fixture.h"

#define ADMIN_LOGIN "{\"username\":\"admin\",\"password\":\"secret\"}"

typedef struct admin_fixture {
  server_fixture it;
  peal_admin *admin;
} admin_fixture;

static inline admin_fixture admin_make(const peal_server_opts *server,
                                       const peal_admin_opts *opts) {
  admin_fixture all = {.it = server_make(server)};
  peal_admin_opts own = opts ? *opts : (peal_admin_opts){0};
  if (!own.no_auth && !own.username) {
    own.username = "admin";
    own.password = "secret";
  }
  if (!own.stats_interval_ms)
    own.stats_interval_ms = 50;
  all.admin = peal_admin_new(all.it.server, &own);
  assert_non_null(all.admin);
  return all;
}

static inline void admin_stop(admin_fixture *all) {
  peal_workers_stop(peal_server_workers(all->it.server), 200);
  server_join(&all->it);
  peal_admin_free(all->admin);
  server_free(&all->it);
}

/* Connected to /admin with these credentials. */
static inline void admin_look(sio_client *client, const admin_fixture *all,
                              const char *auth) {
  assert_true(sio_client_open(client, all->it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(client, "/admin", auth));
}

/* The next packet with this event (others are dropped, 600 at most), 5 s; from
 * its `[` on, borrowed until the next call. */
static inline const char *admin_hear(sio_client *client, const char *event) {
  char begin[80];
  snprintf(begin, sizeof begin, "[\"%s\"", event);
  for (int i = 0; i < 600; i++) {
    const sio_packet *packet = sio_client_next(client, 5000);
    if (!packet)
      break;
    const char *at = strchr(packet->data, '[');
    if (at && strncmp(at, begin, strlen(begin)) == 0)
      return at;
  }
  fprintf(stderr, "no %s has come\n", event);
  return NULL;
}

/* The same that has `part` in it. */
static inline const char *admin_hear_with(sio_client *client, const char *event,
                                          const char *part) {
  const char *heard;
  while ((heard = admin_hear(client, event)) && !strstr(heard, part))
    continue;
  return heard;
}
