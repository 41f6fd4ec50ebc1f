/* SPDX-License-Identifier: MIT */
#include "cluster/emitter_encode.h"

#include <stdio.h>

#include "proto/bus_channel.h"
#include "proto/bus_classic.h"
#include "proto/bus_node.h"
#include "proto/bus_python.h"

/* What a message is made of while it is encoded. */
typedef struct encoder {
  const peal_emitter *emitter;
  const peal_bus_msg *msg;
  peal_buf channel, payload;
  peal_arena arena;
} encoder;

static peal_err publish(encoder *it, const char *verb, peal_emitter_job **out) {
  peal_err err = it->channel.err ? it->channel.err : it->payload.err;
  if (err)
    return err;
  const peal_slice argv[] = {peal_slice_of(verb), peal_buf_slice(&it->channel),
                             peal_buf_slice(&it->payload)};
  *out = peal_emitter_job_new(argv, 3);
  if (!*out)
    return PEAL_ERR_NOMEM;
  (*out)->counts = true;
  return PEAL_OK;
}

static peal_err classic(encoder *it, peal_emitter_job **out) {
  peal_slice prefix = peal_slice_of(it->emitter->opts.prefix);
  peal_bus_channel_classic(&it->channel, prefix, it->msg, false);
  peal_bus_classic_encode(&it->payload, it->msg, &it->arena);
  return publish(it, "PUBLISH", out);
}

static peal_bus_rooms rooms_of(const peal_emitter *emitter) {
  switch (emitter->opts.rooms) {
  case PEAL_EMITTER_STATIC:
    return PEAL_BUS_ROOMS_STATIC;
  case PEAL_EMITTER_DYNAMIC_PRIVATE:
    return PEAL_BUS_ROOMS_DYNAMIC_PRIVATE;
  case PEAL_EMITTER_DYNAMIC:
  default:
    return PEAL_BUS_ROOMS_DYNAMIC;
  }
}

static peal_err sharded(encoder *it, peal_emitter_job **out) {
  peal_bus_channel_node(&it->channel, peal_slice_of(it->emitter->opts.prefix),
                        it->msg, rooms_of(it->emitter));
  peal_bus_node_encode(&it->payload, it->msg, PEAL_BUS_NODE_SHARDED,
                       &it->arena);
  peal_err err = publish(it, "SPUBLISH", out);
  if (!err)
    (*out)->has_key = true;
  return err;
}

static peal_err python(encoder *it, peal_emitter_job **out) {
  peal_buf_add_str(&it->channel, it->emitter->opts.channel);
  peal_bus_python_encode(&it->payload, it->msg, &it->arena);
  return publish(it, "PUBLISH", out);
}

/* Which of several streams is a namespace's, as the reference has it: the hash
 * of a text in JavaScript, a number of 32 bits with its sign. */
static int stream_of(peal_slice nsp, unsigned count) {
  uint32_t hash = 0;
  for (size_t i = 0; i < nsp.len; i++)
    hash = hash * 31 + (unsigned char)nsp.ptr[i];
  return (int32_t)hash % (int)count;
}

static void add_stream(encoder *it) {
  unsigned count = it->emitter->opts.stream_count;
  peal_buf_add_str(&it->channel, it->emitter->opts.stream);
  if (count > 1) {
    peal_buf_add_char(&it->channel, '-');
    peal_buf_add_i64(&it->channel, stream_of(it->msg->nsp, count));
  }
}

static peal_err streams(encoder *it, peal_emitter_job **out) {
  peal_bus_entry entry;
  char max_len[24];
  int digits = snprintf(max_len, sizeof max_len, "%llu",
                        (unsigned long long)it->emitter->opts.stream_max_len);
  add_stream(it);
  peal_bus_node_encode_entry(&entry, &it->payload, it->msg, &it->arena);
  peal_err err = it->channel.err ? it->channel.err : it->payload.err;
  if (err)
    return err;
  const peal_slice argv[] = {PEAL_S("XADD"),
                             peal_buf_slice(&it->channel),
                             PEAL_S("MAXLEN"),
                             PEAL_S("~"),
                             {max_len, (size_t)digits},
                             PEAL_S("*"),
                             PEAL_S("uid"),
                             entry.uid,
                             PEAL_S("nsp"),
                             entry.nsp,
                             PEAL_S("type"),
                             entry.type,
                             PEAL_S("data"),
                             entry.data};
  *out = peal_emitter_job_new(argv, sizeof argv / sizeof *argv);
  if (!*out)
    return PEAL_ERR_NOMEM;
  (*out)->has_key = true;
  return PEAL_OK;
}

peal_err peal_emitter_encode(peal_emitter_job **out,
                             const peal_emitter *emitter, peal_bus_msg *msg) {
  static peal_err (*const forms[])(encoder *, peal_emitter_job **) = {
      [PEAL_EMITTER_CLASSIC] = classic,
      [PEAL_EMITTER_SHARDED] = sharded,
      [PEAL_EMITTER_STREAMS] = streams,
      [PEAL_EMITTER_PYTHON] = python};
  encoder it = {.emitter = emitter, .msg = msg};
  peal_buf_init(&it.channel, NULL, 0);
  peal_buf_init(&it.payload, NULL, 0);
  peal_arena_init(&it.arena, NULL, 0, 0);
  msg->from = *emitter->host ? peal_slice_of(emitter->host) : PEAL_S("emitter");
  *out = NULL;
  peal_err err = forms[emitter->opts.dialect](&it, out);
  peal_arena_deinit(&it.arena);
  peal_buf_deinit(&it.payload);
  peal_buf_deinit(&it.channel);
  return err;
}
