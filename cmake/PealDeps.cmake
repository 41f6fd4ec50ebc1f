# SPDX-License-Identifier: MIT
# The libraries we link, all from the system. What is missing is told at once
# and by the name of its package, not one library per attempt.
set(peal_missing "")

# peal_need(<prefix> <package of Debian 12> <module of pkg-config>...)
macro(peal_need prefix package)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(${prefix} QUIET IMPORTED_TARGET ${ARGN})
  endif()
  if(NOT ${prefix}_FOUND)
    list(APPEND peal_missing "${package}")
  endif()
endmacro()

find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)
if(NOT PKG_CONFIG_FOUND)
  list(APPEND peal_missing pkg-config)
endif()
peal_need(PEAL_UV libuv1-dev "libuv>=1.44")
peal_need(PEAL_CRYPTO libssl-dev "libcrypto>=3")
peal_need(PEAL_SSL libssl-dev "libssl>=3")
peal_need(PEAL_ZLIB zlib1g-dev zlib)
set(peal_deps PkgConfig::PEAL_UV PkgConfig::PEAL_SSL PkgConfig::PEAL_CRYPTO
    PkgConfig::PEAL_ZLIB Threads::Threads)
set(PEAL_PC_REQUIRES "libuv >= 1.44, libssl >= 3, libcrypto >= 3, zlib")
if(PEAL_WEB)
  peal_need(PEAL_SQLITE libsqlite3-dev sqlite3)
  list(APPEND peal_deps PkgConfig::PEAL_SQLITE)
  string(APPEND PEAL_PC_REQUIRES ", sqlite3")
endif()
# Any hiredis will do, Debian 12's 0.14 and later ones: it reads the protocol,
# connections and TLS are ours.
if(PEAL_CLUSTER STREQUAL "AUTO")
  pkg_check_modules(PEAL_HIREDIS QUIET IMPORTED_TARGET "hiredis>=0.14")
  set(PEAL_WITH_CLUSTER ${PEAL_HIREDIS_FOUND})
elseif(PEAL_CLUSTER)
  peal_need(PEAL_HIREDIS libhiredis-dev "hiredis>=0.14")
  set(PEAL_WITH_CLUSTER ON)
else()
  set(PEAL_WITH_CLUSTER OFF)
endif()
if(PEAL_WITH_CLUSTER)
  list(APPEND peal_deps PkgConfig::PEAL_HIREDIS)
  string(APPEND PEAL_PC_REQUIRES ", hiredis >= 0.14")
  message(STATUS "clusters over Redis: yes, hiredis ${PEAL_HIREDIS_VERSION}")
elseif(PEAL_CLUSTER STREQUAL "AUTO")
  message(STATUS "clusters over Redis: no, hiredis is missing (libhiredis-dev)")
else()
  message(STATUS "clusters over Redis: no, PEAL_CLUSTER is off")
endif()
# Passwords of the admin side: crypt(3), in libc or in a library beside it.
if(PEAL_ADMIN)
  find_path(PEAL_CRYPT_H crypt.h)
  find_library(PEAL_CRYPT_LIB crypt)
  mark_as_advanced(PEAL_CRYPT_H PEAL_CRYPT_LIB)
  if(NOT PEAL_CRYPT_H)
    list(APPEND peal_missing libcrypt-dev)
  endif()
  if(PEAL_CRYPT_LIB)
    list(APPEND peal_deps crypt)
    set(PEAL_PC_LIBS " -lcrypt")
  endif()
endif()
# Of the kit, beyond those.
set(peal_kit_deps "")
set(PEAL_KIT_PC_REQUIRES "libcrypto >= 3")
if(PEAL_WEB AND PEAL_KIT)
  peal_need(PEAL_JOSE libjose-dev "jose>=11")
  list(APPEND peal_kit_deps PkgConfig::PEAL_JOSE)
  string(APPEND PEAL_KIT_PC_REQUIRES ", jose >= 11")
  peal_need(PEAL_CURL libcurl4-openssl-dev libcurl)
  list(APPEND peal_kit_deps PkgConfig::PEAL_CURL)
  string(APPEND PEAL_KIT_PC_REQUIRES ", libcurl")
endif()

# For the applications and the tests only.
if(PEAL_PROGRAMS)
  peal_need(PEAL_CURL libcurl4-openssl-dev libcurl)
  peal_need(PEAL_JPEG libturbojpeg0-dev libturbojpeg)
  peal_need(PEAL_PNG libpng-dev libpng)
  # The lines of `peal connect` can be edited where it is.
  pkg_check_modules(PEAL_EDIT QUIET IMPORTED_TARGET libedit)
  # One example; whoever builds it has it.
  pkg_check_modules(PEAL_GLIB QUIET IMPORTED_TARGET glib-2.0)
endif()
if(peal_missing)
  list(REMOVE_DUPLICATES peal_missing)
  string(JOIN " " words ${peal_missing})
  message(FATAL_ERROR "Peal needs packages that are not installed: ${words}\n"
    "On Debian 12:\n"
    "  apt-get install ${words}\n"
    "or `make run` or `tools/install.sh`, which install what is missing. "
    "Elsewhere these are the packages with the headers and the pkg-config "
    "files of the same libraries. -DPEAL_WEB=OFF does without SQLite, "
    "-DPEAL_CLUSTER=OFF without hiredis, -DPEAL_ADMIN=OFF without crypt, "
    "-DPEAL_KIT=OFF without jose, both without curl when -DPEAL_PROGRAMS=OFF does "
    "without turbojpeg and png.\n")
endif()

if(PEAL_TESTS OR PEAL_FUZZ)
  pkg_check_modules(PEAL_JANSSON QUIET IMPORTED_TARGET jansson)
endif()
if(PEAL_TESTS)
  pkg_check_modules(PEAL_CMOCKA QUIET IMPORTED_TARGET cmocka)
  if(NOT PEAL_CMOCKA_FOUND)
    message(WARNING "cmocka is missing: no unit tests (tools/install.sh test)")
  endif()
endif()
