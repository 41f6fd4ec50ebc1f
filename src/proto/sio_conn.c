/* SPDX-License-Identifier: MIT */
#include "proto/sio_conn.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/mem.h"

#define NEVER UINT64_MAX

/* A packet that waits: for its attachments, or for its namespace. */
typedef struct held_packet {
  struct held_packet *next;
  uint32_t wanted; /* attachments announced */
  uint32_t got;
  size_t text_len;
  peal_slice *attachments; /* behind the text; their bytes are owned */
  char text[];
} held_packet;

struct peal_sio_link {
  peal_sio_link *next;
  void *user;
  held_packet *held; /* in order of arrival, while not connected */
  uint32_t nsp_len;
  bool connected;
  bool gone; /* unlinked during a delivery */
  char nsp[];
};

struct peal_sio_conn {
  const peal_sio_conn_opts *opts;
  const peal_sio_conn_callbacks *callbacks;
  void *user;
  const peal_mem *mem;
  peal_sio_link *links;
  peal_sio_link *graveyard; /* gone, freed when nothing is on the stack */
  held_packet *partial;     /* its attachments are coming */
  size_t held_bytes;        /* of `partial` and all `held` */
  uint64_t connect_at;
  uint64_t attach_at;
  uint32_t link_count;
  uint16_t depth;
  bool freed;
  int16_t err; /* sticky peal_err */
};

/* -- options ---------------------------------------------------------------- */

static uint32_t max_attachments(const peal_sio_conn *conn) {
  return conn->opts->max_attachments ? conn->opts->max_attachments
                                     : PEAL_LIMIT_SIO_ATTACHMENTS;
}

static uint32_t max_namespaces(const peal_sio_conn *conn) {
  return conn->opts->max_namespaces ? conn->opts->max_namespaces
                                    : PEAL_LIMIT_SIO_NAMESPACES;
}

static size_t max_held(const peal_sio_conn *conn) {
  return conn->opts->max_packet_bytes
             ? conn->opts->max_packet_bytes
             : (size_t)PEAL_LIMIT_PAYLOAD_BYTES * PEAL_LIMIT_SIO_PACKET_FACTOR;
}

/* -- packets that wait -------------------------------------------------------- */

static size_t held_cost(const held_packet *packet) {
  size_t cost = sizeof *packet + packet->text_len +
                packet->wanted * sizeof *packet->attachments;
  for (uint32_t i = 0; i < packet->got; i++)
    cost += packet->attachments[i].len;
  return cost;
}

static void held_free(peal_sio_conn *conn, held_packet *packet) {
  if (!packet)
    return;
  conn->held_bytes -= held_cost(packet);
  for (uint32_t i = 0; i < packet->got; i++)
    peal_mem_free(conn->mem, (void *)(uintptr_t)packet->attachments[i].ptr);
  peal_mem_free(conn->mem, packet);
}

/* Every byte kept for a peer is charged before it is allocated. */
static peal_err charge(peal_sio_conn *conn, size_t bytes) {
  if (bytes > max_held(conn) || conn->held_bytes > max_held(conn) - bytes)
    return PEAL_ERR_LIMIT;
  conn->held_bytes += bytes;
  return PEAL_OK;
}

static size_t align8(size_t len) {
  return (len + 7) & ~(size_t)7;
}

static peal_err held_new(peal_sio_conn *conn, held_packet **out,
                         peal_slice text, uint32_t wanted) {
  held_packet *packet = NULL;
  size_t cost = sizeof *packet + text.len + wanted * sizeof(peal_slice);
  peal_err err = charge(conn, cost);
  if (err)
    return err;
  size_t room = align8(sizeof *packet + text.len);
  packet = peal_mem_alloc(conn->mem, room + wanted * sizeof(peal_slice));
  if (!packet) {
    conn->held_bytes -= cost;
    return PEAL_ERR_NOMEM;
  }
  *packet = (held_packet){.wanted = wanted, .text_len = text.len};
  packet->attachments = (peal_slice *)(void *)((char *)packet + room);
  if (text.len)
    memcpy(packet->text, text.ptr, text.len);
  *out = packet;
  return PEAL_OK;
}

