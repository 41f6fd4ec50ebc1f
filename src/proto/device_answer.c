/* SPDX-License-Identifier: MIT */
#include "proto/device_answer.h"

#include <string.h>

#include "base/err_site.h"
#include "proto/ws_ask.h"

/* Cut the line at the start of *rest; false: it has no end. */
static bool cut_line(peal_slice *rest, peal_slice *line) {
  const char *end =
      rest->len ? memchr(rest->ptr, '\n', rest->len) : (const char *)NULL;
  if (!end || end == rest->ptr || end[-1] != '\r')
    return false;
  size_t len = (size_t)(end - rest->ptr) + 1;
  *line = (peal_slice){rest->ptr, len - 2};
  rest->ptr += len;
  rest->len -= len;
  return true;
}

static peal_slice trim(peal_slice text) {
  while (text.len && (*text.ptr == ' ' || *text.ptr == '\t'))
    text = (peal_slice){text.ptr + 1, text.len - 1};
  while (text.len &&
         (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
    text.len--;
  return text;
}

typedef struct answer_fields {
  bool upgrade, connection, accept, strange;
} answer_fields;

/* RFC9110 5.6.1: a list of words, any number of which may be empty. */
static bool has_upgrade(peal_slice list) {
  while (list.len) {
    const char *comma = memchr(list.ptr, ',', list.len);
    size_t len = comma ? (size_t)(comma - list.ptr) : list.len;
    if (peal_slice_is_nocase(trim((peal_slice){list.ptr, len}), "upgrade"))
      return true;
    len += comma != NULL;
    list = (peal_slice){list.ptr + len, list.len - len};
  }
  return false;
}

/* False: it is no field. */
static bool take_field(answer_fields *fields, peal_slice line,
                       const unsigned char *sum) {
  const char *colon = memchr(line.ptr, ':', line.len);
  if (!colon || colon == line.ptr)
    return false;
  peal_slice name = {line.ptr, (size_t)(colon - line.ptr)};
  peal_slice value = trim((peal_slice){colon + 1, line.len - name.len - 1});
  if (peal_slice_is_nocase(name, "Upgrade"))
    fields->upgrade = peal_slice_is_nocase(value, "websocket");
  else if (peal_slice_is_nocase(name, "Connection"))
    fields->connection |= has_upgrade(value);
  else if (peal_slice_is_nocase(name, "Sec-WebSocket-Accept"))
    fields->accept = !sum || peal_ws_ask_is_digest(value, sum);
  else if (peal_slice_is_nocase(name, "Sec-WebSocket-Extensions") ||
           peal_slice_is_nocase(name, "Sec-WebSocket-Protocol"))
    fields->strange = true; /* none was offered */
  return true;
}

static size_t head_len(peal_slice in) {
  for (size_t i = 3; i < in.len; i++)
    if (in.ptr[i] == '\n' && memcmp(in.ptr + i - 3, "\r\n\r\n", 4) == 0)
      return i + 1;
  return 0;
}

peal_err peal_device_answer_take(peal_slice in, const unsigned char *sum,
                                 size_t *len) {
  static const char begin[] = "HTTP/1.1 101";
  size_t seen = in.len < sizeof begin - 1 ? in.len : sizeof begin - 1;
  if (seen && memcmp(in.ptr, begin, seen) != 0)
    return PEAL_FAIL(PEAL_ERR_ANSWER);
  *len = head_len(in);
  if (!*len)
    return PEAL_ERR_AGAIN;
  answer_fields fields = {.accept = sum == NULL};
  peal_slice rest = {in.ptr, *len}, line;
  bool right = cut_line(&rest, &line);
  while (right && cut_line(&rest, &line) && line.len)
    right = take_field(&fields, line, sum);
  return right && !rest.len && fields.upgrade && fields.connection &&
                 fields.accept && !fields.strange
             ? PEAL_OK
             : PEAL_FAIL(PEAL_ERR_ANSWER);
}
