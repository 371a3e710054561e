# SPDX-License-Identifier: Apache-2.0
#
# Installs the libraries, the headers that users can reach as include/weft/<folder>/, and what find_package(weft) reads.
include(CMakePackageConfigHelpers)

set(libraries weft_lto weft weft_concurrency weft_testing weft_concurrency_testing)
if(WEFT_JSON)
  list(APPEND libraries weft_json)
endif()
if(WEFT_COMPRESS)
  list(APPEND libraries weft_compress)
endif()
if(WEFT_POSTGRES)
  list(APPEND libraries weft_postgres)
endif()
install(TARGETS ${libraries} EXPORT weftTargets)
install(CODE "set(include_dir \"${CMAKE_INSTALL_INCLUDEDIR}\")
set(source_dir \"${weft_SOURCE_DIR}\")")
install(SCRIPT cmake/install_headers.cmake)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/weft")
install(EXPORT weftTargets NAMESPACE weft:: DESTINATION "${package_dir}")
write_basic_package_version_file("${weft_BINARY_DIR}/weftConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
configure_file(cmake/weftConfig.cmake.in "${weft_BINARY_DIR}/weftConfig.cmake" @ONLY)
install(FILES "${weft_BINARY_DIR}/weftConfig.cmake" "${weft_BINARY_DIR}/weftConfigVersion.cmake" DESTINATION "${package_dir}")
