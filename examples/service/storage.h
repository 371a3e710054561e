// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_STORAGE_H_
#define WEFT_EXAMPLES_SERVICE_STORAGE_H_

#include <memory>
#include <string>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/metrics.h>

#include "note_store.h"
#include "temporary_folder.h"

// Where a process keeps what is to last, and a temporary folder for what was given no place. The folder is removed at its end.
class Storage {
 public:
  // `database` is a file or a URL "postgres://...", `files` a folder; both are made if they are not there. Empty: in the temporary folder.
  // `metrics` lasts longer than it.
  static weft::Result<Storage> Open(const weft::Context& ctx, const std::string& database, const std::string& files, weft::Metrics& metrics);

  NoteStore& Notes() const { return *notes_; }
  const std::string& FilesFolder() const { return files_; }

 private:
  Storage() = default;

  std::unique_ptr<TemporaryFolder> temporary_;
  std::string files_;
  std::unique_ptr<NoteStore> notes_;  // closed before its folder is removed
};

#endif  // WEFT_EXAMPLES_SERVICE_STORAGE_H_
