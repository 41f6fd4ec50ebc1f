/* SPDX-License-Identifier: MIT */
#pragma once
/* http1: strict HTTP/1.1 (RFC9112): heads of requests and responses. They are
 * decoded when complete (http1_scan finds the end), in one pass, into slices
 * of the input; http1_body takes what follows.
 * In the flow: net/stream -> [http1] -> http/. No memory of its own. */
#include <peal/base.h>

#include "wire/http1_body.h"
#include "wire/http1_name.h"
#include "wire/http1_scan.h"
#include "wire/wire_limits.h"

typedef struct peal_http1_field {
  peal_slice name;  /* as sent; compare without case */
  peal_slice value; /* blanks around it removed */
} peal_http1_field;

typedef struct peal_http1_head {
  peal_slice method;       /* request */
  peal_slice target;       /* request, as sent */
  unsigned status;         /* response, 100..999 */
  peal_slice reason;       /* response */
  uint64_t content_length; /* if framing is PEAL_HTTP1_LENGTH */
  peal_http1_framing framing;
  uint8_t minor;        /* HTTP/1.minor, 0 or 1 */
  bool keep_alive;      /* RFC9112 9.3 */
  bool upgrade;         /* Connection names upgrade and Upgrade is there */
  bool expect_continue; /* Expect: 100-continue from an HTTP/1.1 client */
  size_t count;
  /* By peal_http1_name: the place of its first field, counted from 1; 0: it
   * is not there. */
  uint8_t first[PEAL_HTTP1_NAME_COUNT];
  peal_http1_field fields[PEAL_LIMIT_HTTP_FIELDS];
} peal_http1_head;

/* Decode a complete request head (all of `in`, borrowed by *out).
 * Refused: both Content-Length and Transfer-Encoding, repeated or malformed
 * lengths, any coding but one final chunked, folded lines, a blank before the
 * colon, control characters, no or several Host, Host malformed, a target
 * that is not origin-form, absolute-form, authority-form or *.
 * Returns: PEAL_OK or an error whose HTTP status is the answer
 * (peal_err_http_status). Thread: pure. Spec: RFC9112 3, 5, 6. */
PEAL_MUST_CHECK peal_err
peal_http1_request_decode(peal_http1_head *out, peal_slice in,
                          const peal_http1_limits *limits, peal_err_info *info);
/* The same for a head at the start of `in`, whatever follows, in one pass:
 * *len are its bytes.
 * Returns: PEAL_OK, or PEAL_ERR_AGAIN if it is not whole or has a fault: then
 * peal_http1_scan_feed says which. Thread: pure. */
PEAL_MUST_CHECK peal_err
peal_http1_request_take(peal_http1_head *out, peal_slice in,
                        const peal_http1_limits *limits, size_t *len);
/* Decode a complete response head. `head_request` says that it answers a HEAD
 * (no body follows). Spec: RFC9112 4, 6.3. */
PEAL_MUST_CHECK peal_err peal_http1_response_decode(
    peal_http1_head *out, peal_slice in, const peal_http1_limits *limits,
    bool head_request, peal_err_info *info);

/* The body that follows this head. */
void peal_http1_body_init(peal_http1_body *body, const peal_http1_head *head);

/* The value of the first field of this name; the empty slice with NULL ptr if
 * there is none. */
peal_slice peal_http1_field_get(const peal_http1_head *head, const char *name);
/* True if the comma-separated list in the fields of this name has the token,
 * without case (RFC9110 5.6.1). */
bool peal_http1_field_has_token(const peal_http1_head *head, const char *name,
                                const char *token);
/* A token of RFC9110 5.6.2? A field value without CR, LF, NUL and other
 * control characters? What we send is checked with the same rules. */
bool peal_http1_is_token(peal_slice text);
bool peal_http1_is_field_value(peal_slice text);
