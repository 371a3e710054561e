// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CALL_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CALL_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/channel/select_cases.h>
#include <weft/concurrency/internal/channel/select_core.h>

namespace weft::internal {

// The index, once the function of the case has run; or its Error.
inline Result<std::size_t> FinishSelect(const Result<std::size_t>& which, SelectCase** cases) {
  if (!which.Ok()) return which.Err();
  if (Error err = cases[*which]->Finish()) return err;
  return *which;
}

template <class Case>
inline constexpr bool kIsCase = std::is_base_of_v<SelectCase, std::remove_cvref_t<Case>>;
template <class Case>
inline constexpr bool kIsDefault = std::is_base_of_v<DefaultCaseTag, std::remove_cvref_t<Case>>;

template <class... Cases>
Result<std::size_t> SelectOf(const Context& ctx, SelectOrder order, Cases&... cases) {
  constexpr std::size_t kCount = sizeof...(Cases);
  static_assert((std::size_t{0} + ... + (kIsDefault<Cases> ? 1 : 0)) <= 1, "a Select has at most one OnDefault");
  SelectCase* pointers[kCount + 1] = {&cases...};
  std::uint32_t numbers[kCount + 1];
  SmallLock* locks[kCount + 1];
  std::size_t default_case = kNoDefault;
  std::size_t at = 0;
  ((kIsDefault<Cases> ? void(default_case = at++) : void(++at)), ...);
  return FinishSelect(RunSelect(ctx, {pointers, numbers, locks, kCount, default_case}, order), pointers);
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CALL_H_
