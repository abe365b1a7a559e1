#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "libcni/spec/conflist.h"

namespace podwire::spec {
namespace {

namespace fs = std::filesystem;

class ConfDirectory : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "conf_directory_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path write(const fs::path& name, std::string_view text) {
    const fs::path file = directory_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
  }

  fs::path write_list(const fs::path& name, std::string_view network, std::string_view type = "bridge") {
    return write(name, R"({"name":")" + std::string(network) + R"(","plugins":[{"type":")" +
                           std::string(type) + R"("}]})");
  }

  fs::path write_single(const fs::path& name, std::string_view network, std::string_view type = "bridge") {
    return write(name, R"({"name":")" + std::string(network) + R"(","type":")" + std::string(type) + R"("})");
  }

  std::vector<std::string> names(const std::vector<std::string>& extensions) {
    const auto files = conf_files(directory_, extensions).value();
    std::vector<std::string> names;
    names.reserve(files.size());
    for (const fs::path& file : files) names.push_back(file.filename());
    return names;
  }

  fs::path directory_;
};

std::vector<std::string> types(const NetworkList& list) {
  std::vector<std::string> types;
  types.reserve(list.plugins.size());
  for (const PluginConf& plugin : list.plugins) types.push_back(plugin.type);
  return types;
}

using Names = std::vector<std::string>;

TEST_F(ConfDirectory, FilesAreSortedByBytesAndFilteredByExtension) {
  for (const char* name :
       {"b.conflist", "B.conflist", "a.x.conflist", ".conflist", "c.CONFLIST", "d.conflist.bak", "e"}) {
    write(name, "");
  }
  fs::create_directory(directory_ / "directory.conflist");
  fs::create_directory_symlink(directory_, directory_ / "link.conflist");
  fs::create_symlink("nowhere", directory_ / "broken.conflist");
  EXPECT_EQ(names({".conflist"}), (Names{".conflist", "B.conflist", "a.x.conflist", "b.conflist",
                                         "broken.conflist", "link.conflist"}));
  EXPECT_EQ(names({".bak", ".CONFLIST"}), (Names{"c.CONFLIST", "d.conflist.bak"}));
}

TEST_F(ConfDirectory, AMissingDirectoryIsEmptyAndAFileIsNone) {
  EXPECT_TRUE(conf_files(directory_ / "missing", {".conf"})->empty());
  const auto files = conf_files(write("file", ""), {".conf"});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, Code::kIo);
}

TEST_F(ConfDirectory, ListsComeBeforeSinglePlugins) {
  write_single("00.conf", "pods", "macvlan");
  write_list("10.conflist", "other");
  write_list("20.conflist", "pods", "bridge");
  write_list("30.conflist", "pods", "vxlan");
  EXPECT_EQ(types(load_network(directory_, "pods").value()), Names{"bridge"});
}

TEST_F(ConfDirectory, ConfAndJsonAreSortedTogether) {
  write_single("20.conf", "pods", "macvlan");
  write_single("10.json", "pods", "routed");
  EXPECT_EQ(types(load_network(directory_, "pods").value()), Names{"routed"});
}

TEST_F(ConfDirectory, ABrokenFileBeforeTheMatchAborts) {
  write_list("20.conflist", "pods");
  const fs::path broken = write("30.conflist", "{");
  EXPECT_TRUE(load_network(directory_, "pods"));
  const auto other = load_network(directory_, "other");
  ASSERT_FALSE(other);
  EXPECT_TRUE(other.error().msg.starts_with(broken.string() + ": error parsing configuration list: "));
  EXPECT_EQ(other.error().code, Code::kDecode);
}

TEST_F(ConfDirectory, ASinglePluginWithoutTypeAborts) {
  const fs::path broken = write("10.conf", R"({"name":"x"})");
  write_single("20.conf", "pods");
  EXPECT_EQ(load_network(directory_, "pods").error().msg,
            broken.string() + ": error parsing configuration: missing 'type'");
}

