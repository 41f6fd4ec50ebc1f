/* SPDX-License-Identifier: MIT */
#include "wire/proxy_url.h"

#include <string.h>

#include "base/decimal.h"
#include "base/err_site.h"
#include "base/text.h"
#include "wire/percent.h"

typedef struct scheme {
  const char *name;
  peal_proxy_kind kind;
  uint16_t port;
} scheme;

static const scheme schemes[] = {
    {"http://", PEAL_PROXY_HTTP, 1080},
    {"https://", PEAL_PROXY_HTTPS, 443},
    {"socks5://", PEAL_PROXY_SOCKS5, 1080},
    {"socks5h://", PEAL_PROXY_SOCKS5H, 1080},
};

static peal_slice behind(peal_slice text, size_t count) {
  return (peal_slice){text.ptr + count, text.len - count};
}

/* Where "://" stands, or text.len. */
static size_t find_scheme_end(peal_slice text) {
  for (size_t i = 0; i + 2 < text.len; i++)
    if (text.ptr[i] == ':' && text.ptr[i + 1] == '/' && text.ptr[i + 2] == '/')
      return i;
  return text.len;
}

static bool take_scheme(peal_proxy_url *out, peal_slice *rest) {
  size_t end = find_scheme_end(*rest);
  const scheme *found = end == rest->len ? &schemes[0] : NULL;
  size_t len = found ? 0 : end + 3;
  for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && !found; i++)
    if (peal_slice_is_nocase((peal_slice){rest->ptr, len}, schemes[i].name))
      found = &schemes[i];
  if (!found)
    return false;
  out->kind = found->kind;
  out->port = found->port;
  *rest = behind(*rest, len);
  return true;
}

static bool take_word(char *out, uint8_t *out_len, peal_slice text) {
  char decoded[3 * PEAL_PROXY_WORD_MAX];
  size_t len;
  if (text.len > sizeof(decoded) ||
      peal_percent_decode_path(decoded, &len, text) ||
      len > PEAL_PROXY_WORD_MAX)
    return false;
  if (len)
    memcpy(out, decoded, len);
  *out_len = (uint8_t)len;
  return true;
}

/* The last '@' ends it: passwords are written with bare ones. */
static bool take_user(peal_proxy_url *out, peal_slice *rest) {
  size_t at = rest->len;
  while (at && rest->ptr[at - 1] != '@')
    at--;
  if (!at)
    return true;
  const peal_slice both = {rest->ptr, at - 1};
  size_t colon = peal_text_find(both, ':');
  *rest = behind(*rest, at);
  out->has_user = true;
  if (!take_word(out->user, &out->user_len, (peal_slice){both.ptr, colon}))
    return false;
  return colon == both.len ||
         take_word(out->password, &out->password_len, behind(both, colon + 1));
}

static bool take_port(peal_proxy_url *out, peal_slice text) {
  uint64_t port;
  if (!text.len)
    return true;
  if (text.ptr[0] != ':' ||
      !peal_decimal_parse(behind(text, 1), 65535, &port) || !port)
    return false;
  out->port = (uint16_t)port;
  return true;
}

/* What could end a line of a head, or a name, is in no host. */
static bool is_host(peal_slice text) {
  for (size_t i = 0; i < text.len; i++)
    if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f ||
        strchr("/?#@[]\\", text.ptr[i]))
      return false;
  return text.len > 0 && text.len <= PEAL_PROXY_WORD_MAX;
}

static bool take_place(peal_proxy_url *out, peal_slice text) {
  bool brackets = text.len && text.ptr[0] == '[';
  if (brackets)
    text = behind(text, 1);
  size_t len = peal_text_find(text, brackets ? ']' : ':');
  if (brackets && len == text.len)
    return false;
  out->host = (peal_slice){text.ptr, len};
  return is_host(out->host) && take_port(out, behind(text, len + brackets));
}

peal_err peal_proxy_url_parse(peal_proxy_url *out, peal_slice url) {
  *out = (peal_proxy_url){.kind = PEAL_PROXY_HTTP};
  if (!url.len || !take_scheme(out, &url))
    return PEAL_FAIL(PEAL_ERR_OPTION);
  /* A path says nothing here. */
  url.len = peal_text_find(url, '/');
  if (!take_user(out, &url) || !take_place(out, url))
    return PEAL_FAIL(PEAL_ERR_OPTION);
  return PEAL_OK;
}
