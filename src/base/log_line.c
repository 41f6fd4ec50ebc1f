/* SPDX-License-Identifier: MIT */
/* log_line: a log record as one line: for people, as key=value, as JSON. */
#include <assert.h>
#include <string.h>

#include <peal/base.h>

#include "base/iso_time.h"

typedef struct line {
  char *out;
  size_t len, max;
  bool full; /* something was cut: what follows is left out */
} line;

static const char *level_name(peal_log_level level) {
  switch (level) {
  case PEAL_LOG_ERROR:
    return "error";
  case PEAL_LOG_WARN:
    return "warn";
  case PEAL_LOG_DEBUG:
    return "debug";
  case PEAL_LOG_INFO:
  case PEAL_LOG_DEFAULT:
  case PEAL_LOG_OFF:
    break;
  }
  return "info";
}

/* As a whole or not at all. */
static void put(line *to, const char *bytes, size_t len) {
  to->full = to->full || len > to->max - to->len;
  if (to->full)
    return;
  memcpy(to->out + to->len, bytes, len);
  to->len += len;
}

static void put_str(line *to, const char *text) {
  put(to, text, strlen(text));
}

static bool is_tail(char byte) {
  return ((unsigned char)byte & 0xc0) == 0x80;
}

/* One character, so that a line is cut between two of them. */
static size_t char_len(peal_slice rest) {
  size_t len = 1;
  while (len < rest.len && is_tail(rest.ptr[len]))
    len++;
  return len;
}

/* Inside quotes, in a way that is right for JSON and for key=value. */
static void put_escaped(line *to, peal_slice text) {
  static const char hex[] = "0123456789abcdef";
  while (text.len && !to->full) {
    size_t len = char_len(text);
    unsigned char first = (unsigned char)text.ptr[0];
    if (first == '"' || first == '\\')
      put(to, (char[]){'\\', text.ptr[0]}, 2);
    else if (first < 0x20 || first == 0x7f)
      put(to, (char[]){'\\', 'u', '0', '0', hex[first >> 4], hex[first & 15]},
          6);
    else
      put(to, text.ptr, len);
    text.ptr += len;
    text.len -= len;
  }
}

static void put_plain(line *to, peal_slice text) {
  while (text.len && !to->full) {
    size_t len = char_len(text);
    put(to, text.ptr, len);
    text.ptr += len;
    text.len -= len;
  }
}

static void put_field(line *to, const char *before, peal_slice value,
                      const char *behind, size_t most) {
  if (!value.len)
    return;
  value.len = value.len < most ? value.len : most;
  put_str(to, before);
  put_escaped(to, value);
  put_str(to, behind);
}

/* The words around the fields of the structured forms. */
typedef struct words {
  const char *time, *level, *area, *peer, *sid, *text, *quote, *end;
} words;

static const words keys = {"time=",   " level=", " area=\"", " peer=\"",
                           " sid=\"", " msg=\"", "\"",       "\"\n"};
static const words json = {"{\"time\":\"",
                           "\",\"level\":\"",
                           "\",\"area\":\"",
                           "\",\"peer\":\"",
                           "\",\"sid\":\"",
                           "\",\"msg\":\"",
                           "",
                           "\"}\n"};

/* A name is cut before it takes the text's room. */
#define NAME_MOST 128

static void put_structured(line *to, const peal_log_record *record,
                           const char *time, const words *form) {
  put_str(to, form->time);
  put_str(to, time);
  put_str(to, form->level);
  put_str(to, level_name(record->level));
  put_field(to, form->area, peal_slice_of(record->area ? record->area : "-"),
            form->quote, NAME_MOST);
  put_field(to, form->peer, record->peer, form->quote, NAME_MOST);
  put_field(to, form->sid, record->sid, form->quote, NAME_MOST);
  put_str(to, form->text);
  put_escaped(to, record->text);
}

static void put_text(line *to, const peal_log_record *record,
                     const char *time) {
  put_str(to, time);
  put_str(to, " ");
  put_str(to, level_name(record->level));
  put_str(to, " ");
  put_str(to, record->area ? record->area : "-");
  put_str(to, ": ");
  put_plain(to, record->text);
  put_field(to, " peer=", record->peer, "", NAME_MOST);
  put_field(to, " sid=", record->sid, "", NAME_MOST);
}

size_t peal_log_line(char *out, size_t cap, const peal_log_record *record,
                     peal_log_format format) {
  const words *form = format == PEAL_LOG_JSON   ? &json
                      : format == PEAL_LOG_KEYS ? &keys
                                                : NULL;
  peal_slice end = peal_slice_of(form ? form->end : "\n");
  if (!out || !record || cap < PEAL_LOG_LINE_MIN)
    return 0;
  line to = {.out = out, .max = cap - end.len - 1};
  char time[PEAL_ISO_TIME_BYTES];
  peal_iso_time(time, record->time_ms);
  if (form)
    put_structured(&to, record, time, form);
  else
    put_text(&to, record, time);
  memcpy(out + to.len, end.ptr, end.len + 1);
  return to.len + end.len;
}
