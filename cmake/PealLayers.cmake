# SPDX-License-Identifier: MIT
# Reads src/LAYERS, the law of who may include whom, so that a test of a layer
# is linked with that layer and those below it and with nothing else.
set(peal_layers_file "${CMAKE_CURRENT_SOURCE_DIR}/src/LAYERS")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             "${peal_layers_file}")
file(STRINGS "${peal_layers_file}" peal_layer_lines REGEX "^[a-z]+:")
set(PEAL_LAYERS "")
foreach(line IN LISTS peal_layer_lines)
  string(REGEX MATCH "^[a-z]+" layer "${line}")
  string(REGEX REPLACE "^[a-z]+: *" "" below "${line}")
  separate_arguments(below)
  list(APPEND PEAL_LAYERS ${layer})
  set(PEAL_BELOW_${layer} ${below})
endforeach()
if(NOT PEAL_WEB)
  list(REMOVE_ITEM PEAL_LAYERS web)
endif()

# The layer itself and all it stands on, highest first, in `out`.
function(peal_layer_closure layer out)
  set(found ${layer})
  set(open ${layer})
  while(open)
    list(POP_FRONT open next)
    foreach(below IN LISTS PEAL_BELOW_${next})
      if(NOT below IN_LIST found)
        list(APPEND found ${below})
        list(APPEND open ${below})
      endif()
    endforeach()
  endwhile()
  set(${out} ${found} PARENT_SCOPE)
endfunction()
