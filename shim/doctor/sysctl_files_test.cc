#include "shim/doctor/sysctl_files.h"

#include <gtest/gtest.h>

#include "libcni/runtime/temporary_directory.h"

namespace podwire::doctor {
namespace {

std::vector<std::string> lines(const std::vector<SysctlSetting>& settings) {
  std::vector<std::string> text;
  for (const SysctlSetting& setting : settings)
    text.push_back(setting.file + ": " + setting.key + " = " + setting.value);
  return text;
}

TEST(SysctlFiles, AreReadInTheOrderOfProcps) {
  const runtime::TemporaryDirectory root;
  root.write("usr/lib/sysctl.d/50-default.conf", "net.ipv4.ip_forward=1\n");
  root.write("etc/sysctl.d/90-hard.conf",
             "# comment\n; another\n-net.ipv4.ip_forward = 0\n\nnot a setting\n");
  root.write("etc/sysctl.d/10-first.conf", "net/ipv6/conf/all/forwarding=1");
  root.write("run/sysctl.d/20-both.conf", "kernel.a=run");
  root.write("etc/sysctl.d/20-both.conf", "kernel.a=etc");
  root.write("etc/sysctl.d/README", "kernel.b=1");
  root.write("etc/sysctl.conf", "net.ipv4.conf.eth0/1.rp_filter=2\n");
  EXPECT_EQ(lines(read_sysctl_files(root.path())),
            (std::vector<std::string>{"/etc/sysctl.d/10-first.conf: net/ipv6/conf/all/forwarding = 1",
                                      "/run/sysctl.d/20-both.conf: kernel/a = run",
                                      "/usr/lib/sysctl.d/50-default.conf: net/ipv4/ip_forward = 1",
                                      "/etc/sysctl.d/90-hard.conf: net/ipv4/ip_forward = 0",
                                      "/etc/sysctl.conf: net/ipv4/conf/eth0.1/rp_filter = 2"}));
}

TEST(SysctlFiles, MayAllBeAbsent) {
  const runtime::TemporaryDirectory root;
  EXPECT_TRUE(read_sysctl_files(root.path()).empty());
}

}  // namespace
}  // namespace podwire::doctor
