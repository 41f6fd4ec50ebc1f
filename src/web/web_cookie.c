/* SPDX-License-Identifier: MIT */
/* web_cookie: a Set-Cookie field (RFC6265). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <peal/web.h>

#include "base/buf.h"
#include "base/reserved.h"
#include "wire/http1_chars.h"

/* RFC6265 4.1.1: cookie-octet. */
static bool is_octet(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

static bool is_name(const char *name) {
  if (!name || !*name)
    return false;
  for (; *name; name++) {
    if (!peal_http1_chars_has(*name, PEAL_HTTP1_TCHAR))
      return false;
  }
  return true;
}

static bool is_value(peal_slice value) {
  for (size_t i = 0; i < value.len; i++) {
    if (!is_octet(value.ptr[i]))
      return false;
  }
  return true;
}

/* RFC6265 4.1.1: path-value, any character except controls and ";". */
static bool is_attribute(const char *text) {
  for (; text && *text; text++) {
    if (*text < ' ' || *text == 0x7f || *text == ';')
      return false;
  }
  return true;
}

static bool is_valid(const peal_web_cookie *cookie) {
  const char *site = cookie->same_site;
  if (!is_name(cookie->name) || !is_value(cookie->value) ||
      !is_attribute(cookie->path) || !is_attribute(cookie->domain))
    return false;
  if (!site)
    return true;
  return strcmp(site, "Lax") == 0 || strcmp(site, "Strict") == 0 ||
         (strcmp(site, "None") == 0 && cookie->secure);
}

static void add_age(peal_buf *out, int64_t max_age_s) {
  char text[64];
  if (max_age_s < 0)
    /* Expires too: some clients know no Max-Age (RFC6265 5.2.1, 5.2.2). */
    peal_buf_add_str(out, "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  if (max_age_s <= 0)
    return;
  snprintf(text, sizeof(text), "; Max-Age=%" PRId64, max_age_s);
  peal_buf_add_str(out, text);
}

static void add_pair(peal_buf *out, const char *name, const char *value) {
  if (!value)
    return;
  peal_buf_add_str(out, name);
  peal_buf_add_str(out, value);
}

peal_err peal_web_cookie_set(peal_http_req *req,
                             const peal_web_cookie *cookie) {
  if (!is_valid(cookie))
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(cookie))
    return PEAL_ERR_OPTION;
  peal_buf text;
  peal_buf_init(&text, NULL, 8192);
  peal_buf_add_str(&text, cookie->name);
  peal_buf_add_char(&text, '=');
  peal_buf_add(&text, cookie->value);
  add_pair(&text, "; Path=", cookie->path ? cookie->path : "/");
  add_pair(&text, "; Domain=", cookie->domain);
  add_age(&text, cookie->max_age_s);
  if (!cookie->for_scripts)
    peal_buf_add_str(&text, "; HttpOnly");
  if (cookie->secure)
    peal_buf_add_str(&text, "; Secure");
  add_pair(&text, "; SameSite=", cookie->same_site ? cookie->same_site : "Lax");
  peal_err err = text.err;
  if (!err)
    err = peal_http_answer_header(req, "Set-Cookie", peal_buf_slice(&text));
  peal_buf_deinit(&text);
  return err == PEAL_ERR_LIMIT ? PEAL_ERR_USAGE : err;
}
