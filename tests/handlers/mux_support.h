// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HANDLERS_MUX_SUPPORT_H_
#define WEFT_TESTS_HANDLERS_MUX_SUPPORT_H_

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

namespace weft {

// Answers with the pattern that matched, and the path values of the usual names.
inline Error Tell(ResponseWriter& w, Request& r) {
  std::string text(r.Pattern());
  for (const std::string_view name : {"a", "b", "rest"}) {
    if (const std::string_view value = r.PathValue(name); !value.empty()) {
      text.append(" ").append(name).append("=").append(value);
    }
  }
  return w.Write(text);
}

inline Mux MuxOf(const std::vector<std::string>& patterns) {
  Mux mux;
  for (const std::string& pattern : patterns) mux.Handle(pattern, Tell);
  return mux;
}

// "200 text", "404", "405 GET, HEAD", "307 /target".
inline std::string Ask(const Mux& mux, const RequestBuilder& request) {
  Recorder recorder;
  recorder.Serve(mux, request);
  std::string answer = std::to_string(recorder.Status());
  if (recorder.Status() == 200) answer += " " + recorder.Body();
  if (recorder.Status() == 405) answer.append(" ").append(recorder.Header().Get("Allow"));
  if (recorder.Status() == 307) answer.append(" ").append(recorder.Header().Get("Location"));
  return answer;
}

struct Case {
  const char* method;
  const char* target;
  const char* answer;
};

inline void Check(const Mux& mux, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(Ask(mux, RequestBuilder(c.method, c.target)), c.answer) << c.method << " " << c.target;
  }
}

}  // namespace weft

#endif  // WEFT_TESTS_HANDLERS_MUX_SUPPORT_H_
