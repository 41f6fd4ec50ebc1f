/* SPDX-License-Identifier: MIT */
/* device: the client of small devices: a WebSocket, an Engine.IO session and a
 * sio_client on top of each other, in one block of memory. */
#include <peal/device.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "proto/device_line.h"
#include "proto/eio_out.h"

#define TURN_BYTES 1024u
#define LEAVE_MS 2000u
#define NEVER UINT64_MAX

/* -- coming in ------------------------------------------------------------------- */

static peal_client_reason reason_of(const peal_eio_event *event) {
  switch (event->reason) {
  case PEAL_EIO_PING_TIMEOUT:
    return PEAL_CLIENT_PING_TIMEOUT;
  case PEAL_EIO_PARSE_ERROR:
    return PEAL_CLIENT_PARSE_ERROR;
  case PEAL_EIO_TRANSPORT_CLOSE:
    return PEAL_CLIENT_TRANSPORT_CLOSE;
  default:
    return PEAL_CLIENT_TRANSPORT_ERROR;
  }
}

static bool take_session(peal_device *device, uint64_t now_ms) {
  peal_eio_event event;
  if (!peal_eio_session_next(&device->session, &device->turn, now_ms, &event))
    return false;
  if (device->state == DEVICE_LEAVING)
    return true; /* nobody hears of it any more */
  if (event.type == PEAL_EIO_EVENT_OPEN)
    (void)peal_sio_client_opened(&device->sio, now_ms);
  else if (event.type == PEAL_EIO_EVENT_MESSAGE)
    (void)!peal_sio_client_feed(&device->sio, event.binary, event.data, now_ms);
  else if (event.type == PEAL_EIO_EVENT_CLOSE)
    peal_device_line_fail(device, reason_of(&event), event.err, now_ms);
  return true;
}

static bool take_ws(peal_device *device, uint64_t now_ms) {
  peal_ws_event event;
  if (!peal_ws_conn_next(device->ws, &event))
    return false;
  if (event.type == PEAL_WS_EVENT_MESSAGE)
    (void)!peal_eio_session_feed_frame(
        &device->session, event.opcode == PEAL_WS_BINARY, event.data, now_ms);
  else
    peal_eio_session_detach(&device->session, PEAL_EIO_WEBSOCKET,
                            event.err ? PEAL_EIO_TRANSPORT_ERROR
                                      : PEAL_EIO_TRANSPORT_CLOSE,
                            event.err);
  return true;
}

static bool has_left(const peal_device *device) {
  return device->said_goodbye && peal_ws_conn_queued(device->ws) == 0;
}

/* Everything has been pulled, or takes too long. */
static void leave(peal_device *device, uint64_t now_ms) {
  if (!has_left(device) && now_ms < device->leave_at)
    return;
  peal_device_line_drop(device);
  device->hangup_due = true;
}

static bool take_connection(peal_device *device, uint64_t now_ms) {
  if (device->state < DEVICE_OPEN)
    return false;
  if (take_session(device, now_ms))
    return true;
  if (take_ws(device, now_ms))
    return true;
  if (device->state == DEVICE_LEAVING)
    leave(device, now_ms);
  return false;
}

/* -- what the client says ---------------------------------------------------------- */

static void hang_up(peal_device *device, uint64_t now_ms) {
  if (device->state == DEVICE_OPEN) {
    device->state = DEVICE_LEAVING;
    device->said_goodbye = false;
    device->leave_at = now_ms + LEAVE_MS;
    return;
  }
  peal_device_line_drop(device);
  device->hangup_due = true;
}

static void send_message(peal_device *device, peal_message *message,
                         uint64_t now_ms) {
  peal_eio_item item = {.message = message};
  peal_err err = PEAL_ERR_CLOSED;
  if (device->state >= DEVICE_OPEN)
    err = peal_eio_session_send(&device->session, &item);
  peal_message_unref(message);
  if (err && err != PEAL_ERR_CLOSED)
    peal_device_line_fail(device, PEAL_CLIENT_TRANSPORT_ERROR, err, now_ms);
}

static peal_args args_of(peal_val data) {
  if (peal_val_is(data, PEAL_ARRAY))
    return (peal_args){data.as.items, data.len};
  return PEAL_NO_ARGS;
}

/* The name stands in front. */
static void take_event(peal_device *device, const peal_sio_client_event *from,
                       peal_device_event *event) {
  peal_args all = args_of(from->packet.data);
  event->type = PEAL_DEVICE_EVENT;
  event->name = peal_val_str(all.items[0]);
  event->args = (peal_args){all.items + 1, all.count - 1};
  event->wants_ack = from->packet.has_id;
  device->link = from->link;
  device->id = from->packet.id;
  device->acked = !from->packet.has_id;
}

