/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <peal/kit_sse.h>

enum { DEFAULT_MAX_BYTES = 1 << 20, FIRST_BYTES = 512 };

void peal_kit_sse_init(peal_kit_sse *sse, size_t max_bytes) {
  *sse = (peal_kit_sse){.max = max_bytes > 0 ? max_bytes : DEFAULT_MAX_BYTES};
}

void peal_kit_sse_deinit(peal_kit_sse *sse) {
  if (sse == NULL)
    return;
  free(sse->bytes);
  *sse = (peal_kit_sse){.max = sse->max};
}

peal_err peal_kit_sse_err(const peal_kit_sse *sse) {
  return sse->err;
}

peal_err peal_kit_sse_feed(peal_kit_sse *sse, peal_slice piece) {
  if (sse->err != PEAL_OK)
    return sse->err;
  if (sse->piece.len > 0)
    return PEAL_ERR_USAGE;
  sse->piece = piece;
  return PEAL_OK;
}

/* ---- bytes ----------------------------------------------------------------- */

static bool fail(peal_kit_sse *sse, peal_err err) {
  sse->err = err;
  sse->piece = (peal_slice){0};
  return false;
}

static bool append(peal_kit_sse *sse, peal_slice more) {
  if (more.len > sse->max - sse->len)
    return fail(sse, PEAL_ERR_TOO_LONG);
  // one more, for the line feed that a data line ends with
  size_t need = sse->len + more.len + 1;
  if (need > sse->cap) {
    size_t cap = sse->cap > 0 ? sse->cap * 2 : FIRST_BYTES;
    cap = cap < need ? need : cap;
    char *longer = realloc(sse->bytes, cap);
    if (longer == NULL)
      return fail(sse, PEAL_ERR_NOMEM);
    sse->bytes = longer;
    sse->cap = cap;
  }
  if (more.len > 0)
    memcpy(sse->bytes + sse->len, more.ptr, more.len);
  sse->len += more.len;
  return true;
}

/* ---- lines ----------------------------------------------------------------- */

static size_t copy(char *out, size_t cap, peal_slice value) {
  size_t len = value.len < cap ? value.len : cap;
  if (len > 0)
    memcpy(out, value.ptr, len);
  return len;
}

/* HTML 9.2.6: the value goes to the data, followed by a line feed. It stands
 * behind its name, so it only moves towards the beginning. */
static void add_data(peal_kit_sse *sse, peal_slice value) {
  if (value.len > 0)
    memmove(sse->bytes + sse->data_len, value.ptr, value.len);
  sse->data_len += value.len;
  sse->bytes[sse->data_len++] = '\n';
}

/* HTML 9.2.6: "If the field value does not contain U+0000 NULL"; fields of
 * other names are ignored. */
static void take_field(peal_kit_sse *sse, peal_slice name, peal_slice value) {
  if (peal_slice_is(name, "data"))
    add_data(sse, value);
  else if (peal_slice_is(name, "event"))
    sse->type_len = copy(sse->type, sizeof sse->type, value);
  else if (peal_slice_is(name, "id") &&
           (value.len == 0 || memchr(value.ptr, '\0', value.len) == NULL))
    sse->id_len = copy(sse->id, sizeof sse->id, value);
}

static peal_slice line_of(peal_kit_sse *sse) {
  static const char mark[] = {'\xEF', '\xBB', '\xBF'};
  peal_slice line = {sse->bytes + sse->data_len, sse->len - sse->data_len};
  if (!sse->has_begun && line.len >= sizeof mark &&
      memcmp(line.ptr, mark, sizeof mark) == 0) {
    line.ptr += sizeof mark;
    line.len -= sizeof mark;
  }
  sse->has_begun = true;
  return line;
}

/* HTML 9.2.6. A line that begins with a colon has a name of no bytes. Returns
 * true at the empty line that ends an event. */
static bool end_line(peal_kit_sse *sse) {
  peal_slice line = line_of(sse);
  if (line.len > 0) {
    const char *colon = memchr(line.ptr, ':', line.len);
    peal_slice name = line, value = {line.ptr + line.len, 0};
    if (colon != NULL) {
      name.len = (size_t)(colon - line.ptr);
      value = (peal_slice){colon + 1, line.len - name.len - 1};
      if (value.len > 0 && *value.ptr == ' ')
        value = (peal_slice){value.ptr + 1, value.len - 1};
    }
    take_field(sse, name, value);
  }
  sse->len = sse->data_len;
  return line.len == 0;
}

/* HTML 9.2.5: lines end with CR LF, LF or CR. Returns true if one has ended. */
static bool take_line(peal_kit_sse *sse) {
  if (sse->after_cr && sse->piece.len > 0) {
    sse->after_cr = false;
    if (*sse->piece.ptr == '\n')
      sse->piece = (peal_slice){sse->piece.ptr + 1, sse->piece.len - 1};
  }
  size_t i = 0;
  while (i < sse->piece.len && sse->piece.ptr[i] != '\n' &&
         sse->piece.ptr[i] != '\r')
    i++;
  if (!append(sse, (peal_slice){sse->piece.ptr, i}))
    return false;
  bool is_whole = i < sse->piece.len;
  sse->after_cr = is_whole ? sse->piece.ptr[i] == '\r' : sse->after_cr;
  size_t taken = is_whole ? i + 1 : i;
  sse->piece = (peal_slice){sse->piece.ptr + taken, sse->piece.len - taken};
  return is_whole;
}

/* ---- events ---------------------------------------------------------------- */

/* HTML 9.2.6: an event without data is none, but forgets its type. */
static bool dispatch(peal_kit_sse *sse, peal_kit_sse_event *event) {
  if (sse->data_len == 0) {
    sse->type_len = 0;
    return false;
  }
  *event = (peal_kit_sse_event){
      .type = sse->type_len > 0 ? (peal_slice){sse->type, sse->type_len}
                                : PEAL_S("message"),
      .data = {sse->bytes, sse->data_len - 1},
      .id = {sse->id, sse->id_len}};
  sse->is_told = true;
  return true;
}

bool peal_kit_sse_next(peal_kit_sse *sse, peal_kit_sse_event *event) {
  if (sse->is_told) {
    sse->len = sse->data_len = sse->type_len = 0;
    sse->is_told = false;
  }
  while (sse->piece.len > 0)
    if (take_line(sse) && end_line(sse) && dispatch(sse, event))
      return true;
  return false;
}
