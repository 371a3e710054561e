# SPDX-License-Identifier: Apache-2.0
#
# What users would compile is compiled here as they would: each public header alone, the programs of tests/api/ and the
# examples, with all warnings (as errors under WEFT_WERROR), by the compiler of the build and, where it is found, by clang as well (all headers at
# once); clang reads the sources of the library, too. And weft is used as a package.
#
# Programs of tests/api/ need no list: *_main.cc becomes a program, *_run.cc a program that is also a test (it must end
# with 0), any other file is only compiled. Those with json or postgres in their name link weft::json or weft::postgres,
# those with compress weft::compress and zlib.
set(strict -Wall -Wextra -Wshadow)
if(WEFT_WERROR)
  list(APPEND strict -Werror)
endif()

# Each header twice in a row, and all of them twice in a row: each compiles alone, and its guard works.
file(GLOB public_headers CONFIGURE_DEPENDS RELATIVE "${weft_SOURCE_DIR}"
  "${weft_SOURCE_DIR}/weft.h" "${weft_SOURCE_DIR}/version.h" "${weft_SOURCE_DIR}/concurrency/*.h" "${weft_SOURCE_DIR}/net/*.h" "${weft_SOURCE_DIR}/http/*.h" "${weft_SOURCE_DIR}/clients/*.h" "${weft_SOURCE_DIR}/clients/*/*.h" "${weft_SOURCE_DIR}/handlers/*.h"
  "${weft_SOURCE_DIR}/handlers/*/*.h" "${weft_SOURCE_DIR}/server/*.h")
list(FILTER public_headers EXCLUDE REGEX "/internal/")
set(header_sources "")
foreach(header IN LISTS public_headers)
  string(APPEND all_headers "#include <weft/${header}>\n#include <weft/${header}>\n")
  # One that its own source includes before anything else has been shown to compile alone.
  string(REGEX REPLACE "\\.h$" ".cc" own_source "${weft_SOURCE_DIR}/${header}")
  if(EXISTS "${own_source}")
    file(STRINGS "${own_source}" first_include LIMIT_COUNT 1 REGEX "^#include")
    if(first_include STREQUAL "#include <weft/${header}>")
      continue()
    endif()
  endif()
  string(REPLACE ".h" ".cc" name "headers/${header}")
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${name}"
    CONTENT "#include <weft/${header}>\n#include <weft/${header}>\n")
  list(APPEND header_sources "${CMAKE_CURRENT_BINARY_DIR}/${name}")
endforeach()
file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/headers/all.cc" CONTENT "${all_headers}")

