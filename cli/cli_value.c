/* SPDX-License-Identifier: MIT */
#include "cli_value.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "cli_file.h"
#include "cli_say.h"

/* ---- bytes inside of JSON --------------------------------------------- */

/* Returns: undefined if the text is no base64. */
static peal_val from_base64(peal_build *build, peal_slice text) {
  if (text.len % 4 != 0 || text.len > INT_MAX)
    return peal_undefined();
  unsigned char *bytes = malloc(text.len / 4 * 3 + 1);
  peal_val value = peal_undefined();
  int len = bytes == NULL
                ? -1
                : EVP_DecodeBlock(bytes, (const void *)text.ptr, (int)text.len);
  if (len >= 0) {
    size_t pad = 0;
    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
      pad++;
    value = peal_build_copy(
        build,
        peal_binary((peal_slice){(const char *)bytes, (size_t)len - pad}));
  }
  free(bytes);
  return value;
}

static bool is_bytes(peal_val value) {
  return peal_val_is(value, PEAL_OBJECT) && value.len == 1 &&
         peal_slice_is(peal_val_key(value, 0), "$base64") &&
         peal_val_is(peal_val_get(value, "$base64"), PEAL_STRING);
}

/* The tree with other leaves: `leaf` gets what may be one, and gives undefined
 * if it is none. */
typedef peal_val (*leaf_fn)(peal_build *build, peal_val value);

static peal_val map(peal_build *build, peal_val value, leaf_fn leaf) {
  peal_val changed = leaf(build, value);
  if (!peal_val_is(changed, PEAL_UNDEFINED))
    return changed;
  if (peal_val_is(value, PEAL_ARRAY)) {
    peal_items *items = peal_items_new(build);
    for (uint32_t i = 0; i < value.len; i++)
      peal_items_add(items, map(build, value.as.items[i], leaf));
    return peal_items_val(items);
  }
  if (peal_val_is(value, PEAL_OBJECT)) {
    peal_pairs *pairs = peal_pairs_new(build);
    for (uint32_t i = 0; i < value.len; i++)
      peal_pairs_add_n(pairs, peal_val_key(value, i),
                       map(build, value.as.pairs[i].value, leaf));
    return peal_pairs_val(pairs);
  }
  return value;
}

static peal_val decode_leaf(peal_build *build, peal_val value) {
  if (!is_bytes(value))
    return peal_undefined();
  return from_base64(build, peal_val_str(peal_val_get(value, "$base64")));
}

static peal_val encode_leaf(peal_build *build, peal_val value) {
  if (!peal_val_is(value, PEAL_BINARY))
    return peal_undefined();
  return peal_build_keep(build, PEAL_OBJECT({"$base64", value}));
}

peal_val cli_value_plain(peal_build *build, peal_val value) {
  return map(build, value, encode_leaf);
}

/* ---- words ------------------------------------------------------------- */

static bool begins_like_json(peal_slice text) {
  size_t at = 0;
  while (at < text.len && strchr(" \t\r\n", text.ptr[at]) != NULL)
    at++;
  return at < text.len && strchr("{[\"", text.ptr[at]) != NULL;
}

static bool decode(peal_build *build, peal_slice text, peal_val *out,
                   peal_err_info *info) {
  peal_doc *doc = NULL;
  if (peal_doc_from_json(&doc, text, info) != PEAL_OK)
    return false;
  *out = peal_build_copy(build, map(build, peal_doc_val(doc), decode_leaf));
  peal_doc_free(doc);
  return true;
}

static cli_exit say_json(const cli_value_rules *rules, const char *where,
                         const peal_err_info *info) {
  cli_say(rules->command, "%s: no JSON at byte %zu: %s", where, info->pos,
          info->msg != NULL ? info->msg : peal_err_message(info->code));
  return CLI_USAGE;
}

typedef enum form { FORM_JSON, FORM_TEXT, FORM_BYTES } form;

static cli_exit read_file(peal_build *build, const cli_value_rules *rules,
                          form as, const char *name, peal_val *out) {
  char *all = NULL;
  size_t len = 0;
  cli_exit code = cli_file_read(rules->command, name, &all, &len);
  if (code != CLI_OK)
    return code;
  peal_slice text = {all, len};
  peal_err_info info = {0};
  if (as == FORM_BYTES)
    *out = peal_build_copy(build, peal_binary(text));
  else if (as == FORM_TEXT)
    *out = peal_build_copy(build, peal_str_slice(text));
  else if (!decode(build, text, out, &info))
    code = say_json(rules, name, &info);
  free(all);
  return code;
}

/* Returns: what stands behind the prefix; NULL if it has another. */
static const char *behind(const char *word, const char *prefix) {
  size_t len = strlen(prefix);
  return strncmp(word, prefix, len) == 0 ? word + len : NULL;
}

/* Returns: the name of the file that a word stands for; NULL: for none. */
static const char *file_of(const cli_value_rules *rules, const char *word,
                           form *as) {
  const char *name = NULL;
  *as = rules->is_binary   ? FORM_BYTES
        : rules->is_string ? FORM_TEXT
                           : FORM_JSON;
  if (strcmp(word, "-") == 0)
    return word;
  if ((name = behind(word, "@bin:")) != NULL)
    *as = FORM_BYTES;
  else if ((name = behind(word, "@text:")) != NULL)
    *as = FORM_TEXT;
  else
    name = behind(word, "@");
  return name;
}

cli_exit cli_value_read(peal_build *build, const cli_value_rules *rules,
                        const char *word, peal_val *out) {
  form as;
  const char *file = file_of(rules, word, &as);
  if (file != NULL)
    return read_file(build, rules, as, file, out);
  peal_slice text = peal_slice_of(word);
  peal_err_info info = {0};
  if (rules->is_string) {
    *out = peal_str_slice(text);
    return CLI_OK;
  }
  if (decode(build, text, out, &info))
    return CLI_OK;
  if (begins_like_json(text))
    return say_json(rules, word, &info);
  *out = peal_str_slice(text);
  return CLI_OK;
}

cli_exit cli_value_words(peal_build *build, const cli_value_rules *rules,
                         const char *const *words, size_t count,
                         peal_args *out) {
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < count; i++) {
    peal_val value = peal_undefined();
    cli_exit code = cli_value_read(build, rules, words[i], &value);
    if (code != CLI_OK)
      return code;
    peal_items_add(items, value);
  }
  *out = peal_items_args(items);
  if (peal_build_err(build) == PEAL_OK)
    return CLI_OK;
  cli_say(rules->command, "%s", peal_err_message(peal_build_err(build)));
  return CLI_USAGE;
}

cli_exit cli_value_option(peal_build *build, const cli_value_rules *rules,
                          const char *name, const char *word, peal_val *out) {
  form as;
  const char *file =
      file_of(&(cli_value_rules){.command = rules->command}, word, &as);
  if (file != NULL)
    return read_file(build, rules, as, file, out);
  peal_err_info info = {0};
  if (decode(build, peal_slice_of(word), out, &info))
    return CLI_OK;
  return say_json(rules, name, &info);
}