static peal_err held_attach(peal_sio_conn *conn, held_packet *packet,
                            peal_slice data) {
  peal_err err = charge(conn, data.len);
  if (err)
    return err;
  char *copy = peal_mem_alloc(conn->mem, data.len ? data.len : 1);
  if (!copy) {
    conn->held_bytes -= data.len;
    return PEAL_ERR_NOMEM;
  }
  if (data.len)
    memcpy(copy, data.ptr, data.len);
  packet->attachments[packet->got++] = (peal_slice){copy, data.len};
  return PEAL_OK;
}

static void held_append(peal_sio_link *link, held_packet *packet) {
  held_packet **end = &link->held;
  while (*end)
    end = &(*end)->next;
  *end = packet;
}

/* -- links --------------------------------------------------------------------- */

static peal_sio_link *link_find(const peal_sio_conn *conn, peal_slice nsp) {
  for (peal_sio_link *link = conn->links; link; link = link->next)
    if (link->nsp_len == nsp.len && !memcmp(link->nsp, nsp.ptr, nsp.len))
      return link;
  return NULL;
}

static peal_err link_new(peal_sio_conn *conn, peal_sio_link **out,
                         peal_slice nsp) {
  if (conn->link_count >= max_namespaces(conn) ||
      nsp.len > PEAL_LIMIT_SIO_NSP_BYTES)
    return PEAL_ERR_LIMIT;
  peal_sio_link *link = peal_mem_alloc(conn->mem, sizeof *link + nsp.len);
  if (!link)
    return PEAL_ERR_NOMEM;
  *link = (peal_sio_link){.nsp_len = (uint32_t)nsp.len};
  memcpy(link->nsp, nsp.ptr, nsp.len);
  peal_sio_link **end = &conn->links;
  while (*end)
    end = &(*end)->next;
  *end = link;
  conn->link_count++;
  *out = link;
  return PEAL_OK;
}

static void link_drop_held(peal_sio_conn *conn, peal_sio_link *link) {
  while (link->held) {
    held_packet *packet = link->held;
    link->held = packet->next;
    held_free(conn, packet);
  }
}

/* Out of the list at once; freed when nobody on the stack can hold it. */
static void link_remove(peal_sio_conn *conn, peal_sio_link *link) {
  if (link->gone)
    return;
  peal_sio_link **at = &conn->links;
  while (*at != link)
    at = &(*at)->next;
  *at = link->next;
  link_drop_held(conn, link);
  conn->link_count--;
  link->gone = true;
  link->next = conn->graveyard;
  conn->graveyard = link;
}

static void bury(peal_sio_conn *conn) {
  while (conn->graveyard) {
    peal_sio_link *link = conn->graveyard;
    conn->graveyard = link->next;
    peal_mem_free(conn->mem, link);
  }
}

/* -- life ------------------------------------------------------------------------ */

peal_sio_conn *peal_sio_conn_new(const peal_sio_conn_opts *opts,
                                 const peal_sio_conn_callbacks *callbacks,
                                 void *user, uint64_t now_ms) {
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_sio_conn *conn = peal_mem_zalloc(mem, sizeof *conn);
  if (!conn)
    return NULL;
  uint32_t timeout =
      opts->connect_timeout_ms ? opts->connect_timeout_ms : 45000;
  conn->opts = opts;
  conn->callbacks = callbacks;
  conn->user = user;
  conn->mem = mem;
  conn->connect_at = opts->client ? NEVER : now_ms + timeout;
  conn->attach_at = NEVER;
  return conn;
}

static void release(peal_sio_conn *conn) {
  while (conn->links)
    link_remove(conn, conn->links);
  bury(conn);
  held_free(conn, conn->partial);
  peal_mem_free(conn->mem, conn);
}

