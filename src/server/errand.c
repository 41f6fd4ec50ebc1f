/* SPDX-License-Identifier: MIT */
/* errand: what is asked of a socket by its reference, from wherever: at once on
 * its worker, by mail from elsewhere. */
#include <peal/handle.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "proto/names.h"
#include "server/deliver.h"
#include "server/form.h"
#include "server/handlers.h"
#include "server/kept.h"
#include "server/nsp.h"
#include "server/nsp_life.h"
#include "server/packet.h"
#include "server/recovery.h"

/* To the worker of a socket, where it does one of three things. */
typedef struct errand {
  peal_mail mail;
  peal_socket_ref ref;
  peal_op_weight weight; /* in the server's load */
  void (*run)(struct errand *errand, peal_socket *socket);
  peal_eio_item item; /* emit */
  bool is_volatile;
  bool is_kept;      /* emit: its message has a place for the offset */
  uint64_t number;   /* then: what was put there */
  bool close;        /* disconnect */
  peal_socket_fn fn; /* post */
  void *user;
} errand;

static void errand_free(errand *it) {
  peal_server *server = it->ref.nsp->server;
  peal_op_weight weight = it->weight;
  if (it->item.message)
    peal_message_unref(it->item.message);
  peal_mem_free(server->mem, it);
  peal_op_load_remove(&server->load, weight);
}

static void on_errand(peal_worker *worker, peal_mail *mail) {
  errand *it = PEAL_LIST_OF(mail, errand, mail);
  /* A worker that has ended has no sockets. */
  it->run(it, peal_worker_self() == worker ? peal_ref_socket(it->ref) : NULL);
  errand_free(it);
}

/* Under the lock; whom it is for is found out where it arrives. */
static void number(errand *it) {
  peal_recovery *recovery = it->ref.nsp->server->recovery;
  static const peal_slice nobody;
  peal_op op = {
      .kind = PEAL_OP_EMIT,
      .has_offset = true,
      .to = {.room_names = {&nobody, 0}, .no_compress = it->item.no_compress},
      .message = it->item.message};
  it->number = recovery->log.next;
  peal_recovery_number(recovery, it->ref.nsp, &op, it->item.key, NULL);
}

/* With recovery, as all that is done to sockets; but a function of the
 * program's runs in a turn of its own. */
static bool put(errand *it) {
  peal_recovery *recovery = it->ref.nsp->server->recovery;
  if (!recovery || it->fn)
    return peal_mail_put(peal_ref_worker(it->ref), &it->mail);
  peal_lanes_begin(&recovery->lanes);
  if (it->is_kept)
    number(it);
  peal_lanes_put(&recovery->lanes, it->ref.worker, &it->mail);
  peal_lanes_end(&recovery->lanes, peal_nsp_worker(it->ref.nsp));
  return true;
}

/* A copy of `like` goes; it is charged before it is allocated. */
static peal_err send_errand(const errand *like) {
  peal_server *server = like->ref.nsp->server;
  peal_message *message = like->item.message;
  peal_op_weight weight = {.own = sizeof *like,
                           .message = message ? peal_message_len(message) : 0};
  peal_err err = peal_op_load_add(&server->load, weight);
  if (err)
    return err;
  errand *it = peal_mem_alloc(server->mem, sizeof *it);
  if (!it) {
    peal_op_load_remove(&server->load, weight);
    return PEAL_ERR_NOMEM;
  }
  *it = *like;
  it->mail.fn = on_errand;
  it->weight = weight;
  if (message)
    peal_message_ref(message);
  if (put(it))
    return PEAL_OK;
  errand_free(it);
  return PEAL_ERR_CLOSED;
}

/* -- emitting ---------------------------------------------------------------------------- */

static bool is_here(peal_socket_ref ref) {
  return peal_worker_self() == peal_ref_worker(ref);
}

/* The values are made again for those who watch. */
static void tell_outgoing(const errand *it, peal_socket *socket) {
  peal_sio_packet packet;
  if (!peal_nsp_local_is_watched(socket->local) ||
      !peal_deliver_is_taken(socket, it->is_volatile) ||
      peal_form_values(&packet, socket->local->nsp->server, it->item.message,
                       &socket->local->worker->turn))
    return;
  peal_handlers_tell_outgoing(
      socket, peal_val_str(packet.data.as.items[0]),
      (peal_args){packet.data.as.items + 1, packet.data.len - 1 - it->is_kept});
}

