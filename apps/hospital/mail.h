/* SPDX-License-Identifier: MIT */
#pragma once
/* mail: one message by SMTP (libcurl), and the signature of a webhook. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/kit_small.h>

typedef struct mail_opts {
  const char *url;             /* smtp:// (STARTTLS where there is), smtps:// */
  const char *user, *password; /* NULL: none */
  const char *from, *to;       /* `to`: separated by blanks */
} mail_opts;

/* Subject and text are UTF-8. Blocks up to 20 s: for the pool. False: it was not
 * taken. Thread: any. */
PEAL_MUST_CHECK bool mail_send(const mail_opts *opts, const char *subject,
                               const char *text);
/* HMAC-SHA256 under a key of any length. RFC2104 2. Thread: any. */
PEAL_MUST_CHECK bool mail_hmac(uint8_t out[PEAL_KIT_DIGEST_BYTES],
                               peal_slice key, peal_slice data);
