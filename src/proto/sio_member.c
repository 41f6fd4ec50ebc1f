/* SPDX-License-Identifier: MIT */
#include "proto/sio_member.h"

#include "base/buf.h"
#include "base/mem.h"
#include "proto/proto_limits.h"
#include "proto/sio_conn.h"
#include "proto/sio_outbox.h"

#define FEW_PAIRS 16u

/* -- life ------------------------------------------------------------------------- */

static size_t cost_of(size_t name_len) {
  return sizeof(peal_sio_client_nsp) + name_len + 1;
}

static void init(peal_sio_client_nsp *nsp, peal_sio_client *client) {
  *nsp = (peal_sio_client_nsp){.client = client};
  nsp->salt = peal_sio_client_state_roll(client);
  peal_list_init(&nsp->buffer);
  peal_list_init(&nsp->retries);
  peal_list_init(&nsp->awaited);
  peal_sio_client_state_news_init(&nsp->connected, PEAL_SIO_CLIENT_CONNECT,
                                  nsp);
  peal_sio_client_state_news_init(&nsp->connect_error,
                                  PEAL_SIO_CLIENT_CONNECT_ERROR, nsp);
  peal_sio_client_state_news_init(&nsp->disconnected,
                                  PEAL_SIO_CLIENT_DISCONNECT, nsp);
  peal_sio_client_state_news_init(&nsp->question, PEAL_SIO_CLIENT_ASK_AUTH,
                                  nsp);
}

peal_sio_client_nsp *peal_sio_member_new(peal_sio_client *client,
                                         peal_slice name) {
  size_t cost = cost_of(name.len);
  if (peal_sio_client_state_charge(client, cost))
    return NULL;
  peal_sio_client_nsp *nsp =
      peal_mem_alloc(peal_sio_client_state_mem(client), cost);
  if (!nsp) {
    peal_sio_client_state_release(client, cost);
    return NULL;
  }
  init(nsp, client);
  nsp->name_len = (uint16_t)name.len;
  memcpy(nsp->name, name.ptr, name.len);
  nsp->name[name.len] = '\0';
  peal_list_push(&client->nsps, &nsp->at);
  return nsp;
}

static void free_all(peal_list *list) {
  while (!peal_list_is_empty(list))
    peal_sio_out_free(peal_sio_out_of(list->next));
}

void peal_sio_member_free(peal_sio_client_nsp *nsp) {
  peal_sio_client *client = nsp->client;
  size_t cost = cost_of(nsp->name_len);
  free_all(&nsp->awaited);
  free_all(&nsp->buffer);
  free_all(&nsp->retries);
  peal_sio_client_state_forget(client, &nsp->sid);
  peal_sio_client_state_forget(client, &nsp->pid);
  peal_sio_client_state_forget(client, &nsp->offset);
  peal_list_remove(&nsp->at);
  peal_mem_free(peal_sio_client_state_mem(client), nsp);
  peal_sio_client_state_release(client, cost);
}

/* -- in --------------------------------------------------------------------------- */

void peal_sio_member_ask(peal_sio_client_nsp *nsp) {
  if (nsp->phase != PEAL_SIO_CLIENT_OUT)
    return;
  nsp->phase = PEAL_SIO_CLIENT_ASKING;
  nsp->question.number = ++nsp->ask;
  peal_sio_client_state_tell(nsp->client, &nsp->question);
}

static peal_slice name_of(const peal_sio_client_nsp *nsp) {
  return (peal_slice){nsp->name, nsp->name_len};
}

/* A text of ours as a member of CONNECT's object, unless `auth` has one of that
 * name (reference: Object.assign). */
static size_t put(peal_pair *pair, const char *key,
                  const peal_sio_client_text *text, peal_val auth) {
  if (!text->len || !peal_val_is(peal_val_get(auth, key), PEAL_UNDEFINED))
    return 0;
  *pair = (peal_pair){
      .key = key, .value = peal_str_slice(peal_sio_client_state_slice(text))};
  return 1;
}

