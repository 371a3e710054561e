// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/crash_report.h>

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <unwind.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <string_view>

#include <weft/concurrency/internal/base/signal_action.h>
#include <weft/concurrency/internal/observe/interrupted.h>
#include <weft/concurrency/internal/observe/module_list.h>
#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/internal/runtime/scheduler.h>

namespace weft {
namespace internal {
namespace {

struct Watched {
  const char* name;
  int signal;
};
constexpr std::array<Watched, 5> kWatched{
    {{"SIGSEGV", SIGSEGV}, {"SIGBUS", SIGBUS}, {"SIGILL", SIGILL}, {"SIGFPE", SIGFPE}, {"SIGABRT", SIGABRT}}};
constexpr int kFramesMax = 48;
constexpr int kOthersMs = 1000;

constinit std::array<SignalOverlay, kWatched.size()> g_overlays;
constinit ModuleList g_modules;
std::atomic<pid_t> g_reporter{0};  // the thread that reports

// A line that is built in pieces and written at once, because other threads write, too. Everything here may be called in a signal handler.
class Line {
 public:
  Line& Text(std::string_view text) noexcept {
    for (const char c : text) {
      if (size_ < sizeof(text_)) text_[size_++] = c;
    }
    return *this;
  }
  Line& Number(std::uint64_t number, int base = 10) noexcept {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof(digits), number, base);
    return Text({digits, static_cast<std::size_t>(end.ptr - digits)});
  }
  void Write() noexcept {
    Text("\n");
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text_, size_);
    size_ = 0;
  }

 private:
  char text_[512];
  std::size_t size_ = 0;
};

// abort sends its signal, too, and the pid is then our own.
void NoteCause(Line& line, const siginfo_t& info) noexcept {
  if (info.si_code > 0) {
    line.Text(" at address 0x").Number(reinterpret_cast<std::uintptr_t>(info.si_addr), 16);
  } else if (info.si_pid != getpid()) {
    line.Text(" sent by process ").Number(static_cast<std::uint64_t>(info.si_pid));
  }
}

void NotePlace(Line& line) noexcept {
  LoopCore* loop = CurrentLoop();
  if (loop == nullptr) {
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    line.Text(" in thread \"").Text(name).Text("\" (").Number(static_cast<std::uint64_t>(gettid())).Text(")");
    return;
  }
  if (const FiberCore* fiber = loop->running()) {
    char name[48];
    fiber->record.CopyName(name, sizeof(name));
    line.Text(" in fiber \"").Text(name).Text("\" (#").Number(fiber->record.Id()).Text(")");
  }
  line.Text(" on loop ").Number(static_cast<std::uint64_t>(loop->index())).Text(" of \"").Text(loop->scheduler().name()).Text("\"");
}

void WriteFrame(std::uintptr_t address) noexcept {
  Line line;
  line.Text("  ");
  const ModuleList::Module* module = g_modules.Find(address);
  if (module != nullptr) line.Text(module->name).Text("+");
  line.Text("0x").Number(module != nullptr ? address - module->base : address, 16).Write();
}

// The frames of the handler itself come first; what was interrupted begins at its instruction.
struct Walk {
  const std::uintptr_t interrupted;
  int frames = 0;
};

_Unwind_Reason_Code OnFrame(_Unwind_Context* frame, void* data) {
  auto* walk = static_cast<Walk*>(data);
  const std::uintptr_t address = _Unwind_GetIP(frame);
  if (address == 0) return _URC_END_OF_STACK;
  if (walk->frames == 0 && address != walk->interrupted) return _URC_NO_REASON;
  if (walk->frames++ > 0) WriteFrame(address - 1);  // into the call: it may be the last instruction of its function
  return walk->frames < kFramesMax ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void Report(const Watched& what, const siginfo_t& info, const void* machine) noexcept {
  Line line;
  line.Text("weft: ").Text(what.name);
  NoteCause(line, info);
  NotePlace(line);
  line.Write();
  Walk walk{InstructionOf(machine)};
  WriteFrame(walk.interrupted);
  _Unwind_Backtrace(&OnFrame, &walk);
}

// One thread reports at a time; others wait for it for a while, since the process ends with the first one that continues. False for a
// crash within the report itself.
bool BeginReport() noexcept {
  const pid_t me = gettid();
  pid_t reporter = 0;
  for (int ms = 0; ms < kOthersMs; ++ms) {
    reporter = 0;
    if (g_reporter.compare_exchange_strong(reporter, me)) return true;
    if (reporter == me) return false;
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
  return false;
}

void OnCrash(int signal, siginfo_t* info, void* machine) {
  const int saved_errno = errno;
  std::size_t at = 0;
  while (kWatched[at].signal != signal) ++at;
  if (BeginReport()) {
    Report(kWatched[at], *info, machine);
    g_reporter.store(0);
  }
  SignalOverlay& overlay = g_overlays[at];
  if (info->si_code <= 0) {
    overlay.CarryOut(signal, info, machine);
  } else if (!overlay.CallBefore(signal, info, machine)) {
    // The instruction runs again under the default disposition, so the core shows the place itself.
    struct sigaction fallback{};
    fallback.sa_handler = SIG_DFL;
    sigaction(signal, &fallback, nullptr);
  }
  errno = saved_errno;
}

}  // namespace
}  // namespace internal

void InstallCrashReport() {
  static std::once_flag once;
  std::call_once(once, [] {
    internal::g_modules.Note();
    // The first use of the unwinder may allocate, which a handler must not.
    _Unwind_Backtrace([](_Unwind_Context*, void*) { return _URC_END_OF_STACK; }, nullptr);
    for (std::size_t i = 0; i < internal::kWatched.size(); ++i) internal::g_overlays[i].PutOn(internal::kWatched[i].signal, &internal::OnCrash);
  });
}

}  // namespace weft
