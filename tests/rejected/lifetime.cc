// SPDX-License-Identifier: Apache-2.0
// What outlives the object that it points into, and what a compiler with the attribute says: one case at a time, by rejected_test.sh.
#include <string_view>

#include <weft/concurrency/free_list.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/testing.h>
#include <weft/http/fields.h>

weft::Result<weft::Fields> Ask();
weft::Fields Named();
void Use(std::string_view text);

void Call(weft::FreeList<weft::Fields>& list) {
#if CASE == 0  // accepted
  Use(Named().Get("Name"));
  const weft::Result<weft::Fields> fields = Ask();
  for (const auto& field : *fields) Use(field.value);
#elif CASE == 1  // error: temporary whose address is used as value of local variable 'text' will be destroyed
  const std::string_view text = Named().Get("Name");
  Use(text);
#elif CASE == 2  // error: temporary .* will be destroyed at the end of the full-expression
  for (const auto& field : *Ask()) Use(field.value);
#elif CASE == 3  // error: temporary .* will be destroyed at the end of the full-expression
  const weft::Fields& fields = *list.Get();
  Use(fields.Get("Name"));
#elif CASE == 4  // error: temporary .* will be destroyed at the end of the full-expression
  const std::string_view reason = Named().Refused();
  Use(reason);
#endif
}
