// SPDX-License-Identifier: Apache-2.0
#include "storage.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "sqlite_notes.h"

namespace {

weft::Result<std::string> MakeTemporaryFolder() {
  std::error_code failed;
  const std::filesystem::path top = std::filesystem::temp_directory_path(failed);
  if (failed) return weft::Error(failed).Wrap("temporary folder");
  std::string name = top / "weft-service-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) return weft::Error(std::error_code(errno, std::generic_category())).Wrap(name);
  return name;
}

}  // namespace

weft::Result<Storage> Storage::Open(const std::string& database, const std::string& files) {
  Storage storage;
  if (database.empty() || files.empty()) {
    weft::Result<std::string> folder = MakeTemporaryFolder();
    if (weft::Error err = folder.Err()) return err;
    storage.temporary_ = std::make_unique<std::string>(*std::move(folder));
  }
  storage.files_ = files.empty() ? *storage.temporary_ + "/files" : files;
  std::error_code failed;
  std::filesystem::create_directories(storage.files_, failed);
  if (failed) return weft::Error(failed).Wrap(storage.files_);
  weft::Result<std::unique_ptr<NoteStore>> notes = OpenSqliteNotes(database.empty() ? *storage.temporary_ + "/notes.db" : database);
  if (weft::Error err = notes.Err()) return err;
  storage.notes_ = *std::move(notes);
  return storage;
}

Storage::~Storage() {
  notes_.reset();  // closes its files
  std::error_code ignored;
  if (temporary_ != nullptr) std::filesystem::remove_all(*temporary_, ignored);
}
