/* SPDX-License-Identifier: MIT */
#include "admin/admin_viewers.h"

#include <string.h>

#include "base/mem.h"

struct peal_admin_viewer {
  peal_list node; /* in local.viewers */
  peal_admin_local *local;
  peal_http_req *req;
  bool is_slow; /* more than enough waits for it */
  char session[PEAL_ADMIN_SESSION_LEN + 1];
};

static void end(peal_admin_viewer *viewer) {
  peal_admin *admin = viewer->local->admin;
  peal_list_remove(&viewer->node);
  atomic_fetch_sub_explicit(&admin->viewers, 1, memory_order_relaxed);
  peal_http_answer_end(viewer->req);
}

static void on_abort(peal_http_req *req, void *user) {
  (void)req;
  end(user);
}

static void on_drain(peal_http_req *req, void *user) {
  peal_admin_viewer *viewer = user;
  (void)req;
  viewer->is_slow = false;
}

static bool may_stay(const peal_admin_viewer *viewer) {
  peal_admin *admin = viewer->local->admin;
  return admin->opts.no_auth ||
         peal_admin_auth_knows(&admin->auth, viewer->local->worker->now_ms,
                               peal_slice_of(viewer->session));
}

bool peal_admin_viewers_add(peal_admin *admin, peal_http_req *req,
                            peal_slice session) {
  peal_admin_local *local =
      peal_admin_local_of(admin, peal_http_req_worker(req));
  peal_admin_viewer *viewer = peal_http_req_alloc(req, sizeof *viewer);
  unsigned before =
      atomic_fetch_add_explicit(&admin->viewers, 1, memory_order_relaxed);
  if (!viewer || before >= PEAL_LIMIT_ADMIN_VIEWERS ||
      session.len > PEAL_ADMIN_SESSION_LEN) {
    atomic_fetch_sub_explicit(&admin->viewers, 1, memory_order_relaxed);
    peal_http_answer(req, 503, "text/plain", PEAL_S("too many pages are open"));
    return false;
  }
  *viewer = (peal_admin_viewer){.local = local, .req = req};
  if (session.len)
    memcpy(viewer->session, session.ptr, session.len);
  peal_list_push(&local->viewers, &viewer->node);
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  (void)peal_http_answer_header(req, "X-Accel-Buffering", PEAL_S("no"));
  peal_http_req_on_abort(req, on_abort, viewer);
  peal_http_answer_begin(req, 200, "text/event-stream", UINT64_MAX);
  peal_http_answer_on_drain(req, on_drain, viewer);
  (void)peal_http_answer_write(req, PEAL_S("retry: 2000\n\n"));
  return true;
}

/* -- telling ----------------------------------------------------------------- */

typedef struct telling {
  peal_admin_local *local;
  peal_bytes *event;
} telling;

static void write_to(peal_admin_viewer *viewer, peal_slice event) {
  if (!viewer->is_slow)
    viewer->is_slow =
        peal_http_answer_write(viewer->req, event) == PEAL_ERR_AGAIN;
}

static void on_telling(peal_worker *worker, void *user) {
  telling *it = user;
  peal_list *all = &it->local->viewers;
  (void)worker;
  for (peal_list *node = all->next, *next; node != all; node = next) {
    peal_admin_viewer *viewer = PEAL_LIST_OF(node, peal_admin_viewer, node);
    next = node->next;
    if (may_stay(viewer))
      write_to(viewer, peal_bytes_slice(it->event));
    else
      end(viewer);
  }
  peal_bytes_unref(it->event);
  peal_mem_free(it->local->admin->mem, it);
}

/* HTML 9.2.5: JSON has no line breaks. */
static peal_bytes *event_of(const peal_admin *admin, peal_bytes *json) {
  peal_buf text;
  peal_buf_init(&text, admin->mem, 0);
  peal_buf_add(&text, PEAL_S("data: "));
  peal_buf_add(&text, peal_bytes_slice(json));
  peal_buf_add(&text, PEAL_S("\n\n"));
  peal_bytes *event = text.err ? NULL : peal_bytes_new(peal_buf_slice(&text));
  peal_buf_deinit(&text);
  return event;
}

static void tell_all(peal_admin *admin, peal_bytes *event) {
  for (unsigned i = 0; i < admin->server->worker_count; i++) {
    telling *it = peal_mem_zalloc(admin->mem, sizeof *it);
    if (!it)
      return;
    *it = (telling){&admin->locals[i], peal_bytes_ref(event)};
    if (!peal_worker_post(admin->locals[i].worker, on_telling, it))
      continue;
    peal_bytes_unref(event);
    peal_mem_free(admin->mem, it);
  }
}

void peal_admin_viewers_tell(peal_admin *admin, peal_bytes *json) {
  if (!atomic_load_explicit(&admin->viewers, memory_order_relaxed))
    return;
  peal_bytes *event = event_of(admin, json);
  if (event)
    tell_all(admin, event);
  peal_bytes_unref(event);
}

void peal_admin_viewers_end(peal_admin_local *local) {
  while (!peal_list_is_empty(&local->viewers))
    end(PEAL_LIST_OF(local->viewers.next, peal_admin_viewer, node));
}
