/* SPDX-License-Identifier: MIT */
#include "proto/bus_values.h"

#include <string.h>

#include "proto/proto_limits.h"
#include "wire/json.h"
#include "wire/utf8.h"

peal_err peal_bus_values_name(peal_slice *out, peal_val value,
                              peal_arena *arena) {
  *out = peal_val_str(value);
  if (value.type == PEAL_STRING)
    return PEAL_OK;
  if (!peal_val_is_number(value))
    return PEAL_ERR_SIO_PACKET;
  peal_buf text;
  peal_buf_init(&text, arena->mem, 0);
  peal_json_encode(&text, value, NULL);
  char *copy = text.err ? NULL : peal_arena_str(arena, peal_buf_slice(&text));
  *out = (peal_slice){copy ? copy : "", copy ? text.len : 0};
  peal_buf_deinit(&text);
  return copy ? PEAL_OK : PEAL_ERR_NOMEM;
}

peal_err peal_bus_values_names(peal_names *out, peal_val value,
                               peal_arena *arena) {
  bool none = value.type == PEAL_UNDEFINED || value.type == PEAL_NULL;
  bool list = value.type == PEAL_ARRAY;
  size_t count = list ? value.len : 1;
  *out = (peal_names){0};
  if (none)
    return PEAL_OK;
  if (count > PEAL_BUS_VALUES_NAMES)
    return PEAL_ERR_SIO_PACKET;
  peal_slice *names = peal_arena_alloc(arena, (count + 1) * sizeof *names);
  peal_err err = names ? PEAL_OK : PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count && !err; i++)
    err = peal_bus_values_name(&names[i], list ? value.as.items[i] : value,
                               arena);
  if (!err)
    *out = (peal_names){names, count};
  return err;
}

static peal_err read_flags(peal_op *out, peal_val flags) {
  int64_t timeout = peal_val_int(peal_val_get(flags, "timeout"), 0);
  out->to.is_volatile = peal_val_bool(peal_val_get(flags, "volatile"), false);
  out->to.no_compress = !peal_val_bool(peal_val_get(flags, "compress"), true);
  out->timeout_ms =
      timeout > 0 && timeout <= UINT32_MAX ? (uint32_t)timeout : 0;
  return PEAL_OK;
}

peal_err peal_bus_values_opts(peal_op *out, peal_val opts, peal_arena *arena) {
  if (opts.type != PEAL_OBJECT)
    return PEAL_ERR_SIO_PACKET;
  peal_err err = peal_bus_values_names(&out->to.room_names,
                                       peal_val_get(opts, "rooms"), arena);
  if (!err)
    err = peal_bus_values_names(&out->to.except_names,
                                peal_val_get(opts, "except"), arena);
  if (!out->to.room_names.count)
    out->to.room_names.items = NULL;
  if (!out->to.except_names.count)
    out->to.except_names.items = NULL;
  return err ? err : read_flags(out, peal_val_get(opts, "flags"));
}

peal_err peal_bus_values_rooms(peal_bus_msg *out, peal_val rooms,
                               peal_arena *arena) {
  peal_names names;
  peal_err err = peal_bus_values_names(&names, rooms, arena);
  if (!err && !names.count)
    err = PEAL_ERR_SIO_PACKET;
  if (err)
    return err;
  peal_val *items = peal_arena_alloc(arena, names.count * sizeof *items);
  if (!items)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < names.count; i++)
    items[i] = peal_str_slice(names.items[i]);
  out->op.room = names.items[0];
  out->args = (peal_args){items, names.count};
  return PEAL_OK;
}

bool peal_bus_values_is_nsp(peal_slice name) {
  return name.len && name.len <= PEAL_LIMIT_SIO_NSP_BYTES &&
         name.ptr[0] == '/' && !memchr(name.ptr, ',', name.len) &&
         !memchr(name.ptr, 0, name.len) && peal_utf8_is_valid(name);
}

peal_args peal_bus_values_args(peal_val array) {
  return array.type == PEAL_ARRAY ? (peal_args){array.as.items, array.len}
                                  : PEAL_NO_ARGS;
}

peal_args peal_bus_values_one(peal_val value, peal_arena *arena) {
  peal_val *item = peal_arena_alloc(arena, sizeof *item);
  if (!item)
    return PEAL_NO_ARGS;
  *item = value;
  return (peal_args){item, 1};
}
