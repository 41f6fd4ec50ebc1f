/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_report: what the status page shows, as JSON: each worker says what it
 * has, the other nodes of a cluster are asked, worker 0 puts it together. One is
 * made at a time; who asks meanwhile gets the next.
 *
 *   peal_admin_report_make ── post ──> each worker: admin_rooms, figures
 *        <── post ── parts             │ the last one
 *   other nodes asked, if there are any
 *        └──> JSON ──> whoever asked, the viewers of the page */
#include "admin/admin_impl.h"

/* The report, or NULL: it could not be made (too many ask, memory is out). On
 * the worker that asked; `json` is borrowed. Not called any more when the run is
 * over. */
typedef void (*peal_admin_report_fn)(peal_bytes *json, void *user);

typedef struct peal_admin_ask {
  peal_list node; /* in admin.asks */
  peal_worker *worker;
  peal_admin_report_fn fn;
  void *user;
  peal_admin *admin;
  peal_bytes *json;
  peal_mail mail; /* there and back */
} peal_admin_ask;

/* Ask for one; `ask` is the caller's, with worker, fn, user and admin set, until
 * `fn` is called. Thread: any. */
void peal_admin_report_ask(peal_admin_ask *ask);
/* Make one, unless one is being made. On worker 0. */
void peal_admin_report_make(peal_admin *admin);
/* Other nodes are answered. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_admin_report_init(peal_admin *admin);
/* After the run. */
void peal_admin_report_deinit(peal_admin *admin);
