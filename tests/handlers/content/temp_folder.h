// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HANDLERS_CONTENT_TEMP_FOLDER_H_
#define WEFT_TESTS_HANDLERS_CONTENT_TEMP_FOLDER_H_

#include <fcntl.h>
#include <stdlib.h>  // mkdtemp
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace weft {

// A folder for one test, which is gone after it.
class TempFolder {
 public:
  TempFolder() : path_(testing::TempDir() + "weft_folder.XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& Path() const { return path_; }
  std::string At(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Writes a file, with the folders above it. Its time is that of the example of RFC 9110, unless
  // told.
  void Write(std::string_view name, std::string_view content,
             std::time_t modified = kModified) const {
    std::filesystem::create_directories(std::filesystem::path(At(name)).parent_path());
    std::ofstream(At(name), std::ios::binary) << content;
    SetTime(name, modified);
  }
  void SetTime(std::string_view name, std::time_t modified) const {
    const timespec times[2] = {{modified, 0}, {modified, 0}};
    EXPECT_EQ(utimensat(AT_FDCWD, At(name).c_str(), times, 0), 0) << name;
  }
  void Link(std::string_view name, std::string_view target) const {
    std::filesystem::create_directories(std::filesystem::path(At(name)).parent_path());
    std::filesystem::create_symlink(target, At(name));
  }

  static constexpr std::time_t kModified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

 private:
  std::string path_;
};

}  // namespace weft

#endif  // WEFT_TESTS_HANDLERS_CONTENT_TEMP_FOLDER_H_
