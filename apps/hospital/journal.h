/* SPDX-License-Identifier: MIT */
#pragma once
/* journal: everything that changes goes through it, one after the other, on
 * worker 0: it is stored, then told to screens and to other nodes, then
 * answered.
 *
 *   any worker          worker 0                  the store (one transaction)
 *   journal_add --post--> number, time ---------> the thing, then the entry
 *                                                        |
 *   answer <----------- tell: rooms, nodes <------ both are on disk
 *
 * An entry is (node, seq): who made it, and its number there. What is emitted
 * leaves in the order of the entries: whoever has seen one of a node has been
 * sent all of that node before it. Entries of other nodes come by
 * journal_take. */
#include "hospital.h"

typedef struct journal journal;

typedef enum journal_kind {
  JOURNAL_PATIENT,
  JOURNAL_TRIAGE,
  JOURNAL_BED,
  JOURNAL_STAFF,
  JOURNAL_PREFERENCES,
  JOURNAL_RISK,
  JOURNAL_ALERT,
  JOURNAL_ACKNOWLEDGE,
  JOURNAL_RESOLVE,
  JOURNAL_ESCALATE,
  JOURNAL_ACCOUNT,
  JOURNAL_KINDS, /* how many; also: none of them */
} journal_kind;

/* What is done to a record; of the kinds from RISK on it is not looked at. */
typedef enum journal_verb {
  JOURNAL_CREATE, /* only if there is none */
  JOURNAL_PATCH,  /* members of the body over those that there are (RFC 7396);
                     only if there is one */
  JOURNAL_PUT,    /* the same, and made if there is none */
} journal_verb;

/* A change that is wanted; all is copied. */
typedef struct journal_change {
  journal_kind kind;
  journal_verb verb;
  peal_slice key; /* of TRIAGE and ALERT: empty, a number is made */
  peal_slice actor;
  peal_val body;
} journal_change;

/* What came of it; borrowed. */
typedef struct journal_result {
  peal_err err;
  bool is_done; /* false: the verb forbade it, or it was so already */
  int64_t id;   /* of TRIAGE and ALERT */
  peal_val row; /* the thing as it is now, as clients see it */
} journal_result;

/* On worker 0, once. */
typedef void (*journal_fn)(const journal_result *result, void *user);

/* An entry, as it stands in the journal. */
typedef struct journal_entry {
  int64_t node, seq, ts;
  journal_kind kind;
  peal_slice key, actor, body; /* body: JSON */
} journal_entry;

/* Rows that other nodes want, and what they are told. */
typedef void (*journal_out_fn)(hospital *app, const journal_entry *entry,
                               int64_t previous, void *user);

enum { JOURNAL_NODE_BITS = 20 };

/* Load what is there. Blocks: before the run. NULL after logging why. */
journal *journal_new(hospital *app);
void journal_free(journal *all);
/* Do it. False: it cannot be (memory), and `fn` does not come. Thread: any. */
PEAL_MUST_CHECK bool journal_add(hospital *app, const journal_change *change,
                                 journal_fn fn, void *user);
/* Called on worker 0 for each entry of this node that is stored; `previous` is
 * the one before it. Before the run. */
void journal_on_entry(journal *all, journal_out_fn fn, void *user);
/* Entries of another node, all that there are of it behind `before` up to
 * `through`. They are stored one after the other, each only behind the one
 * before it; `fn` says whether all were. An error: `fn` does not come, and some
 * may be stored; it may be done again. On worker 0. */
PEAL_MUST_CHECK peal_err journal_take(hospital *app,
                                      const journal_entry *entries,
                                      size_t count, int64_t node,
                                      int64_t before, int64_t through,
                                      journal_fn fn, void *user);
/* The store was put back to an earlier day, and others know more of this node
 * than it does: from now on it is another one. On worker 0. */
void journal_rename(journal *all);
/* This node, and its last entry that is stored. On worker 0. */
int64_t journal_node(const journal *all);
int64_t journal_seq(const journal *all);
/* Does this node know entries of another? Thread: any. */
bool journal_has_others(const journal *all);
/* "patient", … Static text. JOURNAL_KINDS by a name: there is none. */
const char *journal_kind_name(journal_kind kind);
journal_kind journal_kind_of(peal_slice name);
