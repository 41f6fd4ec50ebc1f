/* SPDX-License-Identifier: MIT */
#include "chat_context.h"

#include <stdlib.h>

#include "chat_text.h"

static uint32_t tokens_of(peal_val row) {
  uint32_t asked =
      chat_text_tokens(peal_val_str(peal_val_get(row, "question")));
  uint32_t said = chat_text_tokens(peal_val_str(peal_val_get(row, "answer")));
  return asked > UINT32_MAX - said ? UINT32_MAX : asked + said;
}

/* How many of the newest rows fit. */
static size_t fitting(peal_val rows, uint32_t left, uint32_t *tokens) {
  size_t count = peal_val_is(rows, PEAL_ARRAY) ? rows.len : 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t need = tokens_of(peal_val_at(rows, i));
    if (need > left)
      return i;
    left -= need;
    *tokens += need;
  }
  return count;
}

bool chat_context_make(chat_context *out, peal_val rows, peal_slice question,
                       uint32_t budget) {
  uint32_t own = chat_text_tokens(question);
  *out = (chat_context){.tokens = own};
  size_t count = fitting(rows, budget > own ? budget - own : 0, &out->tokens);
  out->turns = calloc(2 * count + 1, sizeof *out->turns);
  if (out->turns == NULL)
    return false;
  for (size_t i = count; i-- > 0;) {
    peal_val row = peal_val_at(rows, i);
    out->turns[out->count++] =
        (model_turn){false, peal_val_str(peal_val_get(row, "question"))};
    out->turns[out->count++] =
        (model_turn){true, peal_val_str(peal_val_get(row, "answer"))};
  }
  out->turns[out->count++] = (model_turn){false, question};
  return true;
}

void chat_context_free(chat_context *context) {
  free(context->turns);
  *context = (chat_context){0};
}
