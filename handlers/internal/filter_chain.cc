// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/filter_chain.h>

namespace weft::internal {

// What filter number `filters` writes to: the ones before it, then the output.
class FilterChain::Next final : public BodyFilter::Output {
 public:
  Next(FilterChain& chain, std::size_t filters, BodyFilter::Output& out) : chain_(chain), filters_(filters), out_(out) {}
  Error Write(std::string_view data) override { return chain_.WriteFrom(filters_, data, out_); }

 private:
  FilterChain& chain_;
  std::size_t filters_;
  BodyFilter::Output& out_;
};

FilterChain::~FilterChain() = default;

void FilterChain::Push(std::unique_ptr<BodyFilter> filter) { filters_.push_back(std::move(filter)); }

void FilterChain::Drop() { filters_.clear(); }

Error FilterChain::Write(std::string_view data, BodyFilter::Output& out) { return WriteFrom(filters_.size(), data, out); }

void FilterChain::StartAll(int status, Fields& header) {
  started_ = true;
  for (std::size_t i = filters_.size(); i > 0; --i) filters_[i - 1]->Start(status, header);
  std::erase_if(filters_, [](const std::unique_ptr<BodyFilter>& filter) { return filter->PassesThrough(); });
}

Error FilterChain::WriteFrom(std::size_t filters, std::string_view data, BodyFilter::Output& out) {
  if (filters == 0) return out.Write(data);
  Next next(*this, filters - 1, out);
  return filters_[filters - 1]->Write(data, next);
}

Error FilterChain::Flush(BodyFilter::Output& out) {
  for (std::size_t i = filters_.size(); i > 0; --i) {
    Next next(*this, i - 1, out);
    if (Error err = filters_[i - 1]->Flush(next)) return err;
  }
  return {};
}

Error FilterChain::Finish(BodyFilter::Output& out) {
  for (std::size_t i = filters_.size(); i > 0; --i) {
    Next next(*this, i - 1, out);
    if (Error err = filters_[i - 1]->Finish(next)) return err;
  }
  return {};
}

}  // namespace weft::internal
