// Manual pages: complete, and without fault in the eyes of mandoc.
#include "shim/man_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "libcni/runtime/temporary_directory.h"
#include "shim/command.h"
#include "shim/help_text.h"
#include "shim/roff.h"

namespace podwire::shim {
namespace {

std::string unwrapped(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

class ManPageTest : public ::testing::Test {
 protected:
  ManPageTest() {
    app_.name("podwire");
    build_command_line(app_, selected_);
    tree_ = describe_command_line(app_);
  }
  [[nodiscard]] std::string page(const std::string& path) const {
    for (const CommandTree* command : all_commands(tree_)) {
      if (command->path == path) return man_page(*command, tree_);
    }
    return "";
  }
  Action selected_;
  CLI::App app_;
  CommandTree tree_;
};

TEST_F(ManPageTest, MandocFindsNoFault) {
  const runtime::TemporaryDirectory folder;
  for (const CommandTree* command : all_commands(tree_)) {
    folder.write(man_name(*command) + ".1", man_page(*command, tree_));
  }
  const std::string lint = "cd " + folder.path().string() + " && mandoc -T lint *.1 >&2";
  EXPECT_EQ(std::system(lint.c_str()), 0);  // NOLINT(cert-env33-c): mandoc is asked
}

TEST_F(ManPageTest, EveryCommandAndOptionIsInItsPage) {
  const std::string top = page("podwire");
  for (const CommandTree* command : all_commands(tree_)) {
    const std::string text = man_page(*command, tree_);
    for (const Argument& option : command->options) {
      for (const std::string& name : option.names) EXPECT_TRUE(text.contains(Roff::bold(name))) << name;
      if (!option.default_value.empty()) {
        EXPECT_TRUE(unwrapped(text).contains("Default: " + Roff::bold(option.default_value))) << text;
      }
    }
    for (const Argument& positional : command->positionals) {
      EXPECT_TRUE(text.contains(".TP\n" + Roff::italic(positional.metavar))) << text;
    }
    if (!command->subcommands.empty()) continue;
    EXPECT_TRUE(top.contains(Roff::bold(man_name(*command)) + "(1)")) << man_name(*command);
    EXPECT_TRUE(text.contains(".SH EXAMPLES\n.EX\n")) << text;
  }
}

TEST_F(ManPageTest, APageSaysWhatTheHelpSays) {
  const std::string text = page("podwire pod exec");
  EXPECT_TRUE(text.starts_with(".TH PODWIRE\\-POD\\-EXEC 1 " PODWIRE_DATE " \"podwire " PODWIRE_VERSION "\""))
      << text;
  EXPECT_TRUE(text.contains("podwire\\-pod\\-exec \\- Run a command inside a pod\n")) << text;
  EXPECT_TRUE(text.contains(
      "\\fBpodwire pod exec\\fR [\\fIOPTIONS\\fR] \\fINAME\\fR \\fB\\-\\-\\fR \\fICOMMAND\\fR...\n"))
      << text;
  EXPECT_TRUE(text.contains(".TP\n\\fB127\\fR\nthere is no such command\n")) << text;
  EXPECT_TRUE(text.contains(".TP\n\\fI/run/podwire\\fR\n")) << text;
  EXPECT_TRUE(text.contains("\\fBpodwire\\-pod\\-rm\\fR(1)")) << text;
  EXPECT_TRUE(
      page("podwire pod add").contains("\\fBpodwire pod add\\fR \\fB\\-\\-net\\fR \\fICONFLIST\\fR ..."))
      << text;
}

TEST(RoffTest, NothingBecomesMarkupByAccident) {
  Roff page({.name = "x", .section = "1", .date = "2026-01-01", .source = "x 1", .volume = "x"});
  page.example({".so /etc/passwd", "'quoted' \\ back-slash", "`x` ~ ^"});
  EXPECT_TRUE(page.text().contains("\n\\&.so /etc/passwd\n")) << page.text();
  EXPECT_TRUE(page.text().contains("\n\\(aqquoted\\(aq \\e back\\-slash\n")) << page.text();
  EXPECT_TRUE(page.text().contains("\n\\(gax\\(ga \\(ti \\(ha\n")) << page.text();
}

TEST(HelpTextTest, IsTakenApart) {
  const HelpText help = parse_help_text("One\ntwo:\nthree.\nExit status:\n  3  no\nExamples:\n  a\n    b");
  EXPECT_EQ(help.prose, "One two: three.");
  ASSERT_EQ(help.blocks.size(), 2U);
  EXPECT_EQ(help.find("Exit status")->lines, std::vector<std::string>{"3  no"});
  EXPECT_EQ(help.find("Examples")->lines, (std::vector<std::string>{"a", "  b"}));
  EXPECT_EQ(help.find("Files"), nullptr);
}

}  // namespace
}  // namespace podwire::shim
