# SPDX-License-Identifier: Apache-2.0
#
# The Debian package libweft-dev, which scripts/deb builds: what cmake --install would lay under /usr. cmake/debian_depends.cmake finds out
# which packages it depends on.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libweft-dev)
set(CPACK_PACKAGE_VERSION "${weft_VERSION}")
# Whoever builds it: DEBFULLNAME and DEBEMAIL, as Debian's own tools have it.
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
  set(CPACK_PACKAGE_CONTACT "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
else()
  set(CPACK_PACKAGE_CONTACT "weft maintainers <maintainers@weft.invalid>")
endif()
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${weft_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "Handlers are plain blocking code: each request runs in a fiber of its own, under a
context with a deadline and cancellation.
This package has the static libraries, the headers, and the files for CMake and
pkg-config.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES OFF)  # lines for backtraces; the libraries are static

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS OFF)
set(CPACK_PROJECT_CONFIG_FILE "${weft_SOURCE_DIR}/cmake/debian_depends.cmake")

# One file of each dependency: of those that every program needs, and of those that only users of a component need.
get_target_property(boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
set(CPACK_WEFT_NEEDS "${boost_include}/boost/version.hpp" "${Boost_DIR}/BoostConfig.cmake"
  "${boost_context_DIR}/boost_context-config.cmake" "${spdlog_DIR}/spdlogConfig.cmake")
if(WEFT_TLS)
  list(APPEND CPACK_WEFT_NEEDS "${OPENSSL_INCLUDE_DIR}/openssl/ssl.h")
endif()
if(WEFT_HTTP2)
  list(APPEND CPACK_WEFT_NEEDS "${WEFT_NGHTTP2_INCLUDE_DIR}/nghttp2/nghttp2.h")
endif()
set(CPACK_WEFT_COMPONENTS_NEED "")
if(WEFT_JSON)
  list(APPEND CPACK_WEFT_COMPONENTS_NEED "${boost_json_DIR}/boost_json-config.cmake")
endif()
if(WEFT_COMPRESS)
  list(APPEND CPACK_WEFT_COMPONENTS_NEED "${ZLIB_INCLUDE_DIRS}/zlib.h")
endif()
if(WEFT_POSTGRES)
  list(APPEND CPACK_WEFT_COMPONENTS_NEED "${PostgreSQL_INCLUDE_DIR}/libpq-fe.h")
endif()
include(CPack)
