// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_STORAGE_H_
#define WEFT_EXAMPLES_SERVICE_STORAGE_H_

#include <memory>
#include <string>

#include <weft/concurrency/result.h>

#include "note_store.h"

// Where a process keeps what is to last, and a temporary folder for what was given no place. The folder is removed at its end.
class Storage {
 public:
  // `database` is a file, `files` a folder; both are made if they are not there. Empty: in the temporary folder.
  static weft::Result<Storage> Open(const std::string& database, const std::string& files);
  Storage(Storage&&) noexcept = default;
  Storage& operator=(Storage&&) = delete;
  ~Storage();

  NoteStore& Notes() const { return *notes_; }
  const std::string& FilesFolder() const { return files_; }

 private:
  Storage() = default;

  std::unique_ptr<std::string> temporary_;  // moved, it is only removed once
  std::string files_;
  std::unique_ptr<NoteStore> notes_;
};

#endif  // WEFT_EXAMPLES_SERVICE_STORAGE_H_
