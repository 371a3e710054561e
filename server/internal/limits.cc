// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/limits.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <string_view>

namespace weft::internal {
namespace {

constexpr std::uint64_t kAtLeast = 16;  // however little there is

std::string ReadSmallFile(const std::string& path) {
  std::string text;
  if (std::FILE* const file = std::fopen(path.c_str(), "re")) {
    char buffer[4096];
    text.assign(buffer, std::fread(buffer, 1, sizeof buffer, file));
    std::fclose(file);
  }
  return text;
}

// The process's place in a hierarchy: the path behind `marker` ("0::" or ":memory:") in /proc/self/cgroup; empty if
// it is in none.
std::string CgroupPath(const std::string& cgroup, std::string_view marker) {
  const std::size_t at = cgroup.find(marker);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + marker.size();
  return cgroup.substr(begin, cgroup.find('\n', begin) - begin);
}

std::uint64_t ParseBytes(std::string_view text) {
  std::uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);  // "max" is none: 0
  return bytes;
}

std::uint64_t Tighter(std::uint64_t a, std::uint64_t b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

std::uint64_t CgroupMemoryLimit(const std::string& cgroup, const std::function<std::string(const std::string&)>& read) {
  struct Hierarchy {
    std::string_view marker;
    const char* root;
    const char* file;
  };
  std::uint64_t limit = 0;
  for (const auto& [marker, root, file] : {Hierarchy{"0::", "/sys/fs/cgroup", "/memory.max"},
                                           Hierarchy{":memory:", "/sys/fs/cgroup/memory", "/memory.limit_in_bytes"}}) {
    std::string path = CgroupPath(cgroup, marker);
    if (path.empty()) continue;
    // In a container the path may be the one outside; its root is then the container's own.
    while (true) {
      limit = Tighter(limit, ParseBytes(read(root + (path == "/" ? std::string() : path) + file)));
      if (path.size() <= 1) break;
      path.resize(std::max<std::size_t>(path.rfind('/'), 1));
    }
  }
  return limit;
}

Resources MeasureResources() {
  Resources resources;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) resources.descriptors = files.rlim_cur;
  const auto pages = static_cast<std::uint64_t>(std::max(sysconf(_SC_PHYS_PAGES), 0L));
  const std::uint64_t machine = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  resources.memory_bytes = Tighter(machine, CgroupMemoryLimit(ReadSmallFile("/proc/self/cgroup"), ReadSmallFile));
  return resources;
}

ServerLimits ResolveLimits(const ServerOptions& options, const Resources& resources) {
  const auto chosen = [](std::uint64_t option, std::uint64_t automatic) { return option != 0 ? option : automatic; };
  const std::uint64_t for_server = resources.descriptors - std::min(resources.descriptors, kDescriptorsForOthers);
  const std::uint64_t quarter = resources.memory_bytes / 4;

  ServerLimits limits;
  const std::uint64_t connections = std::min(for_server / 8 * 7, quarter / kBytesPerConnection);
  limits.connections = chosen(options.connections_max, std::max(connections, kAtLeast));
  const std::uint64_t requests = std::max(std::min(limits.connections, quarter / kBytesPerRequest), kAtLeast);
  limits.requests = chosen(options.requests_max, requests);
  // By the resources too, and not by requests_max: who lets in few at a time wants the others to wait.
  limits.queued_requests = chosen(options.queued_requests_max, std::max(requests / 2, kAtLeast));
  const std::uint64_t long_lived = std::min(limits.connections / 4 * 3, quarter / kBytesPerLongLived);
  limits.long_lived = chosen(options.long_lived_max, std::max(long_lived, kAtLeast));
  return limits;
}

}  // namespace weft::internal
