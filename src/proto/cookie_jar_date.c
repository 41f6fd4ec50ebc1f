/* SPDX-License-Identifier: MIT */
#include "proto/cookie_jar_date.h"

#include "base/text.h"

typedef struct date {
  int hour, minute, second, day, month, year; /* -1: not found */
} date;

/* RFC6265 5.1.1: what stands between the tokens. */
static bool is_delimiter(char c) {
  return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static bool next_token(peal_slice *rest, peal_slice *token) {
  size_t i = 0;
  if (!rest->len)
    return false;
  while (i < rest->len && is_delimiter(rest->ptr[i]))
    i++;
  size_t begin = i;
  while (i < rest->len && !is_delimiter(rest->ptr[i]))
    i++;
  *token = (peal_slice){rest->ptr + begin, i - begin};
  *rest = (peal_slice){rest->ptr + i, rest->len - i};
  return token->len > 0;
}

/* Between `least` and `most` digits, and no digit behind them. Returns how
 * many, 0 if it is no such number. */
static size_t number(peal_slice text, size_t least, size_t most, int *out) {
  size_t len = 0;
  *out = 0;
  while (len < text.len && peal_text_is_digit(text.ptr[len])) {
    if (len == most)
      return 0;
    *out = *out * 10 + (text.ptr[len++] - '0');
  }
  return len >= least ? len : 0;
}

static peal_slice behind(peal_slice text, size_t len) {
  return (peal_slice){text.ptr + len, text.len - len};
}

static bool is_time(peal_slice token, date *out) {
  int *fields[] = {&out->hour, &out->minute, &out->second};
  date found = *out;
  int *into[] = {&found.hour, &found.minute, &found.second};
  for (size_t i = 0; i < 3; i++) {
    size_t len = number(token, 1, 2, into[i]);
    if (!len)
      return false;
    token = behind(token, len);
    if (i == 2)
      break;
    if (!token.len || token.ptr[0] != ':')
      return false;
    token = behind(token, 1);
  }
  for (size_t i = 0; i < 3; i++)
    *fields[i] = *into[i];
  return true;
}

static bool is_month(peal_slice token, int *out) {
  static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
  for (int i = 0; token.len >= 3 && i < 12; i++) {
    const char *name = names + (size_t)i * 3;
    if (peal_text_lower(token.ptr[0]) == name[0] &&
        peal_text_lower(token.ptr[1]) == name[1] &&
        peal_text_lower(token.ptr[2]) == name[2]) {
      *out = i;
      return true;
    }
  }
  return false;
}

static void read_token(peal_slice token, date *out) {
  int value;
  if (out->hour < 0 && is_time(token, out))
    return;
  if (out->day < 0 && number(token, 1, 2, &value))
    out->day = value;
  else if (out->month < 0 && is_month(token, &out->month))
    return;
  else if (out->year < 0 && number(token, 2, 4, &value))
    out->year = value;
}

static bool is_valid(date *it) {
  if (it->year >= 70 && it->year <= 99)
    it->year += 1900;
  else if (it->year >= 0 && it->year <= 69)
    it->year += 2000;
  return it->hour >= 0 && it->hour <= 23 && it->minute <= 59 &&
         it->second <= 59 && it->day >= 1 && it->day <= 31 && it->month >= 0 &&
         it->year >= 1601;
}

/* Days from 1970 to a date of the Gregorian calendar, counted in years that
 * begin in March, so that the leap day is their last. */
static int64_t days_of(const date *it) {
  int64_t month = (it->month + 10) % 12; /* March is 0 */
  int64_t year = it->year - (it->month < 2);
  int64_t leap_days = year / 4 - year / 100 + year / 400;
  return year * 365 + leap_days + (month * 153 + 2) / 5 + it->day - 1 - 719468;
}

bool peal_cookie_jar_date(peal_slice text, int64_t *seconds) {
  date found = {-1, -1, -1, -1, -1, -1};
  peal_slice token;
  while (next_token(&text, &token))
    read_token(token, &found);
  if (!is_valid(&found))
    return false;
  *seconds = days_of(&found) * 86400 + (int64_t)found.hour * 3600 +
             (int64_t)found.minute * 60 + found.second;
  return true;
}
