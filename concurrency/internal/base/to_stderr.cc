// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/to_stderr.h>

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace weft::internal {

// A pipe that has room has it for PIPE_BUF bytes.
void ToStderr(std::string_view text) noexcept {
  while (!text.empty()) {
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) return;
    const ssize_t written = write(STDERR_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace weft::internal
