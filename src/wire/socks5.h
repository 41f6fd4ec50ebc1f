/* SPDX-License-Identifier: MIT */
#pragma once
/* socks5: a client's side of SOCKS5 (RFC1928), with user and password
 * (RFC1929), up to the moment from which the connection is the target's.
 *
 *   us     5 | count | methods                 0: none, 2: user and password
 *   proxy  5 | method                          255: none of them
 *   us     1 | len user | len password         if it chose 2
 *   proxy  1 | 0: yes
 *   us     5 | 1 CONNECT | 0 | address | port
 *   proxy  5 | 0: yes | 0 | address | port
 *
 *   address: 1 | 4 bytes, 3 | length and name, 4 | 16 bytes
 *
 * In the flow: net/dial_proxy -> [socks5]. No memory of its own. */
#include <peal/base.h>

/* The longest of what each side says. */
#define PEAL_SOCKS5_OUT_MAX 513u
#define PEAL_SOCKS5_IN_MAX 262u

typedef struct peal_socks5_target {
  peal_slice host; /* a name of at most 255 bytes, or the text of an address */
  uint16_t port;
  bool has_user;
  peal_slice user, password; /* at most 255 bytes each */
} peal_socks5_target;

typedef struct peal_socks5 {
  peal_socks5_target target; /* what it points to is borrowed */
  uint8_t state;
  uint8_t reply;   /* RFC1928 6, why it was refused; 0: it was not */
  peal_err err;    /* sticky */
  uint16_t in_len; /* of the answer that comes */
  uint16_t out_len, out_at;
  uint8_t in[PEAL_SOCKS5_IN_MAX];
  char out[PEAL_SOCKS5_OUT_MAX];
} peal_socks5;

/* Returns: PEAL_OK; PEAL_ERR_OPTION: the host is empty, or something is longer
 * than SOCKS5 can say. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_socks5_init(peal_socks5 *socks,
                                          const peal_socks5_target *target);
/* What is to be sent now; borrowed until _sent or _feed. */
peal_slice peal_socks5_pull(const peal_socks5 *socks);
/* `len` bytes of it have left. */
void peal_socks5_sent(peal_socks5 *socks, size_t len);
/* How many bytes may be read now, so that none of the target's is among them:
 * 0 while there is something to send, and at the end. */
size_t peal_socks5_wants(const peal_socks5 *socks);
/* Feed at most as many.
 * Returns: PEAL_OK: the connection is the target's; PEAL_ERR_AGAIN: go on;
 * PEAL_ERR_PROXY: refused, or no SOCKS5 (peal_socks5_text), again and again. */
PEAL_MUST_CHECK peal_err peal_socks5_feed(peal_socks5 *socks, peal_slice in);
/* Why it was refused: constant text. */
const char *peal_socks5_text(const peal_socks5 *socks);
