/* SPDX-License-Identifier: MIT */
#include "server/handlers.h"

#include "base/mem.h"
#include "events/event.h"
#include "net/worker_impl.h"
#include "server/nsp.h"
#include "server/nsp_life.h"
#include "server/parent.h"
#include "server/room_watch.h"
#include "wire/sio_packet.h"

/* -- a change on one worker ------------------------------------------------------------ */

static void on_sweep(peal_flush *flush) {
  peal_hook_sweep(&PEAL_LIST_OF(flush, peal_nsp_local, sweep)->hooks);
}

/* Handlers may be on the stack: the end of the turn frees. */
static void sweep_later(peal_nsp_local *local) {
  local->sweep.fn = on_sweep;
  peal_worker_impl_flush_later(local->worker, &local->sweep);
}

/* Takes `hook`. */
static void apply(peal_nsp_local *local, bool removes, peal_hook *hook) {
  if (!removes) {
    peal_hook_add(&local->hooks, hook);
    if (hook->kind == PEAL_HOOK_ROOM)
      peal_room_watch_added(local);
    return;
  }
  bool was_of_rooms = hook->kind == PEAL_HOOK_ROOM;
  bool any = peal_hook_remove(&local->hooks, hook);
  peal_hook_free(local->hooks.mem, hook);
  if (!any)
    return;
  if (was_of_rooms)
    peal_room_watch_removed(local);
  if (peal_worker_self())
    sweep_later(local);
  else
    peal_hook_sweep(&local->hooks); /* before the run */
}

bool peal_handlers_claim(peal_nsp_local *local, peal_hook *hook) {
  if (!hook->once)
    return true;
  hook->removed = true;
  sweep_later(local);
  return !atomic_exchange_explicit(&hook->once->called, true,
                                   memory_order_relaxed);
}

/* -- a change on all of them ------------------------------------------------------------- */

/* On its way to one worker. */
typedef struct change {
  peal_mail mail;
  struct change *next;
  peal_nsp_local *local; /* its namespace is held */
  peal_hook *hook;
  bool removes;
} change;

static void change_free(const peal_mem *mem, change *it) {
  peal_nsp *nsp = it->local->nsp;
  if (it->hook)
    peal_hook_free(mem, it->hook);
  peal_mem_free(mem, it);
  peal_nsp_life_release(nsp);
}

static void on_change(peal_worker *worker, peal_mail *mail) {
  change *it = PEAL_LIST_OF(mail, change, mail);
  (void)worker;
  apply(it->local, it->removes, it->hook);
  it->hook = NULL;
  change_free(it->local->hooks.mem, it);
}

static change *change_new(peal_nsp_local *local, bool removes,
                          const peal_hook *like, peal_slice name) {
  const peal_mem *mem = local->hooks.mem;
  change *it = peal_mem_zalloc(mem, sizeof *it);
  if (!it)
    return NULL;
  *it = (change){.mail.fn = on_change,
                 .local = local,
                 .hook = peal_hook_copy(mem, like, name),
                 .removes = removes};
  peal_nsp_life_hold(local->nsp);
  if (it->hook)
    return it;
  change_free(mem, it);
  return NULL;
}

static void free_all(const peal_mem *mem, change *first) {
  for (change *next; first; first = next) {
    next = first->next;
    change_free(mem, first);
  }
}

/* One for each worker in front of *first. False: memory is out. */
static bool add_changes(change **first, peal_nsp *nsp, bool removes,
                        const peal_hook *like, peal_slice name) {
  for (unsigned i = 0; i < nsp->server->worker_count; i++) {
    change *it = change_new(&nsp->locals[i], removes, like, name);
    if (!it)
      return false;
    it->next = *first;
    *first = it;
  }
  return true;
}

/* Before the run nobody reads them. A worker's own are changed at once. */
static bool is_here(const peal_nsp_local *local, const peal_worker *self) {
  const peal_server *server = local->nsp->server;
  return self ? local->worker == self
              : !atomic_load_explicit(&server->running, memory_order_relaxed);
}

static void send_all(const peal_nsp *nsp, change *it) {
  const peal_worker *self = peal_nsp_worker(nsp);
  while (it) {
    change *next = it->next;
    if (is_here(it->local, self))
      on_change(NULL, &it->mail);
    else if (!peal_mail_put(it->local->worker, &it->mail))
      change_free(nsp->server->mem, it); /* it has ended */
    it = next;
  }
}

/* What a parent's children begin with. */
static void change_parent(peal_parent *parent, bool removes, peal_hook *hook) {
  if (!removes) {
    peal_hook_add(&parent->hooks, hook);
    return;
  }
  if (peal_hook_remove(&parent->hooks, hook))
    peal_hook_sweep(&parent->hooks); /* nobody is called from there */
  peal_hook_free(parent->hooks.mem, hook);
}

