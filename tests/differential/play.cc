// SPDX-License-Identifier: Apache-2.0
#include "play.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace weft::differential {
namespace {

constexpr int kQuietMilliseconds = 2000;

int Connect(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

// A connection that sends its stream as far as the server takes it.
struct Line {
  int fd = -1;
  std::string_view unsent;
  std::string received;
  bool closed = false;

  void Send() {
    while (!unsent.empty()) {
      const ssize_t sent = send(fd, unsent.data(), unsent.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) unsent = {};  // the server has closed; what it said is still to be read
        return;
      }
      unsent.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void Receive() {
    char buffer[16 * 1024];
    for (;;) {
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got > 0) {
        received.append(buffer, static_cast<std::size_t>(got));
        continue;
      }
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      closed = true;
      close(fd);
      fd = -1;
      return;
    }
  }
};

// Takes a line off; false if there is no whole one.
bool TakeLine(std::string_view& bytes, std::string_view& line) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return false;
  line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return true;
}

bool TakeBytes(std::string_view& bytes, std::size_t size, std::string& out) {
  if (bytes.size() < size) return false;
  out += bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

bool TakeChunks(std::string_view& bytes, std::string& out) {
  for (std::string_view line;;) {
    if (!TakeLine(bytes, line)) return false;
    const std::size_t size = std::strtoull(std::string(line).c_str(), nullptr, 16);
    if (size > 0 && !TakeBytes(bytes, size, out)) return false;
    while (TakeLine(bytes, line) && !line.empty()) {
    }
    if (size == 0) return true;
  }
}

// False: no whole response is there.
bool TakeResponse(std::string_view& bytes, bool closed, Response& response) {
  std::string_view line;
  if (!TakeLine(bytes, line) || !line.starts_with("HTTP/1.") || line.size() < 12) return false;
  response.status = std::atoi(std::string(line.substr(9, 3)).c_str());
  while (TakeLine(bytes, line) && !line.empty()) {
    const std::size_t colon = std::min(line.find(':'), line.size() - 1);
    std::string name(line.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const std::size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    response.fields.emplace_back(std::move(name), std::string(line.substr(value)));
  }
  response.seen = response.Field("x-seen");
  response.edge = response.Field("x-edge");
  if (response.status < 200 || response.status == 204 || response.status == 304 || response.seen.starts_with("HEAD ")) return true;
  if (response.Field("transfer-encoding") == "chunked") return TakeChunks(bytes, response.body);
  const std::string length = response.Field("content-length");
  if (length.empty()) return closed && TakeBytes(bytes, bytes.size(), response.body);
  return TakeBytes(bytes, std::strtoull(length.c_str(), nullptr, 10), response.body);
}

Record Read(const Line& line) {
  Record record;
  record.closed = line.closed;
  std::string_view left = line.received;
  while (!left.empty()) {
    const std::string_view before = left;
    Response response;
    if (!TakeResponse(left, line.closed, response)) {
      record.junk = before;
      return record;
    }
    if (response.status >= 200) {
      record.responses.push_back(std::move(response));
    } else {
      ++record.interim;
    }
  }
  return record;
}

}  // namespace

std::string Response::Field(const std::string& lower) const {
  for (const auto& [name, value] : fields) {
    if (name == lower) return value;
  }
  return {};
}

std::vector<Record> Play(const std::string& path, const std::vector<std::string>& streams) {
  std::vector<Line> lines;
  for (const std::string& stream : streams) lines.push_back({Connect(path), stream, {}, false});
  for (;;) {
    std::vector<pollfd> waits;
    for (const Line& line : lines) {
      waits.push_back({line.fd, static_cast<short>(line.unsent.empty() ? POLLIN : POLLIN | POLLOUT), 0});
    }
    const bool all_closed = std::all_of(lines.begin(), lines.end(), [](const Line& line) { return line.fd < 0; });
    if (all_closed || poll(waits.data(), waits.size(), kQuietMilliseconds) == 0) break;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if ((waits[i].revents & POLLOUT) != 0) lines[i].Send();
      if ((waits[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) lines[i].Receive();
    }
  }
  std::vector<Record> records;
  for (const Line& line : lines) {
    records.push_back(Read(line));
    if (line.fd >= 0) close(line.fd);
  }
  return records;
}

std::vector<std::string> StreamsOf(const std::vector<Case>& cases) {
  std::vector<std::string> streams;
  for (const Case& c : cases) {
    const std::string number = std::to_string(100 + streams.size());
    streams.push_back(c.bytes + "GET /" + number + "/after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  }
  return streams;
}

std::string Short(const Record& record) {
  std::string text;
  for (const Response& response : record.responses) {
    if (!text.empty()) text += ' ';
    if (response.seen.empty()) {
      const std::string status = std::to_string(response.status);
      text += response.edge.empty() ? status : "(" + status + ")";
      continue;
    }
    const std::size_t size = response.seen.rfind(' ');
    const std::size_t slash = response.seen.rfind('/', size);
    const std::size_t name = slash == std::string::npos ? response.seen.find(' ') + 1 : slash + 1;
    text += response.seen.substr(name, size - name) + ":" + response.seen.substr(size + 1);
  }
  if (!record.junk.empty()) text += text.empty() ? "junk" : " junk";
  if (!record.closed) text += text.empty() ? "..." : " ...";
  return text.empty() ? "closed" : text;
}

}  // namespace weft::differential
