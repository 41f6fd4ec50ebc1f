/* SPDX-License-Identifier: MIT */
#include "proto/sio_links.h"

#include <assert.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/proto_limits.h"

/* Up to here names are compared one by one. */
#define FEW 8u
/* As many goodbyes as can reasonably be crossed by packets at one time. */
#define LEFT_MAX 8u
#define NO_SLOT UINT32_MAX
/* A slot and what the map may grow to for it: four entries. */
#define SLOT_COST (sizeof(table_slot) + 4 * sizeof(peal_map_entry))

_Static_assert(PEAL_LIMIT_SIO_NSP_BYTES <= UINT16_MAX, "nsp_len is too small");

typedef struct named_item {
  peal_sio_links_item item; /* first: an item is cast to it */
  uint32_t slot;            /* its place; "/" is slot 0 of the handles */
  char nsp[];
} named_item;

typedef struct table_slot {
  named_item *named;  /* NULL: free */
  uint32_t next_free; /* if free */
} table_slot;

struct peal_sio_links_table {
  peal_map names; /* empty while there are few */
  table_slot *slots;
  uint32_t cap;
  uint32_t used; /* slots that are not free */
  uint32_t free; /* the first free slot, or NO_SLOT */
  uint32_t left_count;
  named_item *left[LEFT_MAX]; /* oldest first */
};

/* -- charging ---------------------------------------------------------------- */

static peal_err charge(const peal_sio_links_source *source, size_t bytes) {
  return source->account ? peal_account_charge(source->account, bytes)
                         : PEAL_OK;
}

static void release(const peal_sio_links_source *source, size_t bytes) {
  if (source->account)
    peal_account_release(source->account, bytes);
}

/* Charged, then allocated; not cleared. */
static peal_err take(const peal_sio_links_source *source, size_t bytes,
                     void **out) {
  peal_err err = charge(source, bytes);
  if (err)
    return err;
  *out = peal_mem_alloc(source->mem, bytes);
  if (*out)
    return PEAL_OK;
  release(source, bytes);
  return PEAL_FAIL(PEAL_ERR_NOMEM);
}

static size_t named_cost(size_t nsp_len) {
  return sizeof(named_item) + nsp_len;
}

/* -- the table --------------------------------------------------------------- */

static peal_err table_make(peal_sio_links *links,
                           const peal_sio_links_source *source) {
  void *memory = NULL;
  peal_err err = take(source, sizeof(peal_sio_links_table), &memory);
  if (err)
    return err;
  peal_sio_links_table *table = memory;
  *table = (peal_sio_links_table){.free = NO_SLOT};
  peal_map_init(&table->names, source->mem, source->seed);
  links->table = table;
  return PEAL_OK;
}

static void table_drop(peal_sio_links *links,
                       const peal_sio_links_source *source) {
  peal_sio_links_table *table = links->table;
  peal_map_deinit(&table->names);
  peal_mem_free(source->mem, table->slots);
  release(source, sizeof *table + table->cap * SLOT_COST);
  peal_mem_free(source->mem, table);
  links->table = NULL;
}