void peal_sio_conn_free(peal_sio_conn *conn) {
  if (!conn)
    return;
  conn->freed = true;
  if (!conn->depth)
    release(conn);
}

static void enter(peal_sio_conn *conn) {
  conn->depth++;
}

static void leave(peal_sio_conn *conn) {
  if (--conn->depth)
    return;
  if (conn->freed)
    release(conn);
  else if (conn->graveyard)
    bury(conn);
}

/* -- sending ---------------------------------------------------------------------- */

static peal_err send_control(peal_sio_conn *conn, peal_sio_type type,
                             peal_slice nsp, peal_val data) {
  peal_buf buf;
  peal_buf_init(&buf, conn->mem, 0);
  peal_sio_packet_encode_control(&buf, type, nsp, data);
  peal_err err = buf.err;
  peal_bytes *text = err ? NULL : peal_bytes_alloc(buf.len, conn->mem);
  if (text)
    memcpy(peal_bytes_data(text), buf.ptr, buf.len);
  else if (!err)
    err = PEAL_ERR_NOMEM;
  peal_buf_deinit(&buf);
  if (text)
    conn->callbacks->on_send(conn, text, conn->user);
  return err;
}

/* -- receiving ---------------------------------------------------------------------- */

static peal_err on_connect_request(peal_sio_conn *conn,
                                   const peal_sio_packet *packet) {
  peal_sio_link *link = NULL;
  /* reference 3.4: CONNECT for a joined namespace closes. */
  if (link_find(conn, packet->nsp))
    return PEAL_ERR_SIO_STATE;
  peal_err err = link_new(conn, &link, packet->nsp);
  if (err)
    return err;
  conn->callbacks->on_connect(conn, link, packet->data, conn->user);
  return PEAL_OK;
}

static peal_err on_connect_reply(peal_sio_conn *conn, peal_sio_link *link,
                                 const peal_sio_packet *packet) {
  if (!link || link->connected)
    return PEAL_ERR_SIO_STATE;
  if (packet->type == PEAL_SIO_CONNECT) {
    link->connected = true;
    conn->callbacks->on_connect(conn, link, packet->data, conn->user);
    return PEAL_OK;
  }
  if (conn->callbacks->on_connect_error)
    conn->callbacks->on_connect_error(conn, link, packet->data, conn->user);
  link_remove(conn, link);
  return PEAL_OK;
}

static peal_err on_disconnect(peal_sio_conn *conn, peal_sio_link *link) {
  if (!link)
    return PEAL_ERR_SIO_STATE;
  conn->callbacks->on_disconnect(conn, link, conn->user);
  link_remove(conn, link);
  return PEAL_OK;
}

/* A whole packet, attachments in place, for a connected namespace. */
static void deliver(peal_sio_conn *conn, peal_sio_link *link,
                    const peal_sio_packet *packet) {
  bool is_ack =
      packet->type == PEAL_SIO_ACK || packet->type == PEAL_SIO_BINARY_ACK;
  if (!is_ack)
    conn->callbacks->on_event(conn, link, packet, conn->user);
  else if (packet->has_id)
    conn->callbacks->on_ack(conn, link, packet, conn->user);
}

static bool waits_for_attachments(const peal_sio_packet *packet) {
  bool is_binary = packet->type == PEAL_SIO_BINARY_EVENT ||
                   packet->type == PEAL_SIO_BINARY_ACK;
  return is_binary && packet->attachments > 0;
}

