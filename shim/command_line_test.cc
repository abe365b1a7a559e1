// The command line as a whole: every command is there, explains itself, and can be completed.
#include <gtest/gtest.h>

#include "libcni/runtime/temporary_directory.h"
#include "shim/command.h"

namespace podwire::shim {
namespace {

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    app_.name("podwire");
    build_command_line(app_, selected_);
  }
  std::vector<const CLI::App*> leaves(const CLI::App* from) const {
    const auto children = from->get_subcommands([](const CLI::App*) { return true; });
    if (children.empty()) return {from};
    std::vector<const CLI::App*> all;
    for (const CLI::App* child : children) {
      for (const CLI::App* leaf : leaves(child)) all.push_back(leaf);
    }
    return all;
  }
  Action selected_;
  CLI::App app_;
};

TEST_F(CommandLineTest, EveryCommandHasAnExample) {
  const auto commands = leaves(&app_);
  EXPECT_EQ(commands.size(), 15U);
  for (const CLI::App* command : commands) {
    EXPECT_TRUE(command->get_footer().contains("podwire ")) << command->get_name();
    EXPECT_FALSE(command->get_description().empty()) << command->get_name();
  }
}

TEST_F(CommandLineTest, SelectsOneAction) {
  app_.parse("pod rm a b --force", false);
  EXPECT_TRUE(static_cast<bool>(selected_));
}

TEST_F(CommandLineTest, ExecPassesOnWhatFollowsTheDashes) {
  app_.parse("pod exec web -- ls -l --all", false);
  const auto* exec = app_.get_subcommand("pod")->get_subcommand("exec");
  EXPECT_EQ(exec->get_option("COMMAND")->results(), (std::vector<std::string>{"ls", "-l", "--all"}));
}

TEST_F(CommandLineTest, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(app_.parse("pod fly", false), CLI::ParseError);
  EXPECT_THROW(app_.parse("pod add web", false), CLI::RequiredError);
  EXPECT_THROW(app_.parse("cni add x --id a", false), CLI::RequiredError);
  EXPECT_THROW(app_.parse("completion fish", false), CLI::ValidationError);
}

TEST_F(CommandLineTest, ExplainRefusesWhatIpCannotName) {
  const runtime::TemporaryDirectory directory;
  const auto list = directory.write(
      "l.conflist",
      R"({"cniVersion":"1.1.0","name":"n","plugins":[{"type":"bridge","bridge":"pw-unit-test"}]})");
  struct Case {
    const char* options;
    const char* error;
  };
  const Case cases[] = {
      {"--netns /proc/1/ns/net", "--netns /proc/1/ns/net: expected a name, as in `ip netns add NAME`"},
      {"--netns ..", "--netns ..: expected a name, as in `ip netns add NAME`"},
      {"--ip 10.0.0.1", "--ip 10.0.0.1: "},
      {"--id -x", "plugin type=\"bridge\" name=\"n\" would fail (add): CNI_CONTAINERID: "},
      {"--args x", ""}};
  for (const Case& c : cases) {
    CLI::App app;
    build_command_line(app, selected_);
    app.parse("podwire explain " + list.string() + " " + c.options, true);
    const auto status = selected_();
    ASSERT_FALSE(status) << c.options;
    EXPECT_TRUE(status.error().msg.starts_with(c.error)) << status.error().msg;
    EXPECT_EQ(status.error().code, Code::kInvalidEnvironment);
  }
}

TEST(ErrorText, ReadsAsOneLine) {
  EXPECT_EQ(error_text({Code::kPoolExhausted, "no IP addresses available", "set 0"}),
            "error 104: no IP addresses available (set 0)");
  EXPECT_EQ(error_text({Code::kIo, "broken"}), "error 5: broken");
}

}  // namespace
}  // namespace podwire::shim
