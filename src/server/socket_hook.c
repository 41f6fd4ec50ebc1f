/* SPDX-License-Identifier: MIT */
#include "server/socket_hook.h"

#include <string.h>

#include <peal/handle.h>

#include "events/event.h"
#include "wire/sio_packet.h"

typedef struct peal_socket_hook {
  struct peal_socket_hook *next; /* in order of registration */
  peal_event_fn fn;
  void *user;
  bool once;
  bool removed;  /* freed when none is on the stack */
  uint64_t told; /* which event was being told, or the last one: not that */
  size_t name_len;
  char name[];
} peal_socket_hook;

static size_t bytes_of(size_t name_len) {
  return sizeof(peal_socket_hook) + name_len;
}

static bool has_name(const peal_socket_hook *hook, peal_slice name) {
  return hook->name_len == name.len &&
         (!name.len || !memcmp(hook->name, name.ptr, name.len));
}

/* -- changing ---------------------------------------------------------------------------- */

static peal_err add(peal_socket *socket, peal_slice name,
                    const peal_socket_hook *like) {
  void *block;
  peal_err err = peal_belongings_alloc(socket, bytes_of(name.len), 0, &block);
  if (err)
    return err;
  peal_belongings *own = peal_belongings_of(socket);
  peal_socket_hook *hook = block, **end = &own->hooks;
  *hook = *like;
  hook->name_len = name.len;
  hook->told = socket->local->told;
  if (name.len)
    memcpy(hook->name, name.ptr, name.len);
  while (*end)
    end = &(*end)->next;
  *end = hook;
  return PEAL_OK;
}

static peal_err add_checked(peal_socket *socket, const char *event,
                            const peal_socket_hook *like) {
  peal_slice name = peal_slice_of(event);
  if (peal_sio_packet_is_reserved(name))
    return PEAL_ERR_RESERVED;
  if (socket->state == PEAL_SOCKET_LEAVING || socket->state == PEAL_SOCKET_GONE)
    return PEAL_ERR_CLOSED;
  return add(socket, name, like);
}

peal_err peal_socket_on(peal_socket *socket, const char *event,
                        peal_event_fn fn, void *user) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !event || !fn)
    return PEAL_ERR_USAGE;
  return add_checked(socket, event,
                     &(peal_socket_hook){.fn = fn, .user = user});
}

peal_err peal_socket_once(peal_socket *socket, const char *event,
                          peal_event_fn fn, void *user) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !event || !fn)
    return PEAL_ERR_USAGE;
  return add_checked(socket, event,
                     &(peal_socket_hook){.fn = fn, .user = user, .once = true});
}

/* What was removed goes. */
static void settle(peal_socket *socket, peal_belongings *own) {
  peal_socket_hook **at = &own->hooks;
  while (*at) {
    peal_socket_hook *hook = *at;
    if (!hook->removed) {
      at = &hook->next;
      continue;
    }
    *at = hook->next;
    peal_belongings_release(socket, hook, bytes_of(hook->name_len));
  }
}

void peal_socket_off(peal_socket *socket, const char *event, peal_event_fn fn,
                     void *user) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !event)
    return;
  peal_belongings *own = peal_belongings_of(socket);
  if (!own)
    return;
  for (peal_socket_hook *hook = own->hooks; hook; hook = hook->next)
    if (hook->fn == fn && hook->user == user &&
        has_name(hook, peal_slice_of(event)))
      hook->removed = true;
  if (!own->is_calling)
    settle(socket, own);
}

void peal_socket_hook_end(peal_socket *socket) {
  peal_belongings *own = peal_belongings_of(socket);
  if (!own)
    return;
  for (peal_socket_hook *hook = own->hooks; hook; hook = hook->next)
    hook->removed = true;
  if (!own->is_calling)
    settle(socket, own);
}

/* -- calling ----------------------------------------------------------------------------- */

bool peal_socket_hook_call(peal_socket *socket, const peal_event *event) {
  peal_belongings *own = peal_belongings_of(socket);
  bool any = false;
  if (!own || !own->hooks)
    return false;
  own->is_calling = true;
  for (peal_socket_hook *hook = own->hooks;
       hook && socket->state == PEAL_SOCKET_CONNECTED && !event->fate->failed;
       hook = hook->next)
    if (!hook->removed && hook->told < socket->local->told &&
        has_name(hook, event->name)) {
      hook->removed = hook->once;
      any = true;
      hook->fn(socket, event, hook->user);
    }
  own->is_calling = false;
  settle(socket, own);
  return any;
}
