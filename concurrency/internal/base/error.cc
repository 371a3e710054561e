// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/error.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#if defined(WEFT_BUILT_ALIKE)
const char WEFT_BUILT_ALIKE = 0;
#endif

namespace weft {
namespace internal {
namespace {

enum class Kind : std::uint8_t { kPlain, kWrap, kCode, kTyped, kException };

// The representation of every error that is not a constant.
struct OwnedErrorRep : ErrorRep {
  OwnedErrorRep(Kind k, std::int32_t weft_code, std::string message)
      : ErrorRep(1, weft_code, {}), kind(k), storage(std::move(message)) {
    text = storage;
  }

  Kind kind;
  std::string storage;
  Error inner;
  std::error_code std_code;
  std::shared_ptr<const void> payload;
  const void* type_tag = nullptr;
  const std::vector<Error>* joined = nullptr;  // within the payload
  std::exception_ptr exception;
};

const OwnedErrorRep* Owned(const ErrorRep* rep) {
  if (rep == nullptr || rep->refs.load(std::memory_order_relaxed) < 0) return nullptr;
  return static_cast<const OwnedErrorRep*>(rep);
}

const ErrorRep* Inner(const ErrorRep* rep) {
  const OwnedErrorRep* owned = Owned(rep);
  return owned != nullptr ? ErrorAccess::Rep(owned->inner) : nullptr;
}

bool SameError(const ErrorRep* a, const ErrorRep* b) {
  if (a == b) return true;
  if (a->code != 0 && a->code == b->code) return true;
  const OwnedErrorRep* x = Owned(a);
  const OwnedErrorRep* y = Owned(b);
  if (x == nullptr || y == nullptr || !x->std_code || !y->std_code) return false;
  // std::errc::connection_refused and what connect() leaves in errno are the same thing in two categories.
  return x->std_code == y->std_code || x->std_code.default_error_condition() == y->std_code.default_error_condition();
}

// The first error that `matches`: in a chain from the outermost inwards, in joined errors one after the other, each with all that it wraps.
template <class Matches>
const ErrorRep* FindRep(const ErrorRep* rep, const Matches& matches) {
  for (; rep != nullptr; rep = Inner(rep)) {
    if (matches(rep)) return rep;
    const OwnedErrorRep* owned = Owned(rep);
    if (owned == nullptr || owned->joined == nullptr) continue;
    for (const Error& error : *owned->joined) {
      if (const ErrorRep* found = FindRep(ErrorAccess::Rep(error), matches)) return found;
    }
  }
  return nullptr;
}

class WeftCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "weft"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::kCanceled: return std::string(kCanceledRep.text);
      case Errc::kDeadlineExceeded: return std::string(kDeadlineExceededRep.text);
      case Errc::kClosed: return std::string(kClosedRep.text);
      case Errc::kServerClosing: return std::string(kServerClosingRep.text);
      case Errc::kClientGone: return std::string(kClientGoneRep.text);
      case Errc::kTooLarge: return std::string(kTooLargeRep.text);
      case Errc::kTimeout: return std::string(kTimeoutRep.text);
      case Errc::kMalformed: return std::string(kMalformedRep.text);
      case Errc::kRefused: return std::string(kRefusedRep.text);
      case Errc::kDeadlock: return std::string(kDeadlockRep.text);
      case Errc::kLeaked: return std::string(kLeakedRep.text);
      case Errc::kUnavailable: return std::string(kUnavailableRep.text);
      case Errc::kUpstreamFailed: return std::string(kUpstreamFailedRep.text);
      case Errc::kUpstreamTimeout: return std::string(kUpstreamTimeoutRep.text);
    }
    return "unknown weft error " + std::to_string(value);
  }
};

std::string ExceptionText(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

}  // namespace

void FreeErrorRep(const ErrorRep* rep) noexcept {
  // A chain may be long (an error wrapped in a loop), so it is freed without recursion.
  while (rep != nullptr && rep->refs.load(std::memory_order_relaxed) >= 0 &&
         rep->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    auto* owned = const_cast<OwnedErrorRep*>(static_cast<const OwnedErrorRep*>(rep));
    rep = ErrorAccess::Release(std::move(owned->inner));
    delete owned;
  }
}

