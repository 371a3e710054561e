# SPDX-License-Identifier: Apache-2.0
#
# Parts of weft that need something which not every machine has. Each is in the build if it is found, unless somebody decides; headers are
# the same in every build. Installed, they are components of the package.
find_package(OpenSSL 3.0 QUIET COMPONENTS SSL Crypto)
option(WEFT_TLS "Speak TLS, by OpenSSL 3.0 or later" ${OPENSSL_FOUND})
if(WEFT_TLS AND NOT OPENSSL_FOUND)
  message(FATAL_ERROR
    "weft speaks TLS by OpenSSL 3.0 or later. Install libssl-dev, run scripts/setup, or leave it out with -DWEFT_TLS=OFF.")
endif()
if(NOT WEFT_TLS)
  message(STATUS "weft is built without TLS (WEFT_TLS=OFF).")
endif()

# It has no CMake package of its own everywhere.
find_path(WEFT_NGHTTP2_INCLUDE_DIR nghttp2/nghttp2.h)
find_library(WEFT_NGHTTP2_LIBRARY nghttp2)
mark_as_advanced(WEFT_NGHTTP2_INCLUDE_DIR WEFT_NGHTTP2_LIBRARY)
if(WEFT_NGHTTP2_INCLUDE_DIR AND WEFT_NGHTTP2_LIBRARY)
  set(weft_nghttp2_found ON)
else()
  set(weft_nghttp2_found OFF)
endif()
option(WEFT_HTTP2 "Speak HTTP/2, by nghttp2 1.52 or later" ${weft_nghttp2_found})
if(WEFT_HTTP2 AND NOT weft_nghttp2_found)
  message(FATAL_ERROR
    "weft speaks HTTP/2 by nghttp2 1.52 or later. Install libnghttp2-dev, run scripts/setup, or leave it out with -DWEFT_HTTP2=OFF.")
endif()
if(NOT WEFT_HTTP2)
  message(STATUS "weft is built without HTTP/2 (WEFT_HTTP2=OFF).")
endif()
