// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/activation.h>

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <vector>

namespace weft::internal {
namespace {

constexpr int kFirst = 3;  // after stdin, stdout and stderr

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::optional<int> Number(std::string_view text) {
  int number = 0;
  const auto [stopped, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || stopped != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// One name for each socket; systemd names all of them or none.
std::vector<std::string> SplitNames(std::string_view text, int count) {
  std::vector<std::string> names(static_cast<std::size_t>(count));
  for (std::string& name : names) {
    const std::size_t colon = text.find(':');
    name = text.substr(0, colon);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  return names;
}

// `3 "web", 4 "admin"`
std::string Listed(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) list += ", ";
    list += std::to_string(kFirst + static_cast<int>(i));
    if (!names[i].empty()) list += " \"" + names[i] + '"';
  }
  return list;
}

}  // namespace

Activation Activation::OfThisProcess() {
  return {Variable("LISTEN_FDS"), Variable("LISTEN_PID"), Variable("LISTEN_FDNAMES"), getpid()};
}

int Activation::Count() const {
  const std::optional<int> count = Number(fds);
  const bool sane = count && *count <= std::numeric_limits<int>::max() - kFirst;
  return sane && Number(pid) == self ? *count : 0;
}

Result<int> Activation::Find(std::string_view which) const {
  if (fds.empty()) return Error::New("LISTEN_FDS is not set: no socket unit has started this process");
  if (!Number(fds)) return Error::New("LISTEN_FDS is \"" + fds + "\"; it must be a number");
  if (Number(pid) != self) {
    const std::string whose = pid.empty() ? "LISTEN_PID is not set" : "LISTEN_PID is " + pid;
    return Error::New(whose + " and this is process " + std::to_string(self) + ": the sockets are for another one");
  }
  const int count = Count();
  if (count == 0) return Error::New("LISTEN_FDS is " + fds + ": no socket was passed");
  // Otherwise a wrong number would make a list of that length.
  if (count > 4096) return Error::New("LISTEN_FDS is " + fds + "; at most 4096 sockets are accepted");

  const std::vector<std::string> all = SplitNames(names, count);
  std::vector<int> matches;
  if (const std::optional<int> number = Number(which)) {
    if (*number >= kFirst && *number < kFirst + count) matches.push_back(*number);
  } else {
    for (int i = 0; i < count; ++i) {
      if (which.empty() || all[static_cast<std::size_t>(i)] == which) matches.push_back(kFirst + i);
    }
  }
  if (matches.size() == 1) return matches.front();
  if (matches.empty()) return Error::New("no such socket was passed; there are " + Listed(all));
  std::string several;
  for (int fd : matches) several += (several.empty() ? "" : ", ") + std::to_string(fd);
  return Error::New(std::to_string(matches.size()) + " sockets match (" + several + "); say which, there are " + Listed(all));
}

}  // namespace weft::internal
