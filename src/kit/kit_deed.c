/* SPDX-License-Identifier: MIT */
/* kit_deed: store, then emit, then answer. */
#include <stdio.h>
#include <stdlib.h>

#include "kit/kit_ask.h"

enum { ROOM_BYTES = 96 };

/* A deed on its way through the store. */
typedef struct doing {
  peal_kit_ask *ask;
  peal_kit_deed deed; /* of its pointers only those that say so are used */
  peal_doc *data;
  char room[ROOM_BYTES]; /* empty: everybody but devices */
} doing;

static void doing_free(doing *d) {
  if (d->deed.on_free != NULL)
    d->deed.on_free(d->deed.user);
  peal_doc_free(d->data);
  free(d);
}

static void show(const doing *d) {
  peal_kit *kit = d->ask->kit;
  peal_args args = PEAL_ARGS(peal_doc_val(d->data));
  if (d->room[0] == '\0') {
    peal_kit_emit(kit, d->deed.event, args);
    return;
  }
  peal_err err = peal_nsp_emit(
      kit->nsp, &(peal_to){.rooms = PEAL_ROOMS(d->room)}, d->deed.event, args);
  if (err != PEAL_OK)
    peal_kit_log(kit, PEAL_LOG_WARN, "events", "%s was not sent: %s",
                 d->deed.event, peal_err_message(err));
}

static void on_stored(const peal_store_result *result, void *user) {
  doing *d = user;
  const peal_kit_deed *deed = &d->deed;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(d->ask->kit, deed->what, result);
    peal_kit_ask_fail(d->ask, result->err);
  } else if (deed->on_stored == NULL ||
             deed->on_stored(d->ask, result, deed->user)) {
    if (deed->event != NULL)
      show(d);
    peal_kit_ask_done(d->ask);
  }
  doing_free(d);
}

/* NULL: memory is out. */
static doing *doing_new(peal_kit_ask *ask, const peal_kit_deed *deed) {
  doing *d = calloc(1, sizeof *d);
  if (d == NULL)
    return NULL;
  *d = (doing){.ask = ask, .deed = *deed};
  if (deed->room != NULL)
    snprintf(d->room, sizeof d->room, "%s", deed->room);
  d->data = deed->event != NULL ? peal_doc_new(deed->data) : NULL;
  if (deed->event == NULL || d->data != NULL)
    return d;
  free(d);
  return NULL;
}

void peal_kit_ask_store(peal_kit_ask *ask, const peal_kit_deed *deed) {
  peal_kit_ask *kept = peal_kit_ask_keep(ask);
  doing *d = kept != NULL ? doing_new(kept, deed) : NULL;
  if (d == NULL) {
    if (kept != NULL)
      peal_kit_ask_fail(kept, PEAL_ERR_NOMEM);
    if (deed->on_free != NULL)
      deed->on_free(deed->user);
    return;
  }
  peal_err err = peal_store_write_all(kept->kit->store, deed->stmts,
                                      deed->count, on_stored, d);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(kept, err);
  doing_free(d);
}
