# Build rules that every target of podwire shares.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # GNU statement expressions carry TRY()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

set(PODWIRE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
option(PODWIRE_FUZZ "Build the libFuzzer targets (clang only)" OFF)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                    -Wnon-virtual-dtor -Wold-style-cast -Werror
                    -fno-strict-aliasing -ffunction-sections -fdata-sections)
# GNU extensions we choose: statement expressions (TRY), designated initialisers left incomplete on purpose.
add_compile_options(-Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options(-Wno-gnu-statement-expression -Wno-gnu-statement-expression-from-macro-expansion
                      -Wno-missing-designated-field-initializers)
endif()
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

# podwire_library(NAME SOURCES ... DEPS ...)
function(podwire_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_DEPS})
endfunction()

# A plugin: fully static, so that exec costs no dynamic loading (0.5 ms instead of 1.6 ms).
# Sanitizers need their shared runtime; such builds link dynamically.
function(podwire_plugin name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
  if(NOT PODWIRE_SANITIZE)
    target_link_options(${name} PRIVATE -static)
  endif()
endfunction()

# podwire_test(NAME SOURCES ... DEPS ... [LABELS ...] [PROPERTIES ...]): one ctest entry per TEST().
function(podwire_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LABELS;PROPERTIES" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/test)
  include(GoogleTest)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 120 ${arg_PROPERTIES})
endfunction()
