/* SPDX-License-Identifier: MIT */
#include "proto/sio_conn.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/mem.h"

#define NEVER UINT64_MAX
/* Namespaces that a server remembers to have sent its client away from: as many
 * as can reasonably be crossed by packets at one time. */
#define LEFT_MAX 8u

/* A packet that waits: for its attachments, or for its namespace. */
typedef struct held_packet {
  struct held_packet *next;
  peal_sio_link *link; /* NULL: left since the header came, will be dropped */
  uint32_t wanted;     /* attachments announced */
  uint32_t to_come;
  uint32_t got;       /* attachments kept */
  uint64_t attach_at; /* when they must have come */
  size_t text_len;
  peal_slice *attachments; /* behind the text; their bytes are owned */
  char text[];
} held_packet;

struct peal_sio_link {
  peal_sio_link *next;
  void *user;
  held_packet *held; /* the newest, whose next is the oldest: a ring */
  uint32_t nsp_len;
  bool connected;
  bool gone;    /* out of the list, freed when nobody can hold it */
  bool we_left; /* the peer may not know it yet */
  char nsp[];
};

struct peal_sio_conn {
  const peal_sio_conn_opts *opts;
  const peal_sio_conn_callbacks *callbacks;
  void *user;
  peal_sio_link *links;
  peal_sio_link *graveyard; /* gone, freed when nothing is on the stack */
  peal_sio_link *left;      /* server: newest first, at most LEFT_MAX */
  held_packet *partial;     /* its attachments are coming */
  size_t held_bytes;        /* of `partial` and all `held` */
  uint64_t connect_at;
  uint32_t link_count;
  uint16_t depth;
  bool freed;
  bool err_told;
  int16_t err; /* sticky peal_err */
};

/* What an idle client costs here; see the budget in design.md 7. */
_Static_assert(sizeof(peal_sio_conn) <= 88 &&
                   offsetof(peal_sio_link, nsp) + 1 <= 32,
               "peal_sio_conn has grown");

/* -- options ---------------------------------------------------------------- */

static const peal_mem *mem_of(const peal_sio_conn *conn) {
  return peal_mem_or_libc(conn->opts->mem);
}

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
    peal_mem_free(mem_of(conn), (void *)(uintptr_t)packet->attachments[i].ptr);
  peal_mem_free(mem_of(conn), packet);
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
  packet = peal_mem_alloc(mem_of(conn), room + wanted * sizeof(peal_slice));
  if (!packet) {
    conn->held_bytes -= cost;
    return PEAL_ERR_NOMEM;
  }
  *packet =
      (held_packet){.wanted = wanted, .to_come = wanted, .text_len = text.len};
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
  char *copy = peal_mem_alloc(mem_of(conn), data.len ? data.len : 1);
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
  held_packet *newest = link->held;
  packet->next = newest ? newest->next : packet;
  if (newest)
    newest->next = packet;
  link->held = packet;
}

static held_packet *held_shift(peal_sio_link *link) {
  held_packet *oldest = link->held->next;
  if (oldest == link->held)
    link->held = NULL;
  else
    link->held->next = oldest->next;
  return oldest;
}

/* -- links --------------------------------------------------------------------- */

static peal_sio_link **find_in(peal_sio_link **at, peal_slice nsp) {
  for (; *at; at = &(*at)->next)
    if ((*at)->nsp_len == nsp.len && !memcmp((*at)->nsp, nsp.ptr, nsp.len))
      break;
  return at;
}

static peal_sio_link *link_find(peal_sio_conn *conn, peal_slice nsp) {
  return *find_in(&conn->links, nsp);
}

/* May a packet come for a namespace in which the peer is not? */
static bool may_cross(peal_sio_conn *conn, peal_slice nsp) {
  return conn->opts->client || *find_in(&conn->left, nsp);
}

/* The peer knows that it is out. */
static void left_forget(peal_sio_conn *conn, peal_slice nsp) {
  peal_sio_link **at = find_in(&conn->left, nsp);
  peal_sio_link *link = *at;
  if (!link)
    return;
  *at = link->next;
  peal_mem_free(mem_of(conn), link);
}

static void left_remember(peal_sio_conn *conn, peal_sio_link *link) {
  left_forget(conn, peal_sio_link_nsp(link));
  link->next = conn->left;
  conn->left = link;
  peal_sio_link **at = &conn->left;
  for (unsigned i = 0; i < LEFT_MAX && *at; i++)
    at = &(*at)->next;
  if (*at) {
    peal_mem_free(mem_of(conn), *at);
    *at = NULL;
  }
}

