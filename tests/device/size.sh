#!/bin/sh
# SPDX-License-Identifier: MIT
# size.sh SOURCE WORK LIMIT: the code of libpeal_device for 32-bit ARM, as a
# program that uses all of it carries it, without the C library's memcpy and kin
# and the compiler's arithmetic of doubles; it fails above LIMIT bytes. Leaves
# WORK/device_main, the test program for that machine.
set -eu
source=$1 work=$2 limit=$3
for tool in arm-none-eabi-gcc qemu-arm; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: tools/install.sh test"
    exit 77
  }
done
mkdir -p "$work"
cmake -S "$source" -B "$work/build" -G Ninja -DPEAL_DEVICE_ONLY=ON \
  -DCMAKE_TOOLCHAIN_FILE="$source/cmake/arm-none-eabi.cmake" \
  -DCMAKE_BUILD_TYPE=Release >"$work/configure.log"
cmake --build "$work/build" >"$work/build.log" 2>&1 || {
  cat "$work/build.log"
  exit 1
}
cd "$work"
flags='-std=c17 -Os -mcpu=cortex-m4 -mthumb -ffunction-sections
  -fdata-sections -fno-move-loop-invariants -fno-tree-loop-optimize'
library=build/lib/libpeal_device.a

# All public functions are roots.
{
  echo '#include <peal/device.h>'
  names=$(sed -n 's/.*\b\(peal_device_[a-z_]*\)(.*/\1/p' \
    "$source/include/peal/device.h" | grep -v '^peal_device_opts$' | sort -u)
  echo 'typedef void (*any_fn)(void);'
  echo 'any_fn const roots[] = {'
  for name in $names; do echo "(any_fn)$name,"; done
  echo '};'
  echo 'any_fn const *_start(void);'
  echo 'any_fn const *_start(void) { return roots; }'
} >roots.c
# shellcheck disable=SC2086
arm-none-eabi-gcc $flags -flto -I"$source/include" -nostartfiles -nostdlib \
  roots.c "$library" -Wl,--gc-sections -Wl,--unresolved-symbols=ignore-all \
  -o roots.elf 2>link.log || {
  cat link.log
  exit 1
}
bytes=$(arm-none-eabi-size roots.elf | awk 'NR == 2 {print $1 + $2}')
echo "libpeal_device: $bytes bytes of code for 32-bit ARM (limit $limit)"

# shellcheck disable=SC2086
arm-none-eabi-gcc $flags -flto -c -I"$source/include" \
  "$source/tests/device/device_main.c" -o device_main.o
# shellcheck disable=SC2086
arm-none-eabi-gcc $flags -c "$source/tests/device/board_arm.c" -o board_arm.o
# shellcheck disable=SC2086
arm-none-eabi-gcc $flags -flto -nostartfiles --specs=nano.specs \
  device_main.o board_arm.o "$library" -Wl,--gc-sections -o device_main \
  2>link.log || {
  cat link.log
  exit 1
}
# Nobody asks the C library for memory.
if arm-none-eabi-nm device_main | grep -E ' (malloc|_sbrk|realloc)$'; then
  echo 'the program for the board has an allocator'
  exit 1
fi
[ "$bytes" -le "$limit" ]