static peal_err on_data(peal_sio_conn *conn, peal_sio_packet *packet,
                        peal_slice text, peal_arena *arena, uint64_t now_ms) {
  peal_sio_link *link = link_find(conn, packet->nsp);
  if (!link)
    return PEAL_ERR_SIO_STATE;
  bool is_binary = packet->type == PEAL_SIO_BINARY_EVENT ||
                   packet->type == PEAL_SIO_BINARY_ACK;
  if (waits_for_attachments(packet)) {
    uint32_t timeout = conn->opts->attach_timeout_ms
                           ? conn->opts->attach_timeout_ms
                           : PEAL_LIMIT_SIO_ATTACH_MS;
    conn->attach_at = now_ms + timeout;
    return held_new(conn, &conn->partial, text, packet->attachments);
  }
  if (!link->connected) {
    held_packet *held = NULL;
    peal_err err = held_new(conn, &held, text, 0);
    if (!err)
      held_append(link, held);
    return err;
  }
  if (is_binary) {
    peal_err err = peal_sio_packet_attach(packet, NULL, 0, arena);
    if (err)
      return err;
  }
  deliver(conn, link, packet);
  return PEAL_OK;
}

static peal_err on_text(peal_sio_conn *conn, peal_slice text,
                        peal_arena *arena, uint64_t now_ms) {
  peal_sio_packet packet;
  if (conn->partial)
    return PEAL_ERR_SIO_ATTACHMENTS;
  peal_err err = peal_sio_packet_decode(&packet, text, max_attachments(conn),
                                        arena, NULL);
  if (err)
    return err;
  switch ((peal_sio_type)packet.type) {
  case PEAL_SIO_CONNECT:
    if (!conn->opts->client)
      return on_connect_request(conn, &packet);
    return on_connect_reply(conn, link_find(conn, packet.nsp), &packet);
  case PEAL_SIO_CONNECT_ERROR:
    if (!conn->opts->client)
      return PEAL_ERR_SIO_STATE;
    return on_connect_reply(conn, link_find(conn, packet.nsp), &packet);
  case PEAL_SIO_DISCONNECT:
    return on_disconnect(conn, link_find(conn, packet.nsp));
  case PEAL_SIO_EVENT:
  case PEAL_SIO_ACK:
  case PEAL_SIO_BINARY_EVENT:
  case PEAL_SIO_BINARY_ACK:
    return on_data(conn, &packet, text, arena, now_ms);
  }
  return PEAL_ERR_SIO_PACKET;
}

/* Decode a packet that was kept, and deliver it. */
static peal_err deliver_held(peal_sio_conn *conn, peal_sio_link *link,
                             held_packet *held, peal_arena *arena) {
  peal_sio_packet packet;
  peal_slice text = {held->text, held->text_len};
  peal_err err = peal_sio_packet_decode(&packet, text, max_attachments(conn),
                                        arena, NULL);
  if (!err && (packet.type == PEAL_SIO_BINARY_EVENT ||
               packet.type == PEAL_SIO_BINARY_ACK))
    err = peal_sio_packet_attach(&packet, held->attachments, held->got, arena);
  if (!err)
    deliver(conn, link, &packet);
  return err;
}

static peal_err on_attachment(peal_sio_conn *conn, peal_slice data,
                              peal_arena *arena) {
  held_packet *held = conn->partial;
  if (!held)
    return PEAL_ERR_SIO_ATTACHMENTS;
  peal_err err = held_attach(conn, held, data);
  if (err || held->got < held->wanted)
    return err;
  conn->partial = NULL;
  conn->attach_at = NEVER;
  peal_sio_packet packet;
  peal_slice text = {held->text, held->text_len};
  err = peal_sio_packet_decode(&packet, text, max_attachments(conn), arena,
                               NULL);
  /* The namespace may have been left since the header came. */
  peal_sio_link *link = err ? NULL : link_find(conn, packet.nsp);
  if (link && !link->connected) {
    held_append(link, held);
    return PEAL_OK;
  }
  if (link)
    err = deliver_held(conn, link, held, arena);
  held_free(conn, held);
  return err;
}

static peal_err fail(peal_sio_conn *conn, peal_err err) {
  if (err)
    conn->err = (int16_t)err;
  return err;
}

