// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/file_tree.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>

#include <weft/concurrency/context.h>

#include "temp_folder.h"

namespace weft::internal {
namespace {

using Way = FileTree::Way;

std::string ContentOf(const FoundFile& found) {
  std::string text(static_cast<std::size_t>(found.facts.st_size), '\0');
  EXPECT_EQ(pread(found.file.fd(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return text;
}

// What is found, or the errno that says why nothing is.
std::string Found(const FileTree& tree, const std::string& name) {
  const Result<FoundFile> found = tree.Find(Background(), name, {});
  if (!found.Ok()) return std::error_code(found.Err().Code()).message();
  return found->is_folder ? "a folder" : ContentOf(*found);
}

class FileTreeTest : public ::testing::TestWithParam<Way> {
 protected:
  FileTreeTest() {
    folder_.Write("secret", "secret");
    folder_.Write("root/a", "a");
    folder_.Write("root/folder/b", "b");
  }
  FileTree Tree(bool links = true) const {
    Result<FileTree> tree = FileTree::Open(folder_.At("root"), links);
    EXPECT_TRUE(tree.Ok()) << tree.Err().Message();
    tree->SetWay(GetParam());
    return *std::move(tree);
  }
  bool Walks() const { return GetParam() == Way::kWalk; }
  static std::string Text(std::errc code) { return std::make_error_code(code).message(); }

  TempFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Ways, FileTreeTest,
                         ::testing::Values(Way::kCachedFirst, Way::kPool, Way::kWalk),
                         [](const auto& param_info) {
                           return std::string(param_info.param == Way::kCachedFirst ? "CachedFirst"
                                              : param_info.param == Way::kPool      ? "Pool"
                                                                                    : "Walk");
                         });

TEST_P(FileTreeTest, FindsFilesAndFolders) {
  const FileTree tree = Tree();
  EXPECT_EQ(Found(tree, "a"), "a");
  EXPECT_EQ(Found(tree, "folder/b"), "b");
  EXPECT_EQ(Found(tree, "folder"), "a folder");
  EXPECT_EQ(Found(tree, "."), "a folder");
  EXPECT_EQ(Found(tree, "nothing"), Text(std::errc::no_such_file_or_directory));
  EXPECT_EQ(Found(tree, "nothing/b"), Text(std::errc::no_such_file_or_directory));
  EXPECT_EQ(Found(tree, "a/b"), Text(std::errc::not_a_directory));
  EXPECT_EQ(Found(tree, std::string(300, 'x')), Text(std::errc::filename_too_long));
  EXPECT_EQ(Found(tree, std::string(10'000, 'x')), Text(std::errc::filename_too_long));
}

TEST_P(FileTreeTest, DoesNotLeaveItsRoot) {
  const FileTree tree = Tree();
  EXPECT_EQ(Found(tree, "../secret"), Text(std::errc::cross_device_link));
  EXPECT_EQ(Found(tree, "folder/../../secret"), Text(std::errc::cross_device_link));
  EXPECT_NE(Found(tree, folder_.At("secret")), "secret");
}

TEST_P(FileTreeTest, FollowsOnlyLinksThatStayInside) {
  folder_.Link("root/in", "folder/b");
  folder_.Link("root/up", "folder/../a");
  folder_.Link("root/into", "folder");
  folder_.Link("root/out", "../secret");
  folder_.Link("root/folder/out", "../../secret");
  folder_.Link("root/absolute", folder_.At("root/a"));
  folder_.Link("root/outside", folder_.Path());
  folder_.Link("root/circle", "circle");
  folder_.Link("root/proc", "/proc/self/root");
  const FileTree tree = Tree();
  EXPECT_EQ(Found(tree, "in"), Walks() ? Text(std::errc::too_many_symbolic_link_levels) : "b");
  EXPECT_EQ(Found(tree, "up"), Walks() ? Text(std::errc::too_many_symbolic_link_levels) : "a");
  EXPECT_EQ(Found(tree, "into/b"), Walks() ? Text(std::errc::not_a_directory) : "b");
  for (const char* name : {"out", "folder/out", "absolute", "circle"}) {
    const std::string found = Found(tree, name);
    EXPECT_TRUE(found == Text(std::errc::cross_device_link) ||
                found == Text(std::errc::too_many_symbolic_link_levels))
        << name << ": " << found;
  }
  EXPECT_NE(Found(tree, "outside/secret"), "secret");
  EXPECT_NE(Found(tree, "proc" + folder_.At("secret")), "secret");
  const FileTree without = Tree(/*links=*/false);
  EXPECT_EQ(Found(without, "in"), Text(std::errc::too_many_symbolic_link_levels));
  EXPECT_NE(Found(without, "into/b"), "b");
  EXPECT_EQ(Found(without, "a"), "a");
}

TEST_P(FileTreeTest, FindsNothingButPlainFiles) {
  ASSERT_EQ(mkfifo(folder_.At("root/pipe").c_str(), 0600), 0);
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = folder_.At("root/socket");
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const FileTree tree = Tree();
  EXPECT_EQ(Found(tree, "pipe"), Text(std::errc::no_such_file_or_directory));
  EXPECT_EQ(Found(tree, "socket"), Text(std::errc::no_such_device_or_address));
  close(socket_fd);
}

TEST_P(FileTreeTest, ServesACompressedSiblingThatIsNotOlder) {
  folder_.Write("root/a.br", "br");
  folder_.Write("root/a.gz", "gz");
  folder_.Write("root/folder/b.gz", "gz", TempFolder::kModified - 1);
  folder_.Write("root/only.gz", "gz");
  const FileTree tree = Tree();
  const CodedSibling both[] = {{"br", ".br"}, {"gzip", ".gz"}};
  const CodedSibling zstd_first[] = {{"zstd", ".zst"}, {"gzip", ".gz"}};
  EXPECT_EQ(tree.Find(Background(), "a", both)->coding, "br");
  EXPECT_EQ(ContentOf(*tree.Find(Background(), "a", both)), "br");
  EXPECT_EQ(tree.Find(Background(), "a", zstd_first)->coding, "gzip");
  EXPECT_EQ(tree.Find(Background(), "a", {})->coding, "");
  EXPECT_EQ(tree.Find(Background(), "folder/b", both)->coding, "") << "it is of an earlier version";
  EXPECT_FALSE(tree.Find(Background(), "only", both).Ok());
}

TEST_P(FileTreeTest, StaysWithItsFolderWhenThatIsRenamed) {
  const FileTree tree = Tree();
  std::filesystem::rename(folder_.At("root"), folder_.At("other"));
  folder_.Write("root/a", "another");
  EXPECT_EQ(Found(tree, "a"), "a");
}

TEST(FileTree, SaysWhyARootCannotBeOpened) {
  TempFolder folder;
  folder.Write("file", "x");
  const Result<FileTree> nothing = FileTree::Open(folder.At("nothing"), true);
  EXPECT_EQ(nothing.Err().Message(),
            "open the folder " + folder.At("nothing") + ": No such file or directory");
  EXPECT_TRUE(FileTree::Open(folder.At("file"), true).Err().Is(std::errc::not_a_directory));
}

}  // namespace
}  // namespace weft::internal
