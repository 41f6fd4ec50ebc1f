# SPDX-License-Identifier: MIT
# Words for tests/ and fuzz/.

# Is this suite part of this build (PEAL_SUITES)?
function(peal_has_suite suite out)
  if(PEAL_SUITES STREQUAL "all" OR suite IN_LIST PEAL_SUITES)
    set(${out} ON PARENT_SCOPE)
  else()
    set(${out} OFF PARENT_SCOPE)
  endif()
endfunction()

# The archives of a layer and those below; of all layers when it is empty.
function(peal_layer_libs layer out)
  # the kit stands on the public face: on all of it
  if(layer AND NOT layer STREQUAL "kit")
    peal_layer_closure(${layer} layers)
  else()
    set(layers ${PEAL_LAYERS})
  endif()
  set(libs "")
  foreach(l IN LISTS layers)
    if(TARGET peal_${l}_archive)
      list(APPEND libs peal_${l}_archive)
    endif()
  endforeach()
  if(TARGET peal_kit_archive AND "kit" IN_LIST layers)
    list(APPEND libs ${peal_kit_deps})
  endif()
  set(${out} -Wl,--start-group ${libs} -Wl,--end-group ${peal_deps}
      PARENT_SCOPE)
endfunction()

# A test program that may reach inside the library.
function(peal_internal_executable name layer)
  add_executable(${name} ${ARGN})
  if(PEAL_LTO)
    target_link_options(${name} PRIVATE -fno-lto)
  endif()
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/include"
    "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests/support")
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE
    PEAL_TEST_DIR="${PROJECT_SOURCE_DIR}/tests")
  peal_layer_libs("${layer}" libs)
  target_link_libraries(${name} PRIVATE peal_warnings)
  if(TARGET peal_test_support)
    target_link_libraries(${name} PRIVATE peal_test_support)
  endif()
  target_link_libraries(${name} PRIVATE ${libs} m)
  # An oracle where a test asks for one.
  foreach(source IN LISTS ARGN)
    if(PEAL_JANSSON_FOUND AND IS_ABSOLUTE "${source}")
      file(STRINGS "${source}" uses REGEX "include <jansson\\.h>")
      if(uses)
        target_link_libraries(${name} PRIVATE PkgConfig::PEAL_JANSSON)
        target_compile_definitions(${name} PRIVATE PEAL_HAVE_JANSSON=1)
      endif()
    endif()
  endforeach()
endfunction()

# peal_add_test(NAME <suite.name> LABEL <label> [TIMEOUT s] [SERIAL]
#               [ENV NAME=value...] COMMAND <words...>)
# Exit 77 is "skipped"; the last line printed is the reason.
function(peal_add_test)
  cmake_parse_arguments(arg "SERIAL" "NAME;LABEL;TIMEOUT" "COMMAND;ENV" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(PEAL_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
  endif()
  add_test(NAME ${arg_NAME} COMMAND ${arg_COMMAND})
  # What is tried elsewhere in every run, and here in a nightly one.
  foreach(pattern IN LISTS PEAL_NIGHTLY)
    if(arg_NAME MATCHES "^(${pattern})$")
      list(APPEND arg_LABEL nightly)
      break()
    endif()
  endforeach()
  set_tests_properties(${arg_NAME} PROPERTIES LABELS "${arg_LABEL}"
    TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "PEAL_BIN=${PROJECT_BINARY_DIR}/bin;PEAL_SOURCE=${PROJECT_SOURCE_DIR};PEAL_BUILD=${PROJECT_BINARY_DIR};PEAL_SANITIZE=${PEAL_SANITIZE};${arg_ENV}")
  # These compute, or measure what they compute, all the time; a browser has
  # many processes.
  if(arg_LABEL MATCHES "^(cost|bench|fuzz)(;|$)")
    set_tests_properties(${arg_NAME} PROPERTIES PROCESSORS 2)
  elseif(arg_LABEL MATCHES "^browser(;|$)")
    set_tests_properties(${arg_NAME} PROPERTIES PROCESSORS 3)
  endif()
  if(arg_SERIAL)
    set_tests_properties(${arg_NAME} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()
