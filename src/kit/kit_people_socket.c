/* SPDX-License-Identifier: MIT */
/* kit_people_socket: who a socket is, and until when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/handle.h>

#include "kit/kit_people_impl.h"

/* What hangs on a socket. */
typedef struct bound {
  peal_kit_people *people;
  peal_kit_person who;
} bound;

static const peal_socket_key key = {.free_fn = free};

static bound *bound_of(const peal_socket *socket) {
  return peal_socket_key_get(socket, &key);
}

const peal_kit_person *peal_kit_people_on(const peal_socket *socket) {
  const bound *b = bound_of(socket);
  return b != NULL ? &b->who : NULL;
}

/* ---- the token's end --------------------------------------------------------------- */

static void on_time(peal_socket *socket, void *user);

static peal_err start_timer(peal_kit_people *people, peal_socket *socket) {
  const bound *b = bound_of(socket);
  int64_t left = b->who.expires_ms - peal_kit_people_now_ms(people);
  return peal_socket_timer_start(socket, left > 0 ? (uint64_t)left : 0, 0,
                                 on_time, people);
}

/* With a clock that was set back meanwhile it waits on. */
static void on_time(peal_socket *socket, void *user) {
  peal_kit_people *people = user;
  const bound *b = bound_of(socket);
  if (b->who.expires_ms > peal_kit_people_now_ms(people) &&
      start_timer(people, socket) == PEAL_OK)
    return;
  (void)peal_emit(
      socket, "error",
      PEAL_ARGS(PEAL_OBJECT({"message", peal_str("the access token is over")},
                            {"code", peal_str("token_expired")})));
  peal_disconnect(socket, true);
}

/* ---- connecting ----------------------------------------------------------------------- */

peal_kit_token_verdict peal_kit_people_socket(peal_kit_people *people,
                                              const peal_socket *socket,
                                              peal_kit_person *out) {
  peal_kit_person ignored;
  peal_slice token =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "token"));
  if (token.len == 0)
    token = peal_kit_people_bearer(peal_socket_header(socket, "Authorization"));
  return peal_kit_people_check(people, token, out != NULL ? out : &ignored);
}

void peal_kit_people_refuse(peal_next *next, peal_kit_token_verdict verdict) {
  peal_next_refuse(
      next, "Authentication failed",
      PEAL_OBJECT({"code", peal_str(peal_kit_token_code(verdict))}));
}

static peal_err refuse(peal_socket *socket, peal_kit_token_verdict verdict) {
  return peal_refuse(
      socket, "Authentication failed",
      PEAL_OBJECT({"code", peal_str(peal_kit_token_code(verdict))}));
}

static peal_err join(peal_socket *socket, const char *sign_in) {
  char room[PEAL_KIT_SIGN_ROOM_BYTES];
  peal_kit_people_sign_room(room, sign_in);
  return peal_join(socket, room);
}

/* Its value, which goes with the socket. */
static peal_err hang(peal_kit_people *people, peal_socket *socket,
                     const peal_kit_person *who) {
  bound *b = malloc(sizeof *b);
  if (b == NULL)
    return PEAL_ERR_NOMEM;
  *b = (bound){people, *who};
  peal_err err = peal_socket_key_set(socket, &key, b);
  if (err != PEAL_OK)
    free(b);
  return err;
}

peal_err peal_kit_people_bind(peal_kit_people *people, peal_socket *socket) {
  peal_kit_person who;
  peal_kit_token_verdict verdict = peal_kit_people_socket(people, socket, &who);
  if (verdict != PEAL_KIT_TOKEN_OK)
    return refuse(socket, verdict);
  peal_err err = hang(people, socket, &who);
  if (err == PEAL_OK)
    err = join(socket, who.sign_in);
  if (err == PEAL_OK)
    err = start_timer(people, socket);
  // it may have ended before the socket was in the room that ends with it
  if (err == PEAL_OK &&
      peal_kit_people_ended_has(&people->ended, who.sign_in, INT64_MAX))
    err = refuse(socket, PEAL_KIT_TOKEN_INVALID);
  return err;
}

