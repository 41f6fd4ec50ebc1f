/* SPDX-License-Identifier: MIT */
#include "proto/cluster_places.h"

#include <string.h>

#include "wire/utf8_char.h"

static bool parse_number(uint64_t *out, peal_slice text) {
  uint64_t value = 0;
  if (!text.len || text.len > 20)
    return false;
  for (size_t i = 0; i < text.len; i++) {
    unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
    if (digit > 9 || value > (UINT64_MAX - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

bool peal_cluster_places_parse(peal_cluster_place *out, peal_slice id) {
  const char *dash = id.len ? memchr(id.ptr, '-', id.len) : NULL;
  if (!dash)
    return false;
  size_t len = (size_t)(dash - id.ptr);
  return parse_number(&out->ms, (peal_slice){id.ptr, len}) &&
         parse_number(&out->n, (peal_slice){dash + 1, id.len - len - 1});
}

int peal_cluster_places_compare(peal_cluster_place a, peal_cluster_place b) {
  if (a.ms != b.ms)
    return a.ms < b.ms ? -1 : 1;
  return a.n < b.n ? -1 : a.n > b.n;
}

/* The character at *at, which goes on; what is no UTF-8 is taken byte by byte. */
static uint32_t next_char(peal_slice text, size_t *at) {
  const char *p = text.ptr + *at;
  unsigned char first = (unsigned char)*p;
  size_t len = peal_utf8_char_len(p, text.ptr + text.len);
  len = len ? len : 1;
  *at += len;
  uint32_t c = len == 1 ? first : first & (0x7fu >> len);
  for (size_t i = 1; i < len; i++)
    c = c << 6 | ((unsigned char)p[i] & 0x3fu);
  return c;
}

/* In units of UTF-16, as JavaScript's charCodeAt. */
static uint32_t hash_code(peal_slice text) {
  uint32_t hash = 0;
  for (size_t i = 0; i < text.len;) {
    uint32_t c = next_char(text, &i);
    if (c > 0xffff) {
      hash = hash * 31 + (0xd800 + ((c - 0x10000) >> 10));
      c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    hash = hash * 31 + c;
  }
  return hash;
}

unsigned peal_cluster_places_stream(const peal_cluster_machine *machine,
                                    peal_slice nsp) {
  int64_t count = machine->opts.streams_count;
  if (count < 2)
    return 0;
  int64_t rest = (int64_t)(int32_t)hash_code(nsp) % count;
  return (unsigned)(rest < 0 ? rest + count : rest);
}

bool peal_cluster_places_has_passed(const peal_cluster_machine *machine,
                                    unsigned stream, peal_cluster_place place) {
  const peal_cluster_stream *it = &machine->streams[stream];
  return it->is_known && peal_cluster_places_compare(place, it->last) <= 0;
}

static peal_cluster_stream *stream_of(peal_cluster_machine *machine,
                                      unsigned stream) {
  return machine->opts.streams && stream < machine->opts.streams_count
             ? &machine->streams[stream]
             : NULL;
}

peal_err peal_cluster_places_pass(peal_cluster_machine *machine,
                                  unsigned stream, peal_slice id) {
  peal_cluster_stream *it = stream_of(machine, stream);
  peal_cluster_place place;
  if (!it || !peal_cluster_places_parse(&place, id))
    return PEAL_ERR_USAGE;
  if (it->is_known && peal_cluster_places_compare(place, it->last) <= 0)
    return PEAL_ERR_EXISTS;
  it->last = place;
  it->is_known = true;
  return PEAL_OK;
}

void peal_cluster_places_up(peal_cluster_machine *machine) {
  for (unsigned i = 0; i < machine->opts.streams_count; i++) {
    machine->streams[i].is_current = false;
    machine->streams[i].reads = true;
  }
}

bool peal_cluster_places_current(peal_cluster_machine *machine, unsigned stream,
                                 peal_slice id) {
  peal_cluster_stream *it = stream_of(machine, stream);
  peal_cluster_place place;
  if (it && !it->reads && peal_cluster_places_parse(&place, id)) {
    if (!it->is_known || peal_cluster_places_compare(place, it->last) > 0)
      it->last = place;
    it->is_current = it->is_known = true;
  }
  for (unsigned i = 0; i < machine->opts.streams_count; i++)
    if (!machine->streams[i].is_current)
      return false;
  return true;
}

bool peal_cluster_places_trimmed(peal_cluster_machine *machine, unsigned stream,
                                 peal_slice id) {
  peal_cluster_stream *it = stream_of(machine, stream);
  peal_cluster_place place;
  if (!it || !it->is_known || !peal_cluster_places_parse(&place, id) ||
      peal_cluster_places_compare(place, it->last) <= 0)
    return false;
  it->lost = true;
  return true;
}

static char *write_number(char *out, uint64_t value) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  while (count)
    *out++ = digits[--count];
  return out;
}

static peal_slice write_last(peal_cluster_stream *it) {
  if (!it->is_known)
    return (peal_slice){0};
  char *end = write_number(it->text, it->last.ms);
  *end++ = '-';
  end = write_number(end, it->last.n);
  return (peal_slice){it->text, (size_t)(end - it->text)};
}

bool peal_cluster_places_next(peal_cluster_machine *machine,
                              peal_cluster_event *event) {
  for (unsigned i = 0; i < machine->opts.streams_count; i++) {
    peal_cluster_stream *it = &machine->streams[i];
    if (!it->reads && !it->lost)
      continue;
    *event = (peal_cluster_event){.type = it->lost ? PEAL_CLUSTER_IS_LOST
                                                   : PEAL_CLUSTER_DO_READ,
                                  .stream = i,
                                  .offset = write_last(it)};
    if (it->lost)
      it->lost = false;
    else
      it->reads = false;
    return true;
  }
  return false;
}
