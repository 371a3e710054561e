// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_SYSTEM_CALLS_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_SYSTEM_CALLS_H_

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstring>
#include <ctime>

// System calls for which not every C library of Linux, or not every release of it, has a name.
namespace weft::internal {

#if !defined(SYS_epoll_pwait2)
#define SYS_epoll_pwait2 441  // the same on all processors
#endif

// epoll_wait with nanoseconds; Linux 5.11, glibc 2.35.
inline int EpollWaitNs(int fd, epoll_event* events, int count, const timespec& timeout) noexcept {
  // The kernel's own form of the time, which may be wider than that of a 32-bit C library.
  const struct {
    long long seconds;
    long long nanoseconds;
  } time{static_cast<long long>(timeout.tv_sec), static_cast<long long>(timeout.tv_nsec)};
  return static_cast<int>(syscall(SYS_epoll_pwait2, fd, events, count, &time, nullptr, std::size_t{0}));
}

// "Interrupt"; null if it has no name. Signal-safe where the C library is glibc 2.32 or later.
inline const char* SignalText(int signal) noexcept {
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 32)
  return sigdescr_np(signal);
#else
  return strsignal(signal);
#endif
#else
  return strsignal(signal);
#endif
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_SYSTEM_CALLS_H_
