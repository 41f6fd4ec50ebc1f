/* SPDX-License-Identifier: MIT */
#include "wire/ws_frame.h"

#include <assert.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#define PEAL_WS_FRAME_SSE2 1
#else
#define PEAL_WS_FRAME_SSE2 0
#endif

#include "base/err_site.h"
#include "base/wide.h"

/* RFC6455 5.2: the layout of a frame header.
 *
 *   byte 0: FIN RSV1 RSV2 RSV3 opcode(4)
 *   byte 1: MASK len(7); 126: two bytes follow, 127: eight bytes follow
 *   then the length in network order, then four bytes of key if masked */
#define FIN 0x80u
#define RSV1 0x40u
#define RSV2_RSV3 0x30u
#define OPCODE 0x0fu
#define MASKED 0x80u
#define LEN7 0x7fu
#define LEN_16 126u
#define LEN_64 127u
#define CONTROL 0x08u

/* What the first two bytes prove. */
static peal_err check_start(uint8_t first, uint8_t second) {
  uint8_t opcode = first & OPCODE;
  if (first & RSV2_RSV3)
    return PEAL_FAIL(PEAL_ERR_WS_RSV);
  /* RFC6455 5.2: opcodes 3-7 and B-F are reserved. */
  if ((opcode & (CONTROL - 1u)) > 2u)
    return PEAL_FAIL(PEAL_ERR_WS_OPCODE);
  /* RFC6455 5.5: control frames have at most 125 bytes and one fragment. */
  if ((opcode & CONTROL) && (!(first & FIN) || (second & LEN7) > 125u))
    return PEAL_FAIL(PEAL_ERR_WS_CONTROL);
  return PEAL_OK;
}

static uint64_t load_be(const uint8_t *bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; i++)
    value = value << 8 | bytes[i];
  return value;
}

/* RFC6455 5.2: the minimal number of bytes MUST be used, and the top bit of
 * the longest form is 0. */
static bool is_minimal(uint64_t len, size_t count) {
  if (count == 2)
    return len >= LEN_16;
  return len > UINT16_MAX && len <= INT64_MAX;
}

peal_err peal_ws_frame_decode(peal_ws_frame *out, peal_slice in, size_t *used) {
  const uint8_t *bytes = (const uint8_t *)in.ptr;
  if (in.len < 2)
    return PEAL_ERR_AGAIN;
  peal_err err = check_start(bytes[0], bytes[1]);
  if (err)
    return err;
  out->fin = (bytes[0] & FIN) != 0;
  out->rsv1 = (bytes[0] & RSV1) != 0;
  out->opcode = bytes[0] & OPCODE;
  out->masked = (bytes[1] & MASKED) != 0;
  out->len = bytes[1] & LEN7;
  size_t pos = 2;
  if (out->len >= LEN_16) {
    size_t count = out->len == LEN_16 ? 2 : 8;
    if (in.len < pos + count)
      return PEAL_ERR_AGAIN;
    out->len = load_be(bytes + pos, count);
    if (!is_minimal(out->len, count))
      return PEAL_FAIL(PEAL_ERR_WS_LEN);
    pos += count;
  }
  memset(out->mask, 0, sizeof(out->mask));
  if (out->masked) {
    if (in.len < pos + sizeof(out->mask))
      return PEAL_ERR_AGAIN;
    memcpy(out->mask, bytes + pos, sizeof(out->mask));
    pos += sizeof(out->mask);
  }
  *used = pos;
  return PEAL_OK;
}

static size_t store_be(uint8_t *bytes, uint64_t value, size_t count) {
  for (size_t i = count; i-- > 0; value >>= 8)
    bytes[i] = (uint8_t)value;
  return count;
}

size_t peal_ws_frame_encode(char *out, const peal_ws_frame *frame) {
  uint8_t *head = (uint8_t *)out;
  uint8_t masked = frame->masked ? MASKED : 0;
  size_t pos = 2;
  assert(frame->len <= INT64_MAX);
  head[0] = (uint8_t)((frame->fin ? FIN : 0) | (frame->rsv1 ? RSV1 : 0) |
                      (frame->opcode & OPCODE));
  if (frame->len < LEN_16) {
    head[1] = (uint8_t)(masked | frame->len);
  } else if (frame->len <= UINT16_MAX) {
    head[1] = masked | LEN_16;
    pos += store_be(head + pos, frame->len, 2);
  } else {
    head[1] = masked | LEN_64;
    pos += store_be(head + pos, frame->len, 8);
  }
  if (frame->masked) {
    memcpy(head + pos, frame->mask, sizeof(frame->mask));
    pos += sizeof(frame->mask);
  }
  return pos;
}

/* The key as 8 bytes of the payload from `offset` on meet it. */
static uint64_t key_at(const uint8_t mask[4], uint64_t offset) {
  uint32_t key;
  unsigned turn = (unsigned)(offset & 3u) * 8u;
  memcpy(&key, mask, sizeof(key));
  if (turn != 0)
    key = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
              ? key >> turn | key << (32u - turn)
              : key << turn | key >> (32u - turn);
  return (uint64_t)key << 32 | key;
}

/* Less than 8 bytes. */
static void mask_few(char *out, const char *in, size_t len, uint64_t key) {
  uint8_t bytes[8];
  memcpy(bytes, &key, sizeof(bytes));
  for (size_t i = 0; i < len; i++)
    out[i] = (char)((uint8_t)in[i] ^ bytes[i]);
}

/* RFC6455 5.3: byte i of the payload is XORed with byte i mod 4 of the key; 8
 * or 16 at once. The last 8 overlap with those before them, so they are read
 * before those are written. */
void peal_ws_frame_mask(char *out, const char *in, size_t len,
                        const uint8_t mask[4], uint64_t offset) {
  uint64_t key = key_at(mask, offset);
  if (len < 8) {
    mask_few(out, in, len, key);
    return;
  }
  uint64_t last = peal_wide_load64(in + len - 8) ^ key_at(mask, offset + len);
  char *end = out + len - 8;
#if PEAL_WS_FRAME_SSE2
  __m128i wide = _mm_set1_epi64x((long long)key);
  for (; end - out >= 16; in += 16, out += 16) {
    __m128i piece = _mm_loadu_si128((const __m128i *)(const void *)in);
    _mm_storeu_si128((__m128i *)(void *)out, _mm_xor_si128(piece, wide));
  }
#endif
  for (; out < end; in += 8, out += 8) {
    uint64_t piece = peal_wide_load64(in) ^ key;
    memcpy(out, &piece, sizeof(piece));
  }
  memcpy(end, &last, sizeof(last));
}
