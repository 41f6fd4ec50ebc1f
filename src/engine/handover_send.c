/* SPDX-License-Identifier: MIT */
#include "engine/handover_send.h"

peal_err peal_handover_send(peal_handover *handover, peal_handover_type type,
                            peal_slice body, int fd) {
  if (atomic_load(&handover->is_broken))
    return PEAL_ERR_CLOSED;
  uv_mutex_lock(&handover->sending);
  peal_err err = atomic_load(&handover->is_broken)
                     ? PEAL_ERR_CLOSED
                     : peal_handover_socket_send(handover->channel,
                                                 (uint8_t)type, body, fd);
  if (err)
    atomic_store(&handover->is_broken, true);
  uv_mutex_unlock(&handover->sending);
  return err;
}
