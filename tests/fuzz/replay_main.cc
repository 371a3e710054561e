// SPDX-License-Identifier: Apache-2.0
//
// Runs a target without libFuzzer: all files of a corpus, then for some time changed copies of them. The input is printed when a
// rule breaks.
//
//   fuzz_head CORPUS [--seconds N] [--seed S]     fuzz_head FILE
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz.h"
#include "mutate.h"

namespace weft::fuzz {
namespace {

constexpr std::size_t kBytesMax = 4096;

std::string g_input;  // that is being played

// A crash of any kind leaves its input behind, as libFuzzer does.
void Tell(int signal) {
  std::fprintf(stderr, "fuzz: the input, as a literal: \"");
  for (const char c : g_input) {
    if (c >= ' ' && c < 0x7F && c != '"' && c != '\\') {
      std::fputc(c, stderr);
    } else {
      std::fprintf(stderr, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  std::fprintf(stderr, "\"\n");
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void Play(std::string input) {
  g_input = std::move(input);
  const ExactCopy copy(g_input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(copy.View().data()), g_input.size());
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int Main(int argc, char** argv) {
  const char* corpus = nullptr;
  double seconds = 1;
  std::uint64_t seed = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      corpus = argv[i];
    }
  }
  if (corpus == nullptr) {
    std::fprintf(stderr, "usage: %s CORPUS [--seconds N] [--seed S]\n", argv[0]);
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL}) std::signal(signal, Tell);

  if (std::filesystem::is_regular_file(corpus)) {
    Play(ReadFile(corpus));
    return 0;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const std::filesystem::path& file : files) inputs.push_back(ReadFile(file));
  if (inputs.empty()) {
    std::fprintf(stderr, "fuzz: %s is empty\n", corpus);
    return 2;
  }
  Play("");
  for (const std::string& input : inputs) Play(input);

  Dice dice(seed);
  std::uint64_t changed = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (; std::chrono::steady_clock::now() < end; ++changed) {
    std::string input = inputs[dice.Below(inputs.size())];
    for (std::size_t times = 1 + dice.Below(4); times > 0; --times) Mutate(input, dice);
    input.resize(std::min(input.size(), kBytesMax));
    Play(std::move(input));
  }
  std::printf("fuzz: %zu inputs of the corpus and %llu changed ones (seed %llu): all rules hold\n", inputs.size(),
              static_cast<unsigned long long>(changed), static_cast<unsigned long long>(seed));
  return 0;
}

}  // namespace
}  // namespace weft::fuzz

int main(int argc, char** argv) { return weft::fuzz::Main(argc, argv); }
