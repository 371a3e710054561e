// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_SOCKET_IO_H_
#define WEFT_NET_INTERNAL_SOCKET_IO_H_

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
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

// As Receive, on a unix socket. The kernel ends a read behind a message that carries descriptors, though more is there: `cut` tells. They are
// closed, because nobody has asked for them.
inline ssize_t ReceiveUnix(int fd, char* buffer, std::size_t size, bool& cut) {
  iovec part{buffer, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
  cut = got > 0 && (message.msg_flags & MSG_CTRUNC) != 0;
  return got;
}

// Bytes that the socket holds because the client has not taken them: on TCP, has not acknowledged.
inline std::int64_t UntakenBytes(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

// As sendmsg wants it, which only reads.
inline iovec Part(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_SOCKET_IO_H_
