# SPDX-License-Identifier: MIT
# peal_embed(<file>): the bytes of NAME.TYPE as a list for an array of C, in
# <build>/embedded/NAME_TYPE.inc; written when the build is configured, which it
# is again when the file changes.
function(peal_embed file)
  get_filename_component(name "${file}" NAME)
  string(REPLACE "." "_" name "${name}")
  set(from "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${from}")
  file(READ "${from}" bytes HEX)
  # Chars of C may be signed.
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "(char)0x\\1," bytes "${bytes}")
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/embedded/${name}.inc"
       CONTENT "${bytes}\n" @ONLY)
endfunction()
