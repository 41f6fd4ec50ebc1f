/* SPDX-License-Identifier: MIT */
#include "proto/sio_resume.h"

#include "base/err_site.h"
#include "proto/proto_limits.h"
#include "proto/sio_state.h"

bool peal_sio_resume_may(const peal_sio_conn *conn) {
  if (!conn->joined || conn->err || conn->has_input || conn->partial ||
      conn->held_bytes || peal_sio_state_ready(conn))
    return false;
  peal_sio_link link = peal_sio_links_next(&conn->links, 0);
  for (; link; link = peal_sio_links_next(&conn->links, link))
    if (peal_sio_links_get(&conn->links, link)->state != PEAL_SIO_LINKS_OPEN)
      return false;
  return true;
}

peal_err peal_sio_resume_add(peal_sio_conn *conn, peal_slice nsp, void *user,
                             peal_sio_link *link) {
  peal_sio_links_source source = peal_sio_state_source(conn);
  peal_sio_links_item *item = NULL;
  *link = 0;
  if (nsp.len > PEAL_LIMIT_SIO_NSP_BYTES)
    return PEAL_FAIL(PEAL_ERR_TOO_LONG);
  if (peal_sio_links_find(&conn->links, nsp))
    return PEAL_FAIL(PEAL_ERR_EXISTS);
  if (peal_sio_links_count(&conn->links) >= peal_sio_state_max_namespaces(conn))
    return PEAL_FAIL(PEAL_ERR_LIMIT);
  peal_err err =
      peal_sio_links_add(&conn->links, &source, nsp, &conn->last_serial, &item);
  if (err)
    return err;
  if (!conn->joined)
    conn->ready = NULL; /* in the place of connect_at */
  conn->joined = true;
  item->user = user;
  item->state = PEAL_SIO_LINKS_OPEN;
  *link = peal_sio_links_handle(item);
  return PEAL_OK;
}