/* Under the lock: no child begins without it, or has it twice. */
static peal_err publish_to_all(peal_parent *parent, bool removes,
                               const peal_hook *like, peal_slice name) {
  const peal_list *head = &parent->nsp->children;
  peal_hook *own = peal_hook_copy(parent->hooks.mem, like, name);
  change *first = NULL;
  bool ok = own != NULL;
  for (peal_list *node = head->next; ok && node != head; node = node->next)
    ok = add_changes(&first, PEAL_LIST_OF(node, peal_nsp, sibling), removes,
                     like, name);
  if (!ok) {
    free_all(parent->hooks.mem, first);
    if (own)
      peal_hook_free(parent->hooks.mem, own);
    return PEAL_ERR_NOMEM;
  }
  send_all(parent->nsp, first);
  change_parent(parent, removes, own);
  return PEAL_OK;
}

static peal_err publish(peal_nsp *nsp, bool removes, const peal_hook *like,
                        peal_slice name) {
  change *first = NULL;
  if (nsp->parent) {
    uv_mutex_lock(&nsp->server->spaces.lock);
    peal_err err = publish_to_all(nsp->parent, removes, like, name);
    uv_mutex_unlock(&nsp->server->spaces.lock);
    return err;
  }
  if (!add_changes(&first, nsp, removes, like, name)) {
    free_all(nsp->server->mem, first);
    return PEAL_ERR_NOMEM;
  }
  send_all(nsp, first);
  return PEAL_OK;
}

peal_err peal_handlers_add(peal_nsp *nsp, const peal_hook *like,
                           peal_slice name) {
  return publish(nsp, false, like, name);
}

peal_err peal_handlers_remove(peal_nsp *nsp, const peal_hook *like,
                              peal_slice name) {
  return publish(nsp, true, like, name);
}

/* -- events ------------------------------------------------------------------------------- */

static peal_err check_event(const peal_nsp *nsp, const char *event,
                            peal_event_fn fn) {
  if (!nsp || !event || !fn)
    return PEAL_ERR_USAGE;
  return peal_sio_packet_is_reserved(peal_slice_of(event)) ? PEAL_ERR_RESERVED
                                                           : PEAL_OK;
}

peal_err peal_on(peal_nsp *nsp, const char *event, peal_event_fn fn,
                 void *user) {
  peal_err err = check_event(nsp, event, fn);
  if (err)
    return err;
  const peal_hook like = {
      .kind = PEAL_HOOK_EVENT, .fn.event = fn, .user = user};
  return peal_handlers_add(nsp, &like, peal_slice_of(event));
}

peal_err peal_once(peal_nsp *nsp, const char *event, peal_event_fn fn,
                   void *user) {
  peal_err err = check_event(nsp, event, fn);
  if (err)
    return err;
  peal_hook_once *once = peal_mem_alloc(nsp->server->mem, sizeof *once);
  if (!once)
    return PEAL_ERR_NOMEM;
  atomic_init(&once->called, false);
  atomic_init(&once->refs, 1); /* ours: until all have theirs */
  const peal_hook like = {
      .kind = PEAL_HOOK_EVENT, .fn.event = fn, .user = user, .once = once};
  err = peal_handlers_add(nsp, &like, peal_slice_of(event));
  if (atomic_fetch_sub_explicit(&once->refs, 1, memory_order_acq_rel) == 1)
    peal_mem_free(nsp->server->mem, once);
  return err;
}

peal_err peal_off(peal_nsp *nsp, const char *event, peal_event_fn fn,
                  void *user) {
  if (!nsp || !event || !fn)
    return PEAL_ERR_USAGE;
  const peal_hook like = {
      .kind = PEAL_HOOK_EVENT, .fn.event = fn, .user = user};
  return publish(nsp, true, &like, peal_slice_of(event));
}

bool peal_handlers_call_all(peal_nsp_local *local, peal_hook *hook,
                            uint64_t age, const peal_event *event) {
  peal_socket *socket = event->receiver;
  bool any = false;
  for (hook = peal_hook_live(hook, age);
       hook && socket->state == PEAL_SOCKET_CONNECTED && !event->fate->failed;
       hook = peal_hook_live(hook->next, age))
    if (peal_handlers_claim(local, hook)) {
      any = true;
      hook->fn.event(socket, event, hook->user);
    }
  return any;
}

/* -- one chain per kind --------------------------------------------------------------------- */

