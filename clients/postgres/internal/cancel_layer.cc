// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/cancel_layer.h>

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

namespace weft::postgres::internal {
namespace {

class PlainLayer final : public CancelLayer {
 public:
  explicit PlainLayer(int fd) : fd_(fd) {}

  Error Send(std::string_view packet, Waits& waits) override {
    while (!packet.empty()) {
      const ssize_t sent = send(fd_, packet.data(), packet.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        packet.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        if (Error err = waits.Wait(FdEvents::kWrite).Err()) return err;
      } else if (errno != EINTR) {
        return std::error_code(errno, std::generic_category());
      }
    }
    return {};
  }

  Error AwaitEnd(Waits& waits) override {
    for (char unread[64];;) {
      const ssize_t got = recv(fd_, unread, sizeof unread, 0);
      if (got == 0) return {};
      if (got < 0 && errno == EAGAIN) {
        if (Error err = waits.Wait(FdEvents::kRead).Err()) return err;
      } else if (got < 0 && errno != EINTR) {
        return std::error_code(errno, std::generic_category());
      }
    }
  }

 private:
  const int fd_;
};

}  // namespace

Result<char> ReceiveByte(int fd, Waits& waits) {
  for (char byte = 0;;) {
    const ssize_t got = recv(fd, &byte, 1, 0);
    if (got == 1) return byte;
    if (got == 0) return Error::New("the server has closed the connection");
    if (errno != EAGAIN && errno != EINTR) return Error(std::error_code(errno, std::generic_category()));
    if (Error err = waits.Wait(FdEvents::kRead).Err()) return err;
  }
}

std::unique_ptr<CancelLayer> MakePlainLayer(int fd) { return std::make_unique<PlainLayer>(fd); }

}  // namespace weft::postgres::internal