/* More slots, all of them free. */
static peal_err table_grow(peal_sio_links_table *table,
                           const peal_sio_links_source *source) {
  uint32_t more = table->cap ? table->cap : 4, cap = table->cap + more;
  peal_err err = charge(source, more * SLOT_COST);
  if (err)
    return err;
  table_slot *slots =
      peal_mem_resize(source->mem, table->slots, cap * sizeof *slots);
  if (!slots) {
    release(source, more * SLOT_COST);
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  for (uint32_t i = cap; i-- > table->cap;) {
    slots[i] = (table_slot){.next_free = table->free};
    table->free = i;
  }
  table->slots = slots;
  table->cap = cap;
  return PEAL_OK;
}

static peal_slice name_of(const named_item *named) {
  return (peal_slice){named->nsp, named->item.nsp_len};
}

static named_item *table_find(const peal_sio_links_table *table,
                              peal_slice nsp) {
  if (table->names.count)
    return peal_map_get(&table->names, nsp);
  for (uint32_t i = 0; i < table->cap; i++) {
    named_item *named = table->slots[i].named;
    if (named && named->item.nsp_len == nsp.len &&
        !memcmp(named->nsp, nsp.ptr, nsp.len))
      return named;
  }
  return NULL;
}

/* With many names, all of them are in the map, and stay there until none is
 * left. */
static peal_err table_map(peal_sio_links_table *table, named_item *fresh) {
  if (table->names.count)
    return peal_map_add(&table->names, name_of(fresh), fresh);
  peal_err err = PEAL_OK;
  if (table->used < FEW)
    return PEAL_OK;
  for (uint32_t i = 0; i < table->cap && !err; i++)
    if (table->slots[i].named)
      err = peal_map_add(&table->names, name_of(table->slots[i].named),
                         table->slots[i].named);
  if (!err)
    err = peal_map_add(&table->names, name_of(fresh), fresh);
  if (err)
    peal_map_deinit(&table->names);
  return err;
}

static void table_put(peal_sio_links_table *table, named_item *fresh) {
  table_slot *place = &table->slots[table->free];
  fresh->slot = table->free + 1;
  table->free = place->next_free;
  place->named = fresh;
  table->used++;
}

static peal_err table_add(peal_sio_links_table *table,
                          const peal_sio_links_source *source, peal_slice nsp,
                          named_item **out) {
  void *memory = NULL;
  peal_err err = table->free == NO_SLOT ? table_grow(table, source) : PEAL_OK;
  size_t cost = named_cost(nsp.len);
  if (!err)
    err = take(source, cost, &memory);
  if (err)
    return err;
  named_item *fresh = memory;
  *fresh = (named_item){.item.nsp_len = (uint16_t)nsp.len};
  memcpy(fresh->nsp, nsp.ptr, nsp.len);
  err = table_map(table, fresh);
  if (err) {
    peal_mem_free(source->mem, fresh);
    release(source, cost);
    return err;
  }
  table_put(table, fresh);
  *out = fresh;
  return PEAL_OK;
}

static void table_remove(peal_sio_links_table *table,
                         const peal_sio_links_source *source,
                         named_item *gone) {
  table_slot *place = &table->slots[gone->slot - 1];
  *place = (table_slot){.next_free = table->free};
  table->free = gone->slot - 1;
  table->used--;
  if (table->names.count)
    (void)peal_map_remove(&table->names, name_of(gone));
  release(source, named_cost(gone->item.nsp_len));
  peal_mem_free(source->mem, gone);
}

/* -- names and handles --------------------------------------------------------- */

static bool is_root(peal_slice nsp) {
  return nsp.len == 1 && nsp.ptr[0] == '/';
}

static bool is_live(const peal_sio_links_item *item) {
  return item->state != PEAL_SIO_LINKS_FREE &&
         item->state != PEAL_SIO_LINKS_LEFT;
}

static named_item *named_of(peal_sio_links_item *item) {
  return (named_item *)(void *)item;
}

peal_sio_links_item *peal_sio_links_find(peal_sio_links *links,
                                         peal_slice nsp) {
  if (is_root(nsp))
    return links->root.state == PEAL_SIO_LINKS_FREE ? NULL : &links->root;
  named_item *named = links->table ? table_find(links->table, nsp) : NULL;
  return named ? &named->item : NULL;
}

/* What is live in a slot of the handles. */
static const peal_sio_links_item *at_slot(const peal_sio_links *links,
                                          uint32_t slot) {
  const peal_sio_links_item *item = &links->root;
  if (slot > 0) {
    const named_item *named = links->table->slots[slot - 1].named;
    item = named ? &named->item : NULL;
  }
  return item && is_live(item) ? item : NULL;
}

static uint32_t slot_count(const peal_sio_links *links) {
  return 1 + (links->table ? links->table->cap : 0);
}

peal_sio_links_item *peal_sio_links_get(const peal_sio_links *links,
                                        peal_sio_link link) {
  uint32_t slot = (uint32_t)link;
  const peal_sio_links_item *item =
      slot < slot_count(links) ? at_slot(links, slot) : NULL;
  return item && item->serial == link >> 32
             ? (peal_sio_links_item *)(uintptr_t)item
             : NULL;
}

peal_sio_link peal_sio_links_next(const peal_sio_links *links,
                                  peal_sio_link link) {
  uint32_t slot = link ? (uint32_t)link + 1 : 0;
  for (; slot < slot_count(links); slot++) {
    const peal_sio_links_item *item = at_slot(links, slot);
    if (item)
      return peal_sio_links_handle(item);
  }
  return 0;
}

peal_sio_link peal_sio_links_handle(const peal_sio_links_item *item) {
  uint32_t slot =
      item->nsp_len ? ((const named_item *)(const void *)item)->slot : 0;
  return (peal_sio_link)item->serial << 32 | slot;
}

peal_slice peal_sio_links_nsp(const peal_sio_links_item *item) {
  return item->nsp_len ? name_of((const named_item *)(const void *)item)
                       : PEAL_S("/");
}

uint32_t peal_sio_links_count(const peal_sio_links *links) {
  const peal_sio_links_table *table = links->table;
  uint32_t count = is_live(&links->root);
  return table ? count + table->used - table->left_count : count;
}

/* -- beginning and end ------------------------------------------------------------ */

static void tidy(peal_sio_links *links, const peal_sio_links_source *source) {
  if (links->table && links->table->used == 0)
    table_drop(links, source);
}

static peal_err add_named(peal_sio_links *links,
                          const peal_sio_links_source *source, peal_slice nsp,
                          peal_sio_links_item **out) {
  named_item *fresh = NULL;
  assert(nsp.len > 0 && nsp.len <= PEAL_LIMIT_SIO_NSP_BYTES);
  peal_err err = links->table ? PEAL_OK : table_make(links, source);
  if (!err)
    err = table_add(links->table, source, nsp, &fresh);
  if (err)
    tidy(links, source);
  else
    *out = &fresh->item;
  return err;
}

peal_err peal_sio_links_add(peal_sio_links *links,
                            const peal_sio_links_source *source, peal_slice nsp,
                            uint32_t *serial, peal_sio_links_item **out) {
  assert(!peal_sio_links_find(links, nsp));
  peal_sio_links_item *item = &links->root;
  if (!is_root(nsp)) {
    peal_err err = add_named(links, source, nsp, &item);
    if (err)
      return err;
  }
  if (++*serial == 0)
    *serial = 1;
  item->serial = *serial;
  item->state = PEAL_SIO_LINKS_ASKED;
  *out = item;
  return PEAL_OK;
}

static void forget_left(peal_sio_links_table *table, uint32_t index) {
  table->left_count--;
  memmove(&table->left[index], &table->left[index + 1],
          (table->left_count - index) * sizeof(named_item *));
}

static void unremember(peal_sio_links_table *table, const named_item *named) {
  for (uint32_t i = 0; i < table->left_count; i++)
    if (table->left[i] == named) {
      forget_left(table, i);
      return;
    }
}

void peal_sio_links_remove(peal_sio_links *links,
                           const peal_sio_links_source *source,
                           peal_sio_links_item *item) {
  assert(!item->held);
  if (item == &links->root) {
    links->root = (peal_sio_links_item){0};
    return;
  }
  if (item->state == PEAL_SIO_LINKS_LEFT)
    unremember(links->table, named_of(item));
  table_remove(links->table, source, named_of(item));
  tidy(links, source);
}

void peal_sio_links_leave(peal_sio_links *links,
                          const peal_sio_links_source *source,
                          peal_sio_links_item *item) {
  assert(!item->held && is_live(item));
  item->state = PEAL_SIO_LINKS_LEFT;
  item->user = NULL;
  if (item == &links->root)
    return;
  peal_sio_links_table *table = links->table;
  if (table->left_count == LEFT_MAX) {
    table_remove(table, source, table->left[0]);
    forget_left(table, 0);
  }
  table->left[table->left_count++] = named_of(item);
}

void peal_sio_links_deinit(peal_sio_links *links,
                           const peal_sio_links_source *source) {
  peal_sio_links_table *table = links->table;
  for (uint32_t i = 0; table && i < table->cap; i++)
    if (table->slots[i].named)
      table_remove(table, source, table->slots[i].named);
  if (table)
    table_drop(links, source);
  *links = (peal_sio_links){0};
}

/* -- check --------------------------------------------------------------------------- */

static bool check_named(const peal_sio_links_table *table, uint32_t place) {
  const named_item *named = table->slots[place].named;
  bool listed = false;
  for (uint32_t i = 0; i < table->left_count; i++)
    listed = listed || table->left[i] == named;
  return named->slot == place + 1 && named->item.serial > 0 &&
         named->item.state != PEAL_SIO_LINKS_FREE &&
         listed == (named->item.state == PEAL_SIO_LINKS_LEFT) &&
         table_find(table, name_of(named)) == named;
}

static bool check_table(const peal_sio_links_table *table) {
  uint32_t used = 0, free = 0;
  for (uint32_t i = 0; i < table->cap; i++) {
    if (!table->slots[i].named)
      continue;
    used++;
    if (!check_named(table, i))
      return false;
  }
  for (uint32_t i = table->free; i != NO_SLOT && free <= table->cap;
       i = table->slots[i].next_free)
    free++;
  return used == table->used && used > 0 && used + free == table->cap &&
         (table->names.count == 0 || table->names.count == used);
}

bool peal_sio_links_check(const peal_sio_links *links) {
  return links->root.nsp_len == 0 &&
         (!links->table || check_table(links->table));
}
