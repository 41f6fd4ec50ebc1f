/* SPDX-License-Identifier: MIT */
#include "chat_text.h"

#include <stdlib.h>
#include <string.h>

#include <peal/kit_small.h>

enum { FRAME_TOKENS = 4, ASCII_PER_TOKEN = 4, FIRST_BYTES = 256 };

bool chat_text_is_blank(peal_slice text) {
  for (size_t i = 0; i < text.len; i++)
    if ((unsigned char)text.ptr[i] > ' ')
      return false;
  return true;
}

uint32_t chat_text_tokens(peal_slice text) {
  size_t ascii = 0;
  for (size_t i = 0; i < text.len; i++)
    ascii += (unsigned char)text.ptr[i] < 0x80;
  size_t others = peal_kit_utf8_count(text) - ascii;
  size_t tokens =
      FRAME_TOKENS + (ascii + ASCII_PER_TOKEN - 1) / ASCII_PER_TOKEN + others;
  return tokens < UINT32_MAX ? (uint32_t)tokens : UINT32_MAX;
}

void chat_text_free(chat_text *text) {
  free(text->bytes);
  *text = (chat_text){.max = text->max};
}

static bool grow(chat_text *text, size_t need) {
  if (need <= text->cap)
    return true;
  size_t cap = text->cap > 0 ? text->cap * 2 : FIRST_BYTES;
  cap = cap < need ? need : cap;
  char *longer = realloc(text->bytes, cap);
  if (longer == NULL)
    return false;
  text->bytes = longer;
  text->cap = cap;
  return true;
}

bool chat_text_add(chat_text *text, peal_slice more) {
  if (text->is_full)
    return true;
  size_t len = peal_kit_utf8_cut(more, text->max - text->len);
  text->is_full = len < more.len;
  if (len == 0)
    return true;
  if (!grow(text, text->len + len + 1))
    return false;
  memcpy(text->bytes + text->len, more.ptr, len);
  text->len += len;
  text->bytes[text->len] = '\0';
  return true;
}

peal_slice chat_text_slice(const chat_text *text) {
  return (peal_slice){text->bytes != NULL ? text->bytes : "", text->len};
}
