// SPDX-License-Identifier: Apache-2.0
#include "syscall_kit.h"

#include <dlfcn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <utility>

namespace weft {
namespace {

std::atomic<int> accept_error{0};
std::atomic<int> accept_times{0};
std::atomic<int> accept_calls{0};
std::atomic<bool> no_watches{false};
std::function<void()> after_bind;
std::atomic<std::size_t> send_at_most{0};  // 0: all
std::atomic<bool> no_stacks{false};
std::atomic<int> stacks_refused{0};

// The library's own, or a sanitizer's.
template <class F>
F* Next(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

#ifndef __SANITIZE_THREAD__
// Found before main: the search for it may itself map memory.
void* (*next_mmap)(void*, size_t, int, int, int, off_t) = nullptr;
[[gnu::constructor]] void FindMmap() { next_mmap = Next<void*(void*, size_t, int, int, int, off_t)>("mmap"); }
#endif

// How many of these bytes go out.
std::size_t Cut(std::size_t size) {
  const std::size_t most = send_at_most;
  return most != 0 && size > most ? send_at_most.exchange(0) : size;
}

}  // namespace

FailingAccept::FailingAccept(int error, int times) {
  accept_calls = 0;
  accept_times = times;
  accept_error = error;
}
FailingAccept::~FailingAccept() { accept_error = 0; }
int FailingAccept::Calls() const { return accept_calls; }

FailingWatch::FailingWatch() { no_watches = true; }
FailingWatch::~FailingWatch() { no_watches = false; }

AfterBind::AfterBind(std::function<void()> look) { after_bind = std::move(look); }
AfterBind::~AfterBind() { after_bind = nullptr; }

NoStacks::NoStacks() {
  stacks_refused = 0;
  no_stacks = true;
}
NoStacks::~NoStacks() { no_stacks = false; }
int NoStacks::Refused() { return stacks_refused; }

void CutNextSend(std::size_t bytes) { send_at_most = bytes; }

}  // namespace weft

extern "C" {

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  static auto* const next = weft::Next<int(int, sockaddr*, socklen_t*, int)>("accept4");
  if (const int error = weft::accept_error; error != 0 && weft::accept_calls < weft::accept_times) {
    ++weft::accept_calls;
    errno = error;
    return -1;
  }
  return next(fd, address, size, flags);
}

int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  static auto* const next = weft::Next<int(int, int, int, epoll_event*)>("epoll_ctl");
  if (weft::no_watches && operation == EPOLL_CTL_ADD && (event->events & EPOLLPRI) != 0) {
    errno = ENOSPC;
    return -1;
  }
  return next(epoll, operation, fd, event);
}

int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  static auto* const next = weft::Next<int(int, const sockaddr*, socklen_t)>("bind");
  const int result = next(fd, address, size);
  if (result == 0 && weft::after_bind) weft::after_bind();
  return result;
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static auto* const next = weft::Next<ssize_t(int, const void*, size_t, int)>("send");
  return next(fd, bytes, weft::Cut(size), flags);
}

// Not under ThreadSanitizer, whose own begin needs both; the library sends by send there.
#ifndef __SANITIZE_THREAD__
void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  if (weft::no_stacks && (flags & MAP_STACK) != 0) {
    ++weft::stacks_refused;
    errno = ENOMEM;
    return MAP_FAILED;
  }
  if (weft::next_mmap != nullptr) return weft::next_mmap(address, size, protection, flags, fd, offset);
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, size, protection, flags, fd, offset));
}

// The library sends by this one, but under sanitizers and with clang.
long syscall(long number, ...) noexcept {
  // Without the guard of a static that is made at first use: who waits at one calls this function.
  using Function = long(long, ...);
  static constinit std::atomic<Function*> found{nullptr};
  Function* next = found.load(std::memory_order_relaxed);
  if (next == nullptr) {
    next = weft::Next<Function>("syscall");
    found.store(next, std::memory_order_relaxed);
  }
  long arguments[6];
  va_list list;
  va_start(list, number);
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  if (number == SYS_sendto) arguments[2] = static_cast<long>(weft::Cut(static_cast<std::size_t>(arguments[2])));
  return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
#endif
}
