/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_links: the namespaces of one Socket.IO connection, found by name and by
 * handle.
 * In the flow: a part of proto/sio_conn.
 *
 * Nearly all connections are in "/" and nowhere else: that one lies in the
 * struct itself. The others stand in a table of slots, with a map by name when
 * they are many; a connection without them owns no memory here.
 *
 * The last few namespaces that we left stay as LEFT: what the peer has sent
 * before it learned of it is nobody's mistake. */
#include "base/account.h"
#include "base/map.h"
#include "proto/sio_held.h"
#include "proto/sio_types.h"

typedef enum peal_sio_links_state {
  PEAL_SIO_LINKS_FREE,
  PEAL_SIO_LINKS_ASKED,    /* a CONNECT is not answered yet */
  PEAL_SIO_LINKS_ACCEPTED, /* server: CONNECT is out, packets are still held */
  PEAL_SIO_LINKS_OPEN,
  PEAL_SIO_LINKS_PAUSED, /* server: the owner is busy with an event: later ones
                            are held, acknowledgements are told */
  PEAL_SIO_LINKS_LEFT    /* the peer may not know it yet */
} peal_sio_links_state;

typedef struct peal_sio_links_item {
  void *user;
  peal_sio_held *held; /* a ring; only of ASKED, ACCEPTED, PAUSED */
  uint32_t serial;     /* never 0, another one for each membership */
  uint16_t nsp_len;    /* 0: this is "/" */
  uint8_t state;       /* one of peal_sio_links_state */
} peal_sio_links_item;

typedef struct peal_sio_links_table peal_sio_links_table;

typedef struct peal_sio_links {
  peal_sio_links_item root;    /* "/" */
  peal_sio_links_table *table; /* all others; NULL: there are none */
} peal_sio_links;

/* What the table's memory comes from. */
typedef struct peal_sio_links_source {
  const peal_mem *mem;
  peal_account *account; /* NULL: nothing is charged */
  uint32_t seed;         /* of the map */
} peal_sio_links_source;

/* {0} is empty. Nothing may be held any more. */
void peal_sio_links_deinit(peal_sio_links *links,
                           const peal_sio_links_source *source);

/* By name, also one that is LEFT; or NULL. */
peal_sio_links_item *peal_sio_links_find(peal_sio_links *links, peal_slice nsp);
/* By handle; NULL if that membership is over. */
peal_sio_links_item *peal_sio_links_get(const peal_sio_links *links,
                                        peal_sio_link link);
/* A walk: the membership behind `link` (0: the first), or 0. What ends or
 * begins on the way does not disturb it. */
peal_sio_link peal_sio_links_next(const peal_sio_links *links,
                                  peal_sio_link link);
peal_sio_link peal_sio_links_handle(const peal_sio_links_item *item);
/* Borrowed. */
peal_slice peal_sio_links_nsp(const peal_sio_links_item *item);

/* How many there are, without those that are LEFT. */
uint32_t peal_sio_links_count(const peal_sio_links *links);

/* A new one, ASKED; the name is copied, is that of none and not too long.
 * `serial` counts the memberships of the connection.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT (of the account), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_links_add(peal_sio_links *links,
                                            const peal_sio_links_source *source,
                                            peal_slice nsp, uint32_t *serial,
                                            peal_sio_links_item **out);
/* It is over and forgotten; nothing is held for it. */
void peal_sio_links_remove(peal_sio_links *links,
                           const peal_sio_links_source *source,
                           peal_sio_links_item *item);
/* It is over and remembered as LEFT; nothing is held for it. */
void peal_sio_links_leave(peal_sio_links *links,
                          const peal_sio_links_source *source,
                          peal_sio_links_item *item);
/* Do the invariants hold? */
bool peal_sio_links_check(const peal_sio_links *links);
