/* SPDX-License-Identifier: MIT */
/* http_status: the public name of the status texts. */
#include <peal/http.h>

#include "wire/http1_status.h"

const char *peal_http_status_text(unsigned status) {
  return peal_http1_status_text(status);
}
