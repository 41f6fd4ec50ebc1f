/* SPDX-License-Identifier: MIT */
/* test_inbox: what a client under test has received. */
#include <string.h>

#include "base/mem.h"
#include "testkit/test_impl.h"

#define FIRST_EVENTS 16u

static bool has_bytes(peal_val value) {
  if (peal_val_is(value, PEAL_BINARY))
    return true;
  for (size_t i = 0; peal_val_is(value, PEAL_ARRAY) && i < value.len; i++)
    if (has_bytes(value.as.items[i]))
      return true;
  for (size_t i = 0; peal_val_is(value, PEAL_OBJECT) && i < value.len; i++)
    if (has_bytes(value.as.pairs[i].value))
      return true;
  return false;
}

static peal_test_heard *new_heard(peal_test_client *client) {
  if (client->count == client->cap) {
    size_t cap = client->cap ? 2 * client->cap : FIRST_EVENTS;
    peal_test_heard *heard =
        peal_mem_resize(peal_mem_libc(), client->heard, cap * sizeof(*heard));
    if (!heard)
      return NULL;
    client->heard = heard;
    client->cap = cap;
  }
  return &client->heard[client->count];
}

void peal_test_inbox_add(peal_client_nsp *nsp, const peal_event *event,
                         void *user) {
  peal_test_space *space = user;
  peal_test_heard *heard = new_heard(space->client);
  peal_args args = peal_event_args(event);
  peal_val all = peal_array(args.items, args.count);
  if (!heard)
    return;
  *heard = (peal_test_heard){
      .doc = peal_doc_new(all),
      .name = peal_mem_str(peal_mem_libc(), peal_event_name(event)),
      .nsp = peal_client_nsp_name(nsp),
      .reply = peal_ack_later(event),
      .is_binary = has_bytes(all)};
  space->client->count++;
}

size_t peal_test_count(const peal_test_client *client) {
  return client ? client->count : 0;
}

bool peal_test_received(const peal_test_client *client, size_t index,
                        peal_test_event *out) {
  if (!client || !out)
    return false;
  *out = (peal_test_event){.name = "", .nsp = ""};
  if (index >= client->count)
    return false;
  const peal_test_heard *heard = &client->heard[index];
  peal_val all = peal_doc_val(heard->doc);
  *out = (peal_test_event){.name = heard->name ? heard->name : "",
                           .args = {all.as.items, all.len},
                           .nsp = heard->nsp,
                           .is_binary = heard->is_binary,
                           .wants_ack = heard->reply != NULL};
  if (!peal_val_is(all, PEAL_ARRAY))
    out->args = PEAL_NO_ARGS;
  return true;
}

size_t peal_test_find(const peal_test_client *client, size_t from,
                      const char *name) {
  for (size_t i = from; client && name && i < client->count; i++)
    if (client->heard[i].name && strcmp(client->heard[i].name, name) == 0)
      return i;
  return SIZE_MAX;
}

void peal_test_clear(peal_test_client *client) {
  if (!client)
    return;
  for (size_t i = 0; i < client->count; i++) {
    peal_test_heard *heard = &client->heard[i];
    if (heard->reply)
      peal_reply_drop(heard->reply);
    peal_doc_free(heard->doc);
    peal_mem_free(peal_mem_libc(), heard->name);
  }
  peal_mem_free(peal_mem_libc(), client->heard);
  client->heard = NULL;
  client->count = client->cap = 0;
}

peal_err peal_test_ack(peal_test_client *client, size_t index, peal_args args) {
  if (!client || index >= client->count || !client->heard[index].reply)
    return PEAL_ERR_USAGE;
  peal_err err = peal_reply_send(client->heard[index].reply, args);
  client->heard[index].reply = NULL;
  peal_err rest = peal_test_settle(client->test);
  return err ? err : rest;
}
