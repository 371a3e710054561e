# SPDX-License-Identifier: Apache-2.0
#
# Installs the libraries, the headers that users can reach as include/weft/<folder>/, and what find_package(weft) and
# pkg-config read.
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
# Before 1.0 a minor version may break its users.
if(weft_VERSION_MAJOR EQUAL 0)
  set(compatibility SameMinorVersion)
else()
  set(compatibility SameMajorVersion)
endif()
write_basic_package_version_file("${weft_BINARY_DIR}/weftConfigVersion.cmake" COMPATIBILITY ${compatibility})
configure_file(cmake/weftConfig.cmake.in "${weft_BINARY_DIR}/weftConfig.cmake" @ONLY)
install(FILES "${weft_BINARY_DIR}/weftConfig.cmake" "${weft_BINARY_DIR}/weftConfigVersion.cmake" DESTINATION "${package_dir}")

include(WeftPkgConfig)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME copyright)
install(FILES CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
if(PROJECT_IS_TOP_LEVEL)
  include(WeftPackage)
endif()
