/* SPDX-License-Identifier: MIT */
#include "chat_people.h"

#include <stdlib.h>
#include <string.h>

static chat_person **bucket_of(chat *c, int64_t id) {
  return &c->buckets[(uint64_t)id % CHAT_PEOPLE_BUCKETS];
}

chat_person *chat_people_find(chat *c, int64_t id) {
  chat_person *p = *bucket_of(c, id);
  while (p != NULL && p->id != id)
    p = p->next;
  return p;
}

chat_person *chat_people_get(chat *c, int64_t id) {
  chat_person *p = chat_people_find(c, id);
  if (p != NULL)
    return p;
  p = calloc(1, sizeof *p);
  if (p == NULL)
    return NULL;
  p->id = id;
  p->end = &p->first;
  p->next = *bucket_of(c, id);
  *bucket_of(c, id) = p;
  c->people++;
  return p;
}

static bool matters(const chat_person *p, uint64_t now_ms) {
  return p->first != NULL || p->storing > 0 || p->writing != NULL ||
         p->is_ready || !chat_budget_is_over(&p->budget, now_ms);
}

void chat_people_sweep(chat *c, uint64_t now_ms) {
  for (size_t i = 0; i < CHAT_PEOPLE_BUCKETS; i++) {
    chat_person **link = &c->buckets[i];
    while (*link != NULL) {
      chat_person *p = *link;
      if (matters(p, now_ms)) {
        link = &p->next;
        continue;
      }
      *link = p->next;
      c->people--;
      free(p);
    }
  }
}

void chat_people_free(chat *c) {
  for (size_t i = 0; i < CHAT_PEOPLE_BUCKETS; i++) {
    while (c->buckets[i] != NULL) {
      chat_person *p = c->buckets[i];
      c->buckets[i] = p->next;
      chat_people_drop_all(c, p);
      free(p);
    }
  }
}

/* ---- questions ------------------------------------------------------------------- */

bool chat_people_push(chat *c, chat_person *p, int64_t id, peal_slice text) {
  chat_asked *asked = malloc(sizeof *asked + text.len);
  if (asked == NULL)
    return false;
  *asked = (chat_asked){.id = id, .len = text.len};
  if (text.len > 0)
    memcpy(asked->text, text.ptr, text.len);
  *p->end = asked;
  p->end = &asked->next;
  p->queued++;
  c->queued++;
  chat_people_ready(c, p);
  return true;
}

static chat_asked *take(chat *c, chat_person *p, chat_asked **link) {
  chat_asked *asked = *link;
  *link = asked->next;
  if (*link == NULL)
    p->end = link;
  p->queued--;
  c->queued--;
  return asked;
}

chat_asked *chat_people_shift(chat *c, chat_person *p) {
  return take(c, p, &p->first);
}

bool chat_people_drop(chat *c, chat_person *p, int64_t id) {
  chat_asked **link = &p->first;
  while (*link != NULL && (*link)->id != id)
    link = &(*link)->next;
  if (*link == NULL)
    return false;
  free(take(c, p, link));
  return true;
}

void chat_people_drop_all(chat *c, chat_person *p) {
  while (p->first != NULL)
    free(chat_people_shift(c, p));
}

/* ---- turns ------------------------------------------------------------------------- */

void chat_people_ready(chat *c, chat_person *p) {
  if (p->is_ready || p->writing != NULL || p->first == NULL)
    return;
  p->is_ready = true;
  p->next_ready = NULL;
  *c->ready_end = p;
  c->ready_end = &p->next_ready;
}

/* Somebody in the list may have taken everything back meanwhile. */
chat_person *chat_people_next(chat *c) {
  while (c->ready != NULL) {
    chat_person *p = c->ready;
    c->ready = p->next_ready;
    if (c->ready == NULL)
      c->ready_end = &c->ready;
    p->is_ready = false;
    if (p->first != NULL && p->writing == NULL)
      return p;
  }
  return NULL;
}
