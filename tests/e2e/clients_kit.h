// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_E2E_CLIENTS_KIT_H_
#define WEFT_TESTS_E2E_CLIENTS_KIT_H_

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <weft/handlers/routing/mux.h>

#include "../kit/missing_program.h"
#include "kit.h"
#include "process.h"

// Finds a client of other people, or ends the test.
#define WEFT_NEEDS(path, name)                        \
  const std::string path = ::weft::ProgramPath(name); \
  if (path.empty()) WEFT_PROGRAM_IS_MISSING(name, "clients")

namespace weft {

// Where a program is found in PATH; empty if nowhere.
inline std::string ProgramPath(std::string_view name) {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string file = std::string(rest.substr(0, end)) + "/" + std::string(name);
    if (access(file.c_str(), X_OK) == 0) return file;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

struct Outcome {
  int code = 0;
  std::string out;
  std::string errors;
};

inline Outcome RunProgram(const std::string& program, const std::vector<std::string>& arguments) {
  Process process(program, arguments);
  Outcome outcome;
  outcome.out = process.Rest();
  outcome.code = process.Wait();
  outcome.errors = process.Errors();
  return outcome;
}

inline int Occurrences(std::string_view text, std::string_view part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// What real clients ask for, and how often it was asked.
struct ClientSite {
  ClientSite() : server(Background(), Routes(), Options()) {}

  static ServerOptions Options() {
    ServerOptions options = Tcp(2);
    options.body_bytes_max = 64 << 20;
    return options;
  }

  Mux Routes() {
    Mux mux;
    mux.Handle("GET /hello", [this](ResponseWriter& w, Request&) {
      ++hellos;
      return w.Write("hello");
    });
    mux.Handle("POST /echo", &Echo);
    mux.Handle("PUT /echo", &Echo);
    mux.Handle("GET /big", [](ResponseWriter& w, Request& r) -> Error {
      const Result<std::uint64_t> bytes = r.QueryAs<std::uint64_t>("n");
      if (Error err = bytes.Err()) return err;
      const std::string piece(10'000, 'b');
      for (std::uint64_t left = *bytes; left > 0; left -= std::min<std::uint64_t>(left, piece.size())) {
        if (Error err = w.Write(std::string_view(piece).substr(0, left))) return err;
      }
      w.Trailer().Set("X-Sum", std::to_string(*bytes));
      return {};
    });
    return mux;
  }

  // Reads on while it writes, as clients do that send all before they read.
  static Error Echo(ResponseWriter& w, Request& r) {
    const Result<std::string> all = r.Body().ReadAll();
    return all.Ok() ? w.Write(*all) : all.Err();
  }

  std::string Url(std::string_view path) const { return server.Bound() + std::string(path); }

  std::atomic<long> hellos{0};
  TestServer server;
};

// A file of a test, which goes with it.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content = {}) {
    char name[] = "/tmp/weft_test_XXXXXX";
    close(mkstemp(name));
    path_ = name;
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& Path() const { return path_; }
  std::string Read() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_;
};

}  // namespace weft

#endif  // WEFT_TESTS_E2E_CLIENTS_KIT_H_
