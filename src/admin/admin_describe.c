/* SPDX-License-Identifier: MIT */
#include "admin/admin_describe.h"

#include "server/describe.h"

/* All members but one. */
static peal_val without(peal_build *build, peal_val object, const char *key) {
  if (!peal_val_is(object, PEAL_OBJECT))
    return object;
  peal_pairs *rest = peal_pairs_new(build);
  for (uint32_t i = 0; i < object.len; i++) {
    peal_slice name = peal_val_key(object, i);
    if (!peal_slice_is(name, key))
      peal_pairs_add_n(rest, name, object.as.pairs[i].value);
  }
  return peal_pairs_val(rest);
}

peal_val peal_admin_describe_data(peal_build *build, peal_val data) {
  return without(build, data, "_admin");
}

peal_val peal_admin_describe(peal_build *build, peal_val fetched,
                             peal_slice nsp) {
  peal_val data = peal_val_get(fetched, "data");
  peal_val mark = peal_val_get(data, "_admin");
  peal_val handshake = peal_val_get(fetched, "handshake");
  peal_pairs *it = peal_pairs_new(build);
  peal_pairs_add(it, "id", peal_val_get(fetched, "id"));
  peal_pairs_add(it, "clientId", peal_val_get(mark, "clientId"));
  peal_pairs_add(it, "transport", peal_val_get(mark, "transport"));
  peal_pairs_add(it, "nsp", peal_str_slice(nsp));
  peal_pairs_add(it, "data", peal_admin_describe_data(build, data));
  peal_pairs_add(it, "handshake", without(build, handshake, "auth"));
  peal_pairs_add(it, "rooms", peal_val_get(fetched, "rooms"));
  return peal_pairs_val(it);
}

peal_val peal_admin_describe_socket(peal_socket *socket) {
  return peal_admin_describe(
      peal_socket_build(socket), peal_describe_socket(socket),
      peal_slice_of(peal_nsp_name(peal_socket_nsp(socket))));
}
