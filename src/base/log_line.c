/* SPDX-License-Identifier: MIT */
/* log_line: a log record as one line: for people, as key=value, as JSON. */
#include <assert.h>
#include <string.h>

#include <peal/base.h>

#include "base/iso_time.h"
#include "base/log_text.h"

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

/* What is no character is a question mark. Whole: a line is cut between two of
 * them. */
static void put_char(line *to, const char *at, size_t len) {
  put(to, len ? at : "?", len ? len : 1);
}

/* Inside quotes, in a way that is right for JSON and for key=value. */
static void put_escaped(line *to, peal_slice text) {
  static const char hex[] = "0123456789abcdef";
  for (size_t pos = 0, len; pos < text.len && !to->full; pos += len ? len : 1) {
    const char *at = text.ptr + pos;
    len = peal_log_text_char(at, text.len - pos);
    unsigned char last = (unsigned char)at[len ? len - 1 : 0];
    if (len && peal_log_text_is_control(at, len))
      put(to, (char[]){'\\', 'u', '0', '0', hex[last >> 4], hex[last & 15]}, 6);
    else if (*at == '"' || *at == '\\')
      put(to, (char[]){'\\', *at}, 2);
    else
      put_char(to, at, len);
  }
}

static void put_plain(line *to, peal_slice text) {
  for (size_t pos = 0, len; pos < text.len && !to->full; pos += len ? len : 1) {
    const char *at = text.ptr + pos;
    len = peal_log_text_char(at, text.len - pos);
    put_char(to, at, peal_log_text_is_control(at, len) ? 0 : len);
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
  const char *time, *level, *area, *peer, *sid, *trace, *span, *text, *quote,
      *end;
} words;

static const words keys = {"time=",   " level=",      " area=\"",    " peer=\"",
                           " sid=\"", " trace_id=\"", " span_id=\"", " msg=\"",
                           "\"",      "\"\n"};
static const words json = {"{\"time\":\"",
                           "\",\"level\":\"",
                           "\",\"area\":\"",
                           "\",\"peer\":\"",
                           "\",\"sid\":\"",
                           "\",\"trace_id\":\"",
                           "\",\"span_id\":\"",
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
  put_field(to, form->trace, record->trace_id, form->quote, NAME_MOST);
  put_field(to, form->span, record->span_id, form->quote, NAME_MOST);
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
  put_field(to, " trace_id=", record->trace_id, "", NAME_MOST);
  put_field(to, " span_id=", record->span_id, "", NAME_MOST);
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
