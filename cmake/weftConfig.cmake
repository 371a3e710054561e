# SPDX-License-Identifier: Apache-2.0
#
# find_package(weft) gives weft::weft (the whole library), weft::concurrency (without its HTTP part), and, where they were built,
# weft::json and weft::compress; only what links these needs Boost.JSON and zlib.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Boost 1.81 CONFIG COMPONENTS context OPTIONAL_COMPONENTS json)
find_dependency(spdlog CONFIG)
include("${CMAKE_CURRENT_LIST_DIR}/weftTargets.cmake")
if(TARGET weft::compress)
  find_package(ZLIB QUIET)
endif()
