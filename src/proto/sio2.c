/* SPDX-License-Identifier: MIT */
#include "proto/sio2.h"

#include <string.h>

#include "base/err_site.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/percent.h"
#include "wire/query.h"

#define MAX_PARAMS 256u

/* -- in --------------------------------------------------------------------- */

static size_t count_params(peal_slice query) {
  peal_query_param param;
  size_t count = 0;
  while (count <= MAX_PARAMS && peal_query_next(&query, &param))
    count++;
  return count;
}

/* Terminated. NULL if memory is out. */
static char *decoded(peal_slice raw, size_t *len, peal_arena *arena) {
  char *out = peal_arena_alloc(arena, raw.len + 1);
  if (!out)
    return NULL;
  *len = raw.len ? peal_percent_decode_form(out, raw) : 0;
  out[*len] = '\0';
  return out;
}

static bool fill(peal_pair *pair, const peal_query_param *param,
                 peal_arena *arena) {
  size_t name_len, value_len;
  char *name = decoded(param->name, &name_len, arena);
  char *value = name ? decoded(param->value, &value_len, arena) : NULL;
  if (!value)
    return false;
  *pair = (peal_pair){.key = name,
                      .value = peal_str_slice((peal_slice){value, value_len})};
  return true;
}

static peal_err object_of(peal_slice query, peal_val *out, peal_arena *arena) {
  size_t count = count_params(query);
  if (count > MAX_PARAMS)
    return PEAL_FAIL(PEAL_ERR_LIMIT);
  *out = peal_undefined();
  if (!count)
    return PEAL_OK;
  peal_pair *pairs = peal_arena_alloc(arena, count * sizeof *pairs);
  peal_query_param param;
  for (size_t i = 0; pairs && peal_query_next(&query, &param); i++)
    if (!fill(&pairs[i], &param, arena))
      pairs = NULL;
  if (!pairs)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  *out = peal_object(pairs, count);
  return PEAL_OK;
}

peal_err peal_sio2_take_query(peal_sio_packet *packet, peal_arena *arena) {
  peal_slice whole = packet->nsp, query = {0};
  size_t at = peal_text_find(whole, '?');
  if (at < whole.len) {
    packet->nsp = (peal_slice){whole.ptr, at};
    query = (peal_slice){whole.ptr + at + 1, whole.len - at - 1};
  }
  return packet->type == PEAL_SIO_CONNECT
             ? object_of(query, &packet->data, arena)
             : PEAL_OK;
}

/* -- out -------------------------------------------------------------------- */

static void add_value(peal_buf *out, peal_val value) {
  if (peal_val_is(value, PEAL_STRING)) {
    peal_percent_encode(out, peal_val_str(value));
    return;
  }
  peal_buf json;
  peal_buf_init(&json, out->mem, 0);
  peal_json_encode(&json, value, NULL);
  peal_percent_encode(out, peal_buf_slice(&json));
  if (json.err && !out->err)
    out->err = json.err;
  peal_buf_deinit(&json);
}

void peal_sio2_add_query(peal_buf *out, peal_slice nsp, peal_val auth) {
  peal_buf_add(out, nsp);
  if (!peal_val_is(auth, PEAL_OBJECT))
    return;
  for (uint32_t i = 0; i < auth.len; i++) {
    const peal_pair *pair = &auth.as.pairs[i];
    if (peal_val_is(pair->value, PEAL_UNDEFINED))
      continue;
    peal_buf_add_char(out, out->len > nsp.len ? '&' : '?');
    peal_percent_encode(out, peal_slice_of(pair->key));
    peal_buf_add_char(out, '=');
    add_value(out, pair->value);
  }
}
