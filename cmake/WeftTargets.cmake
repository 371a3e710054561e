# SPDX-License-Identifier: Apache-2.0
#
# How a target of weft is made.

# weft_compile_options(<target>): the language level and the warnings of the house, for code of weft's own.
function(weft_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow $<$<BOOL:${WEFT_WERROR}>:-Werror>)
  # Parked fibers are shown with their stacks, and profiles are taken of release builds: both walk frame pointers.
  target_compile_options(${target} PRIVATE -fno-omit-frame-pointer)
endfunction()

# weft_add_library(<target> EXPORT_NAME <name>): a library that users know as weft::<name>, in the build tree and
# installed. Its folders add their files with target_sources.
function(weft_add_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXPORT_NAME" "")
  add_library(${target})
  add_library(weft::${arg_EXPORT_NAME} ALIAS ${target})
  weft_compile_options(${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${arg_EXPORT_NAME}
    VERSION ${weft_VERSION}
    SOVERSION ${weft_VERSION_MAJOR})
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${weft_BINARY_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  # A request passes through many small functions of many files, so objects hold what gcc needs to optimise across files.
  # gcc's linker uses it unless it is told -fno-lto; they hold machine code as well, for that case and for other linkers.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-flto=auto;-ffat-lto-objects>)
  endif()
endfunction()

# weft_link_across_files(<program>): lets the linker optimise the library and the program as one.
function(weft_link_across_files program)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_link_options(${program} PRIVATE $<$<CONFIG:Release>:-flto=auto;-O2>)
  endif()
endfunction()

# weft_link_quickly(<target>): takes the machine code as it is, in a fiftieth of the time; for what is not measured.
function(weft_link_quickly target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(scope INTERFACE)
  else()
    set(scope PRIVATE)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_link_options(${target} ${scope} -fno-lto)
  endif()
endfunction()
