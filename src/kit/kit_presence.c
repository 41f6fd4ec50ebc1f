/* SPDX-License-Identifier: MIT */
/* kit_presence: which devices there are, and which of them are heard. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <peal/kit_devices.h>

enum { MAX_DEVICES = 1000, MAX_NETWORK_DEVICES = 250, OFFLINE_MS = 15000 };

typedef struct device {
  peal_kit_presence_info info;
  int64_t stamp;                        /* the last one given out */
  char network[PEAL_KIT_ADDRESS_BYTES]; /* it was first heard from in this run,
                                           if it has shown no key */
  max_align_t more[];
} device;

struct peal_kit_presence {
  peal_kit *kit;
  peal_kit_presence_opts opts;
  pthread_mutex_t lock; /* of all below */
  device **list;        /* by id */
  size_t count, cap;
};

/* ---- the list (with the lock held) --------------------------------------- */

static int compare(peal_slice id, const char *text) {
  size_t len = strlen(text);
  int order = memcmp(id.ptr, text, id.len < len ? id.len : len);
  return order != 0 ? order : (id.len > len) - (id.len < len);
}

/* Where `id` is or would be. */
static size_t place_of(const peal_kit_presence *all, peal_slice id,
                       bool *is_there) {
  size_t low = 0, high = all->count;
  *is_there = false;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare(id, all->list[middle]->info.id);
    if (order == 0) {
      *is_there = true;
      return middle;
    }
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static device *find(const peal_kit_presence *all, peal_slice id) {
  bool is_there;
  size_t at = place_of(all, id, &is_there);
  return is_there ? all->list[at] : NULL;
}

static bool grow(peal_kit_presence *all) {
  if (all->count < all->cap)
    return true;
  size_t cap = all->cap > 0 ? 2 * all->cap : 16;
  device **list = realloc(all->list, cap * sizeof *list);
  if (list == NULL)
    return false;
  all->list = list;
  all->cap = cap;
  return true;
}

/* ---- room (with the lock held) ------------------------------------------- */

/* May it make room? Not one whose key somebody has made. `network` NULL: of
 * all. */
static bool may_go(const peal_kit_presence *all, const device *d,
                   const char *network) {
  peal_kit_device_keys *keys = all->kit->keys;
  return (network == NULL || strcmp(d->network, network) == 0) &&
         (keys == NULL ||
          !peal_kit_device_keys_has(keys, peal_slice_of(d->info.id)));
}

/* The one that has been silent longest; `count` if there is none. */
static size_t longest_silent(const peal_kit_presence *all,
                             const char *network) {
  size_t found = all->count;
  for (size_t i = 0; i < all->count; i++) {
    const peal_kit_presence_info *info = &all->list[i]->info;
    if (!info->is_online &&
        (found == all->count ||
         info->last_seen < all->list[found]->info.last_seen) &&
        may_go(all, all->list[i], network))
      found = i;
  }
  return found;
}

/* The one that came last; `count` if there is none. */
static size_t newest(const peal_kit_presence *all, const char *network) {
  size_t found = all->count;
  for (size_t i = 0; i < all->count; i++) {
    const peal_kit_presence_info *info = &all->list[i]->info;
    if ((found == all->count ||
         info->first_seen >= all->list[found]->info.first_seen) &&
        may_go(all, all->list[i], network))
      found = i;
  }
  return found;
}

/* Make room. Fills `gone` if it was online. */
static bool forget(peal_kit_presence *all, size_t at,
                   peal_kit_presence_info *gone) {
  if (at == all->count)
    return false;
  device *d = all->list[at];
  if (all->opts.on_forget != NULL &&
      !all->opts.on_forget(&d->info, d->more, all->opts.user))
    return false;
  if (d->info.is_online)
    *gone = d->info;
  gone->is_online = false;
  memmove(all->list + at, all->list + at + 1,
          (all->count - at - 1) * sizeof(device *));
  all->count--;
  free(d);
  return true;
}

static bool is_network_full(const peal_kit_presence *all, const char *network) {
  size_t count = 0;
  for (size_t i = 0; network[0] != '\0' && i < all->count; i++)
    count += strcmp(all->list[i]->network, network) == 0;
  return count >= all->opts.max_network_devices;
}

/* Whoever invents ids displaces those it invented just before: nobody is
 * refused for them, not at the same address either, and who was there earlier
 * stays. Of all addresses together there may be too many: then only who shows
 * its key gets in. */
static bool make_room(peal_kit_presence *all, const char *network,
                      peal_kit_presence_info *gone) {
  const char *whose = is_network_full(all, network) ? network : NULL;
  if (whose == NULL && all->count < all->opts.max_devices)
    return true;
  size_t at = longest_silent(all, whose);
  if (at == all->count && (whose != NULL || network[0] == '\0'))
    at = newest(all, whose);
  return forget(all, at, gone);
}

/* `network` "": it has a key, or was known before. */
static peal_err find_or_add(peal_kit_presence *all, peal_slice id,
                            const char *network, device **out,
                            peal_kit_presence_info *gone) {
  *out = find(all, id);
  if (*out != NULL)
    return PEAL_OK;
  if (id.len >= PEAL_KIT_DEVICE_ID_BYTES)
    return PEAL_ERR_USAGE;
  if (!make_room(all, network, gone))
    return PEAL_ERR_LIMIT;
  device *d = calloc(1, sizeof *d + all->opts.more_bytes);
  if (d == NULL || !grow(all)) {
    free(d);
    return PEAL_ERR_NOMEM;
  }
  memcpy(d->info.id, id.ptr, id.len);
  snprintf(d->network, sizeof d->network, "%s", network);
  bool is_there;
  size_t at = place_of(all, id, &is_there);
  memmove(all->list + at + 1, all->list + at,
          (all->count - at) * sizeof(device *));
  all->list[at] = d;
  all->count++;
  *out = d;
  return PEAL_OK;
}

/* ---- life ---------------------------------------------------------------- */

peal_kit_presence *peal_kit_presence_new(peal_kit *kit,
                                         const peal_kit_presence_opts *opts) {
  peal_kit_presence *all = calloc(1, sizeof *all);
  if (all == NULL)
    return NULL;
  all->kit = kit;
  all->opts = *opts;
  if (all->opts.max_devices == 0)
    all->opts.max_devices = MAX_DEVICES;
  if (all->opts.max_network_devices == 0)
    all->opts.max_network_devices = MAX_NETWORK_DEVICES;
  if (all->opts.offline_ms == 0)
    all->opts.offline_ms = OFFLINE_MS;
  pthread_mutex_init(&all->lock, NULL);
  return all;
}

void peal_kit_presence_free(peal_kit_presence *all) {
  if (all == NULL)
    return;
  for (size_t i = 0; i < all->count; i++)
    free(all->list[i]);
  free(all->list);
  pthread_mutex_destroy(&all->lock);
  free(all);
}

/* ---- hearing ------------------------------------------------------------- */

/* Outside the lock. */
static void tell(const peal_kit_presence *all,
                 const peal_kit_presence_info *info) {
  if (info->id[0] != '\0' && all->opts.on_change != NULL)
    all->opts.on_change(info, all->opts.user);
}

/* With the lock held; fills `came` when it has just come online. */
static void hear(const peal_kit_presence *all, device *d, int64_t *stamp,
                 peal_kit_presence_info *came) {
  int64_t now = peal_kit_clock_ms(all->kit);
  d->stamp = now > d->stamp ? now : d->stamp + 1;
  if (stamp != NULL)
    *stamp = d->stamp;
  d->info.last_seen = now;
  if (d->info.first_seen == 0)
    d->info.first_seen = now;
  if (!d->info.is_online) {
    d->info.is_online = true;
    *came = d->info;
  }
}

peal_err peal_kit_presence_heard(peal_kit_presence *all, peal_slice id,
                                 const char *network, int64_t *stamp) {
  peal_kit_presence_info came = {.is_online = false}, gone = came;
  device *d;
  pthread_mutex_lock(&all->lock);
  peal_err err = find_or_add(all, id, network, &d, &gone);
  if (err == PEAL_OK) {
    if (d->network[0] == '\0') // known from an earlier run
      snprintf(d->network, sizeof d->network, "%s", network);
    hear(all, d, stamp, &came);
  }
  pthread_mutex_unlock(&all->lock);
  tell(all, &gone);
  tell(all, &came);
  return err;
}

void peal_kit_presence_noticed(peal_kit_presence *all, peal_slice id) {
  peal_kit_presence_info came = {.is_online = false};
  pthread_mutex_lock(&all->lock);
  device *d = find(all, id);
  if (d != NULL)
    hear(all, d, NULL, &came);
  pthread_mutex_unlock(&all->lock);
  tell(all, &came);
}

peal_err peal_kit_presence_known(peal_kit_presence *all, peal_slice id,
                                 int64_t first_seen, int64_t last_seen) {
  peal_kit_presence_info gone = {.is_online = false};
  device *d;
  pthread_mutex_lock(&all->lock);
  peal_err err = all->count < all->opts.max_devices || find(all, id) != NULL
                     ? find_or_add(all, id, "", &d, &gone)
                     : PEAL_ERR_LIMIT;
  if (err == PEAL_OK) {
    peal_kit_presence_info *info = &d->info;
    if (info->first_seen == 0 || first_seen < info->first_seen)
      info->first_seen = first_seen;
    if (last_seen > info->last_seen)
      d->stamp = info->last_seen = last_seen;
  }
  pthread_mutex_unlock(&all->lock);
  return err;
}

/* Take one that has fallen silent. */
static bool take_silent(peal_kit_presence *all, int64_t now,
                        peal_kit_presence_info *out) {
  bool found = false;
  pthread_mutex_lock(&all->lock);
  for (size_t i = 0; i < all->count && !found; i++) {
    peal_kit_presence_info *info = &all->list[i]->info;
    if (info->is_online && now - info->last_seen > all->opts.offline_ms) {
      info->is_online = false;
      *out = *info;
      found = true;
    }
  }
  pthread_mutex_unlock(&all->lock);
  return found;
}

void peal_kit_presence_tick(peal_kit_presence *all) {
  int64_t now = peal_kit_clock_ms(all->kit);
  peal_kit_presence_info gone;
  while (take_silent(all, now, &gone))
    tell(all, &gone);
}

/* ---- looking ------------------------------------------------------------- */

bool peal_kit_presence_with(peal_kit_presence *all, peal_slice id,
                            peal_kit_presence_fn fn, void *user) {
  pthread_mutex_lock(&all->lock);
  device *d = find(all, id);
  if (d != NULL)
    fn(&d->info, d->more, user);
  pthread_mutex_unlock(&all->lock);
  return d != NULL;
}

void peal_kit_presence_each(peal_kit_presence *all, peal_kit_presence_fn fn,
                            void *user) {
  pthread_mutex_lock(&all->lock);
  for (size_t i = 0; i < all->count; i++)
    fn(&all->list[i]->info, all->list[i]->more, user);
  pthread_mutex_unlock(&all->lock);
}

void peal_kit_presence_totals(peal_kit_presence *all, size_t *count,
                              size_t *online) {
  pthread_mutex_lock(&all->lock);
  *count = all->count;
  *online = 0;
  for (size_t i = 0; i < all->count; i++)
    *online += all->list[i]->info.is_online;
  pthread_mutex_unlock(&all->lock);
}
