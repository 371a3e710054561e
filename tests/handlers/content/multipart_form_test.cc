// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/multipart_form.h>

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include <weft/concurrency/file_write.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

std::string FormPart(const std::string& disposition, const std::string& content) {
  return "--xYz\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n";
}

int WithForm(const std::string& body, MultipartFormOptions options,
             const std::function<void(MultipartForm&)>& look) {
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter&, Request& r) -> Error {
        Result<MultipartForm> form = ReadMultipartForm(r, options);
        if (Error err = form.Err()) return err;
        look(*form);
        return {};
      },
      RequestBuilder("POST")
          .Header("Content-Type", "multipart/form-data; boundary=xYz")
          .BodyLimit(kUnlimited)
          .Body(body + "--xYz--\r\n"));
  return recorder.Status();
}

std::string ReadAll(MultipartFile& file) {
  std::string all;
  char piece[1000];
  while (true) {
    const Result<std::size_t> n = file.Read(Background(), piece);
    EXPECT_TRUE(n.Ok()) << n.Err().Message();
    if (!n.Ok() || *n == 0) return all;
    all.append(piece, *n);
  }
}

std::string Numbers(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  text.resize(size);
  return text;
}

TEST(ReadMultipartForm, GivesFieldsAndFiles) {
  const int status = WithForm(
      FormPart("name=a", "1") + FormPart("name=f; filename=x.txt", "content") + FormPart("name=a", "2"), {},
      [](MultipartForm& form) {
        EXPECT_EQ(form.Fields().Values("a"), (std::vector<std::string_view>{"1", "2"}));
        EXPECT_EQ(*form.Fields().As<int>("a"), 1);
        ASSERT_EQ(form.Files().size(), 1u);
        EXPECT_EQ(form.File("g"), nullptr);
        MultipartFile* const file = form.File("f");
        ASSERT_NE(file, nullptr);
        EXPECT_EQ(file->FileName(), "x.txt");
        EXPECT_EQ(file->ContentType(), "text/plain");
        EXPECT_EQ(file->Size(), 7u);
        EXPECT_EQ(file->Text(), "content");
        EXPECT_EQ(file->fd(), -1);
        EXPECT_EQ(ReadAll(*file), "content");
      });
  EXPECT_EQ(status, 200);
}

TEST(ReadMultipartForm, KeepsOnTheDiskWhatDoesNotFitTheMemory) {
  const std::string large = Numbers(300'000);
  const std::string small = Numbers(60'000);
  const int status =
      WithForm(FormPart("name=s; filename=s", small) + FormPart("name=l; filename=l", large) +
                   FormPart("name=e; filename=e", ""),
               {.memory_max = 100'000}, [&](MultipartForm& form) {
                 EXPECT_EQ(form.File("s")->Text(), small);
                 MultipartFile& file = *form.File("l");
                 EXPECT_EQ(file.Text(), "");
                 EXPECT_GE(file.fd(), 0);
                 EXPECT_EQ(file.Size(), large.size());
                 EXPECT_TRUE(ReadAll(file) == large);
                 EXPECT_EQ(form.File("e")->Size(), 0u);
                 EXPECT_EQ(ReadAll(*form.File("e")), "");
               });
  EXPECT_EQ(status, 200);
}

TEST(ReadMultipartForm, BoundsWhatFieldsTake) {
  const auto nothing = [](MultipartForm&) {};
  EXPECT_EQ(WithForm(FormPart("name=a", std::string(5'000, 'x')), {.memory_max = 10'000}, nothing),
            200);
  EXPECT_EQ(WithForm(FormPart("name=a", std::string(5'000, 'x')) +
                         FormPart("name=b", std::string(5'000, 'x')),
                     {.memory_max = 10'000}, nothing),
            413);
  std::string many;
  for (int i = 0; i < 100; ++i) many += FormPart("name=a; filename=b", "");
  EXPECT_EQ(WithForm(many, {.memory_max = 10'000}, nothing), 413) << "empty parts cost, too";
}

TEST(ReadMultipartForm, PutsAllThatGoesToTheDiskIntoOneFile) {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  constexpr int kFiles = 20;
  const auto content = [](int i) { return Numbers(10'000).substr(static_cast<std::size_t>(i) * 97); };
  std::string body;
  for (int i = 0; i < kFiles; ++i) {
    body += FormPart("name=f" + std::to_string(i) + "; filename=f", content(i));
  }
  const auto before = descriptors();
  std::vector<MultipartFile> kept;
  EXPECT_EQ(WithForm(body, {.memory_max = 18'000},
                     [&](MultipartForm& form) {
                       EXPECT_EQ(descriptors(), before + 1);
                       kept = std::move(form.Files());
                     }),
            200);
  ASSERT_EQ(kept.size(), static_cast<std::size_t>(kFiles));
  int on_disk = 0;
  for (int i = kFiles - 1; i >= 0; --i) {  // in any order, and while others of the form are gone
    MultipartFile& file = kept.back();
    if (file.fd() >= 0) {
      ++on_disk;
      std::string by_hand(file.Size(), '\0');
      EXPECT_EQ(pread(file.fd(), by_hand.data(), by_hand.size(), static_cast<off_t>(file.Offset())),
                static_cast<ssize_t>(file.Size()));
      EXPECT_TRUE(by_hand == content(i)) << i;
    }
    EXPECT_TRUE(ReadAll(file) == content(i)) << i;
    kept.pop_back();
  }
  EXPECT_GE(on_disk, kFiles - 2);
  EXPECT_EQ(descriptors(), before);
}

TEST(ReadMultipartForm, FilesLeaveRoomForTheNamesOfOthers) {
  std::string body;
  for (int i = 0; i < 200; ++i) body += FormPart("name=f; filename=f", Numbers(10'000));
  EXPECT_EQ(WithForm(body, {.memory_max = 256 * 1024},
                     [](MultipartForm& form) {
                       EXPECT_EQ(form.Files().size(), 200u);
                       EXPECT_EQ(form.Files().front().fd(), -1);
                       EXPECT_GE(form.Files().back().fd(), 0);
                     }),
            200);
}

TEST(ReadMultipartForm, SaysWhereItCannotKeepAFile) {
  const int status =
      WithForm(FormPart("name=f; filename=f", Numbers(5'000)),
               {.memory_max = 1'000, .folder = "/nonexistent"}, [](MultipartForm&) {});
  EXPECT_EQ(status, 500);
}

TEST(ReadMultipartForm, LeavesNoDescriptorAndNoName) {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  std::string folder = ::testing::TempDir() + "weft_form.XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const auto before = descriptors();
  EXPECT_EQ(WithForm(FormPart("name=f; filename=f", Numbers(5'000)),
                     {.memory_max = 1'000, .folder = folder},
                     [&](MultipartForm& form) {
                       EXPECT_GE(form.File("f")->fd(), 0);
                       EXPECT_TRUE(std::filesystem::is_empty(folder));
                     }),
            200);
  EXPECT_EQ(descriptors(), before);
  EXPECT_EQ(rmdir(folder.c_str()), 0);
}

TEST(MultipartFile, OutlivesItsFormAndCanBeSaved) {
  std::string folder = ::testing::TempDir() + "weft_form.XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string large = Numbers(200'000);
  std::vector<MultipartFile> kept;
  EXPECT_EQ(WithForm(FormPart("name=f; filename=f", large), {.memory_max = 1'000},
                     [&](MultipartForm& form) { kept = std::move(form.Files()); }),
            200);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(*SaveTo(Background(), kept[0], folder + "/f"), large.size());
  std::ifstream saved(folder + "/f");
  EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(saved), {}) == large);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weft
