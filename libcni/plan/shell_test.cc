#include "libcni/plan/shell.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

namespace podwire::plan {
namespace {

/// What sh(1) makes of a command line: the bytes on its stdout.
std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(
      ::popen(command.c_str(), "r"), ::pclose);  // NOLINT(cert-env33-c): a shell is what is tested
  std::string out;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) out += static_cast<char>(c);
  return out;
}

const std::string kTexts[] = {
    "",       "plain",      "a b",        "it's",        "''",         "$(id) `id` $HOME",
    "*?[a]~", "a\\nb\\\\c", "#x;y&z|<>",  "\"double\"",  "line\nline", "%s%d%%",
    "-n",     "--",         "fd00::1/64", "caf\xc3\xa9", "\t\x01\x7f", "POD\r\neth0",
    "a=b",    "!x"};

TEST(Shell, PlainTextStaysReadable) {
  EXPECT_EQ(shell_word("podwire0"), "podwire0");
  EXPECT_EQ(shell_word("net/ipv4/ip_forward=1"), "net/ipv4/ip_forward=1");
  EXPECT_EQ(shell_word("10.1.2.3/24,fd00::1"), "10.1.2.3/24,fd00::1");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(printf_word("POD\r\neth0"), "'POD\\r\\neth0'");
  EXPECT_EQ(printf_word("10.88.0.2"), "10.88.0.2");
}

TEST(Shell, AWordIsOneArgumentWithTheSameBytes) {
  for (const std::string& text : kTexts) {
    EXPECT_EQ(output_of("set -- " + shell_word(text) + "; printf '%s|%s' $# \"$1\""), "1|" + text) << text;
  }
}

TEST(Shell, PrintfPrintsTheSameBytes) {
  for (const std::string& text : kTexts) EXPECT_EQ(output_of("printf " + printf_word(text)), text) << text;
}

}  // namespace
}  // namespace podwire::plan
