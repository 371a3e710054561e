# SPDX-License-Identifier: Apache-2.0
#
# Runs at install time: lays the public headers at <include_dir>/weft/, and of the internal ones those that a public
# header includes, directly or through another one. The rest of internal/ stays at home.
cmake_minimum_required(VERSION 3.25)

file(GLOB wanted RELATIVE "${source_dir}"
  "${source_dir}/weft.h" "${source_dir}/version.h" "${source_dir}/concurrency/*.h" "${source_dir}/net/*.h" "${source_dir}/http/*.h" "${source_dir}/clients/*.h" "${source_dir}/clients/*/*.h" "${source_dir}/handlers/*.h"
  "${source_dir}/handlers/*/*.h" "${source_dir}/server/*.h")
list(FILTER wanted EXCLUDE REGEX "/internal/")
set(done "")
# A distribution may have given it as a whole.
cmake_path(ABSOLUTE_PATH include_dir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" OUTPUT_VARIABLE place)
while(wanted)
  list(POP_FRONT wanted header)
  list(APPEND done "${header}")
  cmake_path(GET header PARENT_PATH folder)
  file(INSTALL DESTINATION "${place}/weft/${folder}" TYPE FILE
    FILES "${source_dir}/${header}")

  file(STRINGS "${source_dir}/${header}" lines REGEX "^#[ ]*include <weft/")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#[ ]*include <weft/([^>]*)>.*" "\\1" included "${line}")
    if(NOT included IN_LIST wanted AND NOT included IN_LIST done)
      list(APPEND wanted "${included}")
    endif()
  endforeach()
endwhile()
