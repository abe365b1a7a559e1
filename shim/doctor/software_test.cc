#include "shim/doctor/software.h"

#include <gtest/gtest.h>

#include "libcni/runtime/temporary_directory.h"

namespace podwire::doctor {
namespace {

TEST(Software, NothingIsThere) {
  const runtime::TemporaryDirectory root;
  const SoftwareView software = read_software(root.path());
  EXPECT_FALSE(software.network_manager_runs || software.kubelet);
  EXPECT_TRUE(software.runtimes.empty() && software.networkd_links.empty());
  EXPECT_FALSE(read_ufw(root.path()));
}

TEST(Software, NetworkManagersFiles) {
  const runtime::TemporaryDirectory root;
  root.write("run/NetworkManager/devices/7", "[device]\nmanaged=true\n");
  root.write("run/NetworkManager/devices/8", "[device]\nmanaged=false\n");
  root.write("etc/NetworkManager/NetworkManager.conf",
             "[keyfile]\nunmanaged-devices=interface-name:cali*;mac:00:11\n");
  root.write("etc/NetworkManager/conf.d/a.conf",
             "[device-pods]\nmatch-device=interface-name:veth*,driver:bridge\nmanaged=0\n[device-x]\nmatch-"
             "device=*\nmanaged=1\n");
  const SoftwareView software = read_software(root.path());
  EXPECT_TRUE(software.network_manager_runs);
  EXPECT_EQ(software.unmanaged_devices, (std::vector<std::string>{"interface-name:cali*", "mac:00:11",
                                                                  "interface-name:veth*", "driver:bridge"}));
  ASSERT_EQ(software.network_manager_links.size(), 2U);
  EXPECT_EQ(software.network_manager_links[0].state, "managed");
  EXPECT_EQ(software.network_manager_links[1].index, 8);
  EXPECT_EQ(software.network_manager_links[1].state, "unmanaged");
}

TEST(Software, PatternsOfUnmanagedDevices) {
  const kernel::Link veth{.index = 1, .name = "veth0123", .kind = "veth"};
  for (const char* pattern :
       {"interface-name:veth*", "veth0123", "*", "driver:veth", "type:veth", "interface-name:=veth0123"}) {
    EXPECT_TRUE(covers_link(pattern, veth)) << pattern;
  }
  for (const char* pattern : {"interface-name:cali*", "eth0", "driver:bridge", "mac:veth0123"}) {
    EXPECT_FALSE(covers_link(pattern, veth)) << pattern;
  }
}

TEST(Software, NetworkdKubeletRuntimesAndUfw) {
  const runtime::TemporaryDirectory root;
  root.write("run/systemd/netif/links/3",
             "# written by networkd\nADMIN_STATE=configured\nNETWORK_FILE=/etc/x.network\n");
  root.write("var/lib/kubelet/config.yaml", "");
  root.write("run/containerd/containerd.sock", "");
  root.write("run/crio/crio.sock", "");
  root.write("etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n");
  root.write("etc/default/ufw", "# policy\nDEFAULT_FORWARD_POLICY=\"DROP\"\n");
  const SoftwareView software = read_software(root.path());
  ASSERT_EQ(software.networkd_links.size(), 1U);
  EXPECT_EQ(software.networkd_links[0].state, "configured");
  EXPECT_EQ(software.networkd_links[0].file, "/etc/x.network");
  EXPECT_TRUE(software.kubelet);
  EXPECT_EQ(software.runtimes, (std::vector<std::string>{"containerd", "CRI-O"}));
  const auto ufw = read_ufw(root.path());
  ASSERT_TRUE(ufw);
  EXPECT_TRUE(ufw->enabled);
  EXPECT_EQ(ufw->forward_policy, "DROP");
}

}  // namespace
}  // namespace podwire::doctor
