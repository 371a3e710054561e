# SPDX-License-Identifier: Apache-2.0
#
# Runs in cpack: the packages that own what weft was built with are those that it depends on, as their names differ between releases. What
# only users of weft::json, weft::compress or weft::postgres need is recommended.
function(packages_of files variable)
  set(packages "")
  foreach(file IN LISTS files)
    execute_process(COMMAND dpkg-query --search "${file}" OUTPUT_VARIABLE found ERROR_VARIABLE complaint RESULT_VARIABLE failed)
    if(failed)
      message(FATAL_ERROR "No package has ${file}: libweft-dev is built with the libraries of the distribution only.\n${complaint}")
    endif()
    # "libssl-dev:amd64: /usr/include/...", or several names for a folder.
    string(REGEX REPLACE ": /.*" "" found "${found}")
    string(REGEX REPLACE ":[a-z0-9]+|," "" found "${found}")
    string(REGEX MATCHALL "[^ \n]+" found "${found}")
    list(APPEND packages ${found})
  endforeach()
  list(REMOVE_DUPLICATES packages)
  list(JOIN packages ", " packages)
  set(${variable} "${packages}" PARENT_SCOPE)
endfunction()

packages_of("${CPACK_WEFT_NEEDS}" CPACK_DEBIAN_PACKAGE_DEPENDS)
packages_of("${CPACK_WEFT_COMPONENTS_NEED}" CPACK_DEBIAN_PACKAGE_RECOMMENDS)
