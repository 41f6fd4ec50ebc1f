/* SPDX-License-Identifier: MIT */
#pragma once
/* http1_name: the field names that somebody here asks for, as numbers: a head
 * is classified once, while it is decoded, and then asked without comparing
 * strings.
 * In the flow: used by wire/http1 and http/http_req. No state, no memory. */
#include <peal/base.h>

/* In the order of their lengths; the table in http1_name.c has the same. */
typedef enum peal_http1_name {
  PEAL_HTTP1_NAME_OTHER,
  PEAL_HTTP1_NAME_HOST,
  PEAL_HTTP1_NAME_RANGE,
  PEAL_HTTP1_NAME_ACCEPT,
  PEAL_HTTP1_NAME_COOKIE,
  PEAL_HTTP1_NAME_EXPECT,
  PEAL_HTTP1_NAME_ORIGIN,
  PEAL_HTTP1_NAME_REFERER,
  PEAL_HTTP1_NAME_UPGRADE,
  PEAL_HTTP1_NAME_IF_RANGE,
  PEAL_HTTP1_NAME_CONNECTION,
  PEAL_HTTP1_NAME_USER_AGENT,
  PEAL_HTTP1_NAME_CONTENT_TYPE,
  PEAL_HTTP1_NAME_AUTHORIZATION,
  PEAL_HTTP1_NAME_IF_NONE_MATCH,
  PEAL_HTTP1_NAME_CONTENT_LENGTH,
  PEAL_HTTP1_NAME_ACCEPT_ENCODING,
  PEAL_HTTP1_NAME_X_FORWARDED_FOR,
  PEAL_HTTP1_NAME_IF_MODIFIED_SINCE,
  PEAL_HTTP1_NAME_SEC_WEBSOCKET_KEY,
  PEAL_HTTP1_NAME_TRANSFER_ENCODING,
  PEAL_HTTP1_NAME_X_FORWARDED_PROTO,
  PEAL_HTTP1_NAME_SEC_WEBSOCKET_VERSION,
  PEAL_HTTP1_NAME_SEC_WEBSOCKET_PROTOCOL,
  PEAL_HTTP1_NAME_SEC_WEBSOCKET_EXTENSIONS,
  PEAL_HTTP1_NAME_COUNT
} peal_http1_name;

/* The number of a field name (a token, in any case). Thread: pure. */
peal_http1_name peal_http1_name_of(peal_slice name);
/* The name in lower case; "" for OTHER. Thread: pure. */
const char *peal_http1_name_text(peal_http1_name name);
