// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/file_version.h>

#include <ctime>

#include <gtest/gtest.h>

#include <weft/http/entity_tag.h>

namespace weft::internal {
namespace {

struct stat Facts(std::time_t modified, long nanoseconds, off_t size) {
  struct stat facts = {};
  facts.st_mtim = {modified, nanoseconds};
  facts.st_ctim = {1'700'000'000, 5};
  facts.st_size = size;
  return facts;
}

TEST(FileVersion, ChangesWithSizeTimeAndCoding) {
  const std::string tag = FileVersion(Facts(784111777, 1, 100), "").etag;
  EXPECT_TRUE(ParseEntityTag(tag) && !ParseEntityTag(tag)->weak) << tag;
  EXPECT_EQ(FileVersion(Facts(784111777, 1, 100), "").etag, tag);
  EXPECT_NE(FileVersion(Facts(784111777, 1, 101), "").etag, tag);
  EXPECT_NE(FileVersion(Facts(784111778, 1, 100), "").etag, tag);
  EXPECT_NE(FileVersion(Facts(784111777, 2, 100), "").etag, tag);
  EXPECT_NE(FileVersion(Facts(784111777, 1, 100), "gzip").etag, tag);
}

TEST(FileVersion, IsModifiedInWholeSeconds) {
  EXPECT_EQ(FileVersion(Facts(784111777, 999'999'999, 1), "").modified,
            std::chrono::sys_seconds(std::chrono::seconds(784111777)));
}

TEST(FileVersion, IsWeakWhileTheFileMayChangeWithinATick) {
  const std::time_t now = std::time(nullptr);
  EXPECT_TRUE(ParseEntityTag(FileVersion(Facts(now, 0, 1), "").etag)->weak);
  EXPECT_FALSE(ParseEntityTag(FileVersion(Facts(now - 3600, 0, 1), "").etag)->weak);
}

TEST(FileVersion, OfAFileFromTheFutureHasNoDate) {
  const FileVersion version(Facts(std::time(nullptr) + 3600, 0, 1), "");
  EXPECT_FALSE(version.modified);
  EXPECT_TRUE(ParseEntityTag(version.etag)->weak);
}

// Of reproducible builds and some file systems.
TEST(FileVersion, IsNotTakenFromATimeThatAllFilesHave) {
  for (const std::time_t time : {std::time_t{0}, std::time_t{1}, std::time_t{315532800}}) {
    struct stat facts = Facts(time, 0, 100);
    const FileVersion version(facts, "");
    EXPECT_FALSE(version.modified);
    facts.st_ctim.tv_nsec += 1;
    EXPECT_NE(FileVersion(facts, "").etag, version.etag);
  }
}

}  // namespace
}  // namespace weft::internal
