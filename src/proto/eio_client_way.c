/* SPDX-License-Identifier: MIT */
#include "proto/eio_client_way.h"

#include <string.h>

#include "base/mem.h"
#include "proto/eio_client_answer.h"

/* -- the beginning ----------------------------------------------------------- */

void peal_eio_client_way_begin(peal_eio_client *client) {
  if (client->way == PEAL_EIO_POLLING)
    client->get = PEAL_EIO_CLIENT_DUE;
  else
    client->ws = PEAL_EIO_CLIENT_WS_DIAL_DUE;
}

peal_eio_via peal_eio_client_way_first(const peal_eio_client_opts *opts,
                                       bool prefer_websocket) {
  switch (opts->ways) {
  case PEAL_EIO_CLIENT_POLLING_FIRST:
    return prefer_websocket ? PEAL_EIO_WEBSOCKET : PEAL_EIO_POLLING;
  case PEAL_EIO_CLIENT_POLLING_ONLY:
    return PEAL_EIO_POLLING;
  case PEAL_EIO_CLIENT_WEBSOCKET_FIRST:
  case PEAL_EIO_CLIENT_WEBSOCKET_ONLY:
    break;
  }
  return PEAL_EIO_WEBSOCKET;
}

/* -- the end ------------------------------------------------------------------ */

/* Of what ends it first. Without memory for them there are the words of the
 * error. */
static void keep_text(peal_eio_client *client, const char *text) {
  if (!text || client->session.state >= PEAL_EIO_STATE_CLOSING)
    return;
  if (!client->text)
    client->text = peal_mem_alloc(peal_mem_or_libc(client->opts->session.mem),
                                  PEAL_EIO_CLIENT_TEXT);
  if (!client->text)
    return;
  size_t len = strlen(text);
  if (len >= PEAL_EIO_CLIENT_TEXT)
    len = PEAL_EIO_CLIENT_TEXT - 1;
  memcpy(client->text, text, len);
  client->text[len] = '\0';
}

void peal_eio_client_way_end(peal_eio_client *client, peal_eio_reason reason,
                             peal_err err, const char *text) {
  keep_text(client, text);
  client->resting = 0;
  client->has_hello = 0;
  peal_eio_session_kill(&client->session, reason, err);
}

/* -- another ------------------------------------------------------------------- */

/* Of the way that has failed nothing is left. */
static bool try_next_way(peal_eio_client *client) {
  peal_eio_client_ways ways = client->opts->ways;
  if (!client->opts->try_all || client->second ||
      ways == PEAL_EIO_CLIENT_POLLING_ONLY ||
      ways == PEAL_EIO_CLIENT_WEBSOCKET_ONLY)
    return false;
  client->second = 1;
  client->drop_polling = client->way == PEAL_EIO_POLLING;
  client->drop_ws = client->ws != PEAL_EIO_CLIENT_WS_NONE;
  client->ws = PEAL_EIO_CLIENT_WS_NONE;
  client->has_hello = 0;
  client->way = !client->way;
  peal_eio_session_choose(&client->session, (peal_eio_via)client->way);
  peal_eio_client_way_begin(client);
  return true;
}

void peal_eio_client_way_failed(peal_eio_client *client, peal_err err,
                                const char *text) {
  if (!try_next_way(client))
    peal_eio_client_way_end(client, PEAL_EIO_TRANSPORT_ERROR, err, text);
}
