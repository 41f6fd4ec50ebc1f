# SPDX-License-Identifier: MIT
# A toolchain file: boards with a Cortex-M4 and no system, by Debian's
# gcc-arm-none-eabi. The last two options are worth 1 % of the code.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_AR arm-none-eabi-gcc-ar)
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m4 -mthumb -flto -fno-move-loop-invariants -fno-tree-loop-optimize")
set(CMAKE_C_FLAGS_RELEASE_INIT "-Os -DNDEBUG")
