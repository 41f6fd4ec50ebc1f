/* SPDX-License-Identifier: MIT */
/* err: the table of errors: name, words, class, WebSocket close code, HTTP
 * status (peal_err of <peal/base.h>). */
#include <peal/base.h>

/* A small device has no room for words: the numbers stand in <peal/base.h>. */
#ifdef PEAL_SMALL
#define ERR_WORDS(name, message)
#else
#define ERR_WORDS(name, message) name, message,
#endif

typedef struct err_row {
#ifndef PEAL_SMALL
  const char *name;
  const char *message;
#endif
  uint16_t ws_code;
  uint16_t http_status;
  uint8_t class_of; /* one of peal_err_class */
  bool is_known;
} err_row;

/* A row per number from here on; one that is none has no name. */
#define ERR_FIRST (-999)

static const err_row err_rows[] = {
#define ERR_ROW(name, number, cls, msg, ws, http)                              \
  [(number)-ERR_FIRST] = {ERR_WORDS("PEAL_ERR_" #name, msg) ws, http,          \
                          PEAL_CLASS_##cls, true},
    PEAL_ERR_MAP(ERR_ROW)
#undef ERR_ROW
};

static const err_row err_ok = {ERR_WORDS("PEAL_OK", "ok") 0, 0, PEAL_CLASS_OK,
                               true};
/* A number that is none of ours: whoever made it is at fault. */
static const err_row err_unknown = {
    ERR_WORDS("PEAL_ERR_UNKNOWN", "unknown error") 0, 500, PEAL_CLASS_USAGE,
    true};

static const err_row *err_find(peal_err err) {
  if (err == PEAL_OK)
    return &err_ok;
  int row = (int)err - ERR_FIRST, count = sizeof err_rows / sizeof *err_rows;
  if (row < 0 || row >= count || !err_rows[row].is_known)
    return &err_unknown;
  return &err_rows[row];
}

const char *peal_err_message(peal_err err) {
#ifdef PEAL_SMALL
  (void)err;
  return "";
#else
  return err_find(err)->message;
#endif
}

const char *peal_err_name(peal_err err) {
#ifdef PEAL_SMALL
  (void)err;
  return "";
#else
  return err_find(err)->name;
#endif
}

peal_err_class peal_err_class_of(peal_err err) {
  return (peal_err_class)err_find(err)->class_of;
}

unsigned peal_err_ws_code(peal_err err) {
  return err_find(err)->ws_code;
}

unsigned peal_err_http_status(peal_err err) {
  return err_find(err)->http_status;
}
