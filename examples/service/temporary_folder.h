// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_TEMPORARY_FOLDER_H_
#define WEFT_EXAMPLES_SERVICE_TEMPORARY_FOLDER_H_

#include <memory>
#include <string>
#include <utility>

#include <weft/concurrency/result.h>

// A folder below TMPDIR that is removed at the end. What a killed process has left there is removed by the next one that makes a folder:
// each holds a lock on its own, which ends with the process, however that ends.
class TemporaryFolder {
 public:
  static weft::Result<std::unique_ptr<TemporaryFolder>> Make();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& Path() const { return path_; }

 private:
  TemporaryFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::string path_;
  const int lock_;
};

#endif  // WEFT_EXAMPLES_SERVICE_TEMPORARY_FOLDER_H_
