// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_SETTINGS_H_
#define WEFT_EXAMPLES_SERVICE_SETTINGS_H_

#include <string>

#include <weft/server/options.h>

// What the command line says.
struct Settings {
  weft::ServerOptions app{.address = "127.0.0.1:8080"};
  weft::ServerOptions debug{.address = "127.0.0.1:6060", .loops = 1};
  std::string database;  // a file, or a URL of PostgreSQL; empty: a file in a temporary folder
  std::string files;     // a folder; empty: likewise
  std::string page;      // the folder of index.html; where CMake has found it, unless a flag says so
  bool access_log = false;
  bool verbose = false;
};

// Ends the program with one line on stderr, and 2, where a flag makes no sense.
Settings ReadFlags(int argc, char** argv);

#endif  // WEFT_EXAMPLES_SERVICE_SETTINGS_H_
