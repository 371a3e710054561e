# SPDX-License-Identifier: Apache-2.0
#
# Everything weft needs from outside comes from the distribution's packages; nothing is downloaded.
find_package(Threads REQUIRED)

# Which C library it is, is nowhere to be seen but in the name of the target.
if(NOT DEFINED WEFT_MUSL)
  execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -dumpmachine OUTPUT_VARIABLE machine ERROR_QUIET)
  if("${machine} ${CMAKE_CXX_COMPILER_TARGET}" MATCHES "musl")
    set(WEFT_MUSL ON)
  else()
    set(WEFT_MUSL OFF)
  endif()
endif()

find_package(Boost 1.81 CONFIG QUIET COMPONENTS context OPTIONAL_COMPONENTS json)
if(NOT Boost_FOUND)
  message(FATAL_ERROR
    "weft needs Boost 1.81 or later with Boost.Context. Install\n"
    "  Debian 12:                libboost1.81-dev libboost-context1.81-dev (libboost-dev is 1.74 there: too old)\n"
    "  Debian 13, Ubuntu 24.04:  libboost1.83-dev libboost-context1.83-dev\n"
    "or run scripts/setup, or point CMAKE_PREFIX_PATH at a Boost of your own.\n"
    "What was found: ${Boost_NOT_FOUND_MESSAGE}")
endif()

find_package(spdlog CONFIG QUIET)
if(NOT spdlog_FOUND)
  message(FATAL_ERROR "weft needs spdlog. Install libspdlog-dev, or run scripts/setup.")
endif()

if(WEFT_JSON AND NOT TARGET Boost::json)
  message(STATUS "No Boost.JSON found (libboost-json1.81-dev, or scripts/setup): weft::json is left out.")
  set(WEFT_JSON OFF)
endif()

if(WEFT_COMPRESS)
  find_package(ZLIB QUIET)
  if(NOT ZLIB_FOUND)
    message(STATUS "No zlib found (zlib1g-dev, or scripts/setup): weft::compress is left out.")
    set(WEFT_COMPRESS OFF)
  endif()
endif()

if(WEFT_POSTGRES)
  find_package(PostgreSQL 14 QUIET)
  if(NOT TARGET PostgreSQL::PostgreSQL)
    message(STATUS "No libpq found (libpq-dev, or scripts/setup): weft::postgres is left out.")
    set(WEFT_POSTGRES OFF)
  endif()
endif()

if(WEFT_BUILD_TESTS)
  find_package(GTest CONFIG QUIET)
  if(NOT GTest_FOUND)
    message(FATAL_ERROR
      "weft's tests need GoogleTest. Install libgtest-dev and libgmock-dev, run scripts/setup, or leave the tests out "
      "with -DWEFT_BUILD_TESTS=OFF.")
  endif()
endif()
