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

# weft_protect_stacks(<target> <scope>): code that touches its frame page by page as it grows. A frame larger than the guard below a
# fiber's stack could step over the guard otherwise, into another fiber's stack. What links to weft runs on these stacks, so it is
# compiled so as well, with compilers that know the option. WEFT_STACK_CLASH_PROTECTION=OFF leaves it to the user.
function(weft_protect_stacks target scope)
  if(NOT WEFT_STACK_CLASH_PROTECTION)
    return()
  endif()
  include(CheckCXXCompilerFlag)
  set(CMAKE_REQUIRED_FLAGS -Werror)  # clang warns of what its target does not know
  check_cxx_compiler_flag(-fstack-clash-protection WEFT_HAS_STACK_CLASH_PROTECTION)
  if(WEFT_HAS_STACK_CLASH_PROTECTION)
    target_compile_options(${target} ${scope}
      "$<$<OR:$<COMPILE_LANG_AND_ID:C,GNU,Clang>,$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>>:-fstack-clash-protection>")
  endif()
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