TEST_F(ConfDirectory, SaysWhatWasNotFound) {
  EXPECT_EQ(load_network(directory_, "pods").error().msg,
            "no net configurations found in " + directory_.string());
  const std::string message = "no net configuration with name \"pods\" in " + directory_.string();
  write_list("10.conflist", "other");
  EXPECT_EQ(load_network(directory_, "pods").error().msg, message);
  write_single("10.conf", "another");
  EXPECT_EQ(load_network(directory_, "pods").error().msg, message);
}

TEST_F(ConfDirectory, SiblingFolderIsAppended) {
  const fs::path file = write_list("10.conflist", "pods");
  write("pods/20.conf", R"({"type":"tuning"})");
  write("pods/10.conf", R"({"type":"portmap","k":1})");
  write("pods/30.json", R"({"type":"ignored"})");
  const NetworkList list = load_network_file(file).value();
  EXPECT_EQ(types(list), (Names{"bridge", "portmap", "tuning"}));
  EXPECT_EQ(list.plugins[1].document.dump(), R"({"type":"portmap","k":1})");
  EXPECT_EQ(types(load_network(directory_, "pods").value()), types(list));
  EXPECT_EQ(types(parse_network_list(list.bytes).value()), Names{"bridge"});
}

TEST_F(ConfDirectory, SiblingFolderIsIgnoredWhenOnlyInlinedPluginsCount) {
  const fs::path file =
      write("10.conflist", R"({"name":"pods","loadOnlyInlinedPlugins":true,"plugins":[{"type":"bridge"}]})");
  write("pods/10.conf", "{");
  EXPECT_EQ(types(load_network_file(file).value()), Names{"bridge"});
}

TEST_F(ConfDirectory, SiblingFolderMayHoldAllPlugins) {
  const fs::path file = write("10.conflist", R"({"name":"pods"})");
  EXPECT_EQ(load_network_file(file).error().msg, file.string() + ": no plugin configs found");
  write("pods/10.conf", R"({"type":"bridge"})");
  EXPECT_EQ(types(load_network_file(file).value()), Names{"bridge"});
  const fs::path broken = write("pods/20.conf", "{}");
  EXPECT_EQ(load_network_file(file).error().msg,
            broken.string() + ": error parsing configuration: missing 'type'");
}

TEST_F(ConfDirectory, ANameThatLeavesTheDirectoryHasNoFolder) {
  write("outside/10.conf", R"({"type":"portmap"})");
  const fs::path file = write_list("inside/10.conflist", "../outside");
  EXPECT_EQ(types(load_network_file(file).value()), Names{"bridge"});
}

TEST_F(ConfDirectory, TellsSinglePluginsFromLists) {
  EXPECT_EQ(types(load_network_file(write_single("a.conf", "pods", "macvlan")).value()), Names{"macvlan"});
  EXPECT_EQ(types(load_network_file(write_list("b.conf", "pods")).value()), Names{"bridge"});
  EXPECT_FALSE(load_network_file(write_single("c.conflist", "pods")));
}

TEST_F(ConfDirectory, NamesTheFileThatCannotBeRead) {
  const fs::path missing = directory_ / "missing.conflist";
  const auto absent = load_network_file(missing);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Code::kIo);
  EXPECT_EQ(absent.error().msg, "error reading " + missing.string() + ": No such file or directory");
  EXPECT_EQ(load_network_file(directory_).error().msg,
            "error reading " + directory_.string() + ": Is a directory");
}

TEST_F(ConfDirectory, ReadsFilesLongerThanABuffer) {
  const std::string padding(100000, 'x');
  const fs::path file =
      write("10.conflist", R"({"name":"pods","plugins":[{"type":"bridge","padding":")" + padding + R"("}]})");
  EXPECT_EQ(load_network_file(file)->plugins[0].document.view().find("padding")->string().value(), padding);
}

}  // namespace
}  // namespace podwire::spec
