// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_FILTER_CHAIN_H_
#define WEFT_HANDLERS_INTERNAL_FILTER_CHAIN_H_

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/handlers/body_filter.h>
#include <weft/http/fields.h>

namespace weft::internal {

// The filters of one response. The one that was added last sees the handler's bytes first; what the first one
// lets through goes to the output that each call names.
class FilterChain {
 public:
  FilterChain() = default;
  ~FilterChain();

  void Push(std::unique_ptr<BodyFilter> filter);
  void Clear() {
    if (!Empty()) Drop();
    started_ = false;
  }
  // Whether the body has begun: then no more filters can be added.
  bool Started() const { return started_; }
  bool Empty() const { return filters_.empty(); }

  // Called once, before the first byte. Drops filters that have nothing to do for this response.
  void Start(int status, Fields& header) {
    if (!filters_.empty() && !started_) StartAll(status, header);
  }
  Error Write(std::string_view data, BodyFilter::Output& out);
  Error Flush(BodyFilter::Output& out);
  Error Finish(BodyFilter::Output& out);

 private:
  class Next;
  void StartAll(int status, Fields& header);
  void Drop();
  Error WriteFrom(std::size_t filters, std::string_view data, BodyFilter::Output& out);

  std::vector<std::unique_ptr<BodyFilter>> filters_;
  bool started_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_FILTER_CHAIN_H_
