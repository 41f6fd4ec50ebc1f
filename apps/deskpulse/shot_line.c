/* SPDX-License-Identifier: MIT */
#include "shot_line.h"

#include <stdlib.h>

#include <peal/kit_small.h>

static bool refuse(const char **why, const char *words) {
  *why = words;
  return false;
}

/* NULL: no base64, too long, empty, or no memory. */
static peal_bytes *decode(peal_slice text) {
  size_t cap = text.len / 4 * 3, len = 0;
  if (cap == 0 || cap > (size_t)SOURCE_MAX_FRAME_BYTES + 2)
    return NULL;
  uint8_t *bytes = malloc(cap);
  if (bytes == NULL)
    return NULL;
  peal_bytes *out = NULL;
  if (peal_kit_base64_read(bytes, cap, &len, text, PEAL_KIT_BASE64_STANDARD) &&
      len > 0 && len <= SOURCE_MAX_FRAME_BYTES)
    out = peal_bytes_new((peal_slice){(const char *)bytes, len});
  free(bytes);
  return out;
}

static bool frame_read(source_shot *out, peal_val value, const char **why) {
  static const char prefix[] = "data:image/jpeg;base64,";
  peal_slice text = peal_val_str(value);
  if (text.len == 0)
    return refuse(why, "a line of the estimator has no frame");
  if (peal_slice_starts(text, prefix)) {
    text.ptr += sizeof prefix - 1;
    text.len -= sizeof prefix - 1;
  }
  out->jpeg = decode(text);
  if (out->jpeg == NULL)
    return refuse(why, "a frame of the estimator is not base64, or too long");
  return true;
}

static bool value_read(source_shot *out, peal_val value, const char **why) {
  peal_val marks = peal_val_get(value, "landmarks");
  if (!peal_val_is(value, PEAL_OBJECT))
    return refuse(why, "a line of the estimator is no JSON object");
  if (!peal_val_is(marks, PEAL_UNDEFINED) && !peal_val_is(marks, PEAL_NULL)) {
    out->marked = true;
    if (landmarks_read(&out->marks, marks, why) != PEAL_OK)
      return false;
  }
  out->captured_at = peal_val_double(peal_val_get(value, "captured_at"), 0);
  return frame_read(out, peal_val_get(value, "frame"), why);
}

bool shot_line_read(source_shot *out, peal_slice line, const char **why) {
  peal_doc *doc = NULL;
  *out = (source_shot){0};
  if (peal_doc_from_json(&doc, line, NULL) != PEAL_OK)
    return refuse(why, "a line of the estimator is not valid JSON");
  bool fine = value_read(out, peal_doc_val(doc), why);
  peal_doc_free(doc);
  return fine;
}
