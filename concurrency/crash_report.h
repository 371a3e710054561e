// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_CRASH_REPORT_H_
#define WEFT_CONCURRENCY_CRASH_REPORT_H_

namespace weft {

// From here on a crash says on stderr what it has interrupted, before it goes on as it would have
// without: the handler that was set before is called, else the process ends by its signal, with a
// core dump where the system makes one.
//
//   weft: SIGSEGV at address 0x10 in fiber "GET /notes/{id}" (#4711) on loop 2 of "server :8080"
//     app+0x4a5f0
//     app+0x41c22
//     libc.so.6+0x29d90
//
// The name of a fiber is what it was started with; that of a request is the pattern of its route.
// For a thread that is no loop its name stands there. Below stand the calls, the innermost first,
// as `addr2line -Cfpie app 0x4a5f0` takes them; code that was compiled without tables for
// exceptions may end them early.
//
// For SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT, so also for abort, failed assertions, exceptions
// that nobody catches, and contracts of weft that were broken. Call it once at the start of main;
// later calls do nothing. It works beside weft's own report of stack overflows, and with the
// handlers of sanitizers. What it does in the handler is safe there: it takes no lock, allocates
// nothing, and writes to stderr only.
void InstallCrashReport();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_CRASH_REPORT_H_