static void take_connect_error(peal_device *device,
                               const peal_sio_client_event *from,
                               peal_device_event *event) {
  event->type = PEAL_DEVICE_CONNECT_ERROR;
  event->err = from->err;
  if (from->err)
    return;
  peal_val *data = peal_arena_alloc(&device->turn, sizeof(*data));
  if (data) {
    *data = from->packet.data;
    event->args = (peal_args){data, 1};
  }
}

/* False: it is nothing for the program. */
static bool take_news(peal_device *device, const peal_sio_client_event *from,
                      peal_device_event *event, uint64_t now_ms) {
  switch (from->type) {
  case PEAL_SIO_CLIENT_SEND:
    send_message(device, from->message, now_ms);
    return false;
  case PEAL_SIO_CLIENT_DIAL:
    if (device->state != DEVICE_IDLE) {
      peal_device_line_drop(device);
      device->hangup_due = true;
    }
    device->dial_due = true;
    return false;
  case PEAL_SIO_CLIENT_HANGUP:
    hang_up(device, now_ms);
    return false;
  case PEAL_SIO_CLIENT_ASK_AUTH:
    if (peal_sio_client_auth(from->nsp, from->ask, device->opts.auth, now_ms))
      (void)peal_sio_client_auth(from->nsp, from->ask, peal_undefined(),
                                 now_ms);
    return false;
  case PEAL_SIO_CLIENT_CONNECT:
    event->type = PEAL_DEVICE_CONNECTED;
    return true;
  case PEAL_SIO_CLIENT_CONNECT_ERROR:
    take_connect_error(device, from, event);
    return true;
  case PEAL_SIO_CLIENT_DISCONNECT:
    event->type = PEAL_DEVICE_DISCONNECTED;
    event->err = from->err;
    return true;
  case PEAL_SIO_CLIENT_EVENT:
    take_event(device, from, event);
    return true;
  case PEAL_SIO_CLIENT_ACK:
    event->type = PEAL_DEVICE_ANSWER;
    event->err = from->err;
    event->args = args_of(from->packet.data);
    event->token = from->user;
    return true;
  default:
    return false;
  }
}

/* True: `event` is something for the program. *more: something has changed. */
static bool take_client(peal_device *device, peal_device_event *event,
                        uint64_t now_ms, bool *more) {
  peal_sio_client_event from;
  *more = peal_sio_client_next(&device->sio, &device->turn, &from);
  return *more && take_news(device, &from, event, now_ms);
}

static void tick(peal_device *device, uint64_t now_ms) {
  if (device->state >= DEVICE_OPEN) {
    if (peal_eio_session_deadline(&device->session) <= now_ms)
      peal_eio_session_tick(&device->session, now_ms);
    if (peal_ws_conn_deadline(device->ws) <= now_ms)
      peal_ws_conn_tick(device->ws, now_ms);
  }
  if (peal_sio_client_deadline(&device->sio) <= now_ms)
    peal_sio_client_tick(&device->sio, now_ms);
}

bool peal_device_next(peal_device *device, uint64_t now_ms,
                      peal_device_event *event) {
  bool more = true;
  if (!device || !event)
    return false;
  peal_arena_reset(&device->turn);
  device->acked = true;
  tick(device, now_ms);
  while (more) {
    *event = (peal_device_event){.type = PEAL_DEVICE_HANGUP};
    if (device->hangup_due) {
      device->hangup_due = false;
      return true;
    }
    if (device->dial_due) {
      device->dial_due = false;
      device->state = DEVICE_DIALLING;
      event->type = PEAL_DEVICE_DIAL;
      return true;
    }
    if (take_client(device, event, now_ms, &more))
      return true;
    if (!more)
      more = take_connection(device, now_ms) || device->hangup_due;
  }
  return false;
}

uint64_t peal_device_deadline(const peal_device *device) {
  if (!device)
    return NEVER;
  uint64_t at = peal_sio_client_deadline(&device->sio), other = NEVER;
  if (device->state >= DEVICE_OPEN) {
    other = peal_eio_session_deadline(&device->session);
    at = other < at ? other : at;
    other = peal_ws_conn_deadline(device->ws);
    at = other < at ? other : at;
  }
  if (device->state == DEVICE_LEAVING) {
    other = has_left(device) ? 0 : device->leave_at;
    at = other < at ? other : at;
  }
  return at;
}

/* -- what the program says ------------------------------------------------------------ */

/* It only says that an acknowledgement is wanted: that is told as an event. */
static void never_called(peal_client_nsp *nsp, peal_err err, peal_args args,
                         void *user) {
  (void)nsp, (void)err, (void)args, (void)user;
}

/* On a connection; what waits for one has its own ceiling. One that is too large
 * is taken if nothing waits. */
