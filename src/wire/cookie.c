/* SPDX-License-Identifier: MIT */
#include "wire/cookie.h"

#include "base/text.h"

bool peal_cookie_find(peal_slice field, const char *name, peal_slice *value) {
  peal_slice pair;
  while (peal_text_next(&field, ';', &pair)) {
    size_t eq = peal_text_find(pair, '=');
    if (eq == pair.len || !peal_slice_is((peal_slice){pair.ptr, eq}, name))
      continue;
    peal_slice found = {pair.ptr + eq + 1, pair.len - eq - 1};
    if (found.len >= 2 && found.ptr[0] == '"' &&
        found.ptr[found.len - 1] == '"')
      found = (peal_slice){found.ptr + 1, found.len - 2};
    *value = found;
    return true;
  }
  return false;
}
