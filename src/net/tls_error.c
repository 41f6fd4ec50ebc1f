/* SPDX-License-Identifier: MIT */
#include "net/tls_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "net/system.h"

const char *peal_tls_error_text(char *out, size_t cap) {
  unsigned long code = ERR_get_error();
  const char *reason = code ? ERR_reason_error_string(code) : NULL;
  if (code && ERR_SYSTEM_ERROR(code))
    reason = peal_system_error((int)ERR_GET_REASON(code));
  snprintf(out, cap, "%s", reason ? reason : "unknown");
  ERR_clear_error();
  return out;
}