/* Whose id that is is known here alone. */
static void address(const errand *it, const peal_socket *socket) {
  peal_recovery *recovery = it->ref.nsp->server->recovery;
  uv_mutex_lock(&recovery->lanes.lock);
  peal_recovery_log_address(&recovery->log, it->number,
                            peal_slice_of(socket->id));
  uv_mutex_unlock(&recovery->lanes.lock);
}

/* Who sent it is told nothing any more: a full queue is its client's matter. */
static void run_emit(errand *it, peal_socket *socket) {
  if (!socket)
    return;
  if (peal_kept_is_elsewhere(socket, it->is_volatile)) {
    const peal_to how = {.no_compress = it->item.no_compress};
    (void)!peal_kept_hand_over(socket, &how, it->item.message);
    return;
  }
  tell_outgoing(it, socket);
  if (it->is_kept)
    address(it, socket);
  (void)!peal_deliver_one(socket, &it->item, it->is_volatile);
}

static peal_err emit_held(peal_socket_ref ref, const peal_to *to,
                          peal_slice event, peal_args args) {
  errand it = {.ref = ref,
               .run = run_emit,
               .is_kept = peal_recovery_keeps(ref.nsp->server, to)};
  peal_worker *self = peal_nsp_worker(ref.nsp);
  peal_err err =
      it.is_kept
          ? peal_packet_kept(&it.item, ref.nsp, self, event, args)
          : peal_packet_event(&it.item, ref.nsp, self, true, event, args, NULL);
  if (err)
    return err;
  if (to) {
    it.item.key = peal_packet_key(ref.nsp, peal_names_key(to));
    it.item.no_compress = to->no_compress;
    it.is_volatile = to->is_volatile;
  }
  err = send_errand(&it);
  peal_packet_release(&it.item);
  return err;
}

/* Its namespace may be no more, or another one: then the socket has gone. */
static peal_err emit_from_afar(peal_socket_ref ref, const peal_to *to,
                               peal_slice event, peal_args args) {
  if (!peal_nsp_life_try_hold(ref.nsp))
    return PEAL_OK;
  peal_err err = emit_held(ref, to, event, args);
  peal_nsp_life_release(ref.nsp);
  return err;
}

peal_err peal_ref_emit_with_n(peal_socket_ref ref, const peal_to *to,
                              peal_slice event, peal_args args) {
  if (!ref.nsp || peal_names_are_named(to))
    return PEAL_ERR_USAGE;
  if (to && !PEAL_RESERVED_IS_KNOWN(to))
    return PEAL_ERR_OPTION;
  if (!is_here(ref))
    return emit_from_afar(ref, to, event, args);
  peal_socket *socket = peal_ref_socket(ref);
  return socket ? peal_emit_with_n(socket, to, event, args) : PEAL_ERR_CLOSED;
}

peal_err peal_ref_emit_with(peal_socket_ref ref, const peal_to *to,
                            const char *event, peal_args args) {
  return peal_ref_emit_with_n(ref, to, peal_slice_of(event), args);
}

peal_err peal_ref_emit_n(peal_socket_ref ref, peal_slice event,
                         peal_args args) {
  return peal_ref_emit_with_n(ref, NULL, event, args);
}

peal_err peal_ref_emit(peal_socket_ref ref, const char *event, peal_args args) {
  return peal_ref_emit_n(ref, peal_slice_of(event), args);
}

/* -- the others --------------------------------------------------------------------------- */

static void run_disconnect(errand *it, peal_socket *socket) {
  peal_disconnect(socket, it->close);
}

peal_err peal_ref_disconnect(peal_socket_ref ref, bool close) {
  if (!ref.nsp)
    return PEAL_ERR_USAGE;
  if (!is_here(ref))
    return send_errand(
        &(errand){.ref = ref, .run = run_disconnect, .close = close});
  peal_disconnect(peal_ref_socket(ref), close);
  return PEAL_OK;
}

static void run_post(errand *it, peal_socket *socket) {
  it->fn(socket, it->user);
}

peal_err peal_ref_post(peal_socket_ref ref, peal_socket_fn fn, void *user) {
  if (!ref.nsp || !fn)
    return PEAL_ERR_USAGE;
  return send_errand(
      &(errand){.ref = ref, .run = run_post, .fn = fn, .user = user});
}
