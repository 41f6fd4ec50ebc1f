/* SPDX-License-Identifier: MIT */
#include "wire/socks5.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "wire/ip.h"

enum { METHOD, PASSWORD, REPLY, DONE };

/* Replies of our own, behind those of RFC1928 6. */
enum {
  NO_METHOD = 0x100 - 1,
  BAD_PASSWORD = NO_METHOD - 1,
  NO_SOCKS = BAD_PASSWORD - 1,
  LAST_REPLY = 8
};

/* -- what we say ----------------------------------------------------------- */

static void put(peal_socks5 *socks, const void *data, size_t len) {
  assert(socks->out_len + len <= sizeof(socks->out));
  if (len)
    memcpy(socks->out + socks->out_len, data, len);
  socks->out_len = (uint16_t)(socks->out_len + len);
}

static void put_byte(peal_socks5 *socks, unsigned byte) {
  const uint8_t one = (uint8_t)byte;
  put(socks, &one, 1);
}

static void put_word(peal_socks5 *socks, peal_slice word) {
  put_byte(socks, (unsigned)word.len);
  put(socks, word.ptr, word.len);
}

static void begin(peal_socks5 *socks, uint8_t state) {
  socks->state = state;
  socks->in_len = socks->out_len = socks->out_at = 0;
}

static void say_methods(peal_socks5 *socks) {
  bool has_user = socks->target.has_user;
  begin(socks, METHOD);
  put(socks, has_user ? "\5\2\0\2" : "\5\1\0", has_user ? 4 : 3);
}

static void say_password(peal_socks5 *socks) {
  begin(socks, PASSWORD);
  put_byte(socks, 1);
  put_word(socks, socks->target.user);
  put_word(socks, socks->target.password);
}

static void say_request(peal_socks5 *socks) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  uint8_t ip[16];
  begin(socks, REPLY);
  put(socks, "\5\1\0", 3);
  if (!peal_ip_parse(ip, socks->target.host)) {
    put_byte(socks, 3);
    put_word(socks, socks->target.host);
  } else if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
    put_byte(socks, 1);
    put(socks, ip + 12, 4);
  } else {
    put_byte(socks, 4);
    put(socks, ip, 16);
  }
  put_byte(socks, socks->target.port >> 8);
  put_byte(socks, socks->target.port & 255u);
}

/* -- what the proxy says --------------------------------------------------- */

/* Bytes of the answer, as far as is known. */
static size_t answer_len(const peal_socks5 *socks) {
  if (socks->state == METHOD || socks->state == PASSWORD)
    return 2;
  if (socks->in_len < 5)
    return 5;
  return socks->in[3] == 1 ? 10 : socks->in[3] == 4 ? 22 : 7u + socks->in[4];
}

static peal_err refuse(peal_socks5 *socks, unsigned reply) {
  socks->reply = (uint8_t)reply;
  socks->err = PEAL_ERR_PROXY;
  return PEAL_FAIL(PEAL_ERR_PROXY);
}

static peal_err on_method(peal_socks5 *socks) {
  uint8_t method = socks->in[1];
  if (socks->in[0] != 5)
    return refuse(socks, NO_SOCKS);
  if (method == 2 && socks->target.has_user)
    say_password(socks);
  else if (method == 0)
    say_request(socks);
  else
    return refuse(socks, NO_METHOD);
  return PEAL_ERR_AGAIN;
}

/* RFC1929 2: anything but 0 is a refusal. */
static peal_err on_password(peal_socks5 *socks) {
  if (socks->in[1] != 0)
    return refuse(socks, BAD_PASSWORD);
  say_request(socks);
  return PEAL_ERR_AGAIN;
}

/* A refusal is whole with two bytes: some proxies say no more. */
static peal_err on_reply_begun(peal_socks5 *socks) {
  if (socks->in[0] != 5)
    return refuse(socks, NO_SOCKS);
  if (socks->in_len > 1 && socks->in[1])
    return refuse(socks,
                  socks->in[1] > LAST_REPLY ? LAST_REPLY + 1 : socks->in[1]);
  if (socks->in_len > 3 &&
      (!socks->in[3] || socks->in[3] == 2 || socks->in[3] > 4))
    return refuse(socks, NO_SOCKS);
  return PEAL_ERR_AGAIN;
}

static peal_err on_answer(peal_socks5 *socks) {
  if (socks->state == METHOD)
    return on_method(socks);
  if (socks->state == PASSWORD)
    return on_password(socks);
  begin(socks, DONE);
  return PEAL_OK;
}

/* -- the machine ----------------------------------------------------------- */

peal_err peal_socks5_init(peal_socks5 *socks,
                          const peal_socks5_target *target) {
  *socks = (peal_socks5){.target = *target};
  if (!target->host.len || target->host.len > 255 || target->user.len > 255 ||
      target->password.len > 255)
    return PEAL_FAIL(PEAL_ERR_OPTION);
  say_methods(socks);
  return PEAL_OK;
}

peal_slice peal_socks5_pull(const peal_socks5 *socks) {
  return (peal_slice){socks->out + socks->out_at,
                      (size_t)socks->out_len - socks->out_at};
}

void peal_socks5_sent(peal_socks5 *socks, size_t len) {
  assert(len <= (size_t)socks->out_len - socks->out_at);
  socks->out_at = (uint16_t)(socks->out_at + len);
}

size_t peal_socks5_wants(const peal_socks5 *socks) {
  if (socks->err || socks->state == DONE || socks->out_at < socks->out_len)
    return 0;
  return answer_len(socks) - socks->in_len;
}

peal_err peal_socks5_feed(peal_socks5 *socks, peal_slice in) {
  if (socks->err)
    return socks->err;
  if (socks->state == DONE)
    return PEAL_OK;
  assert(in.len <= peal_socks5_wants(socks));
  if (in.len)
    memcpy(socks->in + socks->in_len, in.ptr, in.len);
  socks->in_len = (uint16_t)(socks->in_len + in.len);
  if (!socks->in_len)
    return PEAL_ERR_AGAIN;
  if (socks->state == REPLY) {
    peal_err err = on_reply_begun(socks);
    if (err != PEAL_ERR_AGAIN)
      return err;
  }
  return peal_socks5_wants(socks) ? PEAL_ERR_AGAIN : on_answer(socks);
}

const char *peal_socks5_text(const peal_socks5 *socks) {
  static const char *const texts[] = {
      "",
      "it has failed",
      "its rules do not allow it",
      "the network cannot be reached",
      "the host cannot be reached or is not known",
      "the connection was refused",
      "it took too long",
      "it does not know CONNECT",
      "it does not know this kind of address",
      "it gives a reason that is not known",
  };
  switch (socks->reply) {
  case NO_METHOD:
    return socks->target.has_user
               ? "it takes neither user and password nor none"
               : "it wants a user and a password, or more";
  case BAD_PASSWORD:
    return "user or password is wrong";
  case NO_SOCKS:
    return "it does not speak SOCKS5";
  default:
    return texts[socks->reply];
  }
}
