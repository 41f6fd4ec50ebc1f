/* SPDX-License-Identifier: MIT */
/* admin: the object that holds all together: options, life, the run. */
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "admin/admin_clock.h"
#include "admin/admin_door.h"
#include "admin/admin_feed.h"
#include "admin/admin_impl.h"
#include "admin/admin_page.h"
#include "admin/admin_report.h"
#include "admin/admin_viewers.h"
#include "admin/admin_watch.h"
#include "base/mem.h"
#include "base/reserved.h"

/* -- options ----------------------------------------------------------------- */

static const char *wrong_page(const char *page) {
  return page && (*page != '/' || !page[1] || strlen(page) > 1024)
             ? "the page's path does not begin with / or is that alone"
             : NULL;
}

static const char *wrong(const peal_server *server,
                         const peal_admin_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return "an option that this library does not know";
  if (server->onlooker)
    return "the server has an admin side already";
  if (atomic_load_explicit(&server->running, memory_order_relaxed))
    return "the server runs already";
  const char *why = peal_admin_auth_wrong(opts);
  return why ? why : wrong_page(opts->page);
}

static const char *keep(peal_admin *admin, const char *text,
                        const char *otherwise, bool *ok) {
  text = text ? text : otherwise;
  if (!text)
    return NULL;
  const char *copy = peal_arena_str(&admin->strings, peal_slice_of(text));
  *ok = *ok && copy;
  return copy;
}

/* "/_peal/" is "/_peal". */
static void trim(const char *page) {
  size_t len = page ? strlen(page) : 0;
  char *end = (char *)(uintptr_t)page + len;
  while (len > 1 && end[-1] == '/') {
    *--end = 0;
    len--;
  }
}

static void keep_names(peal_admin *admin, const peal_admin_opts *opts,
                       bool *ok) {
  char id[sizeof admin->hostname + 24], key[512];
  if (gethostname(admin->hostname, sizeof admin->hostname - 1) != 0)
    (void)snprintf(admin->hostname, sizeof admin->hostname, "localhost");
  admin->pid = getpid();
  (void)snprintf(id, sizeof id, "%s#%ld", admin->hostname, (long)admin->pid);
  admin->opts.server_id = keep(admin, opts->server_id, id, ok);
  (void)snprintf(key, sizeof key, "peal:admin:%.400s",
                 admin->opts.server_id ? admin->opts.server_id : "");
  admin->stats_key = keep(admin, key, NULL, ok);
}

static peal_err keep_opts(peal_admin *admin, const peal_admin_opts *opts) {
  bool ok = true;
  peal_admin_opts *own = &admin->opts;
  *own = *opts;
  own->username = keep(admin, opts->username, NULL, &ok);
  own->password = keep(admin, opts->password, NULL, &ok);
  own->nsp = keep(admin, opts->nsp, "/admin", &ok);
  own->page = keep(admin, opts->page, NULL, &ok);
  trim(own->page);
  keep_names(admin, opts, &ok);
  if (!own->stats_interval_ms)
    own->stats_interval_ms = PEAL_ADMIN_STATS_MS;
  if (!own->max_told_per_s)
    own->max_told_per_s = PEAL_LIMIT_ADMIN_TOLD_PER_S;
  if (!own->max_sockets)
    own->max_sockets = PEAL_LIMIT_ADMIN_SOCKETS;
  peal_admin_auth_init(&admin->auth, own, admin->server->seed);
  return ok ? PEAL_OK : PEAL_ERR_NOMEM;
}

/* -- life -------------------------------------------------------------------- */

static peal_err set_locals(peal_admin *admin) {
  peal_server *server = admin->server;
  admin->locals =
      peal_mem_zalloc(admin->mem, server->worker_count * sizeof *admin->locals);
  if (!admin->locals)
    return PEAL_ERR_NOMEM;
  for (unsigned i = 0; i < server->worker_count; i++) {
    peal_admin_local *local = &admin->locals[i];
    local->admin = admin;
    local->worker = peal_workers_get(server->workers, i);
    local->last = &local->first;
    peal_list_init(&local->viewers);
  }
  return PEAL_OK;
}