/* {pid, offset, ...auth} */
static peal_err ask_back(peal_sio_client_nsp *nsp, peal_val auth,
                         peal_message **out) {
  const peal_mem *mem = peal_sio_client_state_mem(nsp->client);
  peal_pair few[FEW_PAIRS];
  peal_pair *pairs = few;
  bool has_auth = peal_val_is(auth, PEAL_OBJECT);
  size_t members = has_auth ? auth.len : 0, count = 0;
  if (members + 2 > FEW_PAIRS)
    pairs = peal_mem_alloc(mem, (members + 2) * sizeof *pairs);
  if (!pairs)
    return PEAL_ERR_NOMEM;
  count += put(pairs, "pid", &nsp->pid, auth);
  count += put(pairs + count, "offset", &nsp->offset, auth);
  if (members)
    memcpy(pairs + count, auth.as.pairs, members * sizeof *pairs);
  peal_val data = peal_object(pairs, count + members);
  peal_err err = peal_sio_conn_join(&nsp->client->conn, name_of(nsp), data, nsp,
                                    &nsp->link, out);
  if (pairs != few)
    peal_mem_free(mem, pairs);
  return err;
}

static peal_err send_join(peal_sio_client_nsp *nsp, peal_val auth,
                          peal_message **out) {
  if (nsp->pid.len)
    return ask_back(nsp, auth, out);
  return peal_sio_conn_join(&nsp->client->conn, name_of(nsp), auth, nsp,
                            &nsp->link, out);
}

peal_err peal_sio_member_join(peal_sio_client_nsp *nsp, peal_val auth) {
  peal_sio_out *out;
  peal_message *message = NULL;
  if (peal_sio_out_new(&out, nsp))
    return PEAL_ERR_NOMEM;
  peal_err err = send_join(nsp, auth, &message);
  bool is_silent = !err && !message; /* Socket.IO 2: "/" comes by itself */
  if (message && peal_sio_out_set(out, message))
    err = PEAL_ERR_NOMEM;
  if (err || is_silent)
    peal_sio_out_free(out);
  else
    peal_sio_outbox_send(out);
  if (!err)
    nsp->phase = PEAL_SIO_CLIENT_JOINING;
  return err;
}

static peal_slice text_of(peal_val data, const char *key) {
  return peal_val_str(peal_val_get(data, key));
}

/* A session that was not recovered has no past: what came before it is not to
 * be asked for again. */
static peal_err keep_session(peal_sio_client_nsp *nsp, peal_slice pid) {
  peal_slice old = peal_sio_client_state_slice(&nsp->pid);
  nsp->recovered = pid.len && peal_slice_eq(old, pid);
  if (nsp->recovered)
    return PEAL_OK;
  nsp->offset.len = 0;
  nsp->pid.len = 0;
  if (pid.len > PEAL_LIMIT_SIO_ID_BYTES) /* nobody's: it cannot be recovered */
    return PEAL_OK;
  return peal_sio_client_state_keep(nsp->client, &nsp->pid, pid);
}

/* "/room#<id of the session>", in "/" that id. */
static peal_err keep_made_sid(peal_sio_client_nsp *nsp) {
  peal_sio_client *client = nsp->client;
  peal_buf sid;
  peal_buf_init(&sid, peal_sio_client_state_mem(client), 0);
  if (nsp->name_len > 1) {
    peal_buf_add(&sid, name_of(nsp));
    peal_buf_add_char(&sid, '#');
  }
  peal_buf_add(&sid, peal_sio_client_state_slice(&client->session));
  if (sid.len > PEAL_LIMIT_SIO_ID_BYTES) /* no name for anything */
    sid.len = PEAL_LIMIT_SIO_ID_BYTES;
  peal_err err = sid.err ? sid.err
                         : peal_sio_client_state_keep(client, &nsp->sid,
                                                      peal_buf_slice(&sid));
  peal_buf_deinit(&sid);
  return err;
}

static void enter(peal_sio_client_nsp *nsp) {
  nsp->phase = PEAL_SIO_CLIENT_OPENING;
  nsp->client->opening = nsp;
}

static peal_err joined_sio2(peal_sio_client_nsp *nsp) {
  peal_err err = keep_made_sid(nsp);
  if (!err)
    enter(nsp);
  return err;
}

