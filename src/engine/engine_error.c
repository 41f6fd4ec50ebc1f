/* SPDX-License-Identifier: MIT */
#include "engine/engine_error.h"

#include "engine/engine_chain.h"
#include "engine/incoming.h"

peal_err peal_engine_error_add(peal_engine *engine, peal_connection_error_fn fn,
                               void *user) {
  if (!fn)
    return PEAL_ERR_USAGE;
  return peal_engine_chain_add(
      engine, &engine->errors,
      &(peal_engine_hook){.fn.error = fn, .user = user});
}

static peal_slice param(const peal_incoming *incoming, const char *name) {
  peal_slice value = {0};
  return peal_http_req_param(incoming->req, name, &value) ? value
                                                          : (peal_slice){0};
}

/* reference 1.3: what is no number counts as 3. */
static unsigned protocol_of(const peal_incoming *incoming) {
  peal_slice text = param(incoming, "EIO");
  unsigned number = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9' || number > 9999)
      return 3;
    number = number * 10 + (unsigned)(text.ptr[i] - '0');
  }
  return text.len ? number : 3;
}

void peal_engine_error_tell(const peal_incoming *incoming, unsigned code,
                            const char *message, const char *text) {
  const peal_engine_hook *hook = incoming->engine->errors;
  if (!hook)
    return;
  const peal_connection_error error = {
      .code = code,
      .message = message,
      .text = text ? text : "",
      .name = incoming->why ? incoming->why : "",
      .transport = param(incoming, "transport"),
      .sid = param(incoming, "sid"),
      .method = peal_http_req_method(incoming->req),
      .protocol = protocol_of(incoming),
      .is_websocket = incoming->is_upgrade,
      .req = incoming->req};
  for (; hook; hook = hook->next)
    hook->fn.error(&error, hook->user);
}
