# SPDX-License-Identifier: MIT
# make install: headers, both libraries, pkg-config and CMake package files,
# and the applications. Their pages: PealAssets.cmake.
include(CMakePackageConfigHelpers)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/Peal")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/peal"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(TARGETS peal_static peal_shared peal_device EXPORT PealTargets)
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
configure_file(cmake/peal.pc.in peal.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/peal.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

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
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
        DESTINATION "${CMAKE_INSTALL_DOCDIR}")
