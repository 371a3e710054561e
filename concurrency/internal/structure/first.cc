// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/structure/first.h>

#include <memory>
#include <string>

namespace weft::internal {

Error MakeAllFailed(std::vector<Error> errors, const Error& ended) {
  std::string message = errors.size() == 1 ? "the only one failed" : "all " + std::to_string(errors.size()) + " failed";
  const char* before = ": ";
  for (const Error& error : errors) {
    message += before + error.Message();
    before = "; ";
  }
  Errc code{};
  if (ended.Is(kCanceled)) code = Errc::kCanceled;
  if (ended.Is(kDeadlineExceeded)) code = Errc::kDeadlineExceeded;
  auto all = std::make_shared<const AllFailed>(AllFailed{std::move(errors)});
  const std::vector<Error>* joined = &all->errors;
  return MakeTypedError(std::move(message), std::move(all), &kTypeTag<AllFailed>, code, joined);
}

Error NothingToTry() { return Error::New("First: no function was given"); }

Error AnotherWasFirst() {
  static const Error kLost = Error::New("another was first");
  return kLost;
}

}  // namespace weft::internal
