/* SPDX-License-Identifier: MIT */
#include "vision_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit_small.h>
#include <peal/val.h>

const char *vision_form_base_url(vision_kind kind) {
  return kind == VISION_GEMINI ? "https://generativelanguage.googleapis.com"
                               : "https://api.openai.com/v1";
}

bool vision_form_url(char *out, size_t cap, vision_kind kind,
                     const char *base_url, const char *model) {
  size_t len = strlen(base_url);
  while (len > 0 && base_url[len - 1] == '/')
    len--;
  int written;
  if (kind == VISION_GEMINI)
    written = snprintf(out, cap, "%.*s/v1beta/models/%s:generateContent",
                       (int)len, base_url, model);
  else
    written = snprintf(out, cap, "%.*s/chat/completions", (int)len, base_url);
  return written > 0 && (size_t)written < cap;
}

const char *vision_form_key_header(vision_kind kind) {
  return kind == VISION_GEMINI ? "x-goog-api-key: " : "Authorization: Bearer ";
}

/* ---- the request ---------------------------------------------------- */

/* "data:image/jpeg;base64,..." on the heap. */
static char *data_url_new(const char *mime, peal_slice picture, size_t *len) {
  char head[80];
  int head_len = snprintf(head, sizeof head, "data:%.40s;base64,", mime);
  *len = (size_t)head_len + (picture.len + 2) / 3 * 4;
  char *url = malloc(*len + 1);
  if (url == NULL)
    return NULL;
  memcpy(url, head, (size_t)head_len);
  (void)peal_kit_base64_write(url + head_len, picture,
                              PEAL_KIT_BASE64_STANDARD);
  return url;
}

#define OBJECT(pairs) peal_object(pairs, sizeof(pairs) / sizeof *(pairs))

/* One message of the user that holds `parts` under the given name, inside a
 * list, as both forms want it. No limit of tokens is asked for: its name
 * differs between models, and the size of the reply and the time are limited
 * here. */
static peal_bytes *message_encode(const char *model, const char *list_name,
                                  const char *parts_name,
                                  const peal_val parts[2]) {
  const peal_pair message[] = {
      {.key = "role", .value = peal_str("user")},
      {.key = parts_name, .value = peal_array(parts, 2)},
  };
  peal_val messages = OBJECT(message);
  const peal_pair root[] = {
      {.key = list_name, .value = peal_array(&messages, 1)},
      {.key = "model",
       .value = model != NULL ? peal_str(model) : peal_undefined()},
  };
  return peal_json_bytes(OBJECT(root));
}

static peal_bytes *gemini_request(const char *prompt, const char *mime,
                                  peal_slice picture) {
  const peal_pair text[] = {{.key = "text", .value = peal_str(prompt)}};
  const peal_pair data[] = {
      {.key = "mime_type", .value = peal_str(mime)},
      // binary becomes base64 text in JSON
      {.key = "data", .value = peal_binary(picture)},
  };
  const peal_pair inline_data[] = {
      {.key = "inline_data", .value = OBJECT(data)}};
  // the model stands in the address
  return message_encode(NULL, "contents", "parts",
                        (peal_val[]){OBJECT(text), OBJECT(inline_data)});
}

static peal_bytes *openai_request(const char *model, const char *prompt,
                                  peal_slice url) {
  const peal_pair text[] = {
      {.key = "type", .value = peal_str("text")},
      {.key = "text", .value = peal_str(prompt)},
  };
  const peal_pair link[] = {{.key = "url", .value = peal_str_slice(url)}};
  const peal_pair picture[] = {
      {.key = "type", .value = peal_str("image_url")},
      {.key = "image_url", .value = OBJECT(link)},
  };
  return message_encode(model, "messages", "content",
                        (peal_val[]){OBJECT(text), OBJECT(picture)});
}

