# SPDX-License-Identifier: MIT
# The pages and the browser client: copied to <build>/share/peal, where the
# programs look for them beside their own folder (../share/peal), and installed
# to the same place under the prefix.
set(share "${PROJECT_BINARY_DIR}/share/peal")
set(copied "")

# One rule per file: a changed page is copied again by the next build.
function(peal_asset source target)
  add_custom_command(OUTPUT "${share}/${target}"
    COMMAND "${CMAKE_COMMAND}" -E copy "${source}" "${share}/${target}"
    DEPENDS "${source}" COMMENT "share/peal/${target}" VERBATIM)
  get_filename_component(folder "${target}" DIRECTORY)
  install(FILES "${source}"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/peal/${folder}")
  set(copied ${copied} "${share}/${target}" PARENT_SCOPE)
endfunction()

file(GLOB pages CONFIGURE_DEPENDS LIST_DIRECTORIES true
     "${PROJECT_SOURCE_DIR}/apps/*/web")
# What every page has: its own folder holds it as if it were the page's. The
# sheet of all components is the landing page's alone.
set(kit "${PROJECT_SOURCE_DIR}/kit/web")
file(GLOB_RECURSE shared CONFIGURE_DEPENDS RELATIVE "${kit}" "${kit}/*")
set(sheet ${shared})
list(FILTER sheet INCLUDE REGEX "^sheet/")
list(FILTER shared EXCLUDE REGEX "^sheet/|(^|/)README\\.md$")
set(apps "")
foreach(page IN LISTS pages)
  get_filename_component(app "${page}" DIRECTORY)
  get_filename_component(app "${app}" NAME)
  list(APPEND apps "${app}")
  foreach(file IN LISTS shared)
    peal_asset("${kit}/${file}" "${app}/web/${file}")
  endforeach()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${page}" "${page}/*")
  # Only what belongs to the page: everything in that folder is public.
  list(FILTER files EXCLUDE REGEX "(^|/)README\\.md$")
  file(REMOVE "${share}/${app}/web/README.md")
  foreach(file IN LISTS files)
    peal_asset("${page}/${file}" "${app}/web/${file}")
  endforeach()
endforeach()
foreach(file IN LISTS sheet)
  string(REGEX REPLACE "^sheet/" "landing/web/kit/" target "${file}")
  peal_asset("${kit}/${file}" "${target}")
endforeach()

set(modules "${PROJECT_SOURCE_DIR}/node_modules")
if(EXISTS "${modules}/socket.io-client/dist" AND EXISTS "${modules}/uplot/dist")
  foreach(file socket.io.js socket.io.min.js socket.io.esm.min.js
          socket.io.msgpack.min.js)
    peal_asset("${modules}/socket.io-client/dist/${file}" "client/${file}")
    if(EXISTS "${modules}/socket.io-client/dist/${file}.map")
      peal_asset("${modules}/socket.io-client/dist/${file}.map"
                 "client/${file}.map")
    endif()
  endforeach()
  foreach(app IN LISTS apps)
    foreach(file uPlot.iife.min.js uPlot.min.css)
      peal_asset("${modules}/uplot/dist/${file}" "${app}/web/vendor/${file}")
    endforeach()
  endforeach()
else()
  message(WARNING "node_modules is missing: the programs are built without the "
    "browser client and the plots; run npm ci (or make build) and cmake again")
endif()

# The hospital's pages are made by Vite; what they are made of is watched.
set(front "${PROJECT_SOURCE_DIR}/apps/hospital/front")
if(EXISTS "${front}/node_modules/vite/bin/vite.js")
  file(GLOB_RECURSE made_of CONFIGURE_DEPENDS "${front}/src/*"
       "${front}/public/*")
  list(APPEND made_of "${front}/index.html" "${front}/vite.config.ts"
       "${front}/package-lock.json" "${kit}/base.css" "${kit}/parts.css"
       "${kit}/js/api.js" "${kit}/js/tab_lock.js" "${kit}/js/theme-early.js")
  add_custom_command(OUTPUT "${share}/hospital/web/index.html"
    COMMAND "${PROJECT_SOURCE_DIR}/tools/vite_build.sh" "${front}"
            "${share}/hospital/web" ${made_of}
    DEPENDS ${made_of} "${PROJECT_SOURCE_DIR}/tools/vite_build.sh"
    COMMENT "share/peal/hospital/web" VERBATIM)
  list(APPEND copied "${share}/hospital/web/index.html")
  install(DIRECTORY "${share}/hospital/web/"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/peal/hospital/web")
else()
  message(WARNING "apps/hospital/front/node_modules is missing: peal-hospital "
    "is built without its pages; run tools/npm_ci.sh apps/hospital/front (or "
    "make build) and cmake again")
endif()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/apps/hospital/deploy/"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/peal/hospital/deploy"
        USE_SOURCE_PERMISSIONS)

add_custom_target(peal_assets ALL DEPENDS ${copied})
