/* SPDX-License-Identifier: MIT */
#include "server/hold.h"

#include "base/mem.h"

struct peal_hold_entry {
  peal_hold_entry *next;
  peal_eio_item item; /* with a reference to its message */
};

static size_t cost_of(const peal_eio_item *item) {
  return sizeof(peal_hold_entry) + peal_message_len(item->message);
}

static peal_hold_entry *find(const peal_hold *hold, uint64_t key) {
  peal_hold_entry *entry = key ? hold->first : NULL;
  while (entry && entry->item.key != key)
    entry = entry->next;
  return entry;
}

static peal_err charge(peal_hold *hold, size_t bytes, size_t max,
                       peal_account *account) {
  if (bytes > max || hold->bytes > max - bytes)
    return PEAL_ERR_QUEUE_FULL;
  peal_err err = peal_account_charge(account, bytes);
  if (!err)
    hold->bytes += bytes;
  return err;
}

static void discharge(peal_hold *hold, size_t bytes, peal_account *account) {
  hold->bytes -= bytes;
  if (account)
    peal_account_release(account, bytes);
}

/* The place in line stays; only the difference is charged. */
static peal_err replace(peal_hold *hold, peal_hold_entry *entry,
                        const peal_eio_item *item, size_t max,
                        peal_account *account) {
  size_t before = cost_of(&entry->item), after = cost_of(item);
  if (after > before) {
    peal_err err = charge(hold, after - before, max, account);
    if (err)
      return err;
  } else {
    discharge(hold, before - after, account);
  }
  peal_message_unref(entry->item.message);
  entry->item = *item;
  peal_message_ref(item->message);
  return PEAL_OK;
}

peal_err peal_hold_add(peal_hold *hold, const peal_eio_item *item, size_t max,
                       peal_account *account, const peal_mem *mem) {
  peal_hold_entry *entry = find(hold, item->key);
  if (entry)
    return replace(hold, entry, item, max, account);
  peal_err err = charge(hold, cost_of(item), max, account);
  if (err)
    return err;
  entry = peal_mem_alloc(mem, sizeof *entry);
  if (!entry) {
    discharge(hold, cost_of(item), account);
    return PEAL_ERR_NOMEM;
  }
  *entry = (peal_hold_entry){.item = *item};
  peal_message_ref(item->message);
  if (hold->last)
    hold->last->next = entry;
  else
    hold->first = entry;
  hold->last = entry;
  return PEAL_OK;
}

bool peal_hold_take(peal_hold *hold, peal_eio_item *out, peal_account *account,
                    const peal_mem *mem) {
  peal_hold_entry *entry = hold->first;
  if (!entry)
    return false;
  *out = entry->item;
  discharge(hold, cost_of(out), account);
  hold->first = entry->next;
  if (!hold->first)
    hold->last = NULL;
  peal_mem_free(mem, entry);
  return true;
}

void peal_hold_clear(peal_hold *hold, peal_account *account,
                     const peal_mem *mem) {
  peal_eio_item item;
  while (peal_hold_take(hold, &item, account, mem))
    peal_message_unref(item.message);
}
