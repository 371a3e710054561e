// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_E2E_SERVICE_DATABASE_H_
#define WEFT_TESTS_E2E_SERVICE_DATABASE_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#if defined(WEFT_HAS_POSTGRES)
#include <memory>

#include <weft/clients/postgres/pool.h>
#include <weft/clients/postgres/testing.h>
#endif

#include "../kit/missing_program.h"

namespace weft {

// Whether the tests of the service are to be run on PostgreSQL, as an entry of ctest says it; else on SQLite.
inline bool OnPostgres() {
  const char* const store = std::getenv("WEFT_SERVICE_STORE");
  return store != nullptr && std::string_view(store) == "postgres";
}

#if defined(WEFT_HAS_POSTGRES)
// The server of this process.
inline postgres::TestServer& DatabaseServer() {
  static const std::unique_ptr<postgres::TestServer> server = [] {
    Result<std::unique_ptr<postgres::TestServer>> started = postgres::TestServer::Start({.settings = {"synchronous_commit=on"}, .password = "topsecret"});  // so that a kill loses nothing
    EXPECT_TRUE(started.Ok()) << started.Err().Message();
    return *std::move(started);
  }();
  return *server;
}

// libpq takes the last of two.
inline std::string ConnInfoOf(const std::string& name) { return DatabaseServer().ConnInfo() + " dbname=" + name; }

// An empty database on it, as --database takes it.
inline std::string NewPostgresUrl(std::string* name_of_it = nullptr) {
  static int count = 0;
  const std::string name = "service" + std::to_string(++count);
  postgres::Pool db({.conninfo = DatabaseServer().ConnInfo()});
  EXPECT_FALSE(db.Execute(Background(), "create database " + name).Err());
  if (name_of_it != nullptr) *name_of_it = name;
  const std::string socket = DatabaseServer().SocketPath();
  return "postgres://weft:topsecret@/" + name + "?host=" + socket.substr(0, socket.rfind('/'));
}

// Without the program none of the tests that are to run on it does.
struct NeedsPostgresIfAsked : testing::Environment {
  void SetUp() override {
    if (OnPostgres() && !postgres::TestServer::Available()) WEFT_PROGRAM_IS_MISSING("postgres", "clients");
  }
};
inline testing::Environment* const kNeedsPostgresIfAsked = testing::AddGlobalTestEnvironment(new NeedsPostgresIfAsked);

// For tests that are for PostgreSQL alone.
#define WEFT_NEEDS_POSTGRES() \
  if (!::weft::postgres::TestServer::Available()) WEFT_PROGRAM_IS_MISSING("postgres", "clients")
#endif

// What --database is for a test: a file in this folder, or an empty database.
inline std::string NewDatabase(const std::string& folder) {
#if defined(WEFT_HAS_POSTGRES)
  if (OnPostgres()) return NewPostgresUrl();
#endif
  return folder + "/notes.db";
}

}  // namespace weft

#endif  // WEFT_TESTS_E2E_SERVICE_DATABASE_H_