static bool is_full(const peal_device *device) {
  return device->state >= DEVICE_OPEN &&
         peal_eio_session_queued_bytes(&device->session) +
                 peal_ws_conn_queued(device->ws) +
                 peal_sio_client_sending_bytes(&device->sio) >=
             device->sio_opts.max_buffer_bytes;
}

static peal_err emit(peal_device *device, const char *name, peal_args args,
                     const uint32_t *timeout_ms, void *token, uint64_t now_ms) {
  if (!device || !name)
    return PEAL_ERR_USAGE;
  if (is_full(device))
    return PEAL_ERR_QUEUE_FULL;
  peal_sio_client_emit what = {.event = peal_slice_of(name), .args = args};
  if (timeout_ms) {
    what.fn = never_called;
    what.user = token;
    what.timeout_ms = *timeout_ms ? *timeout_ms : UINT32_MAX;
  }
  return peal_sio_client_send(device->nsp, &what, now_ms);
}

peal_err peal_device_emit(peal_device *device, const char *event,
                          peal_args args, uint64_t now_ms) {
  return emit(device, event, args, NULL, NULL, now_ms);
}

peal_err peal_device_emit_ack(peal_device *device, const char *event,
                              peal_args args, uint32_t timeout_ms, void *token,
                              uint64_t now_ms) {
  return emit(device, event, args, &timeout_ms, token, now_ms);
}

peal_err peal_device_ack(peal_device *device, peal_args args) {
  if (!device)
    return PEAL_ERR_USAGE;
  if (device->acked)
    return PEAL_OK;
  device->acked = true;
  return peal_sio_client_ack(device->nsp, device->link, device->id, args);
}

void peal_device_stop(peal_device *device, uint64_t now_ms) {
  if (device)
    peal_sio_client_close(&device->sio, now_ms);
}

peal_slice peal_device_id(const peal_device *device) {
  return device ? peal_sio_client_nsp_sid(device->nsp) : (peal_slice){0};
}

size_t peal_device_most_bytes(const peal_device *device) {
  return device ? device->block.most : 0;
}

/* -- life ------------------------------------------------------------------------------ */

static void set_options(peal_device *device) {
  const peal_device_opts *opts = &device->opts;
  const peal_mem *mem = &device->block.mem;
  size_t payload = opts->max_payload_bytes ? opts->max_payload_bytes : 8192;
  size_t queue = opts->max_queue_bytes ? opts->max_queue_bytes : 8192;
  device->sio_opts =
      (peal_sio_client_opts){.conn = {.client = true,
                                      .max_namespaces = 1,
                                      .max_packet_bytes = payload,
                                      .mem = mem},
                             .no_reconnection = opts->no_reconnection,
                             .delay_ms = opts->reconnection_delay_ms,
                             .delay_max_ms = opts->reconnection_delay_max_ms,
                             .timeout_ms = opts->timeout_ms,
                             .max_buffer_bytes = queue};
  /* Who emits is refused: a session that refused would lose what lies between
   * two events, and the connection. */
  device->eio_opts = (peal_eio_session_opts){.client = true,
                                             .max_payload_bytes = payload,
                                             .max_queue_bytes = SIZE_MAX / 2,
                                             .mem = mem};
  device->ws_opts = (peal_ws_conn_opts){.client = true,
                                        .max_message_bytes = payload,
                                        .mem = mem,
                                        .mask = opts->random,
                                        .mask_user = opts->user};
}

static peal_err begin(peal_device *device, uint64_t now_ms) {
  const char *name = device->opts.nsp ? device->opts.nsp : "/";
  peal_arena_init(&device->turn, &device->block.mem, TURN_BYTES, 0);
  peal_sio_client_init(&device->sio, &device->sio_opts, NULL,
                       device->opts.random(device->opts.user), now_ms);
  device->nsp = peal_sio_client_of(&device->sio, peal_slice_of(name));
  return device->nsp ? peal_sio_client_connect(device->nsp, now_ms)
                     : PEAL_ERR_NOMEM;
}

peal_err peal_device_new(peal_device **out, void *memory, size_t bytes,
                         const peal_device_opts *opts, uint64_t now_ms) {
  peal_mem_block block;
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  if (!memory || !opts || !opts->host || !opts->random)
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return PEAL_ERR_OPTION;
  peal_mem_block_init(&block, memory, bytes);
  peal_device *device = peal_mem_zalloc(&block.mem, sizeof(*device));
  if (!device)
    return PEAL_ERR_NOMEM;
  device->block = block;
  device->block.mem.user = &device->block;
  device->opts = *opts;
  set_options(device);
  peal_err err = begin(device, now_ms);
  if (err)
    peal_device_free(device);
  else
    *out = device;
  return err;
}

void peal_device_free(peal_device *device) {
  if (!device)
    return;
  peal_device_line_drop(device);
  peal_sio_client_deinit(&device->sio);
  peal_arena_deinit(&device->turn);
}
