/* SPDX-License-Identifier: MIT */
#include "wire/msgpack_time.h"

#include <string.h>

#include "base/iso_time.h"

/* ECMA-262 21.4.1.1. */
#define MAX_MS 8640000000000000
#define ERA_MS (146097ll * 86400000) /* 400 years, after which days repeat */
#define YEAR_0_MS (-719528ll * 86400000)

static char *put_year(char *at, int64_t year) {
  int digits = year >= 0 && year <= 9999 ? 4 : 6;
  if (digits == 6)
    *at++ = year < 0 ? '-' : '+';
  year = year < 0 ? -year : year;
  for (int i = digits; i-- > 0; year /= 10)
    at[i] = (char)('0' + year % 10);
  return at + digits;
}

/* The text of a year between 0 and 399, with the year that is meant. */
bool peal_msgpack_time_put_ms(char out[PEAL_MSGPACK_TIME_BYTES], int64_t ms) {
  char text[PEAL_ISO_TIME_BYTES];
  if (ms > MAX_MS || ms < -MAX_MS)
    return false;
  int64_t since = ms - YEAR_0_MS, era = since / ERA_MS;
  era -= since % ERA_MS < 0;
  peal_iso_time(text, ms - era * ERA_MS);
  int64_t year = (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0';
  char *at = put_year(out, year + 400 * era);
  memcpy(at, text + 4, sizeof text - 4);
  return true;
}

/* JavaScript cuts off what is below a millisecond, toward 1970. */
bool peal_msgpack_time_put(char out[PEAL_MSGPACK_TIME_BYTES], int64_t seconds,
                           uint32_t ns) {
  if (seconds > MAX_MS / 1000 || seconds < -MAX_MS / 1000 - 5)
    return false;
  int64_t ms = seconds * 1000 + ns / 1000000;
  return peal_msgpack_time_put_ms(out, ms + (ms < 0 && ns % 1000000));
}
