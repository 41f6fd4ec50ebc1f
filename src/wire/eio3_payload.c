/* SPDX-License-Identifier: MIT */
#include "wire/eio3_payload.h"

#include "base/decimal.h"
#include "base/err_site.h"
#include "wire/base64.h"
#include "wire/eio3_packet.h"
#include "wire/utf8.h"
#include "wire/utf8_char.h"

#define END_OF_LENGTH '\xff'

/* -- lengths ---------------------------------------------------------------- */

/* A length and its end. No packet is longer than the body, in either unit. */
static bool take_length(peal_slice *rest, char zero, char end, size_t *out) {
  size_t at = 0, value = 0;
  while (at < rest->len && rest->ptr[at] != end) {
    unsigned digit = (unsigned char)(rest->ptr[at] - zero);
    if (digit > 9 || value > rest->len)
      return false;
    value = value * 10 + digit;
    at++;
  }
  if (!at || at == rest->len)
    return false;
  *rest = (peal_slice){rest->ptr + at + 1, rest->len - at - 1};
  *out = value;
  return true;
}

/* The bytes of so many UTF-16 units: a character of four bytes has two. */
static peal_err span(peal_slice text, size_t units, size_t *bytes) {
  const char *at = text.ptr, *end = text.ptr + text.len;
  while (units) {
    size_t left = (size_t)(end - at);
    const char *limit = units < left ? at + units : end;
    const char *next = peal_utf8_char_skip_ascii(at, at, limit);
    units -= (size_t)(next - at);
    at = next;
    if (!units)
      break;
    size_t len = at < end ? peal_utf8_char_len(at, end) : 0;
    size_t cost = len == 4 ? 2 : 1;
    if (!len && at < end)
      return PEAL_FAIL(PEAL_ERR_UTF8);
    if (!len || cost > units)
      return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
    at += len;
    units -= cost;
  }
  *bytes = (size_t)(at - text.ptr);
  return PEAL_OK;
}

/* Of valid UTF-8. */
static size_t units_of(peal_slice text) {
  size_t units = 0;
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    units += ((c & 0xc0) != 0x80) + (size_t)(c >= 0xf0);
  }
  return units;
}

/* -- decode ----------------------------------------------------------------- */

static void take(peal_slice *rest, size_t len, peal_slice *out) {
  *out = (peal_slice){rest->ptr, len};
  *rest = (peal_slice){rest->ptr + len, rest->len - len};
}

static peal_err next_text(peal_slice *rest, peal_eio3_payload_item *item) {
  size_t units, bytes = 0;
  if (!take_length(rest, '0', ':', &units) || units > rest->len)
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  peal_err err = span(*rest, units, &bytes);
  if (!err)
    take(rest, bytes, &item->data);
  return err;
}

static peal_err next_octets(peal_slice *rest, peal_eio3_payload_item *item) {
  size_t bytes;
  if (!rest->len || (unsigned char)rest->ptr[0] > 1)
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  item->binary = rest->ptr[0] != 0;
  *rest = (peal_slice){rest->ptr + 1, rest->len - 1};
  if (!take_length(rest, 0, END_OF_LENGTH, &bytes) || bytes > rest->len)
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  take(rest, bytes, &item->data);
  return item->binary || peal_utf8_is_valid(item->data)
             ? PEAL_OK
             : PEAL_FAIL(PEAL_ERR_UTF8);
}

peal_err peal_eio3_payload_next(peal_slice *rest, bool octets,
                                peal_eio3_payload_item *item) {
  *item = (peal_eio3_payload_item){0};
  return octets ? next_octets(rest, item) : next_text(rest, item);
}

/* -- encode ----------------------------------------------------------------- */

static void add_text_length(peal_buf *out, size_t len) {
  peal_buf_add_u64(out, len);
  peal_buf_add_char(out, ':');
}

static void add_octets_length(peal_buf *out, size_t len, bool binary) {
  char digits[PEAL_DECIMAL_MAX];
  size_t count = peal_decimal_put(digits, len);
  peal_buf_add_char(out, binary ? 1 : 0);
  for (size_t i = 0; i < count; i++)
    peal_buf_add_char(out, (char)(digits[i] - '0'));
  peal_buf_add_char(out, END_OF_LENGTH);
}

static void add_octets(peal_buf *out, const peal_eio_packet *packet) {
  add_octets_length(out, packet->data.len + 1, packet->binary);
  peal_buf_add_char(out, packet->binary ? PEAL_EIO3_PACKET_BINARY
                                        : (char)('0' + packet->type));
  peal_buf_add(out, packet->data);
}

static void add_text(peal_buf *out, const peal_eio_packet *packet) {
  if (packet->binary) {
    add_text_length(out, 2 + peal_base64_encode_len(packet->data.len));
    peal_buf_add_str(out, "b4");
    peal_base64_encode(out, packet->data);
    return;
  }
  add_text_length(out, 1 + units_of(packet->data));
  peal_buf_add_char(out, (char)('0' + packet->type));
  peal_buf_add(out, packet->data);
}

void peal_eio3_payload_add(peal_buf *out, bool octets,
                           const peal_eio_packet *packet) {
  if (octets)
    add_octets(out, packet);
  else
    add_text(out, packet);
}

size_t peal_eio3_payload_len(const peal_eio_packet *packet) {
  /* The length, its end, the type. */
  return PEAL_DECIMAL_MAX + 3 +
         (packet->binary ? peal_base64_encode_len(packet->data.len)
                         : packet->data.len);
}
