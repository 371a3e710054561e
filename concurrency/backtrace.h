// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_BACKTRACE_H_
#define WEFT_CONCURRENCY_BACKTRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

// Where fibers stand: the stacks that a debugger does not show, because no thread is on them.

namespace weft {

// One call on a stack.
struct Frame {
  std::uintptr_t address = 0;  // where the call goes on when it returns
  std::string function;        // demangled; empty if the module has no symbol for it
  std::string module;          // path of the program or of the shared library; empty if the address is in none
  std::uintptr_t offset = 0;   // of the address in the module: addr2line -Cfie MODULE OFFSET gives the line
};

// The stack of a fiber that waits, the innermost call first; `fiber` as in FiberInfo. The walk is
// done on the fiber's own loop, where nothing can move it: called elsewhere, this sends the loop a
// message and waits for it, at most until the end of `ctx`. From any fiber and any thread; fibers
// of other loops are not stopped.
//
//   weft::Result<std::vector<weft::Frame>> frames = weft::Backtrace(ctx, info.id);
//   if (frames.Ok()) std::fputs(weft::FormatFrames(*frames).c_str(), stderr);
//
// Errors:
//   std::errc::no_such_process             no fiber has this id (any more)
//   std::errc::device_or_resource_busy     the fiber runs at this moment: the caller itself, or another one on its loop. Its stack
//                                          cannot be read; ask again, or let the watchdog name it
//   std::errc::function_not_supported      neither x86-64 nor aarch64
//   the error of `ctx`                     it was done before the loop came to it, such as when a fiber holds that loop
//
// Frames are found by frame pointers. Weft is compiled with them; code that is not
// (-fomit-frame-pointer, the default of optimising compilers) has its callers skipped, or ends the
// walk early. Nothing outside of the fiber's stack is ever read. Names come from the symbol table
// of the module's file, static functions too; a stripped one names only what it exports, and
// `offset` is all that is left.
Result<std::vector<Frame>> Backtrace(const Context& ctx, std::uint64_t fiber);

// A line each: "    Transfer(Account&, Account&)  (bank+0x4a5f)".
std::string FormatFrames(const std::vector<Frame>& frames);

// FormatFiberTree of all fibers of the process with the stack of each below its line, or why there
// is none. It asks all loops, which walk some stacks at each turn, and gives up waiting with `ctx`,
// so give it a timeout: the answer holds then what was found until then. Symbols are read from
// files: a second or so for large programs; on a loop, Offload it.
//
//   const weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(1));
//   const weft::Result<std::string> dump = weft::Offload(scope.ctx, [](const weft::Context& c) { return weft::DumpFibers(c); });
std::string DumpFibers(const Context& ctx);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_BACKTRACE_H_
