# SPDX-License-Identifier: MIT
# How everything is compiled: C17 without extensions, the house's warnings,
# hidden symbols, position independent, and the sanitizer that was asked for.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(PEAL_CCACHE ccache)
mark_as_advanced(PEAL_CCACHE)
if(PEAL_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${PEAL_CCACHE}")
endif()

# The same objects whatever the build folder is called.
add_compile_options("-ffile-prefix-map=${CMAKE_BINARY_DIR}=.")

add_library(peal_warnings INTERFACE)
target_compile_options(peal_warnings INTERFACE
  -pedantic -Wall -Wextra -Wconversion -Wshadow -Wcast-qual
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wswitch-enum
  $<$<BOOL:${PEAL_WERROR}>:-Werror>)

if(PEAL_SANITIZE STREQUAL "address")
  set(peal_sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(PEAL_SANITIZE STREQUAL "thread")
  set(peal_sanitize -fsanitize=thread)
elseif(PEAL_SANITIZE)
  message(FATAL_ERROR "PEAL_SANITIZE: expected address or thread, not ${PEAL_SANITIZE}")
endif()
if(PEAL_SANITIZE)
  add_compile_options(${peal_sanitize} -fno-omit-frame-pointer)
  add_link_options(${peal_sanitize})
endif()
if(PEAL_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "PEAL_FUZZ needs clang (cmake --preset fuzz)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined
                      -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

if(NOT PEAL_SANITIZE AND NOT PEAL_FUZZ AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

# Fat objects: the archive also serves those who link without it.
if(PEAL_LTO)
  add_compile_options(-flto=auto -ffat-lto-objects)
  add_link_options(-flto=auto)
endif()
