/* SPDX-License-Identifier: MIT */
#include "base/err_site.h"

#include <string.h>

#include "base/decimal.h"

#ifndef NDEBUG
typedef struct site {
  const char *file;
  unsigned line;
  peal_err err;
} site;

static _Thread_local site last;

/* The last two parts of a path: as an #include names it. */
static const char *short_name(const char *file) {
  const char *at = file, *folder = file;
  for (const char *p = file; *p; p++) {
    if (*p == '/') {
      folder = at;
      at = p + 1;
    }
  }
  return folder;
}

peal_err peal_err_site_note(peal_err err, const char *file, unsigned line) {
  last = (site){file, line, err};
  return err;
}

const char *peal_err_site_text(peal_err err, char out[PEAL_ERR_SITE_TEXT]) {
  out[0] = '\0';
  if (err == PEAL_OK || last.err != err)
    return out;
  const char *name = short_name(last.file);
  size_t len = strlen(name);
  if (len + PEAL_DECIMAL_MAX + 5 > PEAL_ERR_SITE_TEXT)
    return out;
  memcpy(out, " (", 2);
  memcpy(out + 2, name, len);
  len += 2;
  out[len++] = ':';
  len += peal_decimal_put(out + len, last.line);
  memcpy(out + len, ")", 2);
  return out;
}
#else
peal_err peal_err_site_note(peal_err err, const char *file, unsigned line) {
  (void)file;
  (void)line;
  return err;
}

const char *peal_err_site_text(peal_err err, char out[PEAL_ERR_SITE_TEXT]) {
  (void)err;
  out[0] = '\0';
  return out;
}
#endif
