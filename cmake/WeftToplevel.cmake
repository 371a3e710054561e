# SPDX-License-Identifier: Apache-2.0
#
# What weft decides for the whole build, and only when it is the top project: build type and flags, sanitizers, ccache.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR "weft runs on Linux only (epoll, eventfd); this is ${CMAKE_SYSTEM_NAME}.")
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

# -g1 keeps names and lines for profiles and back-traces at a small price in link time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")

if(WEFT_SANITIZE)
  # -Og compiles big files of tests in half the time of -O1.
  set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")
  add_compile_options(-fsanitize=${WEFT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WEFT_SANITIZE})
  if(WEFT_SANITIZE MATCHES "thread")
    # ThreadSanitizer cannot see stand-alone fences, and gcc says so. Asio's guard nothing that its mutexes do not; a
    # fence of our own stays an error.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()

if(WEFT_FUZZ)
  # The library tells libFuzzer which way a message takes; only the targets bring its main().
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(WEFT_CCACHE ccache)
  mark_as_advanced(WEFT_CCACHE)
  if(WEFT_CCACHE)
    # Without these allowances ccache refuses every file that uses a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${WEFT_CCACHE}")
  endif()
endif()
