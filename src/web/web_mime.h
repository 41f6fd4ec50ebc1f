/* SPDX-License-Identifier: MIT */
#pragma once
/* web_mime: media types by the ending of a file's name. */
#include <peal/base.h>

typedef struct peal_web_mime {
  const char *ending;
  const char *type;
  bool compress; /* it gets smaller */
  bool active;   /* it may run scripts: wants a policy */
} peal_web_mime;

/* application/octet-stream if unknown. Never NULL. Thread: pure. */
const peal_web_mime *peal_web_mime_of(peal_slice name);
