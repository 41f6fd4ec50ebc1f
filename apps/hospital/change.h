/* SPDX-License-Identifier: MIT */
#pragma once
/* change: a question that changes something: into the journal, and its answer
 * behind it. */
#include "journal.h"

typedef struct change_wish {
  journal_kind kind;
  journal_verb verb;
  peal_slice key;
  peal_val body;    /* copied */
  const char *name; /* of the thing in the answer: "patient"; static */
  unsigned status;  /* of HTTP when it is done; 0: 200 */
  /* The verb forbade it, or there is none: answers the (kept) question. NULL:
   * 409 of CREATE, 404 of others. */
  void (*on_none)(hospital *app, peal_kit_ask *ask, peal_slice key);
} change_wish;

/* Do it in the name of who asks, and answer {"status","id","data",name}. In the
 * handler. */
void change_ask(hospital *app, peal_kit_ask *ask, const change_wish *wish);
/* The answer of a thing as it is. Takes the question. */
void change_answer(peal_kit_ask *ask, unsigned status, const char *name,
                   peal_val id, peal_val row);
/* No: with this status and words. Takes the question. */
PEAL_PRINTF(4, 5)
void change_refuse(peal_kit_ask *ask, unsigned status, const char *field,
                   const char *format, ...);
/* The name that a thing of this kind goes by among its members: "bed_id". */
peal_val change_id_of(journal_kind kind, peal_val row);
/* `said` with "updated_at" and "updated_by", in the question's memory. */
peal_val change_stamp(peal_kit_ask *ask, peal_val said, peal_build *build);
