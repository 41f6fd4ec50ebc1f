/* SPDX-License-Identifier: MIT */
#include "proto/eio_life.h"

#include "base/limits.h"

/* Bytes since the mark; none if the count went back. */
static uint32_t taken_since(const peal_eio_life *life,
                            const peal_eio_life_signs *signs) {
  uint32_t taken = (signs->taken - life->taken) & (UINT32_MAX >> 1);
  return taken <= UINT32_MAX >> 2 ? taken : 0;
}

/* Its ping was, or is, behind other bytes. One who takes a few of them now and
 * then would keep its queue for ever; one who is never behind shows only that
 * its kernel is there. */
static bool takes(const peal_eio_life *life, const peal_eio_session *session,
                  const peal_eio_life_signs *signs) {
  uint32_t taken = taken_since(life, signs);
  uint64_t timeout_ms = peal_eio_session_ping_timeout(session);
  return (life->was_behind || signs->is_behind) && taken > 0 &&
         taken >= PEAL_LIMIT_TAKE_PACE * timeout_ms / 1000;
}

static bool sends(const peal_eio_session *session,
                  const peal_eio_life_signs *signs) {
  return signs->is_sending &&
         signs->came_at_ms > peal_eio_session_pinged_at(session);
}

void peal_eio_life_tick(peal_eio_life *life, peal_eio_session *session,
                        const peal_eio_life_signs *signs, uint64_t now_ms) {
  bool was_pinged = peal_eio_session_is_pinged(session);
  bool lives =
      was_pinged && (takes(life, session, signs) || sends(session, signs));
  if (lives)
    peal_eio_session_spare(session, now_ms);
  peal_eio_session_tick(session, now_ms);
  if (!lives && (was_pinged || !peal_eio_session_is_pinged(session)))
    return;
  life->taken = signs->taken & (UINT32_MAX >> 1);
  life->was_behind = signs->is_behind;
}
