// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/resources.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <weft/concurrency/internal/base/cgroup.h>

namespace weft::internal {
namespace {

// Files by their path; all others are missing.
FileReader Files(std::map<std::string, std::string> files) {
  return [files = std::move(files)](const std::string& path) {
    const auto found = files.find(path);
    return found == files.end() ? std::string() : found->second;
  };
}

TEST(CgroupMemoryLimit, IsTheTightestUpTheTree) {
  const auto files = Files({{"/sys/fs/cgroup/a/b/memory.max", "max\n"},
                            {"/sys/fs/cgroup/a/memory.max", "1000000\n"},
                            {"/sys/fs/cgroup/memory.max", "2000000\n"}});

  EXPECT_EQ(CgroupMemoryLimit("0::/a/b\n", files), 1000000u);
  EXPECT_EQ(CgroupMemoryLimit("0::/\n", files), 2000000u);
}

TEST(CgroupMemoryLimit, KnowsVersion1) {
  const auto files = Files({{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "500\n"}});

  EXPECT_EQ(CgroupMemoryLimit("9:cpu:/\n4:memory:/outer/path\n0::/\n", files), 500u);
}

TEST(CgroupMemoryLimit, NoneIsZero) {
  EXPECT_EQ(CgroupMemoryLimit("", Files({})), 0u);
  EXPECT_EQ(CgroupMemoryLimit("0::/a\n", Files({{"/sys/fs/cgroup/a/memory.max", "max\n"}})), 0u);
}

TEST(CgroupCpus, IsTheTightestUpTheTree) {
  const auto files = Files({{"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
                            {"/sys/fs/cgroup/a/cpu.max", "250000 100000\n"},
                            {"/sys/fs/cgroup/cpu.max", "800000 100000\n"}});

  EXPECT_EQ(CgroupCpus("0::/a/b\n", files), 3);
  EXPECT_EQ(CgroupCpus("9:cpu:/a\n0::/\n", files), 8);
  EXPECT_EQ(CgroupCpus("", files), 0);
}

TEST(CpusOfQuota, RoundsUp) {
  struct Row {
    const char* text;
    int cpus;
  };
  const Row rows[] = {
      {"max 100000\n", 0}, {"100000 100000\n", 1}, {"150000 100000\n", 2}, {"50000 100000\n", 1},
      {"200000 100000", 2}, {"200001 100000", 3},  {"", 0},                {"garbage", 0},
      {"100000", 0},        {"0 100000", 0},       {"-1 100000", 0},       {"100000 0", 0},
  };
  for (const Row& row : rows) EXPECT_EQ(CpusOfQuota(row.text), row.cpus) << row.text;
}

TEST(UsableResources, AreThere) {
  EXPECT_GE(UsableCpus(), 1);
  EXPECT_GT(UsableMemory(), 1024u * 1024);
}

}  // namespace
}  // namespace weft::internal
