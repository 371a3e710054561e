# SPDX-License-Identifier: Apache-2.0
#
# A request passes through many small functions of many files, since a file of one idea is easier to read. Where the build is optimized,
# the files that every request passes through are compiled as one, so that the compiler can inline from one into another in any program
# that links weft, without link-time optimization.
include(CheckCXXCompilerFlag)

# weft_compile_as_one(<target> <name> <file>...): compiles these files of <target> as one, weft_<name>.cc. The targets' lists of files
# stay as they are. In a debug build and under a sanitizer each file is compiled on its own.
function(weft_compile_as_one target name)
  if(WEFT_SANITIZE OR WEFT_FUZZ OR CMAKE_CONFIGURATION_TYPES OR CMAKE_BUILD_TYPE MATCHES "^(Debug)?$")
    return()
  endif()
  get_target_property(listed ${target} SOURCES)
  set(includes "")
  foreach(file IN LISTS ARGN)
    if(NOT "${weft_SOURCE_DIR}/${file}" IN_LIST listed)
      message(FATAL_ERROR "weft_compile_as_one: ${file} is not a file of ${target}.")
    endif()
    string(APPEND includes "#include \"${weft_SOURCE_DIR}/${file}\"\n")
    set_source_files_properties("${weft_SOURCE_DIR}/${file}" TARGET_DIRECTORY ${target} PROPERTIES HEADER_FILE_ONLY ON)
  endforeach()
  set(unit "${weft_BINARY_DIR}/weft_${name}.cc")
  file(CONFIGURE OUTPUT "${unit}" CONTENT "${includes}" @ONLY)
  target_sources(${target} PRIVATE "${unit}")

  # gcc inlines a function that is called in one place and visible elsewhere only if it is small. These limits let it inline about as
  # much as it does when it sees the whole program.
  set(options "")
  set(limits --param=max-inline-insns-auto=300 --param=inline-min-speedup=1 --param=inline-unit-growth=100 --param=large-function-growth=300)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    check_cxx_compiler_flag("${limits}" WEFT_HAS_INLINE_LIMITS)
    if(WEFT_HAS_INLINE_LIMITS)
      list(APPEND options ${limits})
    endif()
    list(APPEND options -Wno-subobject-linkage)  # gcc takes a file that another one includes for a header
  endif()
  set_source_files_properties("${unit}" TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS "${options}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

weft_compile_as_one(weft_concurrency fiber_path
  concurrency/internal/base/clock.cc
  concurrency/internal/context/context.cc
  concurrency/internal/context/context_node.cc
  concurrency/internal/runtime/fiber.cc
  concurrency/internal/runtime/fiber_cache.cc
  concurrency/internal/runtime/fiber_job.cc
  concurrency/internal/runtime/loop.cc
  concurrency/internal/runtime/loop_core.cc
  concurrency/internal/runtime/park.cc
  concurrency/internal/runtime/poller.cc
  concurrency/internal/runtime/reusable_context.cc
  concurrency/internal/runtime/scope.cc
  concurrency/internal/runtime/scoped_context.cc
  concurrency/internal/runtime/sleep.cc
  concurrency/internal/runtime/timer_heap.cc)

weft_compile_as_one(weft_concurrency wait_path
  concurrency/internal/channel/chan_core.cc
  concurrency/internal/channel/pending_receive_core.cc
  concurrency/internal/channel/select_cases.cc
  concurrency/internal/channel/select_core.cc
  concurrency/internal/structure/group.cc
  concurrency/internal/sync/cond.cc
  concurrency/internal/sync/event.cc
  concurrency/internal/sync/mutex.cc
  concurrency/internal/sync/rw_mutex.cc
  concurrency/internal/sync/semaphore.cc
  concurrency/internal/sync/wait_group.cc
  concurrency/internal/sync/wait_queue.cc
  concurrency/internal/sync/wakes.cc)

weft_compile_as_one(weft request_path
  handlers/access.cc
  handlers/body.cc
  handlers/handler.cc
  handlers/request.cc
  handlers/response_lifecycle.cc
  handlers/response_writer.cc
  handlers/routing/internal/literal_table.cc
  handlers/routing/internal/route_tree.cc
  handlers/routing/mux.cc
  http/fields.cc
  http/internal/http1/head_parser.cc
  http/internal/http1/quick_head.cc
  http/internal/http1/request_framing.cc
  http/internal/http1/request_head.cc
  http/internal/http1/response_head_writer.cc
  net/internal/watched_socket.cc
  server/internal/http1/batch.cc
  server/internal/http1/client.cc
  server/internal/http1/connection.cc
  server/internal/http1/outgoing.cc
  server/internal/http1/request_body.cc
  server/internal/http1/response_framer.cc
  server/internal/http1/session.cc
  server/internal/request/request_run.cc)

weft_compile_as_one(weft live_path
  handlers/live/events.cc
  handlers/live/internal/event_wait.cc
  handlers/live/internal/websocket_session.cc
  handlers/live/websocket.cc
  handlers/live/websocket_outbox.cc
  http/internal/websocket_close.cc
  http/internal/websocket_reader.cc
  net/internal/paced_io.cc
  net/internal/socket.cc
  net/stream.cc
  server/internal/http1/upgraded_stream.cc)
