// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http2/session_memory.h>

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace weft::internal::http2 {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSession = 2928, kRing = 1024, kMap = 4096, kFrame = 16394;  // of nghttp2 1.52

// What a session takes at its beginning, and that alone.
struct Begun {
  SessionMemory memory;
  char* session = static_cast<char*>(memory.AllocateZeroed(1, kSession));
  char* ring = static_cast<char*>(memory.Allocate(kRing));
  char* other_ring = static_cast<char*>(memory.Allocate(kRing));
  char* map = static_cast<char*>(memory.AllocateZeroed(kMap / 16, 16));
  char* frame = static_cast<char*>(memory.Reallocate(nullptr, kFrame));
  Begun() { memory.Seal(); }
};

// Whether the page of an address takes memory.
bool Resident(const void* at) {
  unsigned char state = 0;
  const auto page = reinterpret_cast<std::uintptr_t>(at) / kPage * kPage;
  EXPECT_EQ(mincore(reinterpret_cast<void*>(page), kPage, &state), 0);
  return (state & 1) != 0;
}

TEST(Http2SessionMemory, ANewSessionTakesThreePages) {
  std::vector<std::unique_ptr<Begun>> warm;
  for (int i = 0; i < 200; ++i) warm.push_back(std::make_unique<Begun>());  // whatever others have used comes first
  Begun& begun = *warm.back();
  std::memset(begun.session, 1, kSession);
  std::memset(begun.ring, 1, kRing);
  std::memset(begun.other_ring, 1, kRing);
  std::memset(begun.frame, 1, 300);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(begun.session) / kPage + 2, reinterpret_cast<std::uintptr_t>(begun.frame + 300) / kPage);
  EXPECT_FALSE(Resident(begun.frame + kPage));
  EXPECT_FALSE(Resident(begun.frame + kFrame - 1));
}

TEST(Http2SessionMemory, BlocksDoNotOverlapAndAreAligned) {
  Begun begun;
  const std::array<std::pair<char*, std::size_t>, 5> blocks{
      {{begun.session, kSession}, {begun.ring, kRing}, {begun.other_ring, kRing}, {begun.map, kMap}, {begun.frame, kFrame}}};
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks[i].first) % alignof(std::max_align_t), 0u);
    std::memset(blocks[i].first, static_cast<int>(i + 1), blocks[i].second);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t at = 0; at < blocks[i].second; ++at) ASSERT_EQ(blocks[i].first[at], static_cast<char>(i + 1)) << i << " at " << at;
  }
}

TEST(Http2SessionMemory, ZeroesASlotForTheNextUse) {
  { std::memset(Begun().map, 7, kMap); }
  const Begun next;
  for (std::size_t at = 0; at < kMap; ++at) ASSERT_EQ(next.map[at], 0);
}

TEST(Http2SessionMemory, ALaterVersionMayTakeMore) {
  SessionMemory memory;
  std::vector<char*> blocks;
  for (int i = 0; i < 40; ++i) blocks.push_back(static_cast<char*>(memory.Allocate(1000)));
  for (int i = 0; i < 3; ++i) blocks.push_back(static_cast<char*>(memory.Allocate(20'000)));
  for (char* block : blocks) {
    ASSERT_NE(block, nullptr);
    std::memset(block, 1, 1000);
    memory.Free(block);
  }
}

TEST(Http2SessionMemory, AGrowingBlockKeepsItsContents) {
  Begun begun;
  std::memset(begun.ring, 5, kRing);
  auto* const larger = static_cast<char*>(begun.memory.Reallocate(begun.ring, 4 * kRing));
  for (std::size_t at = 0; at < kRing; ++at) ASSERT_EQ(larger[at], 5);
  std::memset(larger, 6, 4 * kRing);
  EXPECT_EQ(begun.memory.Reallocate(begun.other_ring, kRing / 2), begun.other_ring);
  begun.memory.Free(larger);
}

TEST(Http2SessionMemory, ManyThatEndGiveTheirPagesBack) {
  std::vector<std::unique_ptr<Begun>> many;
  for (int i = 0; i < 300; ++i) many.push_back(std::make_unique<Begun>());
  std::vector<char*> pages;
  for (const auto& one : many) pages.push_back(one->session);
  many.clear();
  int resident = 0;
  for (const char* page : pages) resident += Resident(page) ? 1 : 0;
  EXPECT_LE(resident, 64);
}

TEST(Http2SessionMemory, RefusesWhatNoNumberHolds) {
  SessionMemory memory;
  EXPECT_EQ(memory.AllocateZeroed(SIZE_MAX / 2, 4), nullptr);
}

}  // namespace
}  // namespace weft::internal::http2
