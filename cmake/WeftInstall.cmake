# SPDX-License-Identifier: Apache-2.0
#
# Installs the libraries, the public headers as include/weft/<folder>/, and what find_package(weft) reads.
include(CMakePackageConfigHelpers)

install(TARGETS weft weft_concurrency EXPORT weftTargets)
foreach(folder IN ITEMS concurrency handlers server)
  install(DIRECTORY ${folder}/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weft/${folder}"
    FILES_MATCHING PATTERN "*.h" PATTERN "internal" EXCLUDE)
endforeach()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/weft")
install(EXPORT weftTargets NAMESPACE weft:: DESTINATION "${package_dir}")
write_basic_package_version_file("${weft_BINARY_DIR}/weftConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES cmake/weftConfig.cmake "${weft_BINARY_DIR}/weftConfigVersion.cmake" DESTINATION "${package_dir}")
