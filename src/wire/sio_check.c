/* SPDX-License-Identifier: MIT */
#include "wire/sio_check.h"

#include "base/limits.h"
#include "base/val_impl.h"
#include "wire/sio_packet.h"

/* As deep as the encoder goes: that bounds the recursion. */
peal_err peal_sio_check_value(peal_val value, unsigned levels) {
  bool is_array = peal_val_is(value, PEAL_ARRAY);
  peal_err err = peal_val_impl_err(value);
  if (!is_array && !peal_val_is(value, PEAL_OBJECT))
    return err;
  if (!levels)
    return PEAL_ERR_DEPTH;
  for (uint32_t i = 0; !err && i < value.len; i++)
    err = peal_sio_check_value(
        is_array ? value.as.items[i] : value.as.pairs[i].value, levels - 1);
  return err;
}

bool peal_sio_check_nsp(peal_slice name) {
  if (!name.len || name.ptr[0] != '/')
    return false;
  for (size_t i = 0; i < name.len; i++)
    if ((unsigned char)name.ptr[i] < ' ' || name.ptr[i] == ',')
      return false;
  return true;
}

peal_err peal_sio_check_event(peal_slice event, peal_args args) {
  if (!event.ptr || peal_sio_packet_is_reserved(event))
    return PEAL_ERR_RESERVED;
  /* The arguments' own array is one level. */
  for (size_t i = 0; i < args.count; i++) {
    peal_err err =
        peal_sio_check_value(args.items[i], PEAL_LIMIT_JSON_DEPTH - 1);
    if (err)
      return err;
  }
  return peal_sio_packet_binaries(args, NULL, 0) > UINT16_MAX ? PEAL_ERR_LIMIT
                                                              : PEAL_OK;
}
