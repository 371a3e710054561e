// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SOCKET_IO_H_
#define WEFT_SERVER_INTERNAL_SOCKET_IO_H_

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <string_view>

namespace weft::internal {

// recv and send without waiting and without SIGPIPE; errors as those set errno. The C library's are cancellation points of threads, which
// costs two locked instructions a call; weft cancels by contexts, never by pthread_cancel. Under a sanitizer it must be the
// library's, which it watches.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
inline ssize_t Receive(int fd, char* buffer, std::size_t size) { return recv(fd, buffer, size, MSG_DONTWAIT); }
inline ssize_t Send(int fd, const char* bytes, std::size_t size) { return send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL); }
#else
inline ssize_t Receive(int fd, char* buffer, std::size_t size) {
  return syscall(SYS_recvfrom, fd, buffer, size, MSG_DONTWAIT, nullptr, nullptr);
}
inline ssize_t Send(int fd, const char* bytes, std::size_t size) {
  return syscall(SYS_sendto, fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
}
#endif

// As sendmsg wants it, which only reads.
inline iovec Part(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SOCKET_IO_H_
