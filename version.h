// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_VERSION_H_
#define WEFT_VERSION_H_

// The version of these headers; CMake and the packages read it here. docs/build.md says what a
// version promises.

// Parts of the version; a release that may break its users raises the minor one before 1.0.
#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0

// The version as one number, for the preprocessor: 10000 * major + 100 * minor + patch.
//
//   #if WEFT_VERSION >= 200  // 0.2.0 or later
//   #endif
#define WEFT_VERSION (WEFT_VERSION_MAJOR * 10000 + WEFT_VERSION_MINOR * 100 + WEFT_VERSION_PATCH)

#define WEFT_INTERNAL_TEXT(major, minor, patch) #major "." #minor "." #patch
#define WEFT_INTERNAL_VERSION_TEXT(major, minor, patch) WEFT_INTERNAL_TEXT(major, minor, patch)

namespace weft {

// The version as text, such as "0.1.0".
inline constexpr char kVersion[] =
    WEFT_INTERNAL_VERSION_TEXT(WEFT_VERSION_MAJOR, WEFT_VERSION_MINOR, WEFT_VERSION_PATCH);

}  // namespace weft

#undef WEFT_INTERNAL_VERSION_TEXT
#undef WEFT_INTERNAL_TEXT

#endif  // WEFT_VERSION_H_
