// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_E2E_KIT_H_
#define WEFT_TESTS_E2E_KIT_H_

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/handler.h>
#include <weft/server/options.h>
#include <weft/server/testing.h>

#include "../kit/quiet_observer.h"

namespace weft {

inline QuietObserver& TheQuiet() {
  static QuietObserver quiet;
  return quiet;
}

inline ServerOptions Tcp(int loops = 1) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = loops;
  options.observer = &TheQuiet();
  return options;
}

// A request on a connection of its own; status 0 if it failed.
inline TestResponse Fetch(const std::string& bound, std::string_view target) {
  Result<TestClient> client = TestClient::Dial(Background(), bound);
  if (!client.Ok()) return {};
  Result<TestResponse> answer = client->Get(Background(), target, "Connection: close\r\n");
  return answer.Ok() ? *std::move(answer) : TestResponse();
}

inline int EntriesOf(const char* folder) {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}
inline int Threads() { return EntriesOf("/proc/self/task"); }
inline int Descriptors() { return EntriesOf("/proc/self/fd"); }

}  // namespace weft

#endif  // WEFT_TESTS_E2E_KIT_H_
