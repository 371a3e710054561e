// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_BACKTRACE_H_
#define WEFT_CONCURRENCY_BACKTRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

// The stacks of fibers that wait. A debugger does not show these, because no thread is on them.

namespace weft {

// One call on a stack.
struct Frame {
  // Where the call continues when it returns.
  std::uintptr_t address = 0;
  // The demangled name; empty if the module has no symbol for it.
  std::string function;
  // The path of the program or shared library; empty if the address is in none.
  std::string module;
  // The address within the module: `addr2line -Cfie MODULE OFFSET` gives the line.
  std::uintptr_t offset = 0;
};

// Returns the stack of a fiber that waits, innermost call first. `fiber` is an id as in FiberInfo
// (debug.h).
//
//   weft::Error PrintStacks(const weft::Context& ctx) {
//     for (const weft::FiberInfo& info : weft::ListFibers()) {
//       weft::Result<std::vector<weft::Frame>> frames = weft::Backtrace(ctx, info.id);
//       if (frames.Ok()) std::fputs(weft::FormatFrames(*frames).c_str(), stderr);
//     }
//     return ctx.Err();
//   }
//
// The fiber's own loop walks the stack, because nothing can change it there. From elsewhere this
// sends the loop a message and waits for it, at most until the end of `ctx`. It may be called from
// any fiber and any thread. Fibers of other loops are not stopped.
//
// Errors:
//   std::errc::no_such_process          no fiber has this id (any more)
//   std::errc::device_or_resource_busy  the fiber is running: it is the caller, or another fiber of
//                                       its loop. Its stack cannot be read; try again, or let the
//                                       watchdog report it (run.h)
//   std::errc::function_not_supported   the CPU is neither x86-64 nor aarch64
//   the error of `ctx`                  it was done before the loop got to it, for example because
//                                       a fiber holds that loop
//
// Frames are found by frame pointers. weft is compiled with them. Code that is not
// (-fomit-frame-pointer, the default of optimizing compilers) hides its callers, or ends the walk
// early. Memory outside of the fiber's stack is never read. Names come from the symbol table of the
// module's file, including static functions. A stripped file names only what it exports, so that
// `offset` is all there is.
Result<std::vector<Frame>> Backtrace(const Context& ctx, std::uint64_t fiber);

// One line for each frame: "    Transfer(Account&, Account&)  (bank+0x4a5f)".
std::string FormatFrames(const std::vector<Frame>& frames);

// Returns FormatFiberTree (debug.h) of all fibers of the process, with the stack of each one below
// its line, or the reason why there is none.
//
//   weft::Result<std::string> Dump(const weft::Context& ctx) {
//     const weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(1));
//     return weft::Offload(scope.ctx, [](const weft::Context& c) { return weft::DumpFibers(c); });
//   }
//
// It asks all loops, each of which walks a few stacks in each turn. When `ctx` is done it stops
// waiting and returns what was found until then, so give it a timeout. It reads symbols from files,
// which takes about a second for large programs; on a loop, call it in an Offload.
std::string DumpFibers(const Context& ctx);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_BACKTRACE_H_