void peal_handlers_tell_outgoing(peal_socket *socket, peal_slice event,
                                 peal_args args) {
  const peal_hooks *hooks = &socket->local->hooks;
  uint64_t age = hooks->age;
  for (peal_hook *hook = peal_hook_live(hooks->chains[PEAL_HOOK_OUTGOING], age);
       hook; hook = peal_hook_live(hook->next, age))
    hook->fn.outgoing(socket, event, args, hook->user);
}

peal_err peal_handlers_change(peal_nsp *nsp, bool removes,
                              const peal_hook *like) {
  if (!nsp || !like->fn.event)
    return PEAL_ERR_USAGE;
  return publish(nsp, removes, like, (peal_slice){0});
}

static peal_err change_any(peal_nsp *nsp, bool removes, peal_event_fn fn,
                           void *user) {
  return peal_handlers_change(
      nsp, removes,
      &(peal_hook){.kind = PEAL_HOOK_ANY, .fn.event = fn, .user = user});
}

peal_err peal_on_any(peal_nsp *nsp, peal_event_fn fn, void *user) {
  return change_any(nsp, false, fn, user);
}

peal_err peal_off_any(peal_nsp *nsp, peal_event_fn fn, void *user) {
  return change_any(nsp, true, fn, user);
}

static peal_err change_outgoing(peal_nsp *nsp, bool removes,
                                peal_outgoing_fn fn, void *user) {
  return peal_handlers_change(nsp, removes,
                              &(peal_hook){.kind = PEAL_HOOK_OUTGOING,
                                           .fn.outgoing = fn,
                                           .user = user});
}

peal_err peal_on_any_outgoing(peal_nsp *nsp, peal_outgoing_fn fn, void *user) {
  return change_outgoing(nsp, false, fn, user);
}

peal_err peal_off_any_outgoing(peal_nsp *nsp, peal_outgoing_fn fn, void *user) {
  return change_outgoing(nsp, true, fn, user);
}

static peal_err change_connect(peal_nsp *nsp, bool removes, peal_connect_fn fn,
                               void *user) {
  return peal_handlers_change(
      nsp, removes,
      &(peal_hook){.kind = PEAL_HOOK_CONNECT, .fn.connect = fn, .user = user});
}

peal_err peal_on_connect(peal_nsp *nsp, peal_connect_fn fn, void *user) {
  return change_connect(nsp, false, fn, user);
}

peal_err peal_off_connect(peal_nsp *nsp, peal_connect_fn fn, void *user) {
  return change_connect(nsp, true, fn, user);
}

static peal_err change_disconnect(peal_nsp *nsp, bool removes,
                                  peal_hook_kind kind, peal_disconnect_fn fn,
                                  void *user) {
  return peal_handlers_change(
      nsp, removes,
      &(peal_hook){.kind = (uint8_t)kind, .fn.disconnect = fn, .user = user});
}

peal_err peal_on_disconnect(peal_nsp *nsp, peal_disconnect_fn fn, void *user) {
  return change_disconnect(nsp, false, PEAL_HOOK_DISCONNECT, fn, user);
}

peal_err peal_off_disconnect(peal_nsp *nsp, peal_disconnect_fn fn, void *user) {
  return change_disconnect(nsp, true, PEAL_HOOK_DISCONNECT, fn, user);
}

peal_err peal_on_disconnecting(peal_nsp *nsp, peal_disconnect_fn fn,
                               void *user) {
  return change_disconnect(nsp, false, PEAL_HOOK_DISCONNECTING, fn, user);
}

peal_err peal_off_disconnecting(peal_nsp *nsp, peal_disconnect_fn fn,
                                void *user) {
  return change_disconnect(nsp, true, PEAL_HOOK_DISCONNECTING, fn, user);
}

static peal_err change_drain(peal_nsp *nsp, bool removes, peal_socket_fn fn,
                             void *user) {
  return peal_handlers_change(
      nsp, removes,
      &(peal_hook){.kind = PEAL_HOOK_DRAIN, .fn.socket = fn, .user = user});
}

peal_err peal_on_drain(peal_nsp *nsp, peal_socket_fn fn, void *user) {
  return change_drain(nsp, false, fn, user);
}

peal_err peal_off_drain(peal_nsp *nsp, peal_socket_fn fn, void *user) {
  return change_drain(nsp, true, fn, user);
}

static peal_err change_room(peal_nsp *nsp, bool removes, peal_room_fn fn,
                            void *user) {
  return peal_handlers_change(
      nsp, removes,
      &(peal_hook){.kind = PEAL_HOOK_ROOM, .fn.room = fn, .user = user});
}

peal_err peal_on_room(peal_nsp *nsp, peal_room_fn fn, void *user) {
  return change_room(nsp, false, fn, user);
}

peal_err peal_off_room(peal_nsp *nsp, peal_room_fn fn, void *user) {
  return change_room(nsp, true, fn, user);
}
