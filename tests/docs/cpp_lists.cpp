// SPDX-License-Identifier: MIT
// Every public header and every macro of them in C++17: without a warning, and
// with what they give in C.
#include <cstdio>

#include <peal/config.h>
#include <peal/peal.h>
#include <peal/store.h>
#include <peal/web.h>
static const peal_config_key keys[] = {
    {"port", PEAL_CONFIG_INT, "3000", "where", 1, 65535},
    {"v", PEAL_CONFIG_BOOL}};

static size_t count(peal_args a, peal_val o) {
  return a.count + o.len;
}

int main() {
  size_t n =
      count(PEAL_ARGS(), PEAL_OBJECT()) + count(PEAL_NO_ARGS, PEAL_ARRAY());
  n += 10 * count(PEAL_ARGS(peal_int(1),
                            PEAL_OBJECT({"a", PEAL_ARRAY(peal_null())})),
                  PEAL_OBJECT({"x", peal_int(1)}, {"y", peal_str("z")}));
  n += 100 *
       peal_val_at(PEAL_ARRAY(peal_int(1), PEAL_ARRAY(PEAL_ARRAY())), 1).len;
  auto rooms = [](const peal_to *to) {
    size_t c = 0;
    while (to->rooms[c])
      c++;
    return c;
  };
  n += 1000 * rooms(PEAL_TO("a", "b")) + 10000 * rooms(PEAL_TO());
  n += 100000 * PEAL_NAMES(PEAL_S("a"), PEAL_S("b")).count;
  peal_web_problem problem;
  bool ok = peal_web_fields_check(
      PEAL_OBJECT({"a", peal_int(1)}),
      PEAL_WEB_FIELDS({"a", PEAL_INT}, {"b", PEAL_STRING, true}), &problem);
  std::printf("%zu %d %s %.*s\n", n, ok, keys[0].otherwise,
              PEAL_SFMT(PEAL_S("fmt")));
  return n == 202140 && ok ? 0 : 1;
}
