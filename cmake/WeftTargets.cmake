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
    DEFINE_SYMBOL ""  # so that objects are the same for both kinds of libraries
    VERSION ${weft_VERSION}
    SOVERSION ${weft_VERSION})  # no two versions promise the same ABI
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${weft_BINARY_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  weft_stand_alone(${target})
  # gcc gathers neighboring values in a vector register in order to store them at once: more instructions than two plain stores.
  target_compile_options(${target} PRIVATE "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-fno-tree-slp-vectorize>")
  # A request passes through many small functions of many files. With WEFT_LTO objects hold what gcc needs to optimise across
  # files, and machine code as well, which is what a program is linked of unless it asks for more (weft::lto) or is optimised so itself.
  if(WEFT_LTO AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -flto=auto -ffat-lto-objects)
    set(optimised "$<OR:$<BOOL:$<TARGET_PROPERTY:WEFT_ACROSS_FILES>>,$<BOOL:$<TARGET_PROPERTY:INTERPROCEDURAL_OPTIMIZATION>>>")
    target_link_options(${target} INTERFACE "$<$<NOT:${optimised}>:-fno-lto>")
  endif()
endfunction()

# weft_add_lto(): weft::lto. A program that links it is optimised with weft as one, where the library was built with WEFT_LTO; else it
# changes nothing. The programs of weft that are measured link it.
function(weft_add_lto)
  add_library(weft_lto INTERFACE)
  add_library(weft::lto ALIAS weft_lto)
  set_target_properties(weft_lto PROPERTIES
    EXPORT_NAME lto
    COMPATIBLE_INTERFACE_BOOL WEFT_ACROSS_FILES
    INTERFACE_WEFT_ACROSS_FILES ON)
  if(WEFT_LTO AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_link_options(weft_lto INTERFACE -flto=auto -O2)
  endif()
endfunction()

# weft_stand_alone(<library>): the library comes out the same whatever the project around it has set for itself.
function(weft_stand_alone target)
  # Its objects may become part of a shared library, such as a plugin, unless somebody has said otherwise. -fPIC alone would keep the
  # compiler from inlining functions of the same file, and make a call of each access to a variable of a thread.
  if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_options(${target} PRIVATE -fno-semantic-interposition)
    if(NOT WEFT_MUSL)  # which refuses to load such libraries at run time
      target_compile_options(${target} PRIVATE -ftls-model=initial-exec)
    endif()
  endif()
  # Files are compiled one by one, but eight at a time under a sanitizer, where the time to build counts. As a shared library it shows
  # what users need.
  set(together OFF)
  if(WEFT_SANITIZE AND WEFT_TESTS_TOGETHER)
    set(together ON)
    # gcc takes a file that another one includes for a header.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${together}
    UNITY_BUILD_BATCH_SIZE 8
    CXX_VISIBILITY_PRESET default
    VISIBILITY_INLINES_HIDDEN OFF)
  # Warnings in weft are weft's to mend. To a project that has taken it in as a folder its headers are those of the system.
  if(NOT PROJECT_IS_TOP_LEVEL)
    set_target_properties(${target} PROPERTIES SYSTEM ON)
    target_compile_options(${target} PRIVATE -w)
  endif()
endfunction()