static peal_err link_new(peal_sio_conn *conn, peal_sio_link **out,
                         peal_slice nsp) {
  if (conn->link_count >= max_namespaces(conn) ||
      nsp.len > PEAL_LIMIT_SIO_NSP_BYTES)
    return PEAL_ERR_LIMIT;
  peal_sio_link *link =
      peal_mem_alloc(mem_of(conn), offsetof(peal_sio_link, nsp) + nsp.len);
  if (!link)
    return PEAL_ERR_NOMEM;
  link->next = NULL;
  link->user = NULL;
  link->held = NULL;
  link->nsp_len = (uint32_t)nsp.len;
  link->connected = link->gone = link->we_left = false;
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
  while (link->held)
    held_free(conn, held_shift(link));
  if (conn->partial && conn->partial->link == link)
    conn->partial->link = NULL;
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
    if (link->we_left && !conn->opts->client)
      left_remember(conn, link);
    else
      peal_mem_free(mem_of(conn), link);
  }
}

/* -- life ------------------------------------------------------------------------ */

peal_sio_conn *peal_sio_conn_new(const peal_sio_conn_opts *opts,
                                 const peal_sio_conn_callbacks *callbacks,
                                 void *user, uint64_t now_ms) {
  peal_sio_conn *conn =
      peal_mem_zalloc(peal_mem_or_libc(opts->mem), sizeof *conn);
  if (!conn)
    return NULL;
  uint32_t timeout =
      opts->connect_timeout_ms ? opts->connect_timeout_ms : 45000;
  conn->opts = opts;
  conn->callbacks = callbacks;
  conn->user = user;
  conn->connect_at = opts->client ? NEVER : now_ms + timeout;
  return conn;
}

