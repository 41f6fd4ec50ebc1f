/* SPDX-License-Identifier: MIT */
#include "cluster/redis_login.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/text.h"
#include "cluster/redis_words.h"

/* The step is the ask's `tries`, which has no other use here. */
typedef enum login_step {
  STEP_AUTH,
  STEP_INFO,
  STEP_ROLE,
  STEP_SELECT,
  STEP_NAME,
  STEP_END
} login_step;

#define FIRST_SHARDED 70000u

/* Returns how many words it has; 0: nothing is to be said. */
static size_t write_step(unsigned step, const peal_redis_how *how,
                         peal_slice argv[3], char number[12]) {
  switch (step) {
  case STEP_AUTH:
    argv[0] = PEAL_S("AUTH");
    argv[1] = peal_slice_of(how->user ? how->user : how->password);
    argv[2] = peal_slice_of(how->password);
    return how->password ? how->user ? 3 : 2 : 0;
  case STEP_INFO:
    argv[0] = PEAL_S("INFO");
    argv[1] = PEAL_S("server");
    return 2;
  case STEP_ROLE:
    argv[0] = PEAL_S("ROLE");
    return how->needs_master ? 1 : 0;
  case STEP_SELECT:
    snprintf(number, 12, "%u", (unsigned)how->db);
    argv[0] = PEAL_S("SELECT");
    argv[1] = peal_slice_of(number);
    return how->db ? 2 : 0;
  default:
    argv[0] = PEAL_S("CLIENT");
    argv[1] = PEAL_S("SETNAME");
    argv[2] = peal_slice_of(how->name);
    return how->name ? 3 : 0;
  }
}

peal_err peal_redis_login_next(peal_redis_login *login,
                               const peal_redis_how *how, const peal_mem *mem,
                               peal_redis_ask **out) {
  *out = NULL;
  while (login->step < STEP_END) {
    peal_slice argv[3];
    char number[12];
    unsigned step = login->step++;
    size_t argc = write_step(step, how, argv, number);
    if (!argc)
      continue;
    *out = peal_redis_ask_new(mem, argv, argc);
    if (!*out)
      return PEAL_ERR_NOMEM;
    (*out)->tries = step;
    return PEAL_OK;
  }
  return PEAL_OK;
}

/* -- answers --------------------------------------------------------------- */

/* "redis_version:7.0.15" of a text of lines; Valkey says it, too, for the sake
 * of those who ask. */
static unsigned find_version(peal_slice info) {
  peal_slice line;
  while (peal_text_next(&info, '\n', &line)) {
    if (!peal_slice_starts(line, "redis_version:"))
      continue;
    unsigned version = 0;
    line = (peal_slice){line.ptr + 14, line.len - 14};
    for (int i = 0; i < 3; i++) {
      uint64_t part;
      size_t used = peal_decimal_take(line, &part);
      version = version * 100 + (unsigned)(part > 99 ? 99 : part);
      used += used < line.len;
      line = (peal_slice){line.ptr + used, line.len - used};
    }
    return version;
  }
  return 0;
}

static peal_err heard_info(peal_redis_login *login, const peal_redis_how *how,
                           const peal_redis_reply *reply, char *out,
                           size_t cap) {
  login->version = find_version(peal_redis_reply_text(reply));
  if (!how->needs_shards || !login->version || login->version >= FIRST_SHARDED)
    return PEAL_OK;
  snprintf(
      out, cap,
      "Redis %u.%u.%u has no sharded Pub/Sub, which came with 7.0: a newer "
      "server is needed, or classic Pub/Sub",
      login->version / 10000, login->version / 100 % 100, login->version % 100);
  return PEAL_ERR_REFUSED;
}

static peal_err heard_role(const peal_redis_reply *reply, char *out,
                           size_t cap) {
  peal_slice role = peal_redis_reply_text_at(reply, 0);
  if (peal_slice_is(role, "master"))
    return PEAL_OK;
  snprintf(out, cap, "it is no master any more");
  return PEAL_ERR_CLOSED;
}

/* What a user of few rights may not ask, or a host has taken away, is not
 * needed. */
static bool is_forgiven(unsigned step, const peal_redis_reply *reply) {
  return (step == STEP_INFO || step == STEP_ROLE || step == STEP_NAME) &&
         (peal_redis_reply_is_error(reply, "NOPERM") ||
          peal_slice_starts(reply->text, "ERR unknown command"));
}

/* A server that knows no AUTH repeats what it was asked, the password with
 * it. */
static bool repeats(peal_slice said, const char *secret) {
  size_t len = strlen(secret);
  for (size_t i = 0; len && i + len <= said.len; i++)
    if (memcmp(said.ptr + i, secret, len) == 0)
      return true;
  return false;
}

static bool is_for_now(const peal_redis_reply *reply) {
  return peal_redis_reply_is_error(reply, "LOADING") ||
         peal_redis_reply_is_error(reply, "MASTERDOWN") ||
         peal_redis_reply_is_error(reply, "BUSY") ||
         peal_slice_starts(reply->text, "ERR max number of clients");
}

peal_err peal_redis_login_heard(peal_redis_login *login,
                                const peal_redis_how *how,
                                const peal_redis_ask *ask,
                                const peal_redis_reply *reply, char *out,
                                size_t cap) {
  if (reply->kind == PEAL_REDIS_ERROR) {
    if (is_forgiven(ask->tries, reply))
      return PEAL_OK;
    if (how->password && repeats(reply->text, how->password))
      snprintf(out, cap, "it does not take user and password");
    else
      peal_redis_words_error(out, cap, reply);
    return is_for_now(reply) ? PEAL_ERR_CLOSED : PEAL_ERR_REFUSED;
  }
  if (ask->tries == STEP_INFO)
    return heard_info(login, how, reply, out, cap);
  return ask->tries == STEP_ROLE ? heard_role(reply, out, cap) : PEAL_OK;
}