/* ---- a new token in place ------------------------------------------------------------------ */

static void answer(peal_socket *socket, const peal_event *event,
                   const char *message, const char *code) {
  peal_val why =
      PEAL_OBJECT({"status", peal_str("error")}, {"message", peal_str(message)},
                  {"code", peal_str(code)});
  if (peal_event_wants_ack(event))
    (void)peal_ack(event, PEAL_ARGS(why));
  else
    (void)peal_emit(socket, "error", PEAL_ARGS(why));
}

static peal_err renew(peal_kit_people *people, peal_socket *socket, bound *b,
                      const peal_kit_person *who) {
  bool is_other = strcmp(b->who.sign_in, who->sign_in) != 0;
  peal_err err = is_other ? join(socket, who->sign_in) : PEAL_OK;
  if (err != PEAL_OK)
    return err;
  if (is_other) {
    char room[PEAL_KIT_SIGN_ROOM_BYTES];
    peal_kit_people_sign_room(room, b->who.sign_in);
    peal_leave(socket, room);
  }
  b->who = *who;
  if (peal_kit_people_ended_has(&people->ended, who->sign_in, INT64_MAX))
    return PEAL_ERR_CLOSED;
  return start_timer(people, socket);
}

static void on_renew(peal_socket *socket, const peal_event *event, void *user) {
  peal_kit_people *people = user;
  bound *b = bound_of(socket);
  peal_kit_person who;
  peal_slice token =
      peal_val_str(peal_val_get(peal_event_arg(event, 0), "token"));
  if (b == NULL) {
    answer(socket, event, "this socket is nobody's", "token_invalid");
    return;
  }
  peal_kit_token_verdict verdict = peal_kit_people_check(people, token, &who);
  if (verdict == PEAL_KIT_TOKEN_OK &&
      (who.id != b->who.id || who.role != b->who.role))
    verdict = PEAL_KIT_TOKEN_INVALID;
  if (verdict != PEAL_KIT_TOKEN_OK) {
    answer(socket, event, "Authentication failed",
           peal_kit_token_code(verdict));
    return;
  }
  if (renew(people, socket, b, &who) != PEAL_OK) {
    answer(socket, event, "try again", "try_again");
    peal_disconnect(socket, true);
    return;
  }
  char end[25];
  peal_web_time_iso(end, who.expires_ms);
  (void)peal_ack(event, PEAL_ARGS(PEAL_OBJECT({"status", peal_str("success")},
                                              {"expires_at", peal_str(end)})));
}

const peal_kit_person *peal_kit_people_may(peal_socket *socket,
                                           const peal_event *event,
                                           uint32_t roles) {
  const peal_kit_person *who = peal_kit_people_on(socket);
  if (who != NULL && (who->role & roles) != 0)
    return who;
  answer(socket, event,
         who != NULL ? "your role may not do this" : "please sign in",
         who != NULL ? "forbidden" : "token_missing");
  return NULL;
}

/* ---- a namespace ---------------------------------------------------------------------------- */

peal_err peal_kit_people_nsp(peal_kit_people *people, peal_nsp *nsp) {
  if (people->nsp_count == PEAL_KIT_PEOPLE_NSPS)
    return PEAL_ERR_LIMIT;
  peal_err err = peal_on(nsp, "refresh_token", on_renew, people);
  if (err == PEAL_OK)
    people->nsps[people->nsp_count++] = nsp;
  return err;
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  peal_kit_token_verdict verdict = peal_kit_people_socket(user, socket, NULL);
  if (verdict == PEAL_KIT_TOKEN_OK)
    peal_next_ok(next);
  else
    peal_kit_people_refuse(next, verdict);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  return peal_kit_people_bind(user, socket);
}

peal_err peal_kit_people_nsp_only(peal_kit_people *people, peal_nsp *nsp) {
  peal_err err = peal_kit_people_nsp(people, nsp);
  if (err == PEAL_OK)
    err = peal_use(nsp, on_use, people);
  if (err == PEAL_OK)
    err = peal_on_connect(nsp, on_connect, people);
  return err;
}
