// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/cgroup.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>

namespace weft::internal {
namespace {

// One hierarchy: how its line in /proc/self/cgroup is marked, and where it is mounted.
struct Hierarchy {
  std::string_view marker;
  const char* root;
  const char* file;
};

// The process's position in a hierarchy: the path after its marker; empty if it is in none.
std::string PathIn(const std::string& cgroup, std::string_view marker) {
  const std::size_t at = cgroup.find(marker);
  if (at == std::string::npos) return {};
  const std::size_t start = at + marker.size();
  return cgroup.substr(start, cgroup.find('\n', start) - start);
}

// Calls see(content) for the file of the process's cgroup and of each ancestor, up to the root. In a container the path
// may be the one outside; its root is then the container's own.
template <class F>
void ForEachUpwards(const std::string& cgroup, const Hierarchy& hierarchy, const FileReader& read, F see) {
  std::string path = PathIn(cgroup, hierarchy.marker);
  if (path.empty()) return;
  for (;;) {
    see(read(hierarchy.root + (path == "/" ? std::string() : path) + hierarchy.file));
    if (path.size() <= 1) return;
    path.resize(std::max<std::size_t>(path.rfind('/'), 1));
  }
}

// The tighter one of two bounds, where 0 means none.
template <class T>
T Tighter(T a, T b) {
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

std::uint64_t ParseBytes(std::string_view text) {
  std::uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);  // "max" is none: 0
  return bytes;
}

}  // namespace

std::string ReadSmallFile(const std::string& path) {
  std::string text;
  if (std::FILE* file = std::fopen(path.c_str(), "re")) {
    char buffer[4096];
    text.assign(buffer, std::fread(buffer, 1, sizeof(buffer), file));
    std::fclose(file);
  }
  return text;
}

std::uint64_t CgroupMemoryLimit(const std::string& cgroup, const FileReader& read) {
  std::uint64_t limit = 0;
  for (const Hierarchy& hierarchy : {Hierarchy{"0::", "/sys/fs/cgroup", "/memory.max"},
                                     Hierarchy{":memory:", "/sys/fs/cgroup/memory", "/memory.limit_in_bytes"}}) {
    ForEachUpwards(cgroup, hierarchy, read, [&](const std::string& text) { limit = Tighter(limit, ParseBytes(text)); });
  }
  return limit;
}

int CgroupCpus(const std::string& cgroup, const FileReader& read) {
  int cpus = 0;
  ForEachUpwards(cgroup, {"0::", "/sys/fs/cgroup", "/cpu.max"}, read,
                 [&](const std::string& text) { cpus = Tighter(cpus, CpusOfQuota(text)); });
  return cpus;
}

int CpusOfQuota(std::string_view cpu_max) {
  const std::string text(cpu_max);
  long long quota = 0;
  long long period = 0;
  if (std::sscanf(text.c_str(), "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0) return 0;
  return static_cast<int>((quota + period - 1) / period);
}

}  // namespace weft::internal
