# Compiler settings that every target shares: standard, warnings, sanitizers, ccache, mold.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# Spelled out, so that libraries and programs compile alike and share one precompiled header.
add_compile_options(-fPIC)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

option(LLKV_WERROR "Treat warnings as errors" OFF)
option(LLKV_PCH "Use a precompiled header for Arrow's headers" ON)
set(LLKV_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them, separated by ;")

add_library(llkv_options INTERFACE)
target_compile_options(llkv_options INTERFACE -Wall -Wextra -Wconversion -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(llkv_options INTERFACE -Wthread-safety)
else()
  # GCC 12 reports these wrongly inside its own standard library.
  target_compile_options(llkv_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(LLKV_WERROR)
  target_compile_options(llkv_options INTERFACE -Werror)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(llkv_options INTERFACE -march=x86-64-v2)
endif()
if(LLKV_SANITIZE)
  string(REPLACE ";" "," _sanitizers "${LLKV_SANITIZE}")
  add_compile_options(-fsanitize=${_sanitizers} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${_sanitizers})
endif()

find_program(LLKV_CCACHE ccache)
if(LLKV_CCACHE)
  # A fresh clone hits what another clone compiled: paths are relative to the source folder and left out of the hash.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_MAXSIZE=10G ${LLKV_CCACHE})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  else()
    add_compile_options(-fpch-preprocess)
  endif()
endif()

find_program(LLKV_MOLD mold)
if(LLKV_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
