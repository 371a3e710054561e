// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/file_write.h>

#include <fcntl.h>
#include <stdlib.h>  // mkdtemp
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/memory_stream.h>
#include <weft/concurrency/offload.h>

#include "../kit/temp_file.h"
#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// A folder for one test.
class TempFolder {
 public:
  TempFolder() : path_(::testing::TempDir() + "weft_write.XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

 private:
  std::string path_;
};

// Gives `text` in pieces, and then an end or an error.
struct Source {
  Result<std::size_t> Read(const Context&, std::span<char> buffer) {
    if (left.empty() && failure) return failure;
    const std::size_t n = std::min({buffer.size(), left.size(), piece});
    std::memcpy(buffer.data(), left.data(), n);
    left.erase(0, n);
    return n;
  }
  std::string left;
  std::size_t piece = 1000;
  Error failure = {};
};

std::string ContentOf(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(WriteFileAt, WritesAtTheGivenOffset) {
  Virtually([](const Context& ctx) {
    TempFile file("abcdef");
    EXPECT_FALSE(WriteFileAt(ctx, file.fd(), "XY", 2));
    EXPECT_FALSE(WriteFileAt(ctx, file.fd(), "", 100));
    EXPECT_FALSE(WriteFileAt(ctx, file.fd(), "Z", 8));
    char all[20];
    ASSERT_EQ(pread(file.fd(), all, sizeof all, 0), 9);
    EXPECT_EQ(std::string(all, 9), std::string("abXYef\0\0Z", 9));
    EXPECT_EQ(lseek(file.fd(), 0, SEEK_CUR), 6) << "the position stays";
  });
}

TEST(WriteFileAt, ReportsWhatPwriteReports) {
  Virtually([](const Context& ctx) {
    EXPECT_TRUE(WriteFileAt(ctx, -1, "x", 0).Is(std::errc::bad_file_descriptor));
    TempFile file;
    EXPECT_TRUE(WriteFileAt(ctx, file.fd(), "x", std::numeric_limits<std::uint64_t>::max())
                    .Is(std::errc::file_too_large));
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    EXPECT_TRUE(WriteFileAt(ctx, ends[1], "x", 0).Is(std::errc::invalid_seek));
    close(ends[0]);
    close(ends[1]);
  });
}

TEST(WriteFileAt, WritesNothingUnderADoneContext) {
  Virtually([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    scope.cancel();
    TempFile file;
    EXPECT_TRUE(WriteFileAt(scope.ctx, file.fd(), "x", 0).Is(kCanceled));
    EXPECT_EQ(lseek(file.fd(), 0, SEEK_END), 0);
  });
}

TEST(WriteFileAt, HasNoLoopWaitForTheDisk) {
  Virtually([](const Context& ctx) {
    TempFile file;
    const std::uint64_t before = CurrentOffloadStats().done;
    EXPECT_FALSE(WriteFileAt(ctx, file.fd(), "x", 0));
    EXPECT_EQ(CurrentOffloadStats().done, before + 1);
  });
}

TEST(SaveTo, WritesAllAndNothingElse) {
  Virtually([](const Context& ctx) {
    const TempFolder folder;
    for (const std::size_t size : {0u, 1u, 64u * 1024, 64u * 1024 + 1, 300'000u}) {
      for (const std::size_t piece : {1000u, 200'000u}) {
        Source source{Numbers(size), piece};
        const Result<std::uint64_t> saved =
            SaveTo(ctx, source, folder.Path("file"), {.sync = size == 1});
        ASSERT_TRUE(saved.Ok()) << saved.Err().Message();
        EXPECT_EQ(*saved, size);
        EXPECT_TRUE(ContentOf(folder.Path("file")) == Numbers(size)) << size;
        EXPECT_EQ(folder.Names(), std::vector<std::string>{"file"});
      }
    }
  });
}

TEST(SaveTo, KeepsTheOldFileUntilTheNewOneIsWhole) {
  Virtually([](const Context& ctx) {
    const TempFolder folder;
    std::ofstream(folder.Path("file")) << "old";
    Source broken{Numbers(100'000), 1000, kClientGone};
    const Error err = SaveTo(ctx, broken, folder.Path("file")).Err();
    EXPECT_TRUE(err.Is(kClientGone)) << err.Message();
    EXPECT_EQ(ContentOf(folder.Path("file")), "old");
    EXPECT_EQ(folder.Names(), std::vector<std::string>{"file"});

    Source whole{"new"};
    EXPECT_TRUE(SaveTo(ctx, whole, folder.Path("file")).Ok());
    EXPECT_EQ(ContentOf(folder.Path("file")), "new");
  });
}

TEST(SaveTo, LeavesNothingWhenTheContextEnds) {
  Virtually([](const Context& ctx) {
    const TempFolder folder;
    auto [ours, theirs] = MemoryStreamPair();
    CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    Error err;
    group.Go("save", [&](const Context&) -> Error {
      err = SaveTo(scope.ctx, ours, folder.Path("file")).Err();
      return {};
    });
    EXPECT_FALSE(theirs.Write(ctx, Numbers(10'000)));
    Settle(ctx);
    EXPECT_EQ(folder.Names().size(), 1u) << "it is under way";
    scope.cancel();
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(err.Is(kCanceled)) << err.Message();
    EXPECT_TRUE(folder.Names().empty());
  });
}

TEST(SaveTo, BoundsTheSize) {
  Virtually([](const Context& ctx) {
    const TempFolder folder;
    for (const std::size_t size : {100u, 101u, 100'000u}) {
      Source source{Numbers(size)};
      const Result<std::uint64_t> saved = SaveTo(ctx, source, folder.Path("file"), {.max = 100});
      EXPECT_EQ(saved.Ok(), size == 100) << size;
      EXPECT_TRUE(saved.Ok() || saved.Err().Is(kTooLarge)) << saved.Err().Message();
    }
    EXPECT_EQ(ContentOf(folder.Path("file")).size(), 100u);
    EXPECT_EQ(folder.Names(), std::vector<std::string>{"file"});
  });
}

TEST(SaveTo, SaysWhatFailedAndWhere) {
  Virtually([](const Context& ctx) {
    const TempFolder folder;
    Source source{"x"};
    const Error err = SaveTo(ctx, source, folder.Path("no/file")).Err();
    EXPECT_TRUE(err.Is(std::errc::no_such_file_or_directory));
    EXPECT_NE(err.Message().find(folder.Path("no/file")), std::string::npos) << err.Message();
    ASSERT_EQ(mkdir(folder.Path("folder").c_str(), 0755), 0);
    EXPECT_TRUE(SaveTo(ctx, source, folder.Path("folder")).Err().Is(std::errc::is_a_directory));
    EXPECT_EQ(folder.Names(), std::vector<std::string>{"folder"});
  });
}

TEST(SaveTo, SetsTheGivenMode) {
  Virtually([](const Context& ctx) {
    const TempFolder folder;
    const mode_t mask = umask(022);
    for (const int mode : {0600, 0644}) {
      Source source{"x"};
      EXPECT_TRUE(SaveTo(ctx, source, folder.Path("file"), {.mode = mode}).Ok());
      struct stat facts{};
      ASSERT_EQ(stat(folder.Path("file").c_str(), &facts), 0);
      EXPECT_EQ(static_cast<int>(facts.st_mode & 0777), mode);
    }
    umask(mask);
  });
}

}  // namespace
}  // namespace weft
