// SPDX-License-Identifier: Apache-2.0
#include "syscall_kit.h"

#include <dlfcn.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <utility>

namespace weft {
namespace {

std::atomic<int> accept_error{0};
std::atomic<int> accept_times{0};
std::atomic<int> accept_calls{0};
std::function<void()> after_bind;

// The library's own, or a sanitizer's.
template <class F>
F* Next(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

FailingAccept::FailingAccept(int error, int times) {
  accept_calls = 0;
  accept_times = times;
  accept_error = error;
}
FailingAccept::~FailingAccept() { accept_error = 0; }
int FailingAccept::Calls() const { return accept_calls; }

AfterBind::AfterBind(std::function<void()> look) { after_bind = std::move(look); }
AfterBind::~AfterBind() { after_bind = nullptr; }

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

int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  static auto* const next = weft::Next<int(int, const sockaddr*, socklen_t)>("bind");
  const int result = next(fd, address, size);
  if (result == 0 && weft::after_bind) weft::after_bind();
  return result;
}
}
