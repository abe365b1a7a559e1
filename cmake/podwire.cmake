# Build rules that every target of podwire shares.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # GNU statement expressions carry TRY()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

set(PODWIRE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
option(PODWIRE_FUZZ "Build the libFuzzer targets (clang only)" OFF)

include(GNUInstallDirs)
# Below the prefix, or absolute: /opt/cni/bin is where containerd and the kubelet search.
set(PODWIRE_PLUGIN_DIR lib/cni CACHE STRING "Where `cmake --install` puts the plugins")

find_program(PODWIRE_CCACHE ccache)
if(PODWIRE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PODWIRE_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                    -Wnon-virtual-dtor -Wold-style-cast -Werror
                    -fno-strict-aliasing -ffunction-sections -fdata-sections)
# GNU extensions we choose: statement expressions (TRY), designated initialisers left incomplete on purpose.
add_compile_options(-Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options(-Wno-gnu-statement-expression -Wno-gnu-statement-expression-from-macro-expansion
                      -Wno-missing-designated-field-initializers)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 sees overlaps and overruns inside std::string and std::vector that are not there (GCC PR105329, PR105651).
  add_compile_options(-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
                      -Wno-free-nonheap-object)
endif()
# For size: a plugin lives for a millisecond, and its code is read once, cold; 3 % faster than -O2 (bench/add_del).
set(CMAKE_CXX_FLAGS_RELEASE "-Os -DNDEBUG")
if(PODWIRE_SANITIZE)
  add_compile_options(-fsanitize=${PODWIRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PODWIRE_SANITIZE})
endif()
add_link_options(-Wl,--gc-sections)
include_directories(${PROJECT_SOURCE_DIR})

find_package(PkgConfig REQUIRED)
find_package(GTest REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
add_compile_definitions(SPDLOG_FMT_EXTERNAL) # with the {fmt} that cni_base compiles
pkg_check_modules(LIBNL REQUIRED libnl-3.0)
include_directories(SYSTEM ${LIBNL_INCLUDE_DIRS})

# The fixture of kernel tests (netns-test/CMakeLists.txt); one per build, because scripts/test runs several in one ctest.
cmake_path(GET PROJECT_BINARY_DIR FILENAME PODWIRE_BUILD)
set(PODWIRE_MACHINE "machine-${PODWIRE_BUILD}")

# podwire_precompile(TARGET PCH): in sanitizer builds, which would take a third longer without. Not in others: an include
# that is missing is to be missed there, and clang-tidy reads their compile commands.
function(podwire_precompile target pch)
  if(PODWIRE_SANITIZE AND NOT PODWIRE_FUZZ)
    target_precompile_headers(${target} REUSE_FROM ${pch})
  endif()
endfunction()
if(PODWIRE_SANITIZE AND NOT PODWIRE_FUZZ)
  foreach(pch podwire_pch podwire_test_pch)
    file(WRITE ${PROJECT_BINARY_DIR}/pch/${pch}.cc "")
    add_library(${pch} OBJECT ${PROJECT_BINARY_DIR}/pch/${pch}.cc)
    target_precompile_headers(${pch} PRIVATE <algorithm> <array> <chrono> <expected> <filesystem> <functional> <map> <memory>
                              <optional> <span> <string> <variant> <vector> <fmt/format.h>)
  endforeach()
  target_precompile_headers(podwire_test_pch PRIVATE <gtest/gtest.h>)
  target_link_libraries(podwire_test_pch PRIVATE GTest::gtest) # a macro that all tests define
endif()

# podwire_library(NAME DEPS ...): every .cc of the folder but the tests.
function(podwire_library name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${arg_DEPS})
    podwire_precompile(${name} podwire_pch)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${arg_DEPS})
  endif()
endfunction()

# podwire_plugin(NAME DEPS ...): main.cc of the folder, fully static, so that exec costs no dynamic loading
# (0.5 ms instead of 1.6 ms). Sanitizers need their shared runtime; such builds link dynamically.
function(podwire_plugin name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  add_executable(${name} main.cc)
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
  if(NOT PODWIRE_SANITIZE)
    # --no-warnings: libnl's name look-ups, which no plugin calls, would need glibc's shared parts at run time.
    target_link_options(${name} PRIVATE -static -Wl,--no-warnings)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION ${PODWIRE_PLUGIN_DIR})
endfunction()

# podwire_tests(NAME DEPS ... [LABELS ...] [PROPERTIES ...]): every *_test.cc of the folder as one executable,
# one ctest entry per TEST().
function(podwire_tests name)
  cmake_parse_arguments(arg "" "" "DEPS;LABELS;PROPERTIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gtest GTest::gtest_main)
  podwire_precompile(${name} podwire_test_pch)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/test)
  include(GoogleTest)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 120 ${arg_PROPERTIES})
endfunction()
