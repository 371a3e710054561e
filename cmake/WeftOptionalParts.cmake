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
