// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/socket.h>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <chrono>

namespace weft::internal {
namespace {

// How often the kernel probes a silent peer, and how many probes may go unanswered.
constexpr int kProbeSeconds = 10;
constexpr int kProbes = 3;

void SetOption(int fd, int level, int option, int value) {
  // A socket that does not support it works all the same.
  static_cast<void>(setsockopt(fd, level, option, &value, sizeof(value)));
}

}  // namespace

ssize_t Socket::ReceiveUnix(char* buffer, std::size_t size, bool& cut) const {
  iovec part{buffer, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t got = recvmsg(fd_.Get(), &message, MSG_DONTWAIT);
  cut = got > 0 && (message.msg_flags & MSG_CTRUNC) != 0;
  return got;
}

bool Socket::HasInput() const {
  char first;
  return recv(fd_.Get(), &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

ssize_t Socket::SendFile(int file, std::uint64_t offset, std::size_t size) const {
  auto at = static_cast<off_t>(offset);
  return sendfile(fd_.Get(), file, &at, size);
}

std::int64_t Socket::UntakenBytes() const {
  int bytes = 0;
  return ioctl(fd_.Get(), SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

bool Socket::Reset() const {
  const sockaddr nobody{AF_UNSPEC, {}};
  return connect(fd_.Get(), &nobody, sizeof(nobody)) == 0;
}

void Socket::ResetAtClose() const {
  const linger at_once{1, 0};
  static_cast<void>(setsockopt(fd_.Get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
}

void Socket::ProbePeer(Duration idle) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(idle + std::chrono::seconds(1) - Duration(1)).count();
  const int after = static_cast<int>(std::clamp<std::int64_t>(seconds, 1, 32767));  // the kernel takes no more
  SetOption(fd_.Get(), IPPROTO_TCP, TCP_KEEPIDLE, after);
  SetOption(fd_.Get(), IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds);
  SetOption(fd_.Get(), IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  SetOption(fd_.Get(), IPPROTO_TCP, TCP_USER_TIMEOUT, (after + kProbes * kProbeSeconds) * 1000);
  SetOption(fd_.Get(), SOL_SOCKET, SO_KEEPALIVE, 1);
}

}  // namespace weft::internal
