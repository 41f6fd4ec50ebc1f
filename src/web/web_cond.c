/* SPDX-License-Identifier: MIT */
#include "web/web_cond.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "web/web_date.h"

void peal_web_cond_etag(peal_web_cond_file *file, int64_t mtime_ns) {
  snprintf(file->etag, sizeof(file->etag), "W/\"%" PRIx64 "-%" PRIx64 "\"",
           file->size, (uint64_t)mtime_ns);
}

static peal_slice opaque(peal_slice tag) {
  if (tag.len >= 2 && memcmp(tag.ptr, "W/", 2) == 0)
    return (peal_slice){tag.ptr + 2, tag.len - 2};
  return tag;
}

/* RFC9110 8.8.3.2: weak comparison with each of the list. */
static bool lists(peal_slice list, const char *etag) {
  peal_slice ours = opaque(peal_slice_of(etag));
  if (peal_slice_is(list, "*"))
    return true;
  while (list.len) {
    size_t skip = 0;
    while (skip < list.len && (list.ptr[skip] == ' ' || list.ptr[skip] == ',' ||
                               list.ptr[skip] == '\t'))
      skip++;
    list.ptr += skip;
    list.len -= skip;
    size_t len = 0;
    bool quoted = false;
    for (; len < list.len && (quoted || list.ptr[len] != ','); len++) {
      if (list.ptr[len] == '"')
        quoted = !quoted;
    }
    peal_slice tag = {list.ptr, len};
    while (tag.len && tag.ptr[tag.len - 1] == ' ')
      tag.len--;
    if (tag.len && peal_slice_eq(opaque(tag), ours))
      return true;
    list.ptr += len;
    list.len -= len;
  }
  return false;
}

/* Take a number off the front. */
static bool number(peal_slice *text, uint64_t *out) {
  size_t used = peal_decimal_take(*text, out);
  *text = (peal_slice){text->ptr + used, text->len - used};
  return used > 0;
}

static peal_web_cond_plan whole(uint64_t size) {
  return (peal_web_cond_plan){200, 0, size};
}

/* RFC9110 14.1.2: the last `count` bytes. */
static peal_web_cond_plan suffix(peal_slice range, uint64_t size) {
  uint64_t count;
  if (!number(&range, &count) || range.len)
    return whole(size);
  if (!count || !size)
    return (peal_web_cond_plan){416, 0, 0};
  if (count > size)
    count = size;
  return (peal_web_cond_plan){206, size - count, count};
}

peal_web_cond_plan peal_web_cond_range(peal_slice range, uint64_t size) {
  uint64_t first, last = UINT64_MAX;
  if (range.len < 6 ||
      !peal_slice_is_nocase((peal_slice){range.ptr, 6}, "bytes="))
    return whole(size);
  range.ptr += 6;
  range.len -= 6;
  if (range.len && range.ptr[0] == '-')
    return suffix((peal_slice){range.ptr + 1, range.len - 1}, size);
  if (!number(&range, &first) || !range.len || range.ptr[0] != '-')
    return whole(size);
  range.ptr++;
  range.len--;
  if (range.len && (!number(&range, &last) || range.len || last < first))
    return whole(size);
  if (first >= size)
    return (peal_web_cond_plan){416, 0, 0};
  if (last >= size)
    last = size - 1;
  return (peal_web_cond_plan){206, first, last - first + 1};
}

/* RFC9110 13.1.5: only a strong validator may join ranges: our tags are weak,
 * an exact date is not. */
static bool range_applies(const peal_web_cond_file *file, peal_slice if_range) {
  int64_t date;
  if (!if_range.ptr)
    return true;
  return peal_web_date_parse(if_range, &date) && date == file->mtime_s;
}

static unsigned precondition(const peal_web_cond_file *file,
                             const peal_web_cond_ask *ask) {
  int64_t date;
  /* If-Match compares strongly: a weak tag never matches, "*" always. */
  if (ask->if_match.ptr) {
    if (!peal_slice_is(ask->if_match, "*"))
      return 412;
  } else if (ask->if_unmodified_since.ptr &&
             peal_web_date_parse(ask->if_unmodified_since, &date) &&
             file->mtime_s > date) {
    return 412;
  }
  if (ask->if_none_match.ptr)
    return lists(ask->if_none_match, file->etag) ? 304 : 200;
  if (ask->if_modified_since.ptr &&
      peal_web_date_parse(ask->if_modified_since, &date) &&
      file->mtime_s <= date)
    return 304;
  return 200;
}

peal_web_cond_plan peal_web_cond_decide(const peal_web_cond_file *file,
                                        const peal_web_cond_ask *ask) {
  unsigned status = precondition(file, ask);
  if (status != 200)
    return (peal_web_cond_plan){status, 0, 0};
  if (ask->is_get && ask->range.ptr && range_applies(file, ask->if_range))
    return peal_web_cond_range(ask->range, file->size);
  return whole(file->size);
}
