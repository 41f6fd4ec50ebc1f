/* SPDX-License-Identifier: MIT */
#include "shot_line.h"

#include <stdlib.h>

#include <openssl/evp.h>

static bool refuse(const char **why, const char *words) {
  *why = words;
  return false;
}

/* OpenSSL leaves blanks out at both ends and takes padding anywhere. */
static bool is_base64(peal_slice text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
          (c >= '0' && c <= '9') || c == '+' || c == '/'))
      return false;
  }
  return true;
}

/* RFC4648 4, with its padding. NULL: no base64, too long, or no memory. */
static peal_bytes *decode(peal_slice text) {
  const size_t most = (size_t)SOURCE_MAX_FRAME_BYTES / 3 * 4 + 4;
  if (text.len == 0 || text.len % 4 != 0 || text.len > most)
    return NULL;
  size_t padding = (size_t)(text.ptr[text.len - 1] == '=') +
                   (size_t)(text.ptr[text.len - 2] == '=');
  if (!is_base64((peal_slice){text.ptr, text.len - padding}))
    return NULL;
  unsigned char *bytes = malloc(text.len / 4 * 3);
  if (bytes == NULL)
    return NULL;
  int len =
      EVP_DecodeBlock(bytes, (const unsigned char *)text.ptr, (int)text.len);
  peal_bytes *out = NULL;
  if (len > (int)padding)
    out = peal_bytes_new(
        (peal_slice){(const char *)bytes, (size_t)len - padding});
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
