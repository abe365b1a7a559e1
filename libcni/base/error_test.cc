#include "libcni/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace podwire {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(Code::kDecode, "odd", "details");
  return value / 2;
}

Result<int> quarter(int value) {
  return TRY(half(TRY(half(value))));
}

Result<std::unique_ptr<int>> boxed(int value) {
  auto box = TRY(Result<std::unique_ptr<int>>(std::make_unique<int>(value)));
  TRY(in_context(half(value), "boxing"));
  return box;
}

TEST(Try, GivesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().msg, "odd");
  EXPECT_EQ(*boxed(4).value(), 4);
}

TEST(InContext, PutsTheContextBeforeTheMessageAndKeepsTheRest) {
  const Error error = boxed(1).error();
  EXPECT_EQ(error.msg, "boxing: odd");
  EXPECT_EQ(error.code, Code::kDecode);
  EXPECT_EQ(error.details, "details");
}

TEST(FailErrno, AppendsTheText) {
  const Result<void> result = fail_errno(Code::kIo, "cannot open x", ENOENT);
  EXPECT_EQ(result.error().msg, "cannot open x: No such file or directory");
  EXPECT_EQ(result.error().code, Code::kIo);
}

}  // namespace
}  // namespace podwire
