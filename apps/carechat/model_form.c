/* SPDX-License-Identifier: MIT */
/* Sources: the references of the two vendors, "Create chat completion" with
 * stream: true, and models.streamGenerateContent. */
#include "model_form.h"

#include <stdio.h>
#include <string.h>

#include <peal/val.h>

bool model_form_kind_parse(model_kind *out, const char *name) {
  static const char *const names[] = {"none", "openai", "gemini"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(name, names[i]) == 0) {
      *out = (model_kind)i;
      return true;
    }
  }
  return false;
}

const char *model_form_base_url(model_kind kind) {
  return kind == MODEL_GEMINI
             ? "https://generativelanguage.googleapis.com/v1beta"
             : "https://api.openai.com/v1";
}

bool model_form_url(char *out, size_t cap, model_kind kind, const char *base,
                    const char *name) {
  size_t len = strlen(base);
  while (len > 0 && base[len - 1] == '/')
    len--;
  int written =
      kind == MODEL_GEMINI
          ? snprintf(out, cap, "%.*s/models/%s:streamGenerateContent?alt=sse",
                     (int)len, base, name)
          : snprintf(out, cap, "%.*s/chat/completions", (int)len, base);
  return written > 0 && (size_t)written < cap;
}

const char *model_form_key_header(model_kind kind) {
  return kind == MODEL_GEMINI ? "x-goog-api-key: " : "Authorization: Bearer ";
}

/* ---- the request --------------------------------------------------------------- */

static peal_val openai_message(peal_build *build, const char *role,
                               peal_slice text) {
  return peal_build_keep(build, PEAL_OBJECT({"role", peal_str(role)},
                                            {"content", peal_str_slice(text)}));
}

static peal_val openai_body(peal_build *build, const char *name,
                            const char *system, const model_turn *turns,
                            size_t count) {
  peal_items *messages = peal_items_new(build);
  peal_items_add(messages,
                 openai_message(build, "system", peal_slice_of(system)));
  for (size_t i = 0; i < count; i++)
    peal_items_add(messages,
                   openai_message(build,
                                  turns[i].is_answer ? "assistant" : "user",
                                  turns[i].text));
  return peal_build_keep(
      build, PEAL_OBJECT({"model", peal_str(name)}, {"stream", peal_bool(true)},
                         {"messages", peal_items_val(messages)}));
}

static peal_val gemini_content(peal_build *build, peal_val role,
                               peal_slice text) {
  peal_val part = PEAL_OBJECT({"text", peal_str_slice(text)});
  return peal_build_keep(
      build, PEAL_OBJECT({"role", role}, {"parts", PEAL_ARRAY(part)}));
}

/* The model stands in the address. */
static peal_val gemini_body(peal_build *build, const char *system,
                            const model_turn *turns, size_t count) {
  peal_items *contents = peal_items_new(build);
  for (size_t i = 0; i < count; i++)
    peal_items_add(
        contents,
        gemini_content(build, peal_str(turns[i].is_answer ? "model" : "user"),
                       turns[i].text));
  return peal_build_keep(
      build,
      PEAL_OBJECT({"systemInstruction", gemini_content(build, peal_undefined(),
                                                       peal_slice_of(system))},
                  {"contents", peal_items_val(contents)}));
}

peal_bytes *model_form_request(model_kind kind, const char *name,
                               const char *system, const model_turn *turns,
                               size_t count) {
  peal_build *build = peal_build_new();
  peal_val body = kind == MODEL_GEMINI
                      ? gemini_body(build, system, turns, count)
                      : openai_body(build, name, system, turns, count);
  peal_bytes *json =
      peal_build_err(build) == PEAL_OK ? peal_json_bytes(body) : NULL;
  peal_build_free(build);
  return json;
}

/* ---- the answer ---------------------------------------------------------------- */

static bool give(peal_val text, model_add_fn add, void *user) {
  peal_slice piece = peal_val_str(text);
  if (piece.len > 0)
    add(piece, user);
  return piece.len > 0;
}

/* choices[0].delta.content; finish_reason with the last piece. */
static model_said read_openai(peal_val root, model_add_fn add, void *user) {
  peal_val choice = peal_val_at(peal_val_get(root, "choices"), 0);
  bool has_text =
      give(peal_val_get(peal_val_get(choice, "delta"), "content"), add, user);
  peal_slice reason = peal_val_str(peal_val_get(choice, "finish_reason"));
  if (peal_slice_is(reason, "length"))
    return MODEL_SAID_CUT;
  if (peal_slice_is(reason, "content_filter"))
    return MODEL_SAID_NO;
  if (reason.len > 0)
    return MODEL_SAID_END;
  return has_text ? MODEL_SAID_TEXT : MODEL_SAID_NOTHING;
}

/* candidates[0].content.parts[*].text; the thoughts of a model that shows them
 * are not the answer. finishReason with the last piece. */
static model_said read_gemini(peal_val root, model_add_fn add, void *user) {
  bool has_text = false;
  peal_val candidate = peal_val_at(peal_val_get(root, "candidates"), 0);
  peal_val parts = peal_val_get(peal_val_get(candidate, "content"), "parts");
  size_t count = peal_val_is(parts, PEAL_ARRAY) ? parts.len : 0;
  for (size_t i = 0; i < count; i++) {
    peal_val part = peal_val_at(parts, i);
    if (!peal_val_bool(peal_val_get(part, "thought"), false))
      has_text = give(peal_val_get(part, "text"), add, user) || has_text;
  }
  peal_val feedback = peal_val_get(root, "promptFeedback");
  if (peal_val_str(peal_val_get(feedback, "blockReason")).len > 0)
    return MODEL_SAID_NO;
  peal_slice reason = peal_val_str(peal_val_get(candidate, "finishReason"));
  if (peal_slice_is(reason, "STOP"))
    return MODEL_SAID_END;
  if (peal_slice_is(reason, "MAX_TOKENS"))
    return MODEL_SAID_CUT;
  // SAFETY, RECITATION, and whatever comes
  if (reason.len > 0)
    return MODEL_SAID_NO;
  return has_text ? MODEL_SAID_TEXT : MODEL_SAID_NOTHING;
}

model_said model_form_read(model_kind kind, peal_slice data, model_add_fn add,
                           void *user) {
  peal_doc *doc = NULL;
  if (kind == MODEL_OPENAI && peal_slice_is(data, "[DONE]"))
    return MODEL_SAID_END;
  peal_err err = peal_doc_from_json(&doc, data, NULL);
  if (err != PEAL_OK)
    return err == PEAL_ERR_NOMEM ? MODEL_SAID_NOMEM : MODEL_SAID_GARBAGE;
  peal_val root = peal_doc_val(doc);
  model_said said = MODEL_SAID_GARBAGE;
  if (peal_val_is(peal_val_get(root, "error"), PEAL_OBJECT))
    said = MODEL_SAID_ERROR;
  else if (peal_val_is(root, PEAL_OBJECT))
    said = kind == MODEL_GEMINI ? read_gemini(root, add, user)
                                : read_openai(root, add, user);
  peal_doc_free(doc);
  return said;
}