peal_err peal_sio_member_joined(peal_sio_client_nsp *nsp, peal_val data) {
  if (PEAL_ROLE_IS_SIO2(&nsp->client->conn))
    return joined_sio2(nsp);
  peal_slice sid = text_of(data, "sid");
  if (!sid.len)
    return PEAL_ERR_SIO_PAYLOAD;
  peal_err err = peal_sio_client_state_keep(nsp->client, &nsp->sid, sid);
  if (!err)
    err = keep_session(nsp, text_of(data, "pid"));
  if (err)
    return err;
  enter(nsp);
  return PEAL_OK;
}

void peal_sio_member_finish(peal_sio_client_nsp *nsp) {
  nsp->client->opening = NULL;
  nsp->phase = PEAL_SIO_CLIENT_IN;
  peal_sio_outbox_flush(nsp);
  peal_sio_client_state_tell(nsp->client, &nsp->connected);
}

/* Events that ask for an acknowledgement carry none (reference 1.8): their last
 * argument is the program's. */
void peal_sio_member_note(peal_sio_client_nsp *nsp,
                          const peal_sio_packet *packet) {
  uint32_t count = packet->data.len;
  if (!nsp->pid.len || packet->has_id || count < 2)
    return;
  peal_val last = packet->data.as.items[count - 1];
  if (!peal_val_is(last, PEAL_STRING) || last.len > PEAL_LIMIT_SIO_ID_BYTES)
    return;
  /* Without memory nothing is asked back rather than something twice. */
  if (peal_sio_client_state_keep(nsp->client, &nsp->offset, peal_val_str(last)))
    nsp->offset.len = 0;
}

/* -- out ----------------------------------------------------------------------------- */

void peal_sio_member_forget(peal_sio_client_nsp *nsp) {
  nsp->pid.len = 0;
  nsp->offset.len = 0;
}

void peal_sio_member_end(peal_sio_client_nsp *nsp, peal_client_reason reason,
                         peal_err err) {
  peal_sio_client *client = nsp->client;
  nsp->phase = PEAL_SIO_CLIENT_OUT;
  nsp->link = 0;
  if (client->opening == nsp)
    client->opening = NULL;
  peal_list_remove(&nsp->connected.at);
  peal_list_remove(&nsp->question.at);
  if (nsp->told)
    peal_sio_client_state_tell_err(client, &nsp->disconnected, reason, err);
  nsp->told = false;
  peal_sio_outbox_part(nsp);
}

/* DISCONNECT, and the membership is over. No server keeps a session behind
 * that. */
static peal_err part(peal_sio_client_nsp *nsp) {
  peal_sio_out *out;
  peal_message *message = NULL;
  peal_sio_member_forget(nsp);
  peal_err err = peal_sio_out_new(&out, nsp);
  if (!err)
    err = peal_sio_conn_part(&nsp->client->conn, nsp->link, &message);
  nsp->link = 0;
  if (!err)
    err = peal_sio_out_set(out, message);
  if (!err)
    peal_sio_outbox_send(out);
  else if (out)
    peal_sio_out_free(out);
  peal_sio_member_end(nsp, PEAL_CLIENT_LEFT, PEAL_OK);
  return err ? PEAL_ERR_NOMEM : PEAL_OK;
}

peal_err peal_sio_member_leave(peal_sio_client_nsp *nsp, bool stays) {
  switch ((peal_sio_client_phase)nsp->phase) {
  case PEAL_SIO_CLIENT_OUT:
  case PEAL_SIO_CLIENT_ASKING:
    break;
  case PEAL_SIO_CLIENT_JOINING:
  case PEAL_SIO_CLIENT_LEAVING:
    nsp->phase = PEAL_SIO_CLIENT_LEAVING;
    if (stays)
      return PEAL_OK;
    break;
  case PEAL_SIO_CLIENT_OPENING:
  case PEAL_SIO_CLIENT_IN:
    return part(nsp);
  }
  peal_sio_member_end(nsp, PEAL_CLIENT_LEFT, PEAL_OK);
  return PEAL_OK;
}

peal_err peal_sio_member_answered(peal_sio_client_nsp *nsp, bool joined) {
  peal_err err = PEAL_OK;
  if (joined)
    err = part(nsp);
  else
    peal_sio_member_end(nsp, PEAL_CLIENT_LEFT, PEAL_OK);
  if (nsp->wanted)
    peal_sio_member_ask(nsp);
  return err;
}
