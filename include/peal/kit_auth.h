/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_auth: who may come in: the dashboard's password and the sessions of those
 * who gave it, the counting of wrong guesses.
 *
 * A session is a random token in a cookie, of which the store has the hash: it
 * holds over a restart, and is over for every cookie and every socket of it, on
 * all workers, when it is ended. A new password ends those of the old one.
 * Without a password everything is open.
 *
 * Which names the server answers to, and which pages may change something here,
 * is looked at before any of it, by every program that has called
 * peal_kit_faces: a page of the internet can give its own name an address of
 * this network (DNS rebinding), and any page may send a form across sites. */
#include <peal/kit_program.h>
#include <peal/kit_small.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- wrong guesses --------------------------------------------------------- */

/* The one place that every secret comes to, whatever the way: the login
 * form, a bearer header, the handshake of a socket, the key of a device. An
 * address that was wrong too often waits, also with what is right: else the
 * waiting would tell a guess that is. */

typedef struct peal_kit_guard peal_kit_guard;

typedef enum peal_kit_guard_verdict {
  PEAL_KIT_GUARD_RIGHT,
  PEAL_KIT_GUARD_WRONG,
  PEAL_KIT_GUARD_WAIT, /* not looked at: too many were wrong */
} peal_kit_guard_verdict;

/* NULL: out of memory. */
PEAL_API peal_kit_guard *peal_kit_guard_new(void);
PEAL_API void peal_kit_guard_free(peal_kit_guard *g);

/* Is `secret` that of `hash`? Ten wrong ones a minute are looked at, for each
 * address (IPv6: its /64) and `what` they are for. *retry_ms (may be NULL) is
 * set with PEAL_KIT_GUARD_WAIT. On a worker. */
PEAL_API PEAL_MUST_CHECK peal_kit_guard_verdict peal_kit_guard_ask(
    peal_kit_guard *g, peal_slice address, peal_slice what, peal_slice secret,
    const uint8_t hash[PEAL_KIT_DIGEST_BYTES], uint64_t *retry_ms);

/* -- the password ---------------------------------------------------------- */

/* The password of one program, and who gave it. */
typedef struct peal_kit_auth peal_kit_auth;

/* Hook of what only a signed-in reader may see: 401 otherwise, 429 after too
 * many wrong passwords. Scripts may send `Authorization: Bearer <password>`
 * instead of a cookie. `user` is the peal_kit. */
PEAL_API peal_web_verdict peal_kit_auth_hook(peal_http_req *req, void *user);
/* Is there no password? */
PEAL_API bool peal_kit_auth_is_open(const peal_kit_auth *a);

/* May this connection watch? By its cookie, by the header of scripts, or by
 * `auth: {password}`. On its worker. */
PEAL_API PEAL_MUST_CHECK peal_kit_guard_verdict
peal_kit_auth_socket(peal_kit_auth *a, const peal_socket *socket);
/* The socket has connected: it is looked at again, and if it is by its session
 * that it may watch, it is to leave with it. On its worker. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_auth_socket_bind(
    peal_kit_auth *a, peal_socket *socket, peal_kit_guard_verdict *found);

/* Sockets of the default namespace are for who may watch: others are refused,
 * with the code "unauthorized" or "too_many" in `data`. Whoever comes in is
 * greeted (peal_kit_greet), leaves with the session, and may measure the way
 * (peal_kit_on_request). For programs whose devices come another way. In
 * on_make. Returns: as peal_use, peal_on_connect, peal_on. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_door_on(peal_kit *kit);

#ifdef __cplusplus
}
#endif