peal_err peal_sio_conn_feed(peal_sio_conn *conn, bool binary, peal_slice data,
                            peal_arena *arena, uint64_t now_ms) {
  if (conn->err)
    return (peal_err)conn->err;
  enter(conn);
  peal_err err = fail(conn, binary ? on_attachment(conn, data, arena)
                                   : on_text(conn, data, arena, now_ms));
  leave(conn);
  return err;
}

/* -- joining and leaving ------------------------------------------------------------- */

peal_sio_link *peal_sio_conn_join(peal_sio_conn *conn, peal_slice nsp,
                                  peal_val auth, void *user) {
  peal_sio_link *link = NULL;
  if (link_find(conn, nsp) || link_new(conn, &link, nsp))
    return NULL;
  link->user = user;
  enter(conn);
  if (send_control(conn, PEAL_SIO_CONNECT, nsp, auth)) {
    link_remove(conn, link);
    link = NULL;
  }
  leave(conn);
  return link;
}

peal_err peal_sio_conn_accept(peal_sio_conn *conn, peal_sio_link *link,
                              peal_val data) {
  assert(!link->connected && !link->gone);
  enter(conn);
  peal_err err =
      send_control(conn, PEAL_SIO_CONNECT, peal_sio_link_nsp(link), data);
  if (!err)
    conn->connect_at = NEVER;
  leave(conn);
  return err;
}

/* A held packet is delivered once, in order; the handler may leave. */
static peal_err deliver_all_held(peal_sio_conn *conn, peal_sio_link *link,
                                 peal_arena *arena) {
  while (!link->gone && link->held && !conn->freed) {
    held_packet *held = link->held;
    link->held = held->next;
    peal_err err = deliver_held(conn, link, held, arena);
    held_free(conn, held);
    if (err)
      return err;
  }
  return PEAL_OK;
}

peal_err peal_sio_conn_deliver(peal_sio_conn *conn, peal_sio_link *link,
                               peal_arena *arena) {
  enter(conn);
  link->connected = true;
  peal_err err = fail(conn, deliver_all_held(conn, link, arena));
  leave(conn);
  return err;
}

void peal_sio_conn_refuse(peal_sio_conn *conn, peal_sio_link *link,
                          peal_val data) {
  enter(conn);
  (void)send_control(conn, PEAL_SIO_CONNECT_ERROR, peal_sio_link_nsp(link),
                     data);
  link_remove(conn, link);
  leave(conn);
}

void peal_sio_conn_leave(peal_sio_conn *conn, peal_sio_link *link) {
  enter(conn);
  (void)send_control(conn, PEAL_SIO_DISCONNECT, peal_sio_link_nsp(link),
                     peal_undefined());
  link_remove(conn, link);
  leave(conn);
}

peal_sio_link *peal_sio_conn_next(const peal_sio_conn *conn,
                                  const peal_sio_link *link) {
  return link ? link->next : conn->links;
}

/* -- time ---------------------------------------------------------------------------- */

peal_err peal_sio_conn_tick(peal_sio_conn *conn, uint64_t now_ms) {
  if (now_ms >= conn->connect_at || now_ms >= conn->attach_at)
    return fail(conn, PEAL_ERR_TIMEOUT);
  return PEAL_OK;
}

uint64_t peal_sio_conn_deadline(const peal_sio_conn *conn) {
  return conn->connect_at < conn->attach_at ? conn->connect_at
                                            : conn->attach_at;
}

/* -- getters ------------------------------------------------------------------------- */

peal_slice peal_sio_link_nsp(const peal_sio_link *link) {
  return (peal_slice){link->nsp, link->nsp_len};
}

bool peal_sio_link_is_connected(const peal_sio_link *link) {
  return link->connected;
}

void peal_sio_link_set_user(peal_sio_link *link, void *user) {
  link->user = user;
}

void *peal_sio_link_user(const peal_sio_link *link) {
  return link->user;
}