Error MakeTypedError(std::string message, std::shared_ptr<const void> payload, const void* type_tag, Errc code,
                     const std::vector<Error>* joined) {
  auto* rep = new OwnedErrorRep(Kind::kTyped, static_cast<std::int32_t>(code), std::move(message));
  rep->payload = std::move(payload);
  rep->type_tag = type_tag;
  rep->joined = joined;
  return ErrorAccess::Adopt(rep);
}

void AbortMisuse(const char* function, const char* rule) noexcept {
  std::fprintf(stderr, "weft: %s: %s\n", function, rule);
  std::fflush(stderr);
  std::abort();
}

}  // namespace internal

const std::error_category& ErrorCategory() noexcept {
  static const internal::WeftCategory category;
  return category;
}

Error::Error(const std::error_code& code) {
  if (!code) return;
  const bool ours = code.category() == ErrorCategory();
  auto* rep = new internal::OwnedErrorRep(internal::Kind::kCode, ours ? code.value() : 0, code.message());
  rep->std_code = code;
  rep_ = rep;
}

Error Error::New(std::string message) {
  return Error(new internal::OwnedErrorRep(internal::Kind::kPlain, 0, std::move(message)));
}

// If it threw, the fiber would end, and with it the process.
Error Error::FromException(std::exception_ptr exception) noexcept {
  if (exception == nullptr) return {};
  try {
    auto* rep = new internal::OwnedErrorRep(internal::Kind::kException, 0, internal::ExceptionText(exception));
    rep->exception = std::move(exception);
    return Error(rep);
  } catch (...) {
    return ErrorAccess::NoMemory();
  }
}

const Error& ErrorAccess::NoMemory() noexcept {
  static const Error made(std::make_error_code(std::errc::not_enough_memory));
  return made;
}

namespace {
[[maybe_unused]] const Error& g_made_in_time = ErrorAccess::NoMemory();
}  // namespace

Error ErrorAccess::Coded(Errc code, const Error& cause) {
  auto* rep = new internal::OwnedErrorRep(internal::Kind::kWrap, static_cast<std::int32_t>(code),
                                          make_error_code(code).message());
  rep->inner = cause;
  return Error(rep);
}

Error ErrorAccess::CodedInWordsOf(const Error& cause, Errc code) {
  auto* rep = new internal::OwnedErrorRep(internal::Kind::kWrap, static_cast<std::int32_t>(code), {});
  rep->inner = cause;
  return Error(rep);
}

std::string Error::Message() const {
  std::string out;
  for (const internal::ErrorRep* rep = rep_; rep != nullptr; rep = internal::Inner(rep)) {
    if (!out.empty()) out += ": ";
    out += rep->text;
  }
  return out;
}

Error Error::Wrap(std::string_view what) const {
  if (rep_ == nullptr) return {};
  auto* rep = new internal::OwnedErrorRep(internal::Kind::kWrap, 0, std::string(what));
  rep->inner = *this;
  return Error(rep);
}

bool Error::Is(const Error& target) const noexcept {
  if (rep_ == nullptr || target.rep_ == nullptr) return false;
  return internal::FindRep(rep_, [&](const internal::ErrorRep* rep) { return internal::SameError(rep, target.rep_); }) != nullptr;
}

const void* Error::Payload(const void* type_tag) const noexcept {
  const internal::ErrorRep* found = internal::FindRep(rep_, [&](const internal::ErrorRep* rep) {
    const internal::OwnedErrorRep* owned = internal::Owned(rep);
    return owned != nullptr && owned->payload != nullptr && owned->type_tag == type_tag;
  });
  return found != nullptr ? internal::Owned(found)->payload.get() : nullptr;
}

std::error_code Error::Code() const noexcept {
  for (const internal::ErrorRep* rep = rep_; rep != nullptr; rep = internal::Inner(rep)) {
    if (rep->code != 0) return make_error_code(static_cast<Errc>(rep->code));
    const internal::OwnedErrorRep* owned = internal::Owned(rep);
    if (owned != nullptr && owned->std_code) return owned->std_code;
  }
  return {};
}

std::exception_ptr Error::Exception() const noexcept {
  const internal::ErrorRep* found = internal::FindRep(rep_, [](const internal::ErrorRep* rep) {
    const internal::OwnedErrorRep* owned = internal::Owned(rep);
    return owned != nullptr && owned->exception != nullptr;
  });
  return found != nullptr ? internal::Owned(found)->exception : nullptr;
}

}  // namespace weft
