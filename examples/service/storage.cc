// SPDX-License-Identifier: Apache-2.0
#include "storage.h"

#include <filesystem>
#include <system_error>

#include "postgres_notes.h"
#include "sqlite_notes.h"

namespace {

weft::Result<std::unique_ptr<NoteStore>> OpenNotes(const weft::Context& ctx, const std::string& database, weft::Metrics& metrics) {
  const std::size_t scheme = database.find("://");
  if (scheme == std::string::npos) return OpenSqliteNotes(database);
  if (database.starts_with("postgres://") || database.starts_with("postgresql://")) return OpenPostgresNotes(ctx, database, metrics);
  return weft::Error::New("--database takes a file, or a URL that begins with postgres://");  // it may have a password, so it is not repeated
}

}  // namespace

weft::Result<Storage> Storage::Open(const weft::Context& ctx, const std::string& database, const std::string& files, weft::Metrics& metrics) {
  Storage storage;
  if (database.empty() || files.empty()) {
    weft::Result<std::unique_ptr<TemporaryFolder>> folder = TemporaryFolder::Make();
    if (weft::Error err = folder.Err()) return err;
    storage.temporary_ = *std::move(folder);
  }
  storage.files_ = files.empty() ? storage.temporary_->Path() + "/files" : files;
  std::error_code failed;
  std::filesystem::create_directories(storage.files_, failed);
  if (failed) return weft::Error(failed).Wrap(storage.files_);
  weft::Result<std::unique_ptr<NoteStore>> notes = OpenNotes(ctx, database.empty() ? storage.temporary_->Path() + "/notes.db" : database, metrics);
  if (weft::Error err = notes.Err()) return err;
  storage.notes_ = *std::move(notes);
  return storage;
}
