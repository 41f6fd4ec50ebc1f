/* SPDX-License-Identifier: MIT */
#pragma once
/* model_form: the words of the two interfaces of models: where a conversation is
 * sent, its JSON, and what an event of the streamed answer says. Pure but for
 * memory. */
#include <stdbool.h>
#include <stddef.h>

#include <peal/base.h>

typedef enum model_kind {
  MODEL_NONE,   /* the built-in responder */
  MODEL_OPENAI, /* POST <url>/chat/completions, as many servers speak */
  MODEL_GEMINI, /* POST <url>/models/<name>:streamGenerateContent?alt=sse */
} model_kind;

/* "none", "openai", "gemini". False for anything else. */
bool model_form_kind_parse(model_kind *out, const char *name);
/* Where the vendor is, up to the version. Static text. */
const char *model_form_base_url(model_kind kind);
/* The whole address into `out`; slashes at the end of `base` do not count. False
 * if it does not fit. Thread: pure. */
bool model_form_url(char *out, size_t cap, model_kind kind, const char *base,
                    const char *name);
/* The header that carries the key, without it: "x-goog-api-key: ". Static. */
const char *model_form_key_header(model_kind kind);

/* One thing that was said; borrowed. */
typedef struct model_turn {
  bool is_answer;
  peal_slice text;
} model_turn;

/* The body of the request; shared, NULL if memory is out. `turns` begin and end
 * with a question. Thread: any. */
PEAL_MUST_CHECK peal_bytes *model_form_request(model_kind kind,
                                               const char *name,
                                               const char *system,
                                               const model_turn *turns,
                                               size_t count);

typedef enum model_said {
  MODEL_SAID_NOTHING, /* roles, figures, an empty piece */
  MODEL_SAID_TEXT,    /* `add` was called */
  MODEL_SAID_END,     /* the answer is whole; `add` may have been called */
  MODEL_SAID_CUT,     /* its length was over; as _END */
  MODEL_SAID_NO,      /* refused by the vendor's filter */
  MODEL_SAID_ERROR,   /* an error in the middle of the stream */
  MODEL_SAID_GARBAGE, /* not the JSON that was asked for */
  MODEL_SAID_NOMEM,
} model_said;

/* A piece of the answer; borrowed. */
typedef void (*model_add_fn)(peal_slice text, void *user);
/* What one event of the stream says. */
model_said model_form_read(model_kind kind, peal_slice data, model_add_fn add,
                           void *user);
