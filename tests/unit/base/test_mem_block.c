/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/mem_block.h"

#define PIECES 40

static _Alignas(16) char room[8192];

static uint32_t throw_dice(uint32_t *dice) {
  *dice ^= *dice << 13;
  *dice ^= *dice >> 17;
  *dice ^= *dice << 5;
  return *dice;
}

static void what_was_given_back_can_be_had_again(void **state) {
  (void)state;
  peal_mem_block block;
  peal_mem_block_init(&block, room, sizeof room);
  size_t most = sizeof room - 16;
  void *all = peal_mem_alloc(&block.mem, most);
  assert_non_null(all);
  assert_null(peal_mem_alloc(&block.mem, 1));
  peal_mem_free(&block.mem, all);
  void *a = peal_mem_alloc(&block.mem, 100), *b = peal_mem_alloc(&block.mem, 9);
  assert_true(a && b && a != b);
  peal_mem_free(&block.mem, a);
  peal_mem_free(&block.mem, b);
  assert_int_equal(block.used, 0);
  assert_ptr_equal(peal_mem_alloc(&block.mem, most), all);
  assert_int_equal(block.most, sizeof room);
}

static void a_block_of_nothing_holds_nothing(void **state) {
  (void)state;
  peal_mem_block block;
  for (size_t bytes = 0; bytes < 32; bytes++) {
    peal_mem_block_init(&block, room + 1, bytes);
    assert_null(peal_mem_alloc(&block.mem, 64));
    assert_true(peal_mem_block_check(&block));
  }
  peal_mem_block_init(&block, NULL, 1000);
  assert_null(peal_mem_alloc(&block.mem, 1));
  assert_null(peal_mem_resize(&block.mem, NULL, SIZE_MAX));
}

/* Each piece is filled with its number: none lies on another, and what moves
 * takes along what is in it. */
static void pieces_keep_what_is_in_them(void **state) {
  (void)state;
  peal_mem_block block;
  unsigned char *pieces[PIECES] = {0};
  size_t sizes[PIECES] = {0};
  uint32_t dice = 7;
  peal_mem_block_init(&block, room, sizeof room);
  for (int step = 0; step < 200000; step++) {
    size_t which = throw_dice(&dice) % PIECES;
    size_t size = throw_dice(&dice) % 300;
    for (size_t i = 0; i < sizes[which]; i++)
      assert_int_equal(pieces[which][i], which);
    if (throw_dice(&dice) % 3 == 0) {
      peal_mem_free(&block.mem, pieces[which]);
      pieces[which] = NULL;
      sizes[which] = 0;
    } else {
      unsigned char *piece = peal_mem_resize(&block.mem, pieces[which], size);
      if (piece) {
        assert_int_equal((uintptr_t)piece % 16, 0);
        memset(piece, (int)which, size);
        pieces[which] = piece;
        sizes[which] = size;
      }
    }
    assert_true(peal_mem_block_check(&block));
  }
  for (size_t i = 0; i < PIECES; i++)
    peal_mem_free(&block.mem, pieces[i]);
  assert_int_equal(block.used, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_given_back_can_be_had_again),
      cmocka_unit_test(a_block_of_nothing_holds_nothing),
      cmocka_unit_test(pieces_keep_what_is_in_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