peal_bytes *vision_form_request(vision_kind kind, const char *model,
                                const char *prompt, const char *mime,
                                peal_slice picture) {
  if (kind == VISION_GEMINI)
    return gemini_request(prompt, mime, picture);
  size_t len = 0;
  char *url = data_url_new(mime, picture, &len);
  if (url == NULL)
    return NULL;
  peal_bytes *body =
      openai_request(model, prompt, (peal_slice){.ptr = url, .len = len});
  free(url);
  return body;
}

/* ---- the answer ----------------------------------------------------- */

/* A text that is put together of pieces, up to its ceiling. */
typedef struct text {
  char *out;
  size_t len, max;
  bool is_cut;
} text;

/* How many bytes the UTF-8 character has that starts with `first`. */
static size_t char_len(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static bool is_blank(char c) {
  return (unsigned char)c <= ' ' || c == 0x7F;
}

/* The decoder has checked the UTF-8. Blanks and control characters in a row
 * become one space; none at the start. */
static void add(text *t, peal_slice piece) {
  for (size_t i = 0; i < piece.len && !t->is_cut;) {
    size_t len = char_len((unsigned char)piece.ptr[i]);
    bool is_space = is_blank(piece.ptr[i]);
    if (t->len + len > t->max) {
      t->is_cut = true;
    } else if (!is_space) {
      memcpy(t->out + t->len, piece.ptr + i, len);
      t->len += len;
    } else if (t->len > 0 && t->out[t->len - 1] != ' ') {
      t->out[t->len++] = ' ';
    }
    i += len;
  }
}

/* candidates[0].content.parts[*].text; the thoughts of a model that shows
 * them are not the answer. */
static void add_gemini(text *t, peal_val root) {
  peal_val candidate = peal_val_at(peal_val_get(root, "candidates"), 0);
  peal_val parts = peal_val_get(peal_val_get(candidate, "content"), "parts");
  if (!peal_val_is(parts, PEAL_ARRAY))
    return;
  for (size_t i = 0; i < parts.len; i++) {
    peal_val part = peal_val_at(parts, i);
    if (!peal_val_bool(peal_val_get(part, "thought"), false))
      add(t, peal_val_str(peal_val_get(part, "text")));
  }
}

/* choices[0].message.content, a string, or a list of parts with text. */
static void add_openai(text *t, peal_val root) {
  peal_val choice = peal_val_at(peal_val_get(root, "choices"), 0);
  peal_val content = peal_val_get(peal_val_get(choice, "message"), "content");
  add(t, peal_val_str(content));
  if (!peal_val_is(content, PEAL_ARRAY))
    return;
  for (size_t i = 0; i < content.len; i++)
    add(t, peal_val_str(peal_val_get(peal_val_at(content, i), "text")));
}

vision_err vision_form_answer(vision_kind kind, peal_slice json, size_t max,
                              char **out) {
  static const char ellipsis[] = "\xE2\x80\xA6";
  *out = NULL;
  peal_doc *doc = NULL;
  peal_err err = peal_doc_from_json(&doc, json, NULL);
  if (err != PEAL_OK)
    return err == PEAL_ERR_NOMEM ? VISION_ERR_MEMORY : VISION_ERR_ANSWER;
  text t = {.out = malloc(max + sizeof ellipsis), .max = max};
  if (t.out == NULL) {
    peal_doc_free(doc);
    return VISION_ERR_MEMORY;
  }
  if (kind == VISION_GEMINI)
    add_gemini(&t, peal_doc_val(doc));
  else
    add_openai(&t, peal_doc_val(doc));
  peal_doc_free(doc);
  if (t.len > 0 && t.out[t.len - 1] == ' ')
    t.len--;
  if (t.len == 0) {
    free(t.out);
    return VISION_ERR_ANSWER;
  }
  memcpy(t.out + t.len, t.is_cut ? ellipsis : "", t.is_cut ? 4 : 1);
  *out = t.out;
  return VISION_OK;
}