static void on_start(peal_worker *worker, void *user) {
  if (peal_worker_index(worker) == 0)
    peal_admin_clock_start(user);
}

static void on_stop(peal_worker *worker, void *user) {
  peal_admin *admin = user;
  if (peal_worker_index(worker) == 0)
    peal_admin_clock_stop(admin);
  peal_admin_viewers_end(peal_admin_local_of(admin, worker));
}

static peal_err set_up(peal_admin *admin) {
  peal_server *server = admin->server;
  peal_err err = set_locals(admin);
  admin->nsp = err ? NULL : peal_server_of(server, admin->opts.nsp);
  if (!err && !admin->nsp)
    err = PEAL_ERR_NOMEM;
  if (!err)
    err = peal_admin_clock_init(admin);
  if (!err)
    err = peal_admin_door_open(admin);
  if (!err)
    err = peal_admin_report_init(admin);
  if (!err)
    err = peal_workers_on_start(server->workers, on_start, admin);
  if (!err)
    err = peal_workers_on_stop(server->workers, on_stop, admin);
  if (!err && admin->opts.page)
    err = peal_admin_page_open(admin);
  return err;
}

static peal_admin *make(peal_server *server, const peal_admin_opts *opts,
                        peal_err *err) {
  peal_admin *admin = peal_mem_zalloc(server->mem, sizeof *admin);
  *err = PEAL_ERR_NOMEM;
  if (!admin)
    return NULL;
  admin->server = server;
  admin->mem = server->mem;
  admin->began_ms = peal_workers_get(server->workers, 0)->now_ms;
  admin->onlooker.verbs = &peal_admin_watch_verbs;
  admin->onlooker.marks_data = opts->mode == PEAL_ADMIN_DEVELOPMENT;
  peal_arena_init(&admin->strings, server->mem, 1024, 0);
  *err = keep_opts(admin, opts);
  if (!*err)
    *err = set_up(admin);
  if (!*err)
    server->onlooker = &admin->onlooker;
  return admin;
}

peal_admin *peal_admin_new(peal_server *server, const peal_admin_opts *opts) {
  static const peal_admin_opts defaults;
  opts = opts ? opts : &defaults;
  if (!server)
    return NULL;
  const char *why = wrong(server, opts);
  peal_err err = PEAL_ERR_OPTION;
  peal_admin *admin = why ? NULL : make(server, opts, &err);
  if (admin && !err) {
    if (opts->no_auth)
      peal_logger_write(
          server->log, PEAL_LOG_WARN, "admin", (peal_slice){0}, (peal_slice){0},
          "anybody may look at %s: no_auth is set", admin->opts.nsp);
    return admin;
  }
  peal_logger_write(server->log, PEAL_LOG_ERROR, "admin", (peal_slice){0},
                    (peal_slice){0}, "there is no admin side: %s",
                    why ? why : peal_err_message(err));
  peal_admin_free(admin);
  return NULL;
}

void peal_admin_free(peal_admin *admin) {
  if (!admin)
    return;
  peal_server *server = admin->server;
  const peal_mem *mem = admin->mem;
  if (server->onlooker == &admin->onlooker)
    server->onlooker = NULL;
  peal_worker_impl_forget(server->workers, admin);
  peal_admin_report_deinit(admin);
  peal_admin_clock_deinit(admin);
  for (unsigned i = 0; admin->locals && i < server->worker_count; i++)
    peal_admin_feed_drop(&admin->locals[i]);
  peal_mem_free(mem, admin->locals);
  peal_admin_auth_deinit(&admin->auth);
  peal_arena_deinit(&admin->strings);
  peal_mem_free(mem, admin);
}
