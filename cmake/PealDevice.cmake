# SPDX-License-Identifier: MIT
# libpeal_device: the client for small devices (<peal/device.h>): the pure
# folders alone, compiled for size, with nothing of an operating system under
# them. A board's project builds it alone:
#
#   cmake -S peal -B build -DPEAL_DEVICE_ONLY=ON \
#         -DCMAKE_TOOLCHAIN_FILE=peal/cmake/arm-none-eabi.cmake
function(peal_device_library)
  set(sources "")
  foreach(layer base wire proto)
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${layer}/*.c")
    list(APPEND sources ${found})
  endforeach()
  add_library(peal_device STATIC ${sources})
  target_include_directories(peal_device
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_compile_definitions(peal_device PRIVATE PEAL_SMALL)
  target_compile_options(peal_device PRIVATE -ffunction-sections -fdata-sections)
  if(NOT PEAL_SANITIZE AND NOT PEAL_FUZZ)
    target_compile_options(peal_device PRIVATE -Os)
  endif()
  set_target_properties(peal_device PROPERTIES C_STANDARD 17
    C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
endfunction()
