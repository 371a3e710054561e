// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_SYSCALL_KIT_H_
#define WEFT_TESTS_SERVER_SYSCALL_KIT_H_

#include <cstddef>
#include <functional>
#include <limits>

// Stands between the library and some calls of the kernel, for this whole program of tests (syscall_kit.cc). Without orders calls pass.
namespace weft {

// While it lives, accept4 fails with this errno, so many times, and these are counted.
class FailingAccept {
 public:
  explicit FailingAccept(int error, int times = std::numeric_limits<int>::max());
  ~FailingAccept();
  FailingAccept(const FailingAccept&) = delete;
  FailingAccept& operator=(const FailingAccept&) = delete;

  int Calls() const;
};

// While it lives, no descriptor can be added to an epoll with EPOLLPRI, as the server watches connections: ENOSPC.
class FailingWatch {
 public:
  FailingWatch();
  ~FailingWatch();
  FailingWatch(const FailingWatch&) = delete;
  FailingWatch& operator=(const FailingWatch&) = delete;
};

// While it lives, this is called right after each bind that has succeeded, before anything else of the caller can run.
class AfterBind {
 public:
  explicit AfterBind(std::function<void()> look);
  ~AfterBind();
  AfterBind(const AfterBind&) = delete;
  AfterBind& operator=(const AfterBind&) = delete;
};

// While it lives, memory for new stacks of fibers is refused. Not under ThreadSanitizer: then kWorks is false.
class NoStacks {
 public:
#ifdef __SANITIZE_THREAD__
  static constexpr bool kWorks = false;
#else
  static constexpr bool kWorks = true;
#endif
  NoStacks();
  ~NoStacks();
  NoStacks(const NoStacks&) = delete;
  NoStacks& operator=(const NoStacks&) = delete;

  static int Refused();  // so many times since it began
};

// The next send of more bytes takes only so many of them, as a socket does whose buffer is nearly full.
void CutNextSend(std::size_t bytes);

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_SYSCALL_KIT_H_
