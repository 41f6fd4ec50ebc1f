/* SPDX-License-Identifier: MIT */
#pragma once
/* away: sessions whose requests arrive at other nodes than theirs. Without a
 * bus a sid that is not here is refused, as always; with one the other nodes
 * are asked, and the one that has it, its home, keeps the session while this
 * one, the entry, has the request (proto/eio_away).
 *
 *   entry                                        home
 *   away_ask     who has it?           ────>     away_home
 *   away_poll    a GET waits           <────       its packets
 *                a POST                ────>       its packets
 *   away_socket  a WebSocket           <───>       packets, with credit
 *
 * The bus keeps the order of what one node sends to another, and says how many
 * have heard it. What it loses is never passed over: whoever learns of a loss
 * ends what depends on it, and the client begins anew. So a node that has lost
 * its connection comes back by another name (peal_away_down, peal_away_up), and
 * the others end what they had with the old one (peal_away_gone).
 *
 * Everything of one sid is on one worker of each node (engine_request). */
#include "engine/away_bus.h"

/* Before the run, once. The bus outlives it.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_away_open(peal_engine *engine,
                                        peal_away_bus *bus);
/* This node is known by this name (terminated) from now on. Thread, of this and
 * the next ones: one. */
void peal_away_up(peal_engine *engine, const char *name);
/* The bus is away: nothing is asked, and what others have a part in ends. */
void peal_away_down(peal_engine *engine);
/* Another node is gone. */
void peal_away_gone(peal_engine *engine, const char *name);
/* A message has come (borrowed).
 * Returns: PEAL_OK; PEAL_ERR_LIMIT, PEAL_ERR_NOMEM: it is lost, which has to be
 * told as peal_away_down; what peal_eio_away_decode says of one that is none. */
PEAL_MUST_CHECK peal_err peal_away_feed(peal_engine *engine, peal_slice payload,
                                        peal_arena *arena);
