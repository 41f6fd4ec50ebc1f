# SPDX-License-Identifier: MIT
# make install: headers, both libraries, pkg-config and CMake package files,
# and the applications. Their pages: PealAssets.cmake.
include(CMakePackageConfigHelpers)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/Peal")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/peal"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
set(libraries peal_static peal_shared peal_device)
if(TARGET peal_kit)
  list(APPEND libraries peal_kit)
endif()
if(TARGET peal_test)
  list(APPEND libraries peal_test)
endif()
install(TARGETS ${libraries} EXPORT PealTargets)
install(EXPORT PealTargets NAMESPACE Peal:: DESTINATION "${package}")

configure_package_config_file(cmake/PealConfig.cmake.in PealConfig.cmake
                              INSTALL_DESTINATION "${package}")
write_basic_package_version_file(PealConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/PealConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/PealConfigVersion.cmake"
        DESTINATION "${package}")

# Relative to the file itself: the installed tree can be moved.
set(pc_folder "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH PC_PREFIX "${pc_folder}" "${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH PC_LIBDIR "${CMAKE_INSTALL_PREFIX}"
     "${CMAKE_INSTALL_FULL_LIBDIR}")
file(RELATIVE_PATH PC_INCLUDEDIR "${CMAKE_INSTALL_PREFIX}"
     "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
set(described peal)
if(TARGET peal_kit)
  list(APPEND described peal-kit)
endif()
if(TARGET peal_test)
  list(APPEND described peal-test)
endif()
foreach(name IN LISTS described)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()

if(PEAL_PROGRAMS)
  get_property(programs GLOBAL PROPERTY PEAL_PROGRAM_TARGETS)
  list(FILTER programs EXCLUDE REGEX "^example-|-bench-|-e2e-|-cost-")
  if(programs)
    install(TARGETS ${programs})
    if(TARGET peal-sv30-device)
      install(FILES "${PROJECT_BINARY_DIR}/bin/sv30-device"
              DESTINATION "${CMAKE_INSTALL_BINDIR}")
    endif()
  endif()
endif()
# The command's page and completions; these the command writes itself, from
# the tables that it reads its words by.
if(TARGET peal AND NOT PEAL_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  set(completion "${PROJECT_BINARY_DIR}/completion")
  foreach(shell bash zsh)
    add_custom_command(OUTPUT "${completion}/peal.${shell}"
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${completion}"
      COMMAND peal completion ${shell} > "${completion}/peal.${shell}"
      DEPENDS peal COMMENT "completion for ${shell}" VERBATIM)
  endforeach()
  add_custom_target(peal_completion ALL
    DEPENDS "${completion}/peal.bash" "${completion}/peal.zsh")
  install(FILES "${completion}/peal.bash" RENAME peal
          DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
  install(FILES "${completion}/peal.zsh" RENAME _peal
          DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
  install(FILES "${PROJECT_SOURCE_DIR}/cli/man/peal.1"
          DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
endif()
# Those of the applications: packaging/man, by tools/gen_man.py.
if(PEAL_PROGRAMS)
  install(FILES "${PROJECT_SOURCE_DIR}/packaging/man/peal.7"
          DESTINATION "${CMAKE_INSTALL_MANDIR}/man7")
  foreach(program IN LISTS programs)
    set(page "${PROJECT_SOURCE_DIR}/packaging/man/${program}.1")
    if(EXISTS "${page}")
      install(FILES "${page}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
    endif()
  endforeach()
  if(TARGET peal-sv30-device)
    install(FILES "${PROJECT_SOURCE_DIR}/packaging/man/peal-sv30-device.1"
            RENAME sv30-device.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  endif()
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
        DESTINATION "${CMAKE_INSTALL_DOCDIR}")
