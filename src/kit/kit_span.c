/* SPDX-License-Identifier: MIT */
/* kit_span: which piece of a history a request asks for. */
#include <stdio.h>

#include <peal/kit_history.h>

/* ---- times (ISO 8601 as JavaScript writes it) ------------------------------- */

/* Take `digits` digits off `text`. */
static bool take_number(peal_slice *text, size_t digits, int *out) {
  if (text->len < digits)
    return false;
  *out = 0;
  for (size_t i = 0; i < digits; i++) {
    char c = text->ptr[i];
    if (c < '0' || c > '9')
      return false;
    *out = *out * 10 + (c - '0');
  }
  *text = (peal_slice){text->ptr + digits, text->len - digits};
  return true;
}

static bool take_char(peal_slice *text, const char *choices) {
  for (; text->len > 0 && *choices != '\0'; choices++)
    if (*text->ptr == *choices) {
      *text = (peal_slice){text->ptr + 1, text->len - 1};
      return true;
    }
  return false;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days_of(int year, int month, int day) {
  // the year begins in March, so that the leap day is its last
  int64_t y = month > 2 ? year : year - 1;
  int64_t m = month > 2 ? month - 3 : month + 9;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 -
         719468;
}

static int days_in(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool take_date(peal_slice *text, int64_t *out) {
  int year, month, day;
  if (!take_number(text, 4, &year) || !take_char(text, "-") ||
      !take_number(text, 2, &month) || !take_char(text, "-") ||
      !take_number(text, 2, &day) || year < 1 || month < 1 || month > 12 ||
      day < 1 || day > days_in(year, month))
    return false;
  *out = days_of(year, month, day) * 86400000;
  return true;
}

static bool take_clock(peal_slice *text, int64_t *ms) {
  int hour, minute, second = 0, digit;
  if (!take_number(text, 2, &hour) || !take_char(text, ":") ||
      !take_number(text, 2, &minute))
    return false;
  if (take_char(text, ":") && !take_number(text, 2, &second))
    return false;
  if (hour > 23 || minute > 59 || second > 60)
    return false;
  *ms += (hour * 60 + minute) * INT64_C(60000) + second * INT64_C(1000);
  if (take_char(text, "."))
    for (int weight = 100; take_number(text, 1, &digit); weight /= 10)
      *ms += digit * weight;
  return true;
}

/* A `+` in a query that was not escaped comes as a blank. */
static bool take_zone(peal_slice *text, int64_t *ms) {
  int hours, minutes;
  if (text->len == 0 || take_char(text, "Zz"))
    return true;
  bool is_east = take_char(text, "+ ");
  if (!is_east && !take_char(text, "-"))
    return false;
  if (!take_number(text, 2, &hours))
    return false;
  (void)take_char(text, ":");
  if (!take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
    return false;
  int64_t offset = (hours * 60 + minutes) * INT64_C(60000);
  *ms += is_east ? -offset : offset;
  return true;
}

bool peal_kit_span_time_parse(int64_t *out, peal_slice text) {
  *out = 0;
  if (!take_date(&text, out))
    return false;
  if (text.len == 0)
    return true;
  return take_char(&text, "Tt ") && take_clock(&text, out) &&
         take_zone(&text, out) && text.len == 0;
}

/* ---- cursors -------------------------------------------------------------------- */

void peal_kit_span_cursor_write(char out[48], int64_t ts, int64_t id) {
  snprintf(out, 48, "%lld-%lld", (long long)ts, (long long)id);
}

static bool take_whole(peal_slice *text, int64_t *out) {
  int digit;
  size_t count = 0;
  *out = 0;
  for (; count < 18 && take_number(text, 1, &digit); count++)
    *out = *out * 10 + digit;
  return count > 0;
}

static bool cursor_read(peal_kit_span *out, peal_slice text) {
  return take_whole(&text, &out->before_ts) && take_char(&text, "-") &&
         take_whole(&text, &out->before_id) && text.len == 0;
}

/* ---- the query ------------------------------------------------------------------- */

static bool read_time(peal_http_req *req, const char *name, int64_t *out) {
  peal_slice text;
  if (!peal_http_req_param(req, name, &text) || text.len == 0 ||
      peal_kit_span_time_parse(out, text))
    return true;
  if (take_whole(&text, out) && text.len == 0)
    return true; // milliseconds since 1970
  peal_web_error(req, 422,
                 "expected a time such as 2026-01-31T12:00:00.000Z, or "
                 "milliseconds since 1970",
                 name);
  return false;
}

static bool read_cursor(peal_kit_span *out, peal_http_req *req,
                        const char *name) {
  peal_slice text;
  if (!peal_http_req_param(req, name, &text) || text.len == 0 ||
      cursor_read(out, text))
    return true;
  peal_web_error(req, 422, "expected the next of an earlier page", name);
  return false;
}

bool peal_kit_span_read(peal_kit_span *out, peal_http_req *req, int64_t limit) {
  *out = (peal_kit_span){.since = INT64_MIN,
                         .until = INT64_MAX,
                         .before_ts = INT64_MAX,
                         .before_id = INT64_MAX};
  peal_slice text;
  if (peal_http_req_param(req, "device_id", &text))
    out->device_id = text;
  if (!read_cursor(out, req, "before") || !read_cursor(out, req, "cursor"))
    return false;
  return read_time(req, "since", &out->since) &&
         read_time(req, "from", &out->since) &&
         read_time(req, "until", &out->until) &&
         read_time(req, "to", &out->until) &&
         peal_web_query_int(req, "limit", limit, 1, PEAL_KIT_SPAN_MAX_ROWS,
                            &out->limit);
}
