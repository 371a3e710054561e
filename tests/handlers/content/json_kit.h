// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HANDLERS_CONTENT_JSON_KIT_H_
#define WEFT_TESTS_HANDLERS_CONTENT_JSON_KIT_H_

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <weft/handlers/content/json.h>
#include <weft/handlers/testing.h>

namespace weft {

// Reads a text as the body of a request; what went wrong, as the client sees it.
template <class T>
Result<T> ReadText(std::string text, JsonOptions options = {}) {
  Result<T> read = Error::New("the handler was not called");
  Recorder recorder;
  recorder.Serve([&](ResponseWriter&, Request& r) { read = ReadJson<T>(r, options); },
                 RequestBuilder("POST")
                     .Header("Content-Type", "application/json")
                     .BodyLimit(kUnlimited)
                     .Body(std::move(text)));
  return read;
}

// "400 /a: ..." of a text that cannot be read.
template <class T>
std::string WhyNot(std::string text, JsonOptions options = {}) {
  const Result<T> read = ReadText<T>(std::move(text), options);
  if (read.Ok()) return "it was read";
  const HttpStatus* const status = read.Err().template As<HttpStatus>();
  if (status == nullptr) return read.Err().Message();
  return std::to_string(status->code) + " " + status->public_text;
}

}  // namespace weft

#endif  // WEFT_TESTS_HANDLERS_CONTENT_JSON_KIT_H_
