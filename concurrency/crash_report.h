// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_CRASH_REPORT_H_
#define WEFT_CONCURRENCY_CRASH_REPORT_H_

namespace weft {

// From now on, a crash reports on stderr what it has interrupted:
//
//   weft: SIGSEGV at address 0x10 in fiber "GET /notes/{id}" (#4711) on loop 2 of "server :8080"
//     app+0x4a5f0
//     app+0x41c22
//     libc.so.6+0x29d90
//
// The name is the one that the fiber was started with; for a request it is the pattern of its
// route. A thread that is no loop is reported by its own name. Below are the calls, innermost
// first, in the form that `addr2line -Cfpie app 0x4a5f0` takes. Code that was compiled without
// unwind tables may end the list early.
//
// Afterwards the crash continues as it would have without the report: the handler that was set
// before is called, or else the process ends by its signal, with a core dump if the system makes
// one.
//
// It covers SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT, and therefore also abort(), failed
// assertions, uncaught exceptions, and misuse of weft that aborts. The handler is
// async-signal-safe: it takes no lock, allocates nothing, and writes only to stderr. It works
// together with weft's own report of stack overflows and with the handlers of sanitizers.
//
// Call it once, at the start of main; later calls do nothing:
//
//   int main() {
//     weft::InstallCrashReport();
//     return RunTheProgram();
//   }
void InstallCrashReport();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_CRASH_REPORT_H_
