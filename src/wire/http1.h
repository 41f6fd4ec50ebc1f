/* SPDX-License-Identifier: MIT */
#pragma once
/* http1: strict HTTP/1.1 (RFC9112): heads of requests and responses, and the
 * framing of bodies. Heads are decoded when complete, in one pass, into
 * slices of the input; a scan that remembers where it stood makes slow
 * senders cost linear work and notices trouble early.
 * In the flow: net/tcp -> [http1] -> http/. No memory of its own. */
#include <peal/base.h>

#include "base/limits.h"

typedef struct peal_http1_field {
  peal_slice name;  /* as sent; compare without case */
  peal_slice value; /* blanks around it removed */
} peal_http1_field;

typedef enum peal_http1_framing {
  PEAL_HTTP1_NO_BODY,
  PEAL_HTTP1_LENGTH,     /* content_length bytes */
  PEAL_HTTP1_CHUNKED,
  PEAL_HTTP1_UNTIL_CLOSE /* responses only */
} peal_http1_framing;

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
  peal_http1_field fields[PEAL_LIMIT_HTTP_FIELDS];
} peal_http1_head;

typedef struct peal_http1_limits {
  size_t head_bytes;   /* 0: PEAL_LIMIT_HTTP_HEAD_BYTES */
  size_t target_bytes; /* 0: PEAL_LIMIT_HTTP_TARGET_BYTES */
} peal_http1_limits;

/* How far a head has been scanned; {0} before a head's first byte. */
typedef struct peal_http1_scan {
  size_t pos;
  uint8_t state;
} peal_http1_scan;

/* Look for the end of the head at the start of `in`, which holds everything
 * from the head's first byte on and grows from call to call. One empty line
 * before a request line is allowed (RFC9112 2.2).
 * Returns: PEAL_OK and *len = bytes of the head with its empty line;
 * PEAL_ERR_AGAIN; PEAL_ERR_HTTP_SYNTAX (a bare CR or LF, a control
 * character; noticed at once), PEAL_ERR_HTTP_URI_LEN,
 * PEAL_ERR_HTTP_HEAD_LEN. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_http1_scan_feed(peal_http1_scan *scan,
                                              peal_slice in,
                                              const peal_http1_limits *limits,
                                              size_t *len);

/* Decode a complete request head (all of `in`, borrowed by *out).
 * Refused: both Content-Length and Transfer-Encoding, repeated or malformed
 * lengths, any coding but one final chunked, folded lines, a blank before the
 * colon, control characters, no or several Host, Host malformed, a target
 * that is not origin-form, absolute-form, authority-form or *.
 * Returns: PEAL_OK or an error whose HTTP status is the answer
 * (peal_err_http_status). Thread: pure. Spec: RFC9112 3, 5, 6. */
PEAL_MUST_CHECK peal_err peal_http1_request_decode(
    peal_http1_head *out, peal_slice in, const peal_http1_limits *limits,
    peal_err_info *info);
/* Decode a complete response head. `head_request` says that it answers a HEAD
 * (no body follows). Spec: RFC9112 4, 6.3. */
PEAL_MUST_CHECK peal_err peal_http1_response_decode(
    peal_http1_head *out, peal_slice in, const peal_http1_limits *limits,
    bool head_request, peal_err_info *info);

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

/* A body in the making; initialise from the head. */
typedef struct peal_http1_body {
  uint64_t left;    /* of the length, or of the chunk */
  uint32_t line;    /* bytes of the current chunk line or trailers */
  uint8_t framing;  /* peal_http1_framing */
  uint8_t state;
} peal_http1_body;

void peal_http1_body_init(peal_http1_body *body, const peal_http1_head *head);
/* Take bytes from `in`: *used says how many, *data is the piece of content
 * among them (borrowed, may be empty). Call again with the rest.
 * Returns: PEAL_OK when the body is complete (bytes behind it are not used),
 * PEAL_ERR_AGAIN while it is not, PEAL_ERR_HTTP_SYNTAX (sticky).
 * Trailers are checked and dropped. Thread: pure. Spec: RFC9112 6, 7.1. */
PEAL_MUST_CHECK peal_err peal_http1_body_feed(peal_http1_body *body,
                                              peal_slice in, size_t *used,
                                              peal_slice *data);
bool peal_http1_body_is_done(const peal_http1_body *body);
