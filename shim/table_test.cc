#include "shim/table.h"

#include <gtest/gtest.h>

namespace podwire::shim {
namespace {

TEST(Table, PadsColumnsAndMarksEmptyCells) {
  Table table({"NAME", "X"});
  table.add({"a", "1"});
  table.add({"longer", ""});
  EXPECT_EQ(table.text(), "NAME    X\na       1\nlonger  -\n");
}

}  // namespace
}  // namespace podwire::shim