file(GLOB api_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/api/*.cc")
set(api_programs ${api_sources})
list(FILTER api_programs INCLUDE REGEX "_(main|run)\\.cc$")
if(NOT WEFT_JSON)
  list(FILTER api_sources EXCLUDE REGEX "json")
  list(FILTER api_programs EXCLUDE REGEX "json")
endif()
if(NOT WEFT_POSTGRES)
  list(FILTER api_sources EXCLUDE REGEX "postgres")
  list(FILTER api_programs EXCLUDE REGEX "postgres")
endif()
if(NOT WEFT_COMPRESS)
  list(FILTER api_sources EXCLUDE REGEX "compress")
  list(FILTER api_programs EXCLUDE REGEX "compress")
endif()
set(api_objects ${api_sources})
list(REMOVE_ITEM api_objects ${api_programs})

if(header_sources OR api_objects)
  add_library(api_objects OBJECT ${header_sources} ${api_objects})
  target_link_libraries(api_objects PRIVATE weft::testing)
  target_compile_options(api_objects PRIVATE ${strict} -O0 -g0)
endif()
foreach(source IN LISTS api_programs)
  cmake_path(GET source STEM name)
  add_executable(api_${name} "${source}")
  if(name MATCHES "json")
    target_link_libraries(api_${name} PRIVATE weft::json)
  endif()
  if(name MATCHES "compress")
    target_link_libraries(api_${name} PRIVATE weft::compress ZLIB::ZLIB)
  endif()
  if(name MATCHES "postgres")
    target_link_libraries(api_${name} PRIVATE weft::postgres)
  endif()
  target_link_libraries(api_${name} PRIVATE weft::testing)
  target_compile_options(api_${name} PRIVATE ${strict} -O0)
  set_target_properties(api_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/api")
  if(name MATCHES "_run$")
    add_test(NAME api.${name} COMMAND api_${name})
    set_tests_properties(api.${name} PROPERTIES TIMEOUT 120)
  endif()
endforeach()

# The same files and the library, read by clang, which also knows which lock guards what (thread_annotations.h): nothing is generated, so
# a stamp stands for "accepted".
find_program(WEFT_CLANG NAMES clang++-19 clang++)
mark_as_advanced(WEFT_CLANG)
if(WEFT_CLANG)
  get_property(example_sources GLOBAL PROPERTY WEFT_EXAMPLE_SOURCES)
  get_target_property(concurrency_sources weft_concurrency SOURCES)
  get_target_property(weft_sources weft SOURCES)
  foreach(kit IN ITEMS weft_concurrency_testing weft_testing)
    get_target_property(kit_sources ${kit} SOURCES)
    list(APPEND weft_sources ${kit_sources})
  endforeach()
  set(compress_sources "")
  if(WEFT_COMPRESS)
    get_target_property(compress_sources weft_compress SOURCES)
  endif()
  set(boost_includes "$<FILTER:$<TARGET_PROPERTY:Boost::headers,INTERFACE_INCLUDE_DIRECTORIES>,EXCLUDE,^/usr/include$>")
  # Two thirds of clang's time went into the same headers of the standard library, once for each file. gcc reads all of this without
  # them, so a missing #include is still found.
  set(clang_pch "${CMAKE_CURRENT_BINARY_DIR}/clang/std.pch")
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/clang/std.h" CONTENT "#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>
")
  add_custom_command(OUTPUT "${clang_pch}"
    COMMAND "${WEFT_CLANG}" -std=c++20 ${strict} -x c++-header "${CMAKE_CURRENT_BINARY_DIR}/clang/std.h" -MD -MF "${clang_pch}.d"
      -MT "${clang_pch}" -o "${clang_pch}"
    DEPENDS "${CMAKE_CURRENT_BINARY_DIR}/clang/std.h" DEPFILE "${clang_pch}.d"
    COMMENT "Reading the standard library with clang" VERBATIM)
  set(stamps "")
  set(postgres_sources "")
  if(WEFT_POSTGRES)
    get_target_property(postgres_sources weft_postgres SOURCES)
    list(APPEND strict "-I${PostgreSQL_INCLUDE_DIRS}")
  endif()
  foreach(source IN ITEMS "${CMAKE_CURRENT_BINARY_DIR}/headers/all.cc" LISTS api_sources example_sources concurrency_sources weft_sources compress_sources postgres_sources)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${weft_SOURCE_DIR}" OUTPUT_VARIABLE shown)
    if(shown MATCHES "^\\.\\.|headers/")
      cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" OUTPUT_VARIABLE shown)
    endif()
    set(stamp "${CMAKE_CURRENT_BINARY_DIR}/clang/${shown}.ok")
    cmake_path(GET stamp PARENT_PATH stamp_dir)
    file(MAKE_DIRECTORY "${stamp_dir}")
    add_custom_command(OUTPUT "${stamp}"
      COMMAND "${WEFT_CLANG}" -std=c++20 -fsyntax-only ${strict} -Wthread-safety-analysis -Wthread-safety-attributes -include-pch "${clang_pch}" "-I${weft_BINARY_DIR}/include"
        "$<$<BOOL:${boost_includes}>:-isystem$<JOIN:${boost_includes},;-isystem>>"
        -MD -MF "${stamp}.d" -MT "${stamp}" "${source}"
      COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
      DEPENDS "${source}" "${clang_pch}" DEPFILE "${stamp}.d" COMMENT "Reading ${shown} with clang" COMMAND_EXPAND_LISTS VERBATIM)
    list(APPEND stamps "${stamp}")
  endforeach()
  add_custom_target(clang_check ALL DEPENDS ${stamps})
elseif("$ENV{WEFT_NEED_PROGRAMS}" STREQUAL "1")
  message(FATAL_ERROR "No clang++ found, and WEFT_NEED_PROGRAMS=1 (scripts/setup clang installs it).")
else()
  message(STATUS "No clang++ found: the examples and the API's programs are compiled by ${CMAKE_CXX_COMPILER} only.")
endif()

add_test(NAME package.install COMMAND
  "${CMAKE_CURRENT_SOURCE_DIR}/package/package_test.sh" "${CMAKE_COMMAND}" "${weft_SOURCE_DIR}" "${weft_BINARY_DIR}")
add_test(NAME package.pkg_config COMMAND
  "${CMAKE_CURRENT_SOURCE_DIR}/package/pkg_config_test.sh" "${CMAKE_COMMAND}" "${weft_BINARY_DIR}" "${CMAKE_CXX_COMPILER}")
set_tests_properties(package.install package.pkg_config PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77)
