/* SPDX-License-Identifier: MIT */
#pragma once
/* admin: what a server shows of itself, and lets be done: the namespace that
 * the page of the npm package @socket.io/admin-ui connects to (reference:
 * instrument), and a status page of its own.
 *
 *   peal_server *server = peal_server_new(&opts);
 *   peal_admin *admin = peal_admin_new(
 *       server, &(peal_admin_opts){.username = "admin", .password = hash});
 *   int code = peal_server_run(server);
 *   peal_admin_free(admin);
 *   peal_server_free(server);
 *
 * While nobody looks, nothing is gathered but a few counters, and no timer
 * runs. Who looks and is slow misses events, and is then sent the whole picture
 * again: the server never waits for a page. docs/guide/admin.md.
 *
 * Example: examples/admin/main.c */
#include <peal/base.h>
#include <peal/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The admin side of one server. */
typedef struct peal_admin peal_admin;

/* What is told to those who look. */
typedef enum peal_admin_mode {
  /* Every socket, every room, every event with its arguments. */
  PEAL_ADMIN_DEVELOPMENT,
  PEAL_ADMIN_PRODUCTION /* figures alone */
} peal_admin_mode;

/* Options; all {0} is refused: somebody has to be named, or `no_auth` said. */
typedef struct peal_admin_opts {
  /* Who may look. `password` is the password itself, or its hash by bcrypt
   * ("$2b$10$…", as `htpasswd -nbB` and bcryptjs write it), which is checked on
   * the thread pool, two at a time. */
  const char *username, *password;
  bool no_auth; /* anybody may; reference: auth false */
  peal_admin_mode mode;
  bool read_only;        /* look, and do nothing; reference: readonly */
  const char *nsp;       /* default "/admin"; reference: namespaceName */
  const char *server_id; /* among those of a cluster; default: the host's name,
                            and the process's number */
  uint32_t stats_interval_ms; /* between server_stats; default 2000 */
  /* The status page is at this path of the HTTP server; default: none. Its
   * figures are at <page>/stats.json. */
  const char *page;
  /* Sockets, rooms, events told one by one in a second, per worker: above it
   * they are left out, and the picture is sent again. Default 1000. */
  uint32_t max_told_per_s;
  /* Sockets in one picture (all_sockets); default 10000. A namespace that has
   * more on this node than are left is not in it. */
  uint32_t max_sockets;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[20];
} peal_admin_opts;

/* Show `server` (borrowed) to those whom `opts` lets. Copies `opts` with its
 * strings. Before the run, once for a server; behind the namespaces that are
 * made before it or before them.
 * Returns NULL after logging why: neither credentials nor `no_auth`, a hash
 * that is none, a path that is taken, memory; the server has one already, or
 * runs. Thread: the one that sets up. */
PEAL_API PEAL_MUST_CHECK peal_admin *peal_admin_new(
    peal_server *server, const peal_admin_opts *opts);
/* After the run, and before peal_server_free. NULL is a no-op. Thread: the one
 * that made it. */
PEAL_API void peal_admin_free(peal_admin *admin);

#ifdef __cplusplus
}
#endif
