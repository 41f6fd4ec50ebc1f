# SPDX-License-Identifier: MIT
# Programs stand on the public headers alone and carry libpeal inside.
include(CheckPIESupported)
check_pie_supported()

# peal_program(<name> <folder> [libraries...]): <folder>/*.c becomes
# <build>/bin/<name>. Everything but the file with main() is an object library
# <name>_objects, so that a unit test can link it, also while there is no main()
# and therefore no program.
function(peal_program name folder)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.c")
  if(NOT sources)
    return()
  endif()
  set(main "")
  foreach(source IN LISTS sources)
    file(STRINGS "${source}" entry REGEX "^int main\\(" LIMIT_COUNT 1)
    if(entry)
      list(APPEND main "${source}")
    endif()
    file(STRINGS "${source}" kit REGEX "peal/kit" LIMIT_COUNT 1)
    if(kit AND NOT TARGET peal_kit)
      message(STATUS "${name} needs the kit (PEAL_KIT): left out")
      return()
    endif()
    file(STRINGS "${source}" web REGEX "peal_(web|store|config)_" LIMIT_COUNT 1)
    if(web AND NOT PEAL_WEB)
      message(STATUS "${name} needs the web layer (PEAL_WEB): left out")
      return()
    endif()
  endforeach()
  if(NOT main)
    message(STATUS "${folder} has no main() yet: no ${name}")
    set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY
                 CMAKE_CONFIGURE_DEPENDS ${sources})
  else()
    list(REMOVE_ITEM sources ${main})
  endif()
  set(usage ${ARGN} peal_static peal_warnings ${peal_deps} m)
  set(defines _GNU_SOURCE
    PEAL_SHARE_DIR="${CMAKE_INSTALL_FULL_DATADIR}/peal")

  if(sources)
    add_library(${name}_objects OBJECT ${sources})
    target_compile_definitions(${name}_objects PRIVATE ${defines})
    target_link_libraries(${name}_objects PRIVATE ${usage})
    if(NOT main)
      return()
    endif()
    list(APPEND main $<TARGET_OBJECTS:${name}_objects>)
  endif()
  add_executable(${name} ${main})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  target_compile_definitions(${name} PRIVATE ${defines})
  target_link_libraries(${name} PRIVATE ${usage})
  # Optimised across all files is what serves many or is measured; for the
  # others it would be half of the time that a build takes.
  if(PEAL_LTO AND NOT name MATCHES "^peal-(bench-|esp32$|sv30-backend$|carechat$)")
    target_link_options(${name} PRIVATE -fno-lto)
  endif()
  set_property(GLOBAL APPEND PROPERTY PEAL_PROGRAM_TARGETS ${name})
endfunction()

# The libraries an application needs beyond libpeal.
set(PEAL_APP_LIBS_esp32 peal_kit PkgConfig::PEAL_JPEG
    PkgConfig::PEAL_PNG)
set(PEAL_APP_LIBS_esp32-sim peal_kit PkgConfig::PEAL_JPEG)
set(PEAL_APP_LIBS_peal PkgConfig::PEAL_CURL)
if(PEAL_EDIT_FOUND)
  list(APPEND PEAL_APP_LIBS_peal PkgConfig::PEAL_EDIT)
endif()

set(PEAL_APP_LIBS_sv30-backend peal_kit)
set(PEAL_APP_LIBS_sv30-device peal_kit)
set(PEAL_APP_LIBS_carechat peal_kit)
set(PEAL_APP_LIBS_carechat-sim peal_kit)
set(PEAL_APP_LIBS_deskpulse peal_kit PkgConfig::PEAL_JPEG)
set(PEAL_APP_LIBS_landing peal_kit PkgConfig::PEAL_CURL)

set(PEAL_EXAMPLE_LIBS_kit_notes peal_kit)
set(PEAL_EXAMPLE_LIBS_people peal_kit)
set(PEAL_EXAMPLE_LIBS_loop_glib PkgConfig::PEAL_GLIB)
set(PEAL_EXAMPLE_LIBS_client_glib PkgConfig::PEAL_GLIB)

function(peal_all_programs)
  file(GLOB folders CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
       "${PROJECT_SOURCE_DIR}/apps/*" "${PROJECT_SOURCE_DIR}/examples/*")
  foreach(folder IN LISTS folders)
    get_filename_component(name "${folder}" NAME)
    if(NOT IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}" OR
       name STREQUAL "common")
      continue()
    elseif(name MATCHES "_glib$" AND NOT PEAL_GLIB_FOUND)
      message(STATUS "glib-2.0 is missing: no example-${name}")
    elseif(folder MATCHES "^examples/")
      peal_program(example-${name} ${folder} ${PEAL_EXAMPLE_LIBS_${name}})
    else()
      peal_program(peal-${name} ${folder} ${PEAL_APP_LIBS_${name}})
      peal_program(peal-${name}-sim ${folder}/sim
                   ${PEAL_APP_LIBS_${name}-sim})
    endif()
  endforeach()
  # The name that the scripts of its users know.
  if(TARGET peal-sv30-device)
    add_custom_command(TARGET peal-sv30-device POST_BUILD
      COMMAND "${CMAKE_COMMAND}" -E create_symlink peal-sv30-device
              "${PROJECT_BINARY_DIR}/bin/sv30-device" VERBATIM)
  endif()
  foreach(part server load floor client tls)
    peal_program(peal-bench-${part} bench/${part})
  endforeach()
  peal_program(peal cli ${PEAL_APP_LIBS_peal})
  if(TARGET peal_objects)
    # The histogram of latencies is that of the benchmark.
    target_sources(peal_objects PRIVATE bench/load/load_hist.c)
    target_include_directories(peal_objects PRIVATE bench/load)
    if(PEAL_EDIT_FOUND)
      target_compile_definitions(peal_objects PRIVATE CLI_HAVE_EDIT=1)
    else()
      message(STATUS "libedit is missing: no line editing in peal connect")
    endif()
  endif()
  if(TARGET peal_objects AND PEAL_WITH_CLUSTER)
    target_compile_definitions(peal_objects PRIVATE CLI_HAVE_CLUSTER=1)
  endif()
  peal_program(peal-e2e-fixture tests/e2e/fixture)
  if(PEAL_WITH_CLUSTER AND
     EXISTS "${PROJECT_SOURCE_DIR}/src/cluster/cluster.c")
    peal_program(peal-cluster-node tests/cluster/fixture)
  endif()
  if(PEAL_WITH_CLUSTER)
    peal_program(peal-cluster-emitter tests/cluster/emitter)
    target_sources(peal-cluster-emitter PRIVATE
                   tests/client_e2e/driver/driver_values.c)
  endif()
  peal_program(peal-client-driver tests/client_e2e/driver)
  peal_program(peal-cost-server tests/cost/server)
endfunction()