static void release(peal_sio_conn *conn) {
  while (conn->links)
    link_remove(conn, conn->links);
  bury(conn);
  while (conn->left)
    left_forget(conn, peal_sio_link_nsp(conn->left));
  held_free(conn, conn->partial);
  assert(!conn->held_bytes && !conn->link_count);
  peal_mem_free(mem_of(conn), conn);
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

/* What holds between two calls. */
static void check(const peal_sio_conn *conn) {
  uint32_t count = 0;
  for (const peal_sio_link *link = conn->links; link; link = link->next) {
    assert(!link->gone &&
           (!link->connected || !link->held || conn->err || conn->freed));
    count++;
  }
  assert(count == conn->link_count);
  assert(!conn->partial || conn->partial->to_come || conn->err);
  assert(conn->held_bytes <= max_held(conn));
  (void)count; /* without assertions */
}

static void leave(peal_sio_conn *conn) {
  if (--conn->depth)
    return;
  check(conn);
  if (conn->freed)
    release(conn);
  else if (conn->graveyard)
    bury(conn);
}

/* -- sending ---------------------------------------------------------------------- */

static peal_err send_control(peal_sio_conn *conn, peal_sio_type type,
                             peal_slice nsp, peal_val data) {
  peal_buf buf;
  if (conn->freed)
    return PEAL_ERR_CLOSED;
  peal_buf_init(&buf, mem_of(conn), 0);
  peal_sio_packet_encode_control(&buf, type, nsp, data);
  peal_err err = buf.err;
  peal_bytes *text = err ? NULL : peal_bytes_alloc(buf.len, mem_of(conn));
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
  left_forget(conn, packet->nsp);
  peal_err err = link_new(conn, &link, packet->nsp);
  if (err)
    return err;
  conn->callbacks->on_connect(conn, link, packet->data, conn->user);
  return PEAL_OK;
}

static peal_err on_disconnect(peal_sio_conn *conn, peal_slice nsp) {
  peal_sio_link *link = link_find(conn, nsp);
  if (!link) {
    if (!may_cross(conn, nsp))
      return PEAL_ERR_SIO_STATE;
    left_forget(conn, nsp);
    return PEAL_OK;
  }
  link_remove(conn, link);
  conn->callbacks->on_disconnect(conn, link, conn->user);
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

static peal_err begin_partial(peal_sio_conn *conn, peal_sio_link *link,
                              const peal_sio_packet *packet, peal_slice text,
                              uint64_t now_ms) {
  uint32_t timeout = conn->opts->attach_timeout_ms
                         ? conn->opts->attach_timeout_ms
                         : PEAL_LIMIT_SIO_ATTACH_MS;
  peal_err err = held_new(conn, &conn->partial, text, packet->attachments);
  if (err)
    return err;
  conn->partial->link = link;
  conn->partial->attach_at = now_ms + timeout;
  return PEAL_OK;
}

/* Nothing overtakes what is held. */
static bool must_wait(const peal_sio_link *link) {
  return !link->connected || link->held;
}

static peal_err on_data(peal_sio_conn *conn, const peal_sio_packet *packet,
                        peal_slice text, uint64_t now_ms) {
  peal_sio_link *link = link_find(conn, packet->nsp);
  if (!link && !may_cross(conn, packet->nsp))
    return PEAL_ERR_SIO_STATE;
  if (waits_for_attachments(packet))
    return begin_partial(conn, link, packet, text, now_ms);
  if (!link)
    return PEAL_OK;
  if (must_wait(link)) {
    held_packet *held = NULL;
    peal_err err = held_new(conn, &held, text, 0);
    if (!err)
      held_append(link, held);
    return err;
  }
  deliver(conn, link, packet);
  return PEAL_OK;
}

/* Decode a packet that was kept, and deliver it. */
static peal_err deliver_held(peal_sio_conn *conn, peal_sio_link *link,
                             held_packet *held, peal_arena *arena) {
  peal_sio_packet packet;
  peal_slice text = {held->text, held->text_len};
  peal_err err =
      peal_sio_packet_decode(&packet, text, max_attachments(conn), arena, NULL);
  if (!err && waits_for_attachments(&packet))
    err = peal_sio_packet_attach(&packet, held->attachments, held->got, arena);
  if (!err)
    deliver(conn, link, &packet);
  return err;
}

/* A held packet is delivered once, in order; the handler may leave. */
static peal_err deliver_all_held(peal_sio_conn *conn, peal_sio_link *link,
                                 peal_arena *arena) {
  while (!link->gone && link->held && !conn->freed) {
    held_packet *held = held_shift(link);
    /* A turn for each, as if they had come one by one. */
    peal_arena_mark mark = peal_arena_mark_get(arena);
    peal_err err = deliver_held(conn, link, held, arena);
    peal_arena_mark_set(arena, mark);
    held_free(conn, held);
    if (err)
      return err;
  }
  return PEAL_OK;
}

static peal_err on_connect_reply(peal_sio_conn *conn,
                                 const peal_sio_packet *packet,
                                 peal_arena *arena) {
  peal_sio_link *link = link_find(conn, packet->nsp);
  if (!link) /* left before the answer came */
    return PEAL_OK;
  if (link->connected)
    return PEAL_ERR_SIO_STATE;
  if (packet->type == PEAL_SIO_CONNECT) {
    link->connected = true;
    conn->callbacks->on_connect(conn, link, packet->data, conn->user);
    return deliver_all_held(conn, link, arena);
  }
  link_remove(conn, link);
  if (conn->callbacks->on_connect_error)
    conn->callbacks->on_connect_error(conn, link, packet->data, conn->user);
  return PEAL_OK;
}

static peal_err on_text(peal_sio_conn *conn, peal_slice text, peal_arena *arena,
                        uint64_t now_ms) {
  peal_sio_packet packet;
  if (conn->partial)
    return PEAL_ERR_SIO_ATTACHMENTS;
  peal_err err =
      peal_sio_packet_decode(&packet, text, max_attachments(conn), arena, NULL);
  if (err)
    return err;
  switch ((peal_sio_type)packet.type) {
  case PEAL_SIO_CONNECT:
    if (!conn->opts->client)
      return on_connect_request(conn, &packet);
    return on_connect_reply(conn, &packet, arena);
  case PEAL_SIO_CONNECT_ERROR:
    if (!conn->opts->client)
      return PEAL_ERR_SIO_STATE;
    return on_connect_reply(conn, &packet, arena);
  case PEAL_SIO_DISCONNECT:
    return on_disconnect(conn, packet.nsp);
  case PEAL_SIO_EVENT:
  case PEAL_SIO_ACK:
  case PEAL_SIO_BINARY_EVENT:
  case PEAL_SIO_BINARY_ACK:
    return on_data(conn, &packet, text, now_ms);
  }
  return PEAL_ERR_SIO_PACKET;
}

static peal_err on_attachment(peal_sio_conn *conn, peal_slice data,
                              peal_arena *arena) {
  held_packet *held = conn->partial;
  if (!held)
    return PEAL_ERR_SIO_ATTACHMENTS;
  peal_err err = held->link ? held_attach(conn, held, data) : PEAL_OK;
  if (err || --held->to_come)
    return err;
  conn->partial = NULL;
  if (held->link && must_wait(held->link)) {
    held_append(held->link, held);
    return PEAL_OK;
  }
  if (held->link)
    err = deliver_held(conn, held->link, held, arena);
  held_free(conn, held);
  return err;
}

/* The first error stays. */
static void fail(peal_sio_conn *conn, peal_err err) {
  if (err && !conn->err)
    conn->err = (int16_t)err;
}

static peal_err tell(peal_sio_conn *conn) {
  conn->err_told = conn->err != 0;
  return (peal_err)conn->err;
}

peal_err peal_sio_conn_feed(peal_sio_conn *conn, bool binary, peal_slice data,
                            peal_arena *arena, uint64_t now_ms) {
  if (conn->err || conn->freed)
    return conn->err ? tell(conn) : PEAL_ERR_CLOSED;
  enter(conn);
  fail(conn, binary ? on_attachment(conn, data, arena)
                    : on_text(conn, data, arena, now_ms));
  peal_err err = tell(conn);
  leave(conn);
  return err;
}

/* -- joining and leaving ------------------------------------------------------------- */

peal_sio_link *peal_sio_conn_join(peal_sio_conn *conn, peal_slice nsp,
                                  peal_val auth, void *user) {
  peal_sio_link *link = NULL;
  bool is_name = nsp.len && nsp.ptr[0] == '/' && !memchr(nsp.ptr, ',', nsp.len);
  if (!is_name || conn->err || conn->freed)
    return NULL;
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
  if (conn->err)
    return tell(conn);
  enter(conn);
  peal_err err =
      send_control(conn, PEAL_SIO_CONNECT, peal_sio_link_nsp(link), data);
  if (!err)
    conn->connect_at = NEVER;
  leave(conn);
  return err;
}

peal_err peal_sio_conn_deliver(peal_sio_conn *conn, peal_sio_link *link,
                               peal_arena *arena) {
  if (conn->err || link->gone)
    return tell(conn);
  enter(conn);
  link->connected = true;
  fail(conn, deliver_all_held(conn, link, arena));
  peal_err err = tell(conn);
  leave(conn);
  return err;
}

/* The last word to a namespace, once. Without memory for it the connection has
 * to end: the peer would wait for ever. */
static void end_link(peal_sio_conn *conn, peal_sio_link *link,
                     peal_sio_type type, peal_val data) {
  if (link->gone)
    return;
  enter(conn);
  link->we_left = true;
  if (send_control(conn, type, peal_sio_link_nsp(link), data) == PEAL_ERR_NOMEM)
    fail(conn, PEAL_ERR_NOMEM);
  link_remove(conn, link);
  leave(conn);
}

void peal_sio_conn_refuse(peal_sio_conn *conn, peal_sio_link *link,
                          peal_val data) {
  end_link(conn, link, PEAL_SIO_CONNECT_ERROR, data);
}

void peal_sio_conn_leave(peal_sio_conn *conn, peal_sio_link *link) {
  end_link(conn, link, PEAL_SIO_DISCONNECT, peal_undefined());
}

peal_sio_link *peal_sio_conn_next(const peal_sio_conn *conn,
                                  const peal_sio_link *link) {
  if (!link)
    return conn->links;
  return link->gone ? NULL : link->next;
}

/* -- time ---------------------------------------------------------------------------- */

static uint64_t attach_at(const peal_sio_conn *conn) {
  return conn->partial ? conn->partial->attach_at : NEVER;
}

peal_err peal_sio_conn_tick(peal_sio_conn *conn, uint64_t now_ms) {
  if (now_ms >= conn->connect_at || now_ms >= attach_at(conn))
    fail(conn, PEAL_ERR_TIMEOUT);
  return tell(conn);
}

uint64_t peal_sio_conn_deadline(const peal_sio_conn *conn) {
  if (conn->err) /* dead: told once, there is nothing to wait for */
    return conn->err_told ? NEVER : 0;
  uint64_t attach = attach_at(conn);
  return conn->connect_at < attach ? conn->connect_at : attach;
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
