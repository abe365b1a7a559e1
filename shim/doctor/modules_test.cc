#include "shim/doctor/modules.h"

#include <gtest/gtest.h>

#include "libcni/runtime/temporary_directory.h"

namespace podwire::doctor {
namespace {

class ModulesTest : public ::testing::Test {
 protected:
  Modules read() const {
    return read_modules(
        "6.1.0",
        {.proc = folder_.path() / "proc", .sys = folder_.path() / "sys", .lib = folder_.path() / "lib"});
  }
  runtime::TemporaryDirectory folder_;
};

TEST_F(ModulesTest, WhatIsLoadedBuiltInOrThere) {
  folder_.write("proc/modules", "nf_tables 323584 1 nft_masq, Live 0x0\nbr_netfilter 32768 0 - Live 0x0\n");
  folder_.write("proc/sys/kernel/modprobe", "/sbin/modprobe\n");
  folder_.write("proc/sys/kernel/modules_disabled", "0\n");
  folder_.write("sys/module/bridge/version", "2.3\n");
  folder_.write("lib/6.1.0/modules.builtin", "kernel/drivers/net/veth.ko\n");
  folder_.write("lib/6.1.0/modules.dep",
                "kernel/drivers/net/vxlan/vxlan.ko.xz: "
                "kernel/net/ipv4/udp_tunnel.ko.xz\nkernel/net/netfilter/nft_chain_nat.ko:\n");
  const Modules modules = read();
  EXPECT_TRUE(modules.supported && modules.files_visible && modules.loads_on_demand &&
              !modules.loading_disabled);
  for (const char* present : {"nf_tables", "br-netfilter", "bridge", "veth"}) {
    EXPECT_EQ(modules.state(present), ModuleState::kPresent) << present;
  }
  EXPECT_EQ(modules.state("vxlan"), ModuleState::kLoadable);
  EXPECT_EQ(modules.state("nft-chain-nat"), ModuleState::kLoadable);
  EXPECT_EQ(modules.state("macvlan"), ModuleState::kAbsent);
}

TEST_F(ModulesTest, AKernelThatLoadsNothingByItself) {
  folder_.write("proc/modules", "");
  folder_.write("proc/sys/kernel/modprobe", "\n");
  EXPECT_FALSE(read().loads_on_demand);
  EXPECT_FALSE(read().loading_disabled);
  folder_.write("proc/sys/kernel/modprobe", "/sbin/modprobe\n");
  folder_.write("proc/sys/kernel/modules_disabled", "1\n");
  EXPECT_FALSE(read().loads_on_demand);
  EXPECT_TRUE(read().loading_disabled);
}

TEST_F(ModulesTest, WhereModuleFilesCannotBeSeen) {
  folder_.write("proc/modules", "");
  EXPECT_EQ(read().state("vxlan"), ModuleState::kUnknown);
}

TEST_F(ModulesTest, AKernelWithoutModules) {
  const Modules modules = read();
  EXPECT_FALSE(modules.supported);
  EXPECT_EQ(modules.state("vxlan"), ModuleState::kUnknown);
}

}  // namespace
}  // namespace podwire::doctor
