/* SPDX-License-Identifier: MIT */
/* kit_cookie: one cookie of a Cookie header, as of a socket's handshake. */
#include <string.h>

#include <peal/kit_small.h>

peal_slice peal_kit_cookie(peal_slice header, const char *wanted) {
  const size_t name = strlen(wanted);
  while (header.len > 0) {
    const char *semicolon = memchr(header.ptr, ';', header.len);
    size_t len = semicolon ? (size_t)(semicolon - header.ptr) : header.len;
    peal_slice pair = {header.ptr, len};
    while (pair.len > 0 && *pair.ptr == ' ')
      pair = (peal_slice){pair.ptr + 1, pair.len - 1};
    if (peal_slice_starts(pair, wanted) && pair.len > name &&
        pair.ptr[name] == '=')
      return (peal_slice){pair.ptr + name + 1, pair.len - name - 1};
    size_t used = semicolon ? len + 1 : len;
    header = (peal_slice){header.ptr + used, header.len - used};
  }
  return (peal_slice){0};
}
